/* SPDX-License-Identifier: MIT
 * A cursor over rows: from the nearest indexed record on, by the same parser that found the records. */
#include <stdlib.h>

#include "core/table/table_priv.h"

struct table_reader {
    const struct table_body *body;
    struct table_lines lines;
    struct table_csv csv;
    uint64_t next; /* the row at the parser's place */
    bool lost;     /* after an error: the parser stands nowhere */
    struct row row;
};

enum err table_reader_open(const struct table_body *body, struct table_reader **out)
{
    struct table_reader *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    r->body = body;
    r->lost = true;
    enum err e = table_lines_init(&r->lines, &body->source);
    if (!e)
        e = table_csv_init(&r->csv, body->ncolumns, body->ncolumns);
    if (e)
        table_reader_free(r);
    else
        *out = r;
    return e;
}

enum err table_reader_new(const struct table *t, struct table_reader **out)
{
    return table_reader_open(&t->body, out);
}

void table_reader_free(struct table_reader *r)
{
    if (!r)
        return;
    table_csv_done(&r->csv);
    table_lines_done(&r->lines);
    free(r);
}

uint64_t table_reader_offset(const struct table_reader *r)
{
    return r->lines.offset + r->lines.pos;
}

/* One record. What the index run accepted cannot be wrong now, unless the bytes are others. */
static enum err read_record(struct table_reader *r, bool keep)
{
    struct table_segment s;
    enum err e;
    r->csv.keep = keep;
    do {
        e = table_lines_next(&r->lines, &s);
        if (!e)
            e = s.len ? table_csv_feed(&r->csv, &s) : table_csv_finish(&r->csv);
    } while (!e && s.len && !r->csv.done);
    if (!e && (!r->csv.done || r->csv.ncells > r->body->ncolumns))
        e = ERR_CHANGED;
    if (e) {
        r->lost = true;
        return e == ERR_PARSE ? ERR_CHANGED : e;
    }
    r->next++;
    return OK;
}

/* A parser that stands at a record's start again. */
static enum err restart(struct table_reader *r)
{
    table_csv_done(&r->csv);
    enum err e = table_csv_init(&r->csv, r->body->ncolumns, r->body->ncolumns);
    r->lost = e != OK;
    return e;
}

enum err table_seek(struct table_reader *r, uint64_t number)
{
    const struct table_index *x = &r->body->index;
    if (number >= x->rows) {
        r->next = x->rows;
        r->lost = true;
        return OK;
    }
    uint64_t near = number / TABLE_STRIDE;
    if (r->lost || number < r->next || near * TABLE_STRIDE > r->next) {
        enum err e = r->lost ? restart(r) : OK;
        if (e)
            return e;
        table_lines_seek(&r->lines, x->offsets[near]);
        r->next = near * TABLE_STRIDE;
    }
    while (r->next < number) {
        enum err e = read_record(r, false);
        if (e)
            return e;
    }
    return OK;
}

enum err table_next(struct table_reader *r, const struct row **out)
{
    *out = NULL;
    if (r->next >= r->body->index.rows)
        return OK;
    enum err e = r->lost ? table_seek(r, r->next) : OK;
    if (!e)
        e = read_record(r, true);
    if (e)
        return e;
    r->row = (struct row){.number = r->next - 1, .cells = r->csv.cells};
    *out = &r->row;
    return OK;
}
