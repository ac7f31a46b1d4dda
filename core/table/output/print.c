/* SPDX-License-Identifier: MIT
 * Prints a set of rows as Polars 2.1 prints a frame to a file. This file chooses rows and columns and makes their
 * texts; frame.c draws the box. */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table/private.h"
#include "core/table/output/frame.h"

enum { SHOWN_ROWS = 10, SHOWN_COLUMNS = 8, HALF_ROWS = SHOWN_ROWS / 2, HALF_COLUMNS = SHOWN_COLUMNS / 2 };
static const char ellipsis[] = "…";

/* The column of the table that is the i-th of the frame; the number of columns means the ellipsis. */
static size_t shown_column(size_t ncolumns, size_t i)
{
    if (ncolumns <= SHOWN_COLUMNS || i < HALF_COLUMNS)
        return i;
    return i == HALF_COLUMNS ? ncolumns : ncolumns - HALF_COLUMNS + (i - HALF_COLUMNS - 1);
}

static enum err fill_cell(struct frame_cell *cell, const struct buf *b, size_t estimate)
{
    if (b->err || b->len > sizeof cell->text)
        return b->err ? b->err : ERR_TOO_BIG;
    memcpy(cell->text, buf_text(b), b->len);
    cell->len = b->len;
    cell->estimate = estimate;
    return OK;
}

static void fill_ellipsis(struct frame_cell *cell)
{
    cell->len = sizeof ellipsis - 1;
    memcpy(cell->text, ellipsis, cell->len);
    cell->estimate = 1;
}

/* A header has the name, a line of three dashes, and the dtype. */
static enum err fill_header(struct frame_cell *cell, const struct column *c, struct buf *b)
{
    const char *dtype = dtype_names[c->dtype];
    size_t estimate;
    buf_clear(b);
    table_add_short(b, c->name, c->name_len, &estimate);
    buf_addf(b, "\n---\n%s", dtype);
    if (estimate < strlen(dtype))
        estimate = strlen(dtype);
    return fill_cell(cell, b, estimate < 3 ? 3 : estimate);
}

static enum err fill_value(const struct table *t, struct frame_cell *cell, size_t column, const struct cell *value,
                           struct buf *b)
{
    size_t estimate;
    buf_clear(b);
    if (t->columns[column].dtype == DTYPE_STR && !value->null) {
        table_add_short(b, value->text, value->len, &estimate);
        return fill_cell(cell, b, estimate);
    }
    enum err err = table_add_value(t, column, value, b);
    return err ? err : fill_cell(cell, b, b->len); /* numbers are ASCII */
}

static enum err fill_row(const struct table *t, const struct row *row, struct frame *f, struct buf *b)
{
    struct frame_cell *cells = f->cells[f->nrows++];
    enum err err = OK;
    for (size_t i = 0; !err && i < f->ncolumns; i++) {
        size_t column = shown_column(t->body.ncolumns, i);
        if (!row || column == t->body.ncolumns)
            fill_ellipsis(&cells[i]);
        else
            err = fill_value(t, &cells[i], column, &row->cells[column], b);
    }
    return err;
}

static enum err fill_headers(const struct table *t, struct frame *f, struct buf *b)
{
    enum err err = OK;
    for (size_t i = 0; !err && i < f->ncolumns; i++) {
        size_t column = shown_column(t->body.ncolumns, i);
        if (column == t->body.ncolumns)
            fill_ellipsis(&f->cells[0][i]);
        else
            err = fill_header(&f->cells[0][i], &t->columns[column], b);
    }
    f->nrows = 1;
    return err;
}

/* Fills the rows at the positions from … to-1 of the set. */
static enum err fill_rows(const struct table *t, struct table_reader *reader, const struct rows *rows, uint64_t from,
                          uint64_t to, struct frame *f, struct buf *b)
{
    for (uint64_t i = from; i < to; i++) {
        const struct row *row;
        enum err err = table_seek(reader, rows_at(rows, i));
        if (!err)
            err = table_next(reader, &row);
        if (!err)
            err = row ? fill_row(t, row, f, b) : ERR_CHANGED;
        if (err)
            return err;
    }
    return OK;
}

static enum err fill(const struct table *t, const struct rows *rows, struct frame *f, struct buf *b)
{
    struct table_reader *reader;
    f->ncolumns = t->body.ncolumns > SHOWN_COLUMNS ? SHOWN_COLUMNS + 1 : t->body.ncolumns;
    f->cut = rows->total > SHOWN_ROWS;
    enum err err = table_reader_new(t, &reader);
    if (err)
        return err;
    err = fill_headers(t, f, b);
    if (!err)
        err = fill_rows(t, reader, rows, 0, f->cut ? HALF_ROWS : rows->total, f, b);
    if (!err && f->cut)
        err = fill_row(t, NULL, f, b);
    if (!err && f->cut)
        err = fill_rows(t, reader, rows, rows->total - HALF_ROWS, rows->total, f, b);
    table_reader_free(reader);
    return err;
}

enum err table_print(const struct table *t, const struct rows *rows, struct buf *out)
{
    char height[32], width[32];
    struct buf b;
    struct frame *f = calloc(1, sizeof *f);
    if (!f)
        return ERR_NOMEM;
    buf_init(&b, FRAME_TEXT);
    enum err err = fill(t, rows, f, &b);
    if (!err) {
        frame_arrange(f);
        buf_addf(out, "shape: (%s, %s)\n", text_count(rows->total, height), text_count(t->body.ncolumns, width));
        err = frame_add(f, out);
    }
    buf_done(&b);
    free(f);
    return err;
}
