/* SPDX-License-Identifier: MIT
 * Saves rows and columns of a table as CSV or as JSON lines. A saved CSV has the same cells when it is read again by
 * this program or by Polars: nulls stay null, empty texts stay empty, and surplus cells follow the others. */
#ifndef TABLE_OUTPUT_SAVE_H
#define TABLE_OUTPUT_SAVE_H

#include "core/table/row_list.h"
#include "core/table/table.h"

enum save_format { SAVE_CSV, SAVE_JSON_LINES, SAVE_FORMATS };

/* The format by the end of the file name: .jsonl, .ndjson and .json are JSON lines, all others are CSV. */
enum save_format save_format_of(const char *path);

struct save {
    enum save_format format;
    const size_t *columns;
    size_t ncolumns;             /* columns of the table, in the order they are written */
    const struct row_list *rows; /* NULL: all, in file order */
};

/* Writes to `fd`; *bytes is how many bytes. Uses memory for one row, and with a list of rows about 100 MB more,
 * whatever the size of the table. ERR_CANCELLED if `progress` was stopped; the error of write(2), with errno, if that
 * fails. */
enum err table_save(const struct table *t, const struct save *save, int fd, struct table_progress *progress,
                    uint64_t *bytes) MUST_CHECK;

#endif
