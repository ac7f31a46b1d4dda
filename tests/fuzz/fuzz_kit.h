/* SPDX-License-Identifier: MIT
 * What the fuzzed functions of tables share: the comparison of two tables. Any difference aborts. */
#ifndef TESTS_FUZZ_FUZZ_KIT_H
#define TESTS_FUZZ_FUZZ_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table/private.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_same_cell(const struct cell *a, const struct cell *b);

/* Every row of both, read forwards; and each k-th by seeking to it. */
void fuzz_compare_rows(const struct table *reference, const struct table *t, unsigned step);

/* The number of rows, what is said of ragged ones, and why they end. */
void fuzz_compare_facts(const struct table *reference, const struct table *t);

#endif
