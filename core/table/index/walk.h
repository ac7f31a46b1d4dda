/* SPDX-License-Identifier: MIT
 * Fast reading of a whole table, for the engine and the table room. A table is divided into spans, which workers read
 * in parallel. A walk returns chosen cells of all rows of a span; hits are only the rows that may hold a literal. Both
 * use raw structure where it is exact and libcsv elsewhere, so the result is always that of libcsv. */
#ifndef TABLE_INDEX_WALK_H
#define TABLE_INDEX_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/table/progress.h"
#include "core/table/table.h"

/* The rows of the index entries first … end-1. */
struct table_span {
    size_t first, end;
};

/* The number of spans of about this many bytes, and the i-th of them. There is at least one, which may be empty. */
size_t table_spans(const struct table *t, uint64_t bytes);
struct table_span table_span(const struct table *t, uint64_t bytes, size_t i);

size_t table_span_of(const struct table *t, uint64_t bytes, uint64_t row); /* the span of a row */

/* The i-th of exactly `parts` spans, of which some may be empty. */
struct table_span table_part(const struct table *t, size_t parts, size_t i);
uint64_t table_span_rows(const struct table *t, struct table_span span);

/* A batch is some rows in file order. */
enum { TABLE_BATCH_ROWS = 256 };

struct table_batch {
    uint64_t row;             /* number of the first row */
    size_t rows;              /* at most TABLE_BATCH_ROWS; 0: the span has ended */
    size_t width;             /* cells of each row */
    const struct cell *cells; /* rows * width; borrowed until the next call */
};

/* Walks the cells of these columns, which are in rising order; `columns` NULL: all cells, also the surplus ones of rows
 * that are too long. Owned by one thread. */
struct table_walk;
enum err table_walk_new(const struct table *t, const size_t *columns, size_t n, struct table_progress *progress,
                        struct table_walk **out) MUST_CHECK;
void table_walk_free(struct table_walk *w);
enum err table_walk_begin(struct table_walk *w, struct table_span span) MUST_CHECK;
enum err table_walk_next(struct table_walk *w, struct table_batch *out) MUST_CHECK;

/* Whether hits can be searched for, because raw structure is exact. */
bool table_has_hits(const struct table *t);

/* Hits are rows whose raw bytes hold a literal (with quotes in it doubled, as in the file). */
struct table_hits_options {
    const char *text;
    size_t len;
    bool any_case;   /* ASCII letters match in either case */
    bool whole_cell; /* only where it seems to be a complete cell */
    bool cells;      /* parse the row by libcsv; otherwise only its number is returned */
    struct table_progress *progress;
};

struct table_hits;
enum err table_hits_new(const struct table *t, const struct table_hits_options *o, struct table_hits **out) MUST_CHECK;
void table_hits_free(struct table_hits *h);
enum err table_hits_begin(struct table_hits *h, struct table_span span) MUST_CHECK;

/* The next hit, in rising order; *out is NULL after the last one. */
enum err table_hits_next(struct table_hits *h, const struct row **out) MUST_CHECK;

#endif
