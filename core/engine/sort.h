/* SPDX-License-Identifier: MIT
 * Sorting more than fits: sorted runs in a file without a name, then all of them merged. For the engine room only. */
#ifndef ENGINE_SORT_H
#define ENGINE_SORT_H

#include <stdatomic.h>

#include "core/engine/table.h"
#include "core/table/values/order.h"

/* A row and where it goes: by class, key, row. */
struct sort_item {
    uint64_t key;
    uint64_t row; /* the class in its two highest bits */
};

static inline uint64_t sort_row(uint64_t row, enum table_class class)
{
    return row | (uint64_t) class << 62;
}

/* Class and key together decide; the row only among equals. */
static inline bool sort_before(const struct sort_item *a, const struct sort_item *b)
{
    uint64_t x = a->row >> 62, y = b->row >> 62;
    if (x != y)
        return x < y;
    return a->key != b->key ? a->key < b->key : a->row < b->row;
}

/* engine_sort_run.c: items in rising order of their rows become sorted; `spare` is as large. */
void sort_items(struct sort_item *items, struct sort_item *spare, size_t n);

struct sort_run {
    uint64_t first, n; /* items in the file */
};

/* All runs, in one file. */
struct sort_runs {
    int fd;
    struct sort_run *runs; /* owned */
    size_t n, cap;
    uint64_t items;
};

enum err sort_runs_init(struct sort_runs *r) MUST_CHECK;
void sort_runs_done(struct sort_runs *r);

/* A sorted run goes to the file. Not thread-safe. */
enum err sort_runs_add(struct sort_runs *r, const struct sort_item *items, size_t n) MUST_CHECK;

/* engine_sort_merge.c: all of them, in order, on the engine's threads. */
enum err sort_merge(struct engine *e, const struct sort_runs *runs, uint64_t rows, struct table_progress *progress,
                    struct row_list *out) MUST_CHECK;

/* engine_frequency.c: as engine_frequency, but given up as soon as there are more than `most`. */
enum err frequency_of_few(struct engine *e, const struct table *t, size_t column, size_t most,
                          struct table_progress *progress, struct frequency *out) MUST_CHECK;

/* engine_sort_text.c: a column of text with too many different ones to number them. */
enum err sort_by_text(struct engine *e, const struct table *t, size_t column, bool descending,
                      struct table_progress *progress, struct row_list *out) MUST_CHECK;

#endif
