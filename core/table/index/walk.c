/* SPDX-License-Identifier: MIT
 * Walks over chosen cells of all rows. By raw structure a cell is a slice of the block, without its quotes and the CRs
 * that libcsv trims; it is copied only if a quote in it is doubled. Elsewhere a table_reader reads row by row. */
#include "core/table/index/walk.h"

#include <stdlib.h>
#include <string.h>

#include "core/table/index/blocks.h"

enum { BATCH_ROWS = TABLE_BATCH_ROWS, BATCH_CELLS = 16384 };

struct table_walk {
    struct table_blocks blocks;
    const struct raw_ops *raw;
    struct table_reader *reader; /* for rows that raw structure cannot read */
    bool by_reader, all;
    size_t *slots; /* of each column up to the last wanted one: its position in a row; SIZE_MAX: not wanted */
    size_t nslots, width;
    struct cell *cells; /* of a batch */
    size_t batch_rows;
    struct buf copies;  /* of cells with doubled quotes */
    uint64_t row, left; /* rows of this block that the reader still has to read */

    struct raw_state state; /* after the masks */
    uint64_t ends[RAW_WORDS], seps[RAW_WORDS];
    size_t at, words, word; /* offset of the masks in the block, how many, the current one */
    uint64_t live;          /* bits of the current mask that are not handled yet */
    size_t field, start;    /* the current field, and where it begins */
};

static enum err choose(struct table_walk *w, const size_t *columns, size_t n)
{
    w->all = !columns;
    w->width = w->all ? w->blocks.body->ncolumns : n;
    w->nslots = w->all ? w->width : n ? columns[n - 1] + 1 : 0;
    w->slots = malloc((w->nslots ? w->nslots : 1) * sizeof *w->slots);
    if (!w->slots)
        return ERR_NOMEM;
    for (size_t i = 0, k = 0; i < w->nslots; i++) {
        bool wanted = w->all || columns[k] == i;
        w->slots[i] = wanted ? k : SIZE_MAX;
        k += wanted;
    }
    return OK;
}

enum err table_walk_new(const struct table *t, const size_t *columns, size_t n, struct table_progress *progress,
                        struct table_walk **out)
{
    const struct table_index_facts *f = t->body.index.facts;
    struct table_walk *w = calloc(1, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    table_blocks_init(&w->blocks, &t->body, progress);
    buf_init(&w->copies, TABLE_RECORD_MAX);
    w->raw = raw_best();
    enum err err = choose(w, columns, n);
    w->by_reader = !f->regular || (w->all && f->ragged.long_rows > 0);
    w->batch_rows = w->width && w->width < BATCH_CELLS / BATCH_ROWS ? BATCH_ROWS : BATCH_CELLS / (w->width + 1) + 1;
    w->batch_rows = w->batch_rows < BATCH_ROWS ? w->batch_rows : BATCH_ROWS;
    w->cells = err ? NULL : calloc(w->batch_rows * (w->width ? w->width : 1), sizeof *w->cells);
    if (!err && !w->cells)
        err = ERR_NOMEM;
    if (!err)
        err = table_reader_open(&t->body, &w->reader);
    if (err)
        table_walk_free(w);
    else
        *out = w;
    return err;
}

void table_walk_free(struct table_walk *w)
{
    if (!w)
        return;
    table_blocks_done(&w->blocks);
    table_reader_free(w->reader);
    buf_done(&w->copies);
    free(w->slots);
    free(w->cells);
    free(w);
}

enum err table_walk_begin(struct table_walk *w, struct table_span span)
{
    table_blocks_begin(&w->blocks, span);
    w->left = 0;
    w->words = w->word = w->at = w->start = 0;
    return OK;
}

/* Makes the masks of the next piece of the block; false at its end. */
static bool next_masks(struct table_walk *w)
{
    const struct table_blocks *b = &w->blocks;
    size_t at = w->at + w->words * 64;
    if (at >= b->len)
        return false;
    size_t n = b->len - at < RAW_STEP ? b->len - at : RAW_STEP;
    w->raw->split(b->text + at, n, b->body->delimiter, &w->state, w->ends, w->seps);
    w->at = at;
    w->words = (n + 63) / 64;
    w->word = 0;
    w->live = UINT64_MAX;
    return true;
}

static void begin_block(struct table_walk *w)
{
    w->state = raw_begin();
    w->at = w->words = w->word = w->start = w->field = 0;
}

/* Copies a cell with its doubled quotes made single. The copies may still move; fill_copies sets the cell's text. */
static void copy_cell(struct table_walk *w, const char *from, const char *to, struct cell *out)
{
    size_t before = w->copies.len;
    for (const char *quote; (quote = memchr(from, '"', (size_t)(to - from))); from = quote + 2)
        buf_add(&w->copies, from, (size_t)(quote + 1 - from));
    buf_add(&w->copies, from, (size_t)(to - from));
    *out = (struct cell){.text = NULL, .len = w->copies.len - before};
}

/* Makes a cell of the bytes between two offsets, as libcsv would. */
static void take_field(struct table_walk *w, size_t from, size_t to, struct cell *out)
{
    const char *a = w->blocks.text + from, *b = w->blocks.text + to;
    while (a < b && b[-1] == '\r')
        b--;
    if (a < b && *a == '"') {
        a++;
        if (memchr(a, '"', (size_t)(b - 1 - a)))
            copy_cell(w, a, b - 1, out);
        else
            *out = (struct cell){.text = a, .len = (size_t)(b - 1 - a)};
        return;
    }
    while (a < b && *a == '\r')
        a++;
    *out = (struct cell){.text = a, .len = (size_t)(b - a), .null = a == b};
}

/* The position of a walk in a block, kept in registers while it runs. */
struct place {
    size_t field, start; /* the current field, and where it begins */
    struct cell *row;    /* cells of the current record */
    size_t rows;         /* complete records */
};

/* A field ends at `at`. */
static inline void end_field(struct table_walk *w, struct place *p, size_t at)
{
    if (p->field < w->nslots && w->slots[p->field] != SIZE_MAX)
        take_field(w, p->start, at, &p->row[w->slots[p->field]]);
    p->field++;
    p->start = at + 1;
}

static inline void end_record(struct table_walk *w, struct place *p)
{
    for (; p->field < w->nslots; p->field++)
        if (w->slots[p->field] != SIZE_MAX)
            p->row[w->slots[p->field]] = (struct cell){.text = "", .null = true};
    p->field = 0;
    p->row += w->width;
    p->rows++;
}

/* Handles the fields that end in the current mask, until the batch is full. */
static inline void walk_word(struct table_walk *w, struct place *p)
{
    uint64_t ends = w->ends[w->word], seps = w->seps[w->word], live = w->live;
    size_t base = w->at + w->word * 64, nslots = w->nslots;
    while (p->rows < w->batch_rows) {
        uint64_t bits = (p->field < nslots ? ends | seps : ends) & live;
        if (!bits) {
            w->word++;
            live = UINT64_MAX;
            break;
        }
        int i = __builtin_ctzll(bits);
        live = UINT64_MAX << i << 1;
        end_field(w, p, base + (size_t)i);
        if (ends >> i & 1)
            end_record(w, p);
    }
    w->live = live;
}

/* Reads the next records of the block, at most a batch; 0 at its end. */
static size_t walk_records(struct table_walk *w)
{
    struct place p = {.field = w->field, .start = w->start, .row = w->cells};
    while (p.rows < w->batch_rows && (w->word < w->words || next_masks(w)))
        walk_word(w, &p);
    if (p.rows < w->batch_rows && (p.start < w->blocks.len || p.field > 0)) {
        end_field(w, &p, w->blocks.len); /* the last record of the file, without a newline */
        end_record(w, &p);
    }
    w->field = p.field;
    w->start = p.start;
    return p.rows;
}

static enum err fill_copies(struct table_walk *w, size_t n)
{
    const char *at = buf_text(&w->copies);
    for (size_t i = 0; w->copies.len > 0 && i < n; i++) {
        if (!w->cells[i].text) {
            w->cells[i].text = at;
            at += w->cells[i].len;
        }
    }
    return w->copies.err;
}

/* A row of the reader makes a batch. */
static enum err next_by_reader(struct table_walk *w, struct table_batch *out)
{
    const struct row *row;
    enum err err = table_next(w->reader, &row);
    if (!err && !row)
        err = ERR_CHANGED;
    if (err)
        return err;
    w->left--;
    *out = (struct table_batch){.row = row->number, .rows = 1, .width = w->width, .cells = w->cells};
    if (w->all) {
        out->width = row->ncells;
        out->cells = row->cells;
        return OK;
    }
    for (size_t i = 0; i < w->nslots; i++)
        if (w->slots[i] != SIZE_MAX)
            w->cells[w->slots[i]] = row->cells[i];
    return OK;
}

static enum err next_block(struct table_walk *w)
{
    enum err err = table_blocks_next(&w->blocks);
    begin_block(w);
    w->row = w->blocks.row;
    if (err || w->blocks.rows == 0 || (w->blocks.len > 0 && !w->by_reader))
        return err;
    w->left = w->blocks.rows;
    return table_seek(w->reader, w->blocks.row);
}

enum err table_walk_next(struct table_walk *w, struct table_batch *out)
{
    *out = (struct table_batch){.width = w->width, .cells = w->cells};
    buf_clear(&w->copies);
    while (w->left == 0) {
        size_t n = w->blocks.len > 0 && !w->by_reader ? walk_records(w) : 0;
        if (n > 0) {
            out->row = w->row;
            out->rows = n;
            w->row += n;
            return fill_copies(w, n * w->width);
        }
        enum err err = next_block(w);
        if (err || w->blocks.rows == 0)
            return err;
    }
    return next_by_reader(w, out);
}
