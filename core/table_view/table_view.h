/* SPDX-License-Identifier: MIT
 * The open table as the explorer shows it, and its only owner: its first rows are there at once, while a query server
 * (core/query/query.h) finds all others in the background. A table view also holds the filters and the order of the
 * rows in view, what the user has asked for and what was answered. Nothing here waits: poll table_view_fd, and call
 * table_view_step. Used on one thread. */
#ifndef TABLE_VIEW_TABLE_VIEW_H
#define TABLE_VIEW_TABLE_VIEW_H

#include <stdbool.h>

#include "core/query/query.h"
#include "core/table/row_list.h"
#include "core/table/table.h"

struct table_view; /* opaque */

struct table_view_options {
    const char *path; /* as the user wrote it; "-" is stdin. All strings are borrowed */
    const char *key;
    char *const *dtypes;
    size_t ndtypes; /* each "COL=DTYPE" */
    char delimiter; /* 0: guessed from the first lines */
    bool no_header;
    const char *encoding; /* NULL: UTF-8 */
};

/* ERR_NOT_FOUND, ERR_DENIED … if the file cannot be opened. A file that is not a table can be opened: then
 * table_view_table is NULL, and table_view_fault says why. */
enum err table_view_open(const struct table_view_options *options, struct table_view **out, struct problem *problem)
    MUST_CHECK;
void table_view_free(struct table_view *s);

int table_view_fd(const struct table_view *s);

/* Does what is due, without waiting. ERR_NOMEM is the only error. All others, of the file, the query server or a query,
 * are reported by table_view_news, and by table_view_fault if the table cannot be used any more. */
enum err table_view_step(struct table_view *s) MUST_CHECK;
uint64_t table_view_version(const struct table_view *s); /* grows when anything that is shown changes */

const struct table *table_view_table(const struct table_view *s); /* NULL: none (yet) */
const char *table_view_fault(const struct table_view *s);         /* why there is no table or not all of it; or NULL */
bool table_view_settled(
    const struct table_view *s); /* all is read, and all rows and dtypes are known, or never will be */
bool table_view_streams(const struct table_view *s); /* a stream that has not ended */

/* Why rows cannot be read, for the user. NULL: the error does not come from the file. */
const char *table_view_unread(enum err e);

/* How many rows are in view. `guess` is an estimate while not all rows of the table are known, else the same number. */
struct table_view_extent {
    uint64_t rows, guess;
};
struct table_view_extent table_view_extent(const struct table_view *s);

/* The place in the view of row `number` of the file; UINT64_MAX: it is not in view. */
enum err table_view_place(const struct table_view *s, uint64_t number, uint64_t *out) MUST_CHECK;

/* Calls `visit` for n rows of the view from the i-th on, or for the last n rows of a file that is not indexed yet,
 * whose numbers are not known. */
typedef void table_view_visit(void *ctx, uint64_t i, const struct row *row);
enum err table_view_read(const struct table_view *s, uint64_t i, uint64_t n, table_view_visit *visit, void *ctx)
    MUST_CHECK;
enum err table_view_read_end(const struct table_view *s, uint64_t n, table_view_visit *visit, void *ctx) MUST_CHECK;

/* Filters. The rows in view match all of them. A filter is COLUMN==VALUE, COLUMN~PATTERN …, or a text that a cell
 * contains; ERR_USAGE with a problem if it cannot be understood. A filter takes effect when the query server has
 * answered it. Each can be switched off and on, and removed. table_view_undo undoes the last change of the filters or
 * the order; false: there is none. */
enum err table_view_filter(struct table_view *s, const char *words, struct problem *problem) MUST_CHECK;
enum err table_view_filter_text(struct table_view *s, size_t column, const char *text, size_t len)
    MUST_CHECK; /* rows whose cell in this column is this text */
bool table_view_undo(struct table_view *s);
enum err table_view_filter_switch(struct table_view *s, size_t i) MUST_CHECK;
enum err table_view_filter_remove(struct table_view *s, size_t i) MUST_CHECK;
size_t table_view_filters(const struct table_view *s);
struct table_view_filter {
    const char *words;
    bool on, ready;
    uint64_t rows; /* that match this filter and those before it */
};
struct table_view_filter table_view_filter_at(const struct table_view *s, size_t i);

/* SIZE_MAX: in the order of the file. */
enum err table_view_sort(struct table_view *s, size_t column, bool descending) MUST_CHECK;
size_t table_view_sorted_by(const struct table_view *s, bool *descending);

/* The next row in view after (or before) the i-th one with a cell that contains the words, or matches a pattern if they
 * begin with ~. Answered by TABLE_VIEW_FOUND or TABLE_VIEW_NOT_FOUND. */
enum err table_view_search(struct table_view *s, const char *words, uint64_t i, bool backwards, struct problem *problem)
    MUST_CHECK;
enum err table_view_frequency(struct table_view *s, size_t column) MUST_CHECK;
enum err table_view_statistics(struct table_view *s, size_t column) MUST_CHECK;
/* The distinct codes of the rows in view. Answered by TABLE_VIEW_CODES and table_view_codes. */
enum err table_view_ask_codes(struct table_view *s) MUST_CHECK;

/* Saves the rows in view, with these columns in this order, as CSV or JSON lines according to the name of the file.
 * Answered by TABLE_VIEW_SAVED or TABLE_VIEW_FAILED. Without `replace`, a file that exists is not replaced. */
enum err table_view_save(struct table_view *s, const char *path, const size_t *columns, size_t n, bool replace,
                         struct problem *problem) MUST_CHECK;
/* `path` is the file that the table is read from, even by another name: writing to it would destroy the table. */
bool table_view_reads(const struct table_view *s, const char *path);
void table_view_cancel(struct table_view *s);
bool table_view_busy(const struct table_view *s);       /* something that the user asked for is not answered yet */
bool table_view_view_ready(const struct table_view *s); /* all filters and the order are in effect */
void table_view_status(const struct table_view *s, struct buf *out); /* adds a few words about what is being done */

/* What has happened since the last call; each is returned once. `row` is set by FOUND, `words` by all that have a
 * message or a text. */
enum table_view_news {
    TABLE_VIEW_NOTHING,
    TABLE_VIEW_FOUND,
    TABLE_VIEW_NOT_FOUND,
    TABLE_VIEW_COUNTED,
    TABLE_VIEW_SUMMED,
    TABLE_VIEW_SAVED,
    TABLE_VIEW_CODES,
    TABLE_VIEW_FAILED,
    TABLE_VIEW_SAYS,
    TABLE_VIEW_RELOADED
};
enum table_view_news table_view_news(struct table_view *s, uint64_t *row, struct problem *words);

/* Results of COUNTED, CODES and SUMMED. Borrowed from the table view until the next of the same kind. */
struct table_view_texts {
    size_t column;
    int fd;
    uint64_t n, rows, nulls, others;
    bool complete;
};
const struct table_view_texts *table_view_texts(const struct table_view *s);
const struct table_view_texts *table_view_codes(const struct table_view *s);
const struct query_answer *table_view_sums(const struct table_view *s, size_t *column);

/* Reads the column as this dtype; DTYPE_COUNT: infers it from the cells. Filters and order are applied once more. */
enum err table_view_set_dtype(struct table_view *s, size_t column, enum dtype dtype) MUST_CHECK;

/* Cells that are not of the dtype that the user gave for their column. They are shown as they are in the file, and
 * match no condition on values of that dtype. The i-th column that has some; false: there are no more. */
struct table_view_odd {
    size_t column;
    uint64_t cells, first; /* row */
};
bool table_view_odd_at(const struct table_view *s, size_t i, struct table_view_odd *out);

/* While a file is followed, rows that are appended to it are shown. */
void table_view_follow(struct table_view *s, bool follow);
bool table_view_follows(const struct table_view *s);

#endif
