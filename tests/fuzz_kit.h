/* SPDX-License-Identifier: MIT
 * What the fuzzed functions share: the function by the name that libFuzzer wants, an assertion, and the comparison of
 * two tables. Any difference aborts. */
#ifndef TESTS_FUZZ_KIT_H
#define TESTS_FUZZ_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table/table_priv.h"

enum { FUZZ_KNOBS = 6 }; /* the first bytes of an input say how, the others are the file */

/* Where its kept inputs are, below the top folder. */
extern const char fuzz_corpus[];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, #condition, __LINE__))
_Noreturn void fuzz_fail(const char *file, const char *what, int line);

bool fuzz_same_cell(const struct cell *a, const struct cell *b);

/* Every row of both, read forwards; and each k-th by seeking to it. */
void fuzz_compare_rows(const struct table *reference, const struct table *t, unsigned step);

/* The number of rows, what is said of ragged ones, and why they end. */
void fuzz_compare_facts(const struct table *reference, const struct table *t);

#endif
