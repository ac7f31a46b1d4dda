/* SPDX-License-Identifier: MIT
 * Counts the codes in a list of rows. */
#include "core/query/private.h"

enum { ROWS_A_PIECE = 1024 };

static enum err count_piece(struct table_reader *r, const struct row_list *rows, size_t key, uint64_t at, size_t n,
                            struct table_set *out, uint64_t *nulls)
{
    uint64_t numbers[ROWS_A_PIECE], before;
    const struct row *row;
    enum err err = rows ? row_list_read(rows, at, n, numbers) : OK;
    for (size_t i = 0; !err && i < n; i++) {
        if (rows)
            err = table_seek(r, numbers[i]);
        if (!err)
            err = table_next(r, &row);
        if (err || !row)
            return err ? err : ERR_CHANGED;
        if (row->cells[key].null)
            ++*nulls;
        else
            err = table_set_count(out, row->cells[key].text, row->cells[key].len, 1, &before);
    }
    return err;
}

enum err query_codes(const struct query_server_state *d, const struct row_list *rows, struct table_set *out,
                     uint64_t *nulls)
{
    struct table_reader *r;
    uint64_t all = rows ? rows->n : table_rows(d->table);
    enum err err = table_reader_new(d->table, &r);
    if (err)
        return err;
    err = table_seek(r, 0);
    table_progress_begin(d->progress, all);
    for (uint64_t at = 0; !err && at < all; at += ROWS_A_PIECE) {
        size_t n = all - at < ROWS_A_PIECE ? (size_t)(all - at) : ROWS_A_PIECE;
        err = table_progress_stopped(d->progress) ? ERR_CANCELLED
                                                  : count_piece(r, rows, table_key(d->table), at, n, out, nulls);
        table_progress_add(d->progress, n);
    }
    table_reader_free(r);
    return err;
}
