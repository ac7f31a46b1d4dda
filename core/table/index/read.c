/* SPDX-License-Identifier: MIT
 * A cursor over rows. It parses from the nearest indexed record on, by libcsv. In a file that is not indexed
 * completely, the last rows are found by raw structure from the end backwards. */
#include <stdlib.h>

#include "core/table/private.h"

enum { TAIL_FIRST = 64 * 1024, TAIL_MAX = 16 * 1024 * 1024 }; /* bytes that are searched for the last rows */

struct table_reader {
    const struct table_body *body;
    struct table_lines lines;
    struct table_csv csv;
    uint64_t next; /* the row that the parser reads next */
    bool lost;     /* the position of the parser is unknown, for example after an error */
    bool tail;     /* rows are counted from the end */
    struct row row;
};

static uint64_t known_rows(const struct table_reader *r)
{
    return r->body->index.facts->rows;
}

static enum err open_parser(struct table_reader *r)
{
    return table_csv_init(&r->csv, r->body->delimiter, r->body->ncolumns, TABLE_COLUMNS_MAX);
}

enum err table_reader_open(const struct table_body *body, struct table_reader **out)
{
    struct table_reader *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    r->body = body;
    r->lost = true;
    enum err err = table_lines_init(&r->lines, &body->source);
    if (!err)
        err = open_parser(r);
    if (err)
        table_reader_free(r);
    else
        *out = r;
    return err;
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

/* Reads one record. The index accepted its bytes, so a fault now means that they have changed. */
static enum err read_record(struct table_reader *r, bool keep)
{
    struct table_segment s;
    enum err err;
    r->csv.keep = keep;
    do {
        err = table_lines_next(&r->lines, &s);
        if (!err)
            err = s.len ? table_csv_feed(&r->csv, &s) : table_csv_finish(&r->csv);
    } while (!err && s.len && !r->csv.done);
    if (!err && !r->csv.done)
        err = ERR_CHANGED;
    if (err) {
        r->lost = true;
        return err == ERR_PARSE && !r->tail ? ERR_CHANGED : err;
    }
    r->next++;
    return OK;
}

/* Resets the parser to the start of a record. */
static enum err restart(struct table_reader *r)
{
    table_csv_done(&r->csv);
    enum err err = open_parser(r);
    r->lost = err != OK;
    return err;
}

enum err table_seek(struct table_reader *r, uint64_t number)
{
    const struct table_index *x = &r->body->index;
    r->lost |= r->tail;
    r->tail = false;
    if (number >= known_rows(r)) {
        r->next = known_rows(r);
        r->lost = true;
        return OK;
    }
    const struct raw_entry *near = &x->entries[table_index_at_row(x, number)];
    if (r->lost || number < r->next || near->row > r->next) {
        enum err err = r->lost ? restart(r) : OK;
        if (err)
            return err;
        table_lines_seek(&r->lines, near->offset);
        r->next = near->row;
    }
    while (r->next < number) {
        enum err err = read_record(r, false);
        if (err)
            return err;
    }
    return OK;
}

/* The last bytes of the source. */
struct tail {
    char *text;
    size_t len;
    uint64_t offset; /* of text[0] */
    uint64_t ends;   /* records that end in it, without the last one */
};

/* The offset after the k-th record end (from 1), or, if there is none, the number of ends. */
static uint64_t walk_tail(const struct table_body *body, struct tail *t, uint64_t k)
{
    const struct raw_ops *raw = raw_best();
    struct raw_state s = raw_begin();
    uint64_t ends[RAW_WORDS], seps[RAW_WORDS], seen = 0;
    bool inside = t->offset > body->index.facts->start && raw_guess_inside(t->text, t->len, body->delimiter);
    s.inside = inside ? UINT64_MAX : 0;
    for (size_t at = 0; at < t->len; at += RAW_STEP) {
        size_t n = t->len - at < RAW_STEP ? t->len - at : RAW_STEP;
        raw->split(t->text + at, n, body->delimiter, &s, ends, seps);
        for (size_t w = 0; w < (n + 63) / 64; w++)
            for (uint64_t left = ends[w]; left; left &= left - 1)
                if (++seen == k)
                    return t->offset + at + w * 64 + (uint64_t)__builtin_ctzll(left) + 1;
    }
    return seen;
}

static enum err read_tail(const struct table_body *body, struct tail *t, size_t len)
{
    uint64_t start = body->index.facts->start, size = body->source.size;
    t->len = size - start < len ? (size_t)(size - start) : len;
    t->offset = size - t->len;
    free(t->text);
    t->text = malloc(t->len + RAW_PAD);
    enum err err = t->text ? table_source_read(&body->source, t->text, t->len, t->offset) : ERR_NOMEM;
    if (!err)
        err = table_source_check(&body->source);
    if (err)
        return err;
    t->ends = walk_tail(body, t, 0);
    if (t->ends > 0 && t->text[t->len - 1] == '\n') /* nothing follows the end of the last record */
        t->ends--;
    return OK;
}

/* Moves to what seems to be the start of the n-th record from the end. */
static enum err begin_tail(struct table_reader *r, struct tail *t, uint64_t n)
{
    bool whole = t->offset == r->body->index.facts->start;
    uint64_t have = t->ends + whole;
    n = n < have ? n : have;
    uint64_t from = n == have && whole ? t->offset : walk_tail(r->body, t, have - n + !whole);
    enum err err = restart(r);
    if (n == 0)
        from = r->body->source.size;
    table_lines_seek(&r->lines, from);
    r->next = 0 - n;
    r->tail = true;
    return err;
}

enum err table_seek_end(struct table_reader *r, uint64_t n, bool *exact)
{
    uint64_t rows = known_rows(r);
    *exact = r->body->index.facts->complete;
    if (*exact)
        return table_seek(r, n < rows ? rows - n : 0);
    struct tail t = {0};
    enum err err = OK;
    size_t len = TAIL_FIRST;
    do {
        err = read_tail(r->body, &t, len);
        len *= 4;
    } while (!err && t.ends < n && len <= TAIL_MAX && t.offset > r->body->index.facts->start);
    if (!err)
        err = begin_tail(r, &t, n);
    free(t.text);
    return err;
}

static bool at_end(const struct table_reader *r)
{
    return r->tail ? table_reader_offset(r) >= r->body->source.size : r->next >= known_rows(r);
}

enum err table_next(struct table_reader *r, const struct row **out)
{
    *out = NULL;
    if (at_end(r))
        return OK;
    if (r->tail && r->lost)
        return ERR_PARSE;
    enum err err = r->lost ? table_seek(r, r->next) : OK;
    if (!err)
        err = read_record(r, true);
    if (err)
        return err;
    size_t n = r->csv.ncells > r->body->ncolumns ? r->csv.ncells : r->body->ncolumns;
    r->row = (struct row){.number = r->next - 1, .cells = r->csv.cells, .ncells = n};
    *out = &r->row;
    return OK;
}

enum err table_reader_at(const struct table *t, uint64_t number, struct table_reader **out, const struct row **row)
{
    *out = NULL;
    *row = NULL;
    enum err err = table_reader_new(t, out);
    if (!err)
        err = table_seek(*out, number);
    if (!err)
        err = table_next(*out, row);
    if (err) {
        table_reader_free(*out);
        *out = NULL;
    }
    return err;
}
