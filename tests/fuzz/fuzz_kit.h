/* SPDX-License-Identifier: MIT
 * Compares two tables, for the fuzzed functions of tables. Any difference aborts. */
#ifndef TESTS_FUZZ_FUZZ_KIT_H
#define TESTS_FUZZ_FUZZ_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table/private.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_same_cell(const struct cell *a, const struct cell *b);

/* Compares all rows, read in order, and each step-th row, read by seeking to it. */
void fuzz_compare_rows(const struct table *reference, const struct table *t, unsigned step);

/* Compares the number of rows, the ragged rows, and why the rows end. */
void fuzz_compare_facts(const struct table *reference, const struct table *t);

#endif
