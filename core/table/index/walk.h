/* SPDX-License-Identifier: MIT
 * Going through a whole table fast: for the engine and the table room. A table is cut into spans, which workers take
 * one by one; a walk gives chosen cells of all rows of a span, hits give only the rows that may hold a literal. Both
 * read raw structure where it is exact, and ask libcsv elsewhere: what they give is always what libcsv gives. */
#ifndef TABLE_INDEX_WALK_H
#define TABLE_INDEX_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/table/progress.h"
#include "core/table/table.h"

/* Index entries first … end-1: the rows that begin there. */
struct table_span {
    size_t first, end;
};

/* Spans of about so many bytes; at least one, if only to be empty. */
size_t table_spans(const struct table *t, uint64_t bytes);
struct table_span table_span(const struct table *t, uint64_t bytes, size_t i);

size_t table_span_of(const struct table *t, uint64_t bytes, uint64_t row); /* the one that holds a row */

/* Exactly `parts` spans; the last ones may be empty. */
struct table_span table_part(const struct table *t, size_t parts, size_t i);
uint64_t table_span_rows(const struct table *t, struct table_span span);

/* Rows in file order, some at a time. */
enum { TABLE_BATCH_ROWS = 256 };

struct table_batch {
    uint64_t row;             /* the first one's number */
    size_t rows;              /* at most TABLE_BATCH_ROWS; 0: the span is over */
    size_t width;             /* cells of each row */
    const struct cell *cells; /* rows * width; borrowed until the next call */
};

/* Cells of these columns, in rising order; `columns` NULL: all (and all that a row has, in rows that are too long).
 * Owned by one thread. */
struct table_walk;
enum err table_walk_new(const struct table *t, const size_t *columns, size_t n, struct table_progress *progress,
                        struct table_walk **out) MUST_CHECK;
void table_walk_free(struct table_walk *w);
enum err table_walk_begin(struct table_walk *w, struct table_span span) MUST_CHECK;
enum err table_walk_next(struct table_walk *w, struct table_batch *out) MUST_CHECK;

/* Is raw structure exact, so that hits can be looked for? */
bool table_has_hits(const struct table *t);

/* Rows whose raw bytes hold a literal (quotes in it doubled, as in the file). */
struct table_hits_options {
    const char *text;
    size_t len;
    bool any_case;   /* ASCII letters match in both cases; the text may hold any */
    bool whole_cell; /* only where it seems to be all of a cell */
    bool cells;      /* parse the row by libcsv; else only its number is given */
    struct table_progress *progress;
};

struct table_hits;
enum err table_hits_new(const struct table *t, const struct table_hits_options *o, struct table_hits **out) MUST_CHECK;
void table_hits_free(struct table_hits *h);
enum err table_hits_begin(struct table_hits *h, struct table_span span) MUST_CHECK;

/* The next such row, in rising order; *out is NULL behind the last one. */
enum err table_hits_next(struct table_hits *h, const struct row **out) MUST_CHECK;

#endif
