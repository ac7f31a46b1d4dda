/* SPDX-License-Identifier: MIT
 * What the engine does with a whole table: indexing, find, frequency, sort, statistics. Everything runs on the engine's
 * threads. `progress` (may be NULL) is updated, and stopping it ends the call with ERR_CANCELLED. ERR_CHANGED means
 * that the file changed meanwhile. Results are the same as if libcsv had read the whole file; they are the caller's,
 * and empty on error. */
#ifndef ENGINE_TABLE_H
#define ENGINE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/engine/engine.h"
#include "core/table/progress.h"
#include "core/table/row_list.h"
#include "core/table/table.h"
#include "core/table/values/set.h"

/* A runner (parallel_for.h) on the engine's threads. */
struct table_runner engine_runner(struct engine *e);

/* table_index, table_learn and table_grow on the engine's threads. */
enum err engine_index(struct engine *e, const struct table *t, struct table_progress *progress, struct table **out,
                      struct problem *problem) MUST_CHECK;
enum err engine_learn(struct engine *e, const struct table *t, struct table_progress *progress, struct table **out,
                      struct problem *problem) MUST_CHECK;
enum err engine_grow(struct engine *e, const struct table *t, struct table_progress *progress, struct table **out,
                     struct problem *problem) MUST_CHECK;

enum find_what {
    FIND_TEXT,    /* the cell is this text, byte for byte: a code */
    FIND_PART,    /* the cell contains it */
    FIND_PATTERN, /* a regular expression (PCRE2) matches in it */
    FIND_NULL,
    FIND_ODD,   /* the cell is not of the column's dtype; not for any column */
    FIND_EQUAL, /* comparisons by the column's dtype, or the natural order of text. A null … */
    FIND_UNEQUAL,
    FIND_LESS,
    FIND_LESS_EQUAL,
    FIND_GREATER,
    FIND_GREATER_EQUAL, /* … and a cell that is not of the dtype never match */
};

#define FIND_ANY_COLUMN SIZE_MAX

struct find {
    enum find_what what;
    size_t column; /* FIND_ANY_COLUMN: at least one column matches; not for comparisons */
    const char *text;
    size_t len;
    bool any_case; /* of FIND_PART and FIND_PATTERN */
    bool inverted; /* find the rows that do not match */
};

/* For smart case: true if the text has no upper-case letter. */
bool find_any_case(const char *text, size_t len);

/* The rows, in rising order. ERR_USAGE, with a message, for an invalid pattern, or a value not of the column's dtype.
 */
enum err engine_find(struct engine *e, const struct table *t, const struct find *f, struct table_progress *progress,
                     struct row_list *out, struct problem *problem) MUST_CHECK;

/* The first matching row at or after `from`; or, backwards, the last one at or before it. UINT64_MAX: none. */
enum err engine_find_next(struct engine *e, const struct table *t, const struct find *f, uint64_t from, bool backwards,
                          struct table_progress *progress, uint64_t *out, struct problem *problem) MUST_CHECK;

/* Distinct texts of a column with counts, in the order of their first row. If there are more than `most`, some are left
 * out; the counts of the others are exact. */
struct frequency {
    struct table_set texts;
    uint64_t nulls, others; /* others: rows whose text was left out */
    bool complete;
};
enum err engine_frequency(struct engine *e, const struct table *t, size_t column, size_t most,
                          struct table_progress *progress, struct frequency *out) MUST_CHECK;
void frequency_done(struct frequency *f);

/* Sorts all rows by a column: by dtype, text in natural order, rows with equal cells in file order. In both directions
 * nulls come first, and cells that are not of the dtype last. Memory is bounded; the rest is in files without a name.
 */
enum err engine_sort(struct engine *e, const struct table *t, size_t column, bool descending,
                     struct table_progress *progress, struct row_list *out) MUST_CHECK;

struct statistics {
    uint64_t rows, nulls, odd; /* odd: not of the dtype */
    uint64_t distinct;         /* exact, or a lower bound */
    bool distinct_exact;
    struct buf least, greatest;  /* cells, in the order of engine_sort */
    double sum, mean, deviation; /* of numbers and dates; the sample deviation, 0 for fewer than two */
    uint64_t shortest, longest;  /* bytes of a text */
};
enum err engine_statistics(struct engine *e, const struct table *t, size_t column, struct table_progress *progress,
                           struct statistics *out) MUST_CHECK;
void statistics_done(struct statistics *s);

#endif
