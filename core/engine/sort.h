/* SPDX-License-Identifier: MIT
 * Sorting more rows than fit into memory: sorted runs are written to a file without a name and then merged. For the
 * engine room only. */
#ifndef ENGINE_SORT_H
#define ENGINE_SORT_H

#include <assert.h>
#include <stdatomic.h>

#include "core/engine/table.h"
#include "core/table/values/order.h"

static_assert(TABLE_CLASS_ODD < 4, "a class fits into two bits");

/* A row to be sorted: by class, then key, then row. */
struct sort_item {
    uint64_t key;
    uint64_t row; /* with the class in its two highest bits */
};

static inline uint64_t sort_row(uint64_t row, enum table_class class)
{
    return row | (uint64_t) class << 62;
}

/* The order of two items. */
static inline bool sort_before(const struct sort_item *a, const struct sort_item *b)
{
    uint64_t x = a->row >> 62, y = b->row >> 62;
    if (x != y)
        return x < y;
    return a->key != b->key ? a->key < b->key : a->row < b->row;
}

/* sort_run.c: sorts items that are in rising order of their rows. `spare` has room for n items. */
void sort_items(struct sort_item *items, struct sort_item *spare, size_t n);

struct sort_run {
    uint64_t first, n; /* items in the file */
};

/* All runs are in one file. */
struct sort_runs {
    int fd;
    struct sort_run *runs; /* owned */
    size_t n, cap;
    uint64_t items;
};

enum err sort_runs_init(struct sort_runs *r) MUST_CHECK;
void sort_runs_done(struct sort_runs *r);

/* Appends a sorted run to the file. Not thread-safe. */
enum err sort_runs_add(struct sort_runs *r, const struct sort_item *items, size_t n) MUST_CHECK;

/* sort_merge.c: merges all runs, on the engine's threads. */
enum err sort_merge(struct engine *e, const struct sort_runs *runs, uint64_t rows, struct table_progress *progress,
                    struct row_list *out) MUST_CHECK;

/* frequency.c: like engine_frequency, but stops as soon as there are more than `most` texts. */
enum err frequency_of_few(struct engine *e, const struct table *t, size_t column, size_t most,
                          struct table_progress *progress, struct frequency *out) MUST_CHECK;

/* sort_text.c: sorts by a column of text that has too many distinct texts to number them. */
enum err sort_by_text(struct engine *e, const struct table *t, size_t column, bool descending,
                      struct table_progress *progress, struct row_list *out) MUST_CHECK;

#endif
