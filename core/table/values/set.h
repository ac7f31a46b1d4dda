/* SPDX-License-Identifier: MIT
 * A set of distinct texts with counts, in the order in which they were first added, with a maximum size. For the table
 * room and the engine. */
#ifndef TABLE_VALUES_SET_H
#define TABLE_VALUES_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/table.h"

struct table_set_entry {
    uint64_t hash, count;
    size_t at, len; /* in text */
};

struct table_set {
    struct table_set_entry *entries;
    size_t n, cap, max;
    uint32_t *slots; /* index into entries + 1; 0: free */
    size_t nslots;
    struct buf text;
    bool full; /* a text did not fit; no new texts are added any more */
};

void table_set_init(struct table_set *s, size_t max, size_t max_bytes);
void table_set_done(struct table_set *s);

/* Adds `more` to the count of a text. *before (may be NULL) is the count before that. */
enum err table_set_count(struct table_set *s, const char *text, size_t len, uint64_t more, uint64_t *before) MUST_CHECK;

/* Counts the texts of n cells that are `stride` cells apart. Nulls are not added, but counted in *nulls. */
enum err table_set_count_cells(struct table_set *s, const struct cell *cells, size_t stride, size_t n, uint64_t *nulls)
    MUST_CHECK;

/* Finds the index of each cell's text; SIZE_MAX for a null or a text that is not in the set. */
void table_set_find_cells(const struct table_set *s, const struct cell *cells, size_t n, size_t *at);
const char *table_set_text(const struct table_set *s, size_t i);

#endif
