/* SPDX-License-Identifier: MIT
 * Rows and columns of a table as CSV or as JSON lines. What is written is read again by this program (or by Polars)
 * with the same cells: null stays null, an empty text an empty text, surplus cells stand behind the others. */
#ifndef TABLE_OUTPUT_SAVE_H
#define TABLE_OUTPUT_SAVE_H

#include "core/table/row_list.h"
#include "core/table/table.h"

enum save_format { SAVE_CSV, SAVE_JSON_LINES, SAVE_FORMATS };

/* By what the file is called: .jsonl, .ndjson and .json are JSON lines, all else is CSV. */
enum save_format save_format_of(const char *path);

struct save {
    enum save_format format;
    const size_t *columns;
    size_t ncolumns;             /* places in the table, in the order they are written */
    const struct row_list *rows; /* NULL: all, as they stand */
};

/* Memory for a row; with a list of rows for some 100 MB at most and a row, whatever the table's size. ERR_CANCELLED if
 * `progress` was stopped; ERR_SYS with errno if the fd takes no more. *bytes: written. */
enum err table_save(const struct table *t, const struct save *save, int fd, struct table_progress *progress,
                    uint64_t *bytes) MUST_CHECK;

#endif
