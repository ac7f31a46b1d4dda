/* SPDX-License-Identifier: MIT
 * What the engine does with a whole table: its steps from first rows to all that is known, find, count, frequency,
 * sort, statistics. Everything runs on the engine's threads, tells its progress and ends with ERR_CANCELLED when that
 * is to stop; a file that changed under it is ERR_CHANGED. The answer is always what libcsv over the whole file would
 * give. A `progress` may be NULL. Results are the caller's; on an error they are empty. */
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

/* The engine's threads as what runs a parallel loop's parts. */
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
    FIND_EQUAL, /* these six by the column's dtype, text in its natural order; a null is none of them, … */
    FIND_UNEQUAL,
    FIND_LESS,
    FIND_LESS_EQUAL,
    FIND_GREATER,
    FIND_GREATER_EQUAL, /* … nor is a cell that is not of the dtype */
};

#define FIND_ANY_COLUMN SIZE_MAX

struct find {
    enum find_what what;
    size_t column; /* FIND_ANY_COLUMN: one of them; not for comparisons */
    const char *text;
    size_t len;
    bool any_case; /* of FIND_PART and FIND_PATTERN */
    bool inverted; /* rows for which it does not hold */
};

/* Smart case: true if there is no upper-case letter in it. */
bool find_any_case(const char *text, size_t len);

/* Rising. ERR_USAGE and a line of words for a pattern that is none, or a value that is not of the column's dtype. */
enum err engine_find(struct engine *e, const struct table *t, const struct find *f, struct table_progress *progress,
                     struct row_list *out, struct problem *problem) MUST_CHECK;

/* The first such row at or behind `from`; or, backwards, the last one at or before it. UINT64_MAX: none. */
enum err engine_find_next(struct engine *e, const struct table *t, const struct find *f, uint64_t from, bool backwards,
                          struct table_progress *progress, uint64_t *out, struct problem *problem) MUST_CHECK;

/* Distinct texts of a column with counts, in the order of their first row. Beyond `most` of them the counts are still
 * right, but not all are there. */
struct frequency {
    struct table_set texts;
    uint64_t nulls, others; /* others: rows whose text is not among them */
    bool complete;
};
enum err engine_frequency(struct engine *e, const struct table *t, size_t column, size_t most,
                          struct table_progress *progress, struct frequency *out) MUST_CHECK;
void frequency_done(struct frequency *f);

/* All rows in the order of a column: by dtype, text in its natural order, equal ones as they stand in the file. Nulls
 * come first, what is not of the dtype last, in both directions. Memory is bounded: what does not fit goes to files
 * without a name. */
enum err engine_sort(struct engine *e, const struct table *t, size_t column, bool descending,
                     struct table_progress *progress, struct row_list *out) MUST_CHECK;

struct statistics {
    uint64_t rows, nulls, odd;   /* odd: not of the dtype */
    uint64_t distinct;           /* at least so many … */
    bool distinct_exact;         /* … or just so many */
    struct buf least, greatest;  /* cells, by the order of engine_sort */
    double sum, mean, deviation; /* of numbers and dates (of the sample; 0 for less than two) */
    uint64_t shortest, longest;  /* bytes of a text */
};
enum err engine_statistics(struct engine *e, const struct table *t, size_t column, struct table_progress *progress,
                           struct statistics *out) MUST_CHECK;
void statistics_done(struct statistics *s);

#endif
