/* SPDX-License-Identifier: MIT
 * The order of values: numbers and dates by value, text as people sort it ("a2" before "a10"). */
#ifndef TABLE_VALUES_ORDER_H
#define TABLE_VALUES_ORDER_H

#include <stdint.h>

#include "core/table/table.h"

/* Where a cell stands among those of its column, whatever the direction: nulls before all, what is not of the dtype
 * behind all. */
enum table_class { TABLE_CLASS_NULL, TABLE_CLASS_VALUE, TABLE_CLASS_ODD };

/* For a column that is no text: *order rises with the value (NaN above all; false below true). */
enum table_class table_order_value(const struct table *t, size_t column, const struct cell *cell, uint64_t *order);

/* The same for numbers, as a number (a date: days since 1970-01-01 in the proleptic Gregorian calendar). */
enum table_class table_number(const struct table *t, size_t column, const struct cell *cell, double *out);

/* Appends bytes whose order by memcmp(3), the shorter first, is the natural order of the text; different texts have
 * different bytes. */
enum err table_order_text(const char *text, size_t len, struct buf *out);
int table_order_compare(const struct buf *a, const struct buf *b); /* of two such; as memcmp(3) answers */

#endif
