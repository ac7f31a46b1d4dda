/* SPDX-License-Identifier: MIT
 * Sorts one run by a radix sort, byte by byte from the lowest, skipping bytes that are equal in all keys; and writes
 * the file of runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/engine/sort.h"
#include "core/table/row_list.h"

enum { DIGITS = 9, CLASS_DIGIT = 8 }; /* eight bytes of the key, then the class */

static inline unsigned digit_of(const struct sort_item *item, int digit)
{
    return digit == CLASS_DIGIT ? (unsigned)(item->row >> 62) : (unsigned)(item->key >> (8 * digit)) & 0xff;
}

static void sort_by_digit(const struct sort_item *from, struct sort_item *to, size_t n, int digit)
{
    size_t at[256] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++)
        at[digit_of(&from[i], digit)]++;
    for (int d = 0; d < 256; d++) {
        size_t count = at[d];
        at[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[at[digit_of(&from[i], digit)]++] = from[i];
}

void sort_items(struct sort_item *items, struct sort_item *spare, size_t n)
{
    uint64_t differ = 0, class_differs = 0;
    struct sort_item *from = items, *to = spare;
    for (size_t i = 1; i < n; i++) {
        differ |= items[i].key ^ items[0].key;
        class_differs |= (items[i].row ^ items[0].row) >> 62;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        if (digit == CLASS_DIGIT ? class_differs == 0 : (differ >> (8 * digit) & 0xff) == 0)
            continue;
        sort_by_digit(from, to, n, digit);
        struct sort_item *last = from;
        from = to;
        to = last;
    }
    if (from != items)
        memcpy(items, from, n * sizeof *items);
}

enum err sort_runs_init(struct sort_runs *r)
{
    *r = (struct sort_runs){.fd = table_nameless_file()};
    return r->fd < 0 ? err_from_errno(errno) : OK;
}

void sort_runs_done(struct sort_runs *r)
{
    io_close(&r->fd);
    free(r->runs);
    r->runs = NULL;
}

enum err sort_runs_add(struct sort_runs *r, const struct sort_item *items, size_t n)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        struct sort_run *runs = reallocarray(r->runs, cap, sizeof *runs);
        if (!runs)
            return ERR_NOMEM;
        r->runs = runs;
        r->cap = cap;
    }
    enum err err = io_write_all(r->fd, items, n * sizeof *items);
    if (err)
        return err;
    r->runs[r->n++] = (struct sort_run){r->items, n};
    r->items += n;
    return OK;
}
