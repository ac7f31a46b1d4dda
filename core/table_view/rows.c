/* SPDX-License-Identifier: MIT
 * The rows in view: which they are, in which order, and reading them. */
#include "core/table_view/private.h"

const struct row_list *table_view_filtered(const struct table_view *s, size_t n)
{
    for (size_t i = n; i > 0; i--)
        if (s->filters[i - 1].ready && !s->filters[i - 1].off)
            return &s->filters[i - 1].rows;
    return NULL;
}

/* Filters and an order that have not been answered yet are not applied. */
const struct row_list *table_view_list(const struct table_view *s)
{
    const struct row_list *some = table_view_filtered(s, s->nfilters);
    if (s->sort_column == SIZE_MAX || !s->sort_ready)
        return some;
    return !some ? &s->sorted : s->narrow_ready ? &s->narrowed : some;
}

bool table_view_is_reordered(const struct table_view *s, const struct row_list *l)
{
    return l == &s->sorted || l == &s->narrowed;
}

struct table_view_extent table_view_extent(const struct table_view *s)
{
    const struct row_list *l = table_view_list(s);
    uint64_t rows = l ? l->n : s->table ? table_rows(s->table) : 0;
    struct table_view_extent x = {rows, rows};
    if (l || !s->table || table_stage(s->table) != TABLE_FIRST_ROWS || rows == 0 || table_bytes(s->table) == 0)
        return x;
    double each = (double)table_bytes(s->table) / (double)rows;
    x.guess = (uint64_t)((double)table_size(s->table) / each);
    x.guess = x.guess > rows ? x.guess : rows;
    return x;
}

/* A list that is not in the order of the file has to be searched from its start. */
static enum err place_in_list(const struct row_list *l, uint64_t number, uint64_t *out)
{
    struct row_list_walk w = {.list = l};
    uint64_t row;
    enum err err;
    for (uint64_t at = 0; !(err = row_list_next(&w, &row)) && row != UINT64_MAX; at++)
        if (row == number) {
            *out = at;
            break;
        }
    return err;
}

enum err table_view_place(const struct table_view *s, uint64_t number, uint64_t *out)
{
    const struct row_list *l = table_view_list(s);
    uint64_t at, found;
    *out = !l && number < table_view_extent(s).guess ? number : UINT64_MAX;
    if (table_view_is_reordered(s, l))
        return place_in_list(l, number, out);
    enum err err = l ? row_list_find(l, number, &at) : OK;
    if (!err && l && at < l->n && !(err = row_list_read(l, at, 1, &found)) && found == number)
        *out = at;
    return err;
}

static enum err read_list(struct table_reader *r, const struct row_list *l, uint64_t i, uint64_t n,
                          table_view_visit *visit, void *ctx)
{
    enum err err = OK;
    for (uint64_t k = 0, number; !err && k < n; k++) {
        const struct row *row = NULL;
        err = row_list_read(l, i + k, 1, &number);
        if (!err)
            err = table_seek(r, number);
        if (!err)
            err = table_next(r, &row);
        if (err || !row)
            break;
        visit(ctx, i + k, row);
    }
    return err;
}

static enum err read_on(struct table_reader *r, uint64_t i, uint64_t n, table_view_visit *visit, void *ctx)
{
    enum err err = OK;
    for (uint64_t k = 0; !err && k < n; k++) {
        const struct row *row = NULL;
        err = table_next(r, &row);
        if (err || !row)
            break;
        visit(ctx, i + k, row);
    }
    return err;
}

enum err table_view_read(const struct table_view *s, uint64_t i, uint64_t n, table_view_visit *visit, void *ctx)
{
    const struct row_list *l = table_view_list(s);
    uint64_t rows = table_view_extent(s).rows;
    struct table_reader *r;
    if (!s->table || i >= rows)
        return OK;
    n = n < rows - i ? n : rows - i;
    enum err err = table_reader_new(s->table, &r);
    if (err)
        return err;
    if (l)
        err = read_list(r, l, i, n, visit, ctx);
    else if (!(err = table_seek(r, i)))
        err = read_on(r, i, n, visit, ctx);
    table_reader_free(r);
    return err;
}

enum err table_view_read_end(const struct table_view *s, uint64_t n, table_view_visit *visit, void *ctx)
{
    struct table_reader *r;
    bool exact;
    enum err err = s->table ? table_reader_new(s->table, &r) : ERR_GONE;
    if (err)
        return err == ERR_GONE ? OK : err;
    err = table_seek_end(r, n, &exact);
    if (!err)
        err = read_on(r, 0, n, visit, ctx);
    table_reader_free(r);
    return err;
}
