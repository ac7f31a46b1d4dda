/* SPDX-License-Identifier: MIT
 * A set of rows of one table as rising ranges: what a query answers. The whole table is one range. Plain data. */
#ifndef TABLE_ROWS_H
#define TABLE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct row_range {
    uint64_t first, count;
};

struct rows {
    struct row_range *ranges; /* owned; rising, never touching */
    size_t n, cap;
    uint64_t total; /* sum of the counts */
};

/* A zeroed struct is an empty set. */
void rows_done(struct rows *r);

/* Adds `count` rows from `first`, which lies behind all that are in it; touching ranges are merged. */
enum err rows_add(struct rows *r, uint64_t first, uint64_t count) MUST_CHECK;

/* The number of the i-th row of the set, i < total. */
uint64_t rows_at(const struct rows *r, uint64_t i);

#endif
