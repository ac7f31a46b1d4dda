/* SPDX-License-Identifier: MIT
 * Row numbers as ranges; adjacent ranges are merged. */
#include "core/table/rows.h"

#include <assert.h>
#include <stdlib.h>

void rows_done(struct rows *r)
{
    free(r->ranges);
    *r = (struct rows){0};
}

enum err rows_add(struct rows *r, uint64_t first, uint64_t count)
{
    if (count == 0)
        return OK;
    struct row_range *last = r->n ? &r->ranges[r->n - 1] : NULL;
    if (last && (first < last->first + last->count || first + count < first))
        return ERR_USAGE;
    if (last && first == last->first + last->count) {
        last->count += count;
        r->total += count;
        return OK;
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 8;
        struct row_range *more = reallocarray(r->ranges, cap, sizeof *more);
        if (!more)
            return ERR_NOMEM;
        r->ranges = more;
        r->cap = cap;
    }
    r->ranges[r->n++] = (struct row_range){first, count};
    r->total += count;
    return OK;
}

uint64_t rows_at(const struct rows *r, uint64_t i)
{
    assert(i < r->total);
    for (size_t k = 0; k < r->n; k++) {
        if (i < r->ranges[k].count)
            return r->ranges[k].first + i;
        i -= r->ranges[k].count;
    }
    return UINT64_MAX;
}
