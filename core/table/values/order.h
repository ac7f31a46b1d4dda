/* SPDX-License-Identifier: MIT
 * The order of values: numbers and dates by value, text in natural order ("a2" before "a10"). */
#ifndef TABLE_VALUES_ORDER_H
#define TABLE_VALUES_ORDER_H

#include <stdint.h>

#include "core/table/table.h"

/* The class of a cell decides first, in both directions: nulls, then values, then cells that are not of the dtype. */
enum table_class { TABLE_CLASS_NULL, TABLE_CLASS_VALUE, TABLE_CLASS_ODD };

/* For a column that is not text: *order rises with the value. NaN is the greatest, and false is less than true. */
enum table_class table_order_value(const struct table *t, size_t column, const struct cell *cell, uint64_t *order);

/* The value as a number; of a date the days since 1970-01-01 in the proleptic Gregorian calendar. */
enum table_class table_number(const struct table *t, size_t column, const struct cell *cell, double *out);

/* The sort key of a text. Keys that are compared by table_order_compare are in the natural order of the texts, and
 * different texts have different keys. The key is appended to `out`. */
enum err table_order_text(const char *text, size_t len, struct buf *out);

/* Compares bytes like memcmp(3); if one is the beginning of the other, the shorter comes first. */
int table_order_compare(const char *a, size_t alen, const char *b, size_t blen);

#endif
