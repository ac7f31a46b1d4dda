/* SPDX-License-Identifier: MIT
 * Spans of index entries, and the blocks in them. A block reaches from one entry to another. */
#include "core/table/index/blocks.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MAX = 16 * TABLE_BLOCK }; /* a longer block is left to a table_reader */

static size_t entries_of(const struct table *t)
{
    return (size_t)t->body.index.facts->n;
}

static size_t entries_in(const struct table *t, uint64_t bytes)
{
    uint64_t window = t->body.index.facts->window;
    return bytes > window ? (size_t)(bytes / window) : 1;
}

size_t table_spans(const struct table *t, uint64_t bytes)
{
    size_t n = entries_of(t), each = entries_in(t, bytes);
    return n ? (n + each - 1) / each : 1;
}

struct table_span table_span(const struct table *t, uint64_t bytes, size_t i)
{
    size_t n = entries_of(t), each = entries_in(t, bytes), first = i * each, end = first + each;
    return (struct table_span){first < n ? first : n, end < n ? end : n};
}

size_t table_span_of(const struct table *t, uint64_t bytes, uint64_t row)
{
    const struct table_index *x = &t->body.index;
    size_t entry = x->facts->n ? table_index_at_row(x, row) : 0;
    return entry / entries_in(t, bytes);
}

struct table_span table_part(const struct table *t, size_t parts, size_t i)
{
    size_t n = entries_of(t);
    return (struct table_span){n * i / parts, n * (i + 1) / parts};
}

uint64_t table_span_rows(const struct table *t, struct table_span span)
{
    return t->body.index.entries[span.end].row - t->body.index.entries[span.first].row;
}

void table_blocks_init(struct table_blocks *b, const struct table_body *body, struct table_progress *progress)
{
    *b = (struct table_blocks){.body = body, .progress = progress};
}

void table_blocks_done(struct table_blocks *b)
{
    free(b->text);
    b->text = NULL;
}

void table_blocks_begin(struct table_blocks *b, struct table_span span)
{
    assert(span.first <= span.end && span.end <= b->body->index.facts->n);
    b->next = span.first;
    b->end = span.end;
    b->len = 0;
    b->row = b->rows = 0;
}

/* As many windows as fit into a block, but at least those that one record covers. */
static size_t block_end(const struct table_blocks *b)
{
    const struct raw_entry *e = b->body->index.entries;
    size_t end = b->next + 1, step = (size_t)(TABLE_BLOCK / b->body->index.facts->window);
    if (step > b->end - b->next)
        step = b->end - b->next;
    while (end < b->end && e[end].offset == e[b->next].offset)
        end++;
    for (; step > 0; step /= 2)
        while (end + step <= b->end && e[end + step].offset - e[b->next].offset <= TABLE_BLOCK)
            end += step;
    return end;
}

static enum err read_text(struct table_blocks *b, size_t len)
{
    if (len + RAW_PAD > b->cap) {
        size_t cap = (len > TABLE_BLOCK ? len : TABLE_BLOCK) + RAW_PAD;
        free(b->text);
        b->text = malloc(cap);
        b->cap = b->text ? cap : 0;
        if (!b->text)
            return ERR_NOMEM;
    }
    enum err err = table_source_read(&b->body->source, b->text, len, b->offset);
    if (!err)
        err = table_source_check(&b->body->source);
    b->len = err ? 0 : len;
    return err;
}

enum err table_blocks_next(struct table_blocks *b)
{
    const struct raw_entry *e = b->body->index.entries;
    b->len = 0;
    b->rows = 0;
    while (b->next < b->end && b->rows == 0) {
        size_t end = block_end(b);
        uint64_t len = e[end].offset - e[b->next].offset;
        b->entry = b->next;
        b->offset = e[b->next].offset;
        b->row = e[b->next].row;
        b->rows = e[end].row - b->row;
        b->next = end;
        if (table_progress_stopped(b->progress))
            return ERR_CANCELLED;
        table_progress_add(b->progress, len);
        if (b->rows > 0 && b->body->index.facts->regular && len <= BLOCK_MAX)
            return read_text(b, (size_t)len);
    }
    return OK;
}
