/* SPDX-License-Identifier: MIT
 * Distinct texts with counts, in the order of their first coming, with a ceiling: for the table room and the engine. */
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
    uint32_t *slots; /* index + 1 into entries, 0 is free */
    size_t nslots;
    struct buf text;
    bool full; /* something did not fit; from then on nothing new is entered */
};

void table_set_init(struct table_set *s, size_t max, size_t max_bytes);
void table_set_done(struct table_set *s);

/* Counts `more` of this text. *before (may be NULL) is the count so far. */
enum err table_set_count(struct table_set *s, const char *text, size_t len, uint64_t more, uint64_t *before) MUST_CHECK;

/* Counts n cells, each `stride` behind the one before; nulls are only counted themselves. */
enum err table_set_count_cells(struct table_set *s, const struct cell *cells, size_t stride, size_t n, uint64_t *nulls)
    MUST_CHECK;

/* The place of each cell's text, SIZE_MAX for one that is not there, or null. */
void table_set_find_cells(const struct table_set *s, const struct cell *cells, size_t n, size_t *at);
const char *table_set_text(const struct table_set *s, size_t i);

#endif
