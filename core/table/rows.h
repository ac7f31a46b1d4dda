/* SPDX-License-Identifier: MIT
 * A set of row numbers, as ranges in rising order; the result of a query. Plain data. */
#ifndef TABLE_ROWS_H
#define TABLE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct row_range {
    uint64_t first, count;
};

struct rows {
    struct row_range *ranges; /* owned; in rising order, with gaps between them */
    size_t n, cap;
    uint64_t total; /* sum of the counts */
};

/* A zeroed struct is an empty set. */
void rows_done(struct rows *r);

/* Adds `count` rows from `first`, which is greater than all rows of the set; ERR_USAGE otherwise. */
enum err rows_add(struct rows *r, uint64_t first, uint64_t count) MUST_CHECK;

/* The number of the i-th row of the set, i < total. */
uint64_t rows_at(const struct rows *r, uint64_t i);

#endif
