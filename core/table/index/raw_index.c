/* SPDX-License-Identifier: MIT
 * Builds the index by raw structure, in parallel. The file is divided into chunks. Whether a chunk begins within quotes
 * is guessed from its first quotes; when all chunks are read, the quotes counted in them show which guesses were wrong,
 * and these chunks are read again. If any quote is where strict libcsv would refuse it, the index is discarded. */
#include <stdlib.h>
#include <string.h>

#include "core/table/index/index.h"
#include "core/table/index/raw_loops.h"

enum { CHUNKS_MAX = 4096, CHUNK_MIN = 2 * 1024 * 1024 };

struct chunk {
    struct raw_tally tally;
    bool inside, odd; /* assumed to begin within quotes; has an odd number of quotes */
    bool strange, redo;
};

struct build {
    const struct table_plan *plan;
    struct index_builder builder;
    struct chunk *chunks;
    size_t n;
    uint64_t windows; /* windows in a chunk */
    bool again;       /* second pass: read only chunks marked `redo` */
};

static uint64_t window_begin(const struct build *b, uint64_t k)
{
    return b->plan->start + k * b->plan->window;
}

static uint64_t chunk_begin(const struct build *b, size_t i)
{
    return window_begin(b, b->plan->keep + i * b->windows);
}

static uint64_t chunk_end(const struct build *b, size_t i)
{
    uint64_t end = chunk_begin(b, i + 1), size = b->plan->source->size;
    return end < size ? end : size;
}

/* Makes the state at `offset` from the two bytes before it. */
static enum err state_at(const struct build *b, uint64_t offset, struct raw_state *out, bool *after_newline)
{
    char before[2] = {0};
    size_t n = offset - b->plan->start < 2 ? 1 : 2;
    enum err err = table_source_read(b->plan->source, before + 2 - n, n, offset - n);
    *after_newline = before[1] == '\n';
    *out = (struct raw_state){
        .after_mark = before[1] == b->plan->delimiter || before[1] == '\n' || before[1] == '"',
        .after_quote = before[1] == '"',
        .after_cr = before[1] == '\r' && before[0] == '"',
    };
    return err;
}

static enum err read_block(const struct build *b, char *block, uint64_t at, uint64_t end, size_t *len)
{
    *len = end - at < TABLE_BLOCK ? (size_t)(end - at) : TABLE_BLOCK;
    if (table_progress_stopped(b->plan->progress))
        return ERR_CANCELLED;
    enum err err = table_source_read(b->plan->source, block, *len, at);
    if (!err)
        err = table_source_check(b->plan->source);
    table_progress_add(b->plan->progress, *len);
    return err;
}

static void take_block(const struct build *b, struct chunk *c, struct raw_state *s, const char *block, size_t len,
                       uint64_t at)
{
    uint64_t ends[RAW_WORDS], seps[RAW_WORDS];
    for (size_t i = 0; i < len; i += RAW_STEP) {
        size_t n = len - i < RAW_STEP ? len - i : RAW_STEP;
        b->plan->raw->split(block + i, n, b->plan->delimiter, s, ends, seps);
        b->plan->raw->tally(&c->tally, ends, seps, (n + 63) / 64, at + i);
    }
}

static void begin_tally(struct build *b, size_t i, struct raw_tally *t)
{
    uint64_t k = b->plan->keep + i * b->windows, end = chunk_end(b, i);
    uint64_t stop = k + b->windows < b->builder.facts->n ? k + b->windows : b->builder.facts->n;
    *t = (struct raw_tally){.expected = b->plan->ncolumns - 1,
                            .window = b->plan->window,
                            .next = window_begin(b, k),
                            .limit = end,
                            .entry = &b->builder.entries[k]};
    t->ragged = (struct table_ragged){.first_short = UINT64_MAX, .first_long = UINT64_MAX};
    memset(t->entry, 0xff, (size_t)(stop - k) * sizeof *t->entry);
}

/* Guesses from the first block whether the chunk begins within quotes; in the second pass that is known. */
static void begin_chunk(const struct build *b, struct chunk *c, struct raw_state *s, const char *block, size_t len)
{
    if (!b->again)
        c->inside = raw_guess_inside(block, len, b->plan->delimiter);
    s->inside = c->inside ? UINT64_MAX : 0;
}

static enum err read_chunk(struct build *b, size_t i, char *block)
{
    struct chunk *c = &b->chunks[i];
    uint64_t begin = chunk_begin(b, i), end = chunk_end(b, i), from = b->plan->from.offset;
    bool first = begin <= from, after_newline = true;
    struct raw_state s = raw_begin();
    enum err err = OK;
    begin_tally(b, i, &c->tally);
    begin = first ? from : begin;
    c->strange = c->odd = false;
    if (!first)
        err = state_at(b, begin, &s, &after_newline);
    size_t len;
    for (uint64_t at = begin; !err && at < end; at += len) { /* none if the first record ends after the chunk */
        err = read_block(b, block, at, end, &len);
        if (err)
            break;
        if (at == begin && !first)
            begin_chunk(b, c, &s, block, len);
        if (at == begin && after_newline && !s.inside)
            raw_note_entry(&c->tally, at);
        take_block(b, c, &s, block, len, at);
    }
    c->odd = (s.inside != 0) != c->inside;
    c->strange = s.strange;
    return err;
}

static enum err begin_worker(void *arg, void **own)
{
    (void)arg;
    *own = malloc(TABLE_BLOCK + 2 * RAW_PAD);
    return *own ? OK : ERR_NOMEM;
}

static enum err end_worker(void *arg, void *own, enum err err)
{
    (void)arg;
    free(own);
    return err;
}

static enum err read_item(void *arg, void *own, size_t i)
{
    struct build *b = arg;
    return b->again && !b->chunks[i].redo ? OK : read_chunk(b, i, own);
}

static enum err read_chunks(struct build *b)
{
    struct table_loop loop = {.items = b->n, .arg = b, .begin = begin_worker, .item = read_item, .end = end_worker};
    return table_parallel_for(&loop, b->plan->runner);
}

/* Marks the chunks that were read with a wrong guess. True if there are any. */
static bool settle_quotes(struct build *b)
{
    bool inside = false, any = false;
    for (size_t i = 0; i < b->n; i++) {
        struct chunk *c = &b->chunks[i];
        c->redo = c->inside != inside;
        any |= c->redo;
        c->inside = inside;
        inside ^= c->odd;
    }
    b->again = true;
    return any;
}

/* The sum of the chunks so far. Their last record may continue in the next chunk. */
struct sum {
    uint64_t rows, delimiters, end;
    bool inside, strange;
};

static void add_ragged(struct index_builder *d, const struct table_ragged *more, uint64_t before)
{
    struct table_ragged *all = &d->facts->ragged;
    if (all->short_rows == 0 && more->short_rows)
        all->first_short = more->first_short + before;
    if (all->long_rows == 0 && more->long_rows)
        all->first_long = more->first_long + before;
    all->short_rows += more->short_rows;
    all->long_rows += more->long_rows;
}

/* Counts a record that lies in two chunks, or the last one without a newline. */
static void add_record(struct build *b, struct sum *s, uint64_t delimiters)
{
    struct raw_tally one = {.expected = b->plan->ncolumns - 1, .rows = 1};
    if (delimiters == one.expected)
        return;
    raw_odd_record(&one, delimiters);
    one.ragged.first_short = one.ragged.first_long = 0;
    add_ragged(&b->builder, &one.ragged, s->rows);
}

static void add_chunk(struct build *b, struct sum *s, size_t i)
{
    const struct chunk *c = &b->chunks[i];
    const struct raw_tally *t = &c->tally;
    uint64_t k = b->plan->keep + i * b->windows;
    for (uint64_t n = 0; n < b->windows && k + n < b->builder.facts->n; n++)
        if (b->builder.entries[k + n].offset != UINT64_MAX)
            b->builder.entries[k + n].row += s->rows;
    s->strange |= c->strange;
    s->inside ^= c->odd;
    if (t->rows == 0) {
        s->delimiters += t->delimiters;
        return;
    }
    s->strange |= t->first_end - s->end > TABLE_FIELD_MAX; /* libcsv reports fields that are too long */
    add_record(b, s, s->delimiters + t->head);
    add_ragged(&b->builder, &t->ragged, s->rows);
    s->rows += t->rows;
    s->delimiters = t->delimiters - t->last;
    s->end = t->last_end;
}

/* Counts a last record without a newline. While the source grows, it may be incomplete and is not counted. */
static enum err add_tail(struct build *b, struct sum *s)
{
    const struct table_plan *p = b->plan;
    char last = '\0';
    b->builder.facts->end = s->end;
    if (s->end == p->source->size || p->source->growing)
        return OK;
    enum err err = table_source_read(p->source, &last, 1, p->source->size - 1);
    s->strange |= s->inside || last == '\r' || p->source->size - s->end > TABLE_FIELD_MAX;
    add_record(b, s, s->delimiters);
    s->rows++;
    b->builder.facts->end = p->source->size;
    return err;
}

static enum err add_up(struct build *b, bool *strange)
{
    struct sum s = {.rows = b->plan->from.row, .end = b->plan->from.offset};
    for (size_t i = 0; i < b->n; i++)
        add_chunk(b, &s, i);
    enum err err = add_tail(b, &s);
    struct table_index_facts *f = b->builder.facts;
    f->rows = s.rows;
    f->start = b->plan->start;
    f->window = b->plan->window;
    f->regular = f->complete = true;
    *strange = s.strange;
    return err;
}

static enum err prepare(struct build *b)
{
    const struct table_plan *p = b->plan;
    uint64_t bytes = p->source->size - p->start, n = (bytes + p->window - 1) / p->window;
    uint64_t chunk = bytes / CHUNKS_MAX > CHUNK_MIN ? bytes / CHUNKS_MAX : CHUNK_MIN;
    chunk = p->chunk ? p->chunk : chunk;
    b->windows = chunk / p->window ? chunk / p->window : 1;
    b->n = (size_t)((n - p->keep + b->windows - 1) / b->windows);
    b->chunks = calloc(b->n ? b->n : 1, sizeof *b->chunks);
    enum err err = b->chunks ? index_builder_init(&b->builder, (size_t)n) : ERR_NOMEM;
    for (uint64_t k = 0; !err && k < p->keep; k++)
        b->builder.entries[k] = p->kept[k * p->kept_step];
    return err;
}

enum err table_index_raw(const struct table_plan *plan, struct table_index *out, bool *strange)
{
    struct build b = {.plan = plan, .builder = {.fd = -1}};
    *strange = false;
    enum err err = prepare(&b);
    if (!err)
        err = read_chunks(&b);
    if (!err && settle_quotes(&b))
        err = read_chunks(&b);
    if (!err)
        err = add_up(&b, strange);
    if (!err && !*strange)
        err = index_builder_seal(&b.builder, out);
    index_builder_done(&b.builder);
    free(b.chunks);
    return err;
}
