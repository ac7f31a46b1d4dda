/* SPDX-License-Identifier: MIT
 * Finds rows that hold a literal: searches the raw bytes, and parses only records with a hit ("filter before you
 * parse"). A block begins at the start of a record, so the quotes before a hit can be counted from there. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/table/index/blocks.h"

struct table_hits {
    struct table_blocks blocks;
    const struct raw_ops *raw;
    struct raw_probe probe;
    struct table_csv csv;
    bool whole_cell, cells;
    size_t at;    /* where the search continues */
    size_t start; /* start of a record at or before `at`, … */
    uint64_t row; /* … and its number */
    struct row found;
    struct table_reader *reader; /* for a record that is too large for a block */
    uint64_t left;
};

/* Roughly how common a byte is in tables. The search looks for the rarest bytes of the literal. */
static int commonness(unsigned char c)
{
    if (c == ' ' || c == ',' || c == '0')
        return 9;
    if (isdigit(c) || strchr("aeionrst", c))
        return 7;
    if (islower(c))
        return 5;
    return c >= 0x80 ? 4 : isupper(c) ? 3 : 2;
}

static void choose_probes(struct raw_probe *p)
{
    bool used[256] = {false};
    size_t n = p->len < sizeof used ? p->len : sizeof used;
    for (int k = 0; k < RAW_PROBES; k++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            if (!used[i] && (best == SIZE_MAX || commonness(p->bytes[i]) < commonness(p->bytes[best])))
                best = i;
        p->at[k] = best == SIZE_MAX ? p->at[0] : best;
        used[p->at[k]] = true;
    }
}

/* The literal as written in the file: quotes are doubled, and an empty text is a pair of quotes. */
static enum err make_probe(struct raw_probe *p, const struct table_hits_options *o)
{
    p->bytes = malloc(2 * o->len + 2);
    p->fold = calloc(2 * o->len + 2, 1);
    if (!p->bytes || !p->fold)
        return ERR_NOMEM;
    for (size_t i = 0; i < o->len; i++) {
        unsigned char c = (unsigned char)o->text[i];
        bool fold = o->any_case && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
        p->fold[p->len] = fold ? 0x20 : 0;
        p->bytes[p->len++] = fold ? c | 0x20 : c;
        p->folded |= fold;
        if (c == '"')
            p->bytes[p->len++] = c;
    }
    if (p->len == 0)
        p->bytes[p->len++] = '"', p->bytes[p->len++] = '"';
    choose_probes(p);
    return OK;
}

bool table_has_hits(const struct table *t)
{
    return t->body.index.facts->regular;
}

enum err table_hits_new(const struct table *t, const struct table_hits_options *o, struct table_hits **out)
{
    struct table_hits *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_NOMEM;
    h->raw = raw_best();
    h->whole_cell = o->whole_cell;
    h->cells = o->cells;
    table_blocks_init(&h->blocks, &t->body, o->progress);
    enum err err = table_csv_init(&h->csv, t->body.delimiter, t->body.ncolumns, TABLE_COLUMNS_MAX);
    if (!err)
        err = table_reader_open(&t->body, &h->reader);
    if (!err)
        err = make_probe(&h->probe, o);
    if (err)
        table_hits_free(h);
    else
        *out = h;
    return err;
}

void table_hits_free(struct table_hits *h)
{
    if (!h)
        return;
    table_blocks_done(&h->blocks);
    table_reader_free(h->reader);
    table_csv_done(&h->csv);
    free(h->probe.bytes);
    free(h->probe.fold);
    free(h);
}

enum err table_hits_begin(struct table_hits *h, struct table_span span)
{
    table_blocks_begin(&h->blocks, span);
    h->at = h->left = 0;
    return OK;
}

/* Whether a byte may be next to a cell. */
static bool is_edge(const struct table_hits *h, char c)
{
    return c == h->blocks.body->delimiter || c == '\n' || c == '"' || c == '\r';
}

static bool seems_whole(const struct table_hits *h, size_t at)
{
    const struct table_blocks *b = &h->blocks;
    size_t end = at + h->probe.len;
    return (at == 0 || is_edge(h, b->text[at - 1])) && (end == b->len || is_edge(h, b->text[end]));
}

/* Moves to the last indexed record before the hit, if that is nearer. */
static void jump(struct table_hits *h)
{
    const struct table_index *x = &h->blocks.body->index;
    const struct raw_entry *e = &x->entries[table_index_at_offset(x, h->blocks.offset + h->at)];
    if (e->offset > h->blocks.offset + h->start) {
        h->start = (size_t)(e->offset - h->blocks.offset);
        h->row = e->row;
    }
}

/* Moves from a record's start to the record that holds the hit. Returns its end. */
static size_t find_record(struct table_hits *h)
{
    const struct table_blocks *b = &h->blocks;
    struct raw_state s = raw_begin();
    size_t base = h->start;
    uint64_t end, sep;
    for (size_t at = base; at < b->len; at += 64) {
        h->raw->split(b->text + at, b->len - at < 64 ? b->len - at : 64, b->body->delimiter, &s, &end, &sep);
        for (; end; end &= end - 1) {
            size_t after = at + (size_t)__builtin_ctzll(end) + 1;
            if (after > h->at)
                return after;
            h->start = after;
            h->row++;
        }
    }
    return b->len;
}

static enum err parse_record(struct table_hits *h, size_t end)
{
    const struct table_blocks *b = &h->blocks;
    struct table_segment s = {.text = b->text + h->start,
                              .len = end - h->start,
                              .offset = b->offset + h->start,
                              .ends_line = b->text[end - 1] == '\n'};
    enum err err = table_csv_feed(&h->csv, &s);
    if (!err && !h->csv.done)
        err = table_csv_finish(&h->csv);
    return err ? err : h->csv.done ? OK : ERR_CHANGED;
}

/* Returns the record that holds the hit. */
static enum err take_hit(struct table_hits *h, const struct row **out)
{
    jump(h);
    size_t end = find_record(h), columns = h->blocks.body->ncolumns;
    h->found = (struct row){.number = h->row};
    enum err err = h->cells ? parse_record(h, end) : OK;
    if (!err && h->cells) {
        h->found.cells = h->csv.cells;
        h->found.ncells = h->csv.ncells > columns ? h->csv.ncells : columns;
    }
    h->at = h->start = end;
    h->row++;
    *out = &h->found;
    return err;
}

static enum err next_block(struct table_hits *h)
{
    enum err err = table_blocks_next(&h->blocks);
    h->at = h->start = 0;
    h->row = h->blocks.row;
    if (err || h->blocks.rows == 0 || h->blocks.len > 0)
        return err;
    h->left = h->blocks.rows;
    return table_seek(h->reader, h->blocks.row);
}

enum err table_hits_next(struct table_hits *h, const struct row **out)
{
    const struct table_blocks *b = &h->blocks;
    *out = NULL;
    for (;;) {
        if (h->left > 0) { /* not searched: the caller compares its cells */
            h->left--;
            return table_next(h->reader, out);
        }
        size_t at = h->at < b->len ? h->raw->probe(&h->probe, b->text, b->len, h->at) : b->len;
        if (at < b->len) {
            h->at = at;
            if (!h->whole_cell || seems_whole(h, at))
                return take_hit(h, out);
            h->at++;
            continue;
        }
        enum err err = next_block(h);
        if (err || b->rows == 0)
            return err;
    }
}
