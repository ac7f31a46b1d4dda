/* SPDX-License-Identifier: MIT
 * From cells to values: what a cell is by its dtype, and which dtypes and codes the rows of a table have. For the table
 * room only. */
#ifndef TABLE_VALUES_VALUES_H
#define TABLE_VALUES_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/csv/csv.h"
#include "core/table/parallel_for.h"
#include "core/table/progress.h"
#include "core/table/table.h"
#include "core/table/values/set.h"

enum { TABLE_CODES_BYTES_MAX = 16 * 1024 * 1024 };

/* value.c: one cell as a value of its dtype, by the rules of Polars. */
enum table_fit { TABLE_FIT_NO, TABLE_FIT_NULL, TABLE_FIT_YES };
enum table_fit table_value_fit(enum dtype dtype, bool day_first, const struct cell *cell);

/* A bool is 0 or 1 in i64; a date is days since 1970-01-01 in i64. */
struct table_value {
    int64_t i64;
    double f64;
};
enum table_fit table_value_read(enum dtype dtype, bool day_first, const struct cell *cell, struct table_value *out);

/* Appends at most 30 characters of `text`, and an ellipsis if there are more. *estimate (may be NULL) is the width that
 * Polars estimates for it. */
enum err table_add_short(struct buf *b, const char *text, size_t len, size_t *estimate);

/* infer.c: the dtype of one column, from the cells of a row range; ranges are merged. */
struct table_infer {
    uint8_t seen;        /* kinds of cells */
    uint64_t bad[2];     /* first row that is not of the given dtype; of a date, read year first and day first */
    uint64_t first_date; /* the row that decides whether dates are day first */
    bool first_is_day_first;
};

void table_infer_init(struct table_infer *f);
bool table_infer_wants(const struct table_infer *f, const struct column *c); /* false: more cells change nothing */
void table_infer_cell(struct table_infer *f, const struct column *c, uint64_t row, const struct cell *cell);
void table_infer_merge(struct table_infer *all, const struct table_infer *part);
enum dtype table_infer_dtype(const struct table_infer *f);

/* The first row whose cell is not of the given dtype, UINT64_MAX if there is none. */
uint64_t table_infer_bad_row(const struct table_infer *f, enum dtype dtype);

/* scan.c: dtypes and codes of all rows, in parallel. The dtypes are set in the header. */
struct table_found {
    struct table_set codes;
    bool codes_complete;
    bool *day_first; /* of each column */
};

struct table_scan_options {
    const char *path;
    size_t key;
    bool strict; /* a cell that is not of its given dtype is an error */
    const struct table_runner *runner;
    struct table_progress *progress;
};

enum err table_scan(const struct table *t, struct table_header *header, const struct table_scan_options *o,
                    struct table_found *out, struct problem *problem) MUST_CHECK;
void table_found_done(struct table_found *f);

#endif
