/* SPDX-License-Identifier: MIT
 * The open table as the explorer has it: there at once with its first rows, while a query server (core/query/query.h)
 * finds the others behind; the filters and the order in which it is seen; what is asked of it and what was answered.
 * Nothing here waits: table_view_fd is polled, table_view_step does what is due. One thread. */
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
    size_t ndtypes; /* "COL=DTYPE" */
    char delimiter; /* 0: guessed */
    bool no_header;
    const char *encoding; /* NULL: UTF-8 */
};

/* ERR_NOT_FOUND, ERR_DENIED … if it cannot be opened. What cannot be read as a table is opened too: then there is no
 * table, and table_view_fault says why. */
enum err table_view_open(const struct table_view_options *options, struct table_view **out, struct problem *problem)
    MUST_CHECK;
void table_view_free(struct table_view *s);

int table_view_fd(const struct table_view *s);

/* Does what is due. ERR_NOMEM is the only error: what becomes of the file, of the query server and of what was asked
 * for is told by table_view_news, and a table that cannot be used any more by table_view_fault. */
enum err table_view_step(struct table_view *s) MUST_CHECK;
uint64_t table_view_version(const struct table_view *s); /* grows with all that can be seen */

const struct table *table_view_table(const struct table_view *s); /* NULL: none (yet) */
uint64_t table_view_generation(const struct table_view *s);       /* which one that is, from 1 */
const char *table_view_fault(const struct table_view *s); /* why there is no table, or why its rows end early; NULL */
bool table_view_settled(const struct table_view *s);      /* all is there and known: runs may have the table */
bool table_view_streams(const struct table_view *s);      /* more is still to come */

/* What to say of rows that cannot be read any more, or not now; NULL: `e` is not the file's fault. */
const char *table_view_unread(enum err e);

/* What is seen: rows in view, and the number of the i-th of them. While all rows are not known yet, `guess` is how many
 * there may be, else the same. */
struct table_view_extent {
    uint64_t rows, guess;
};
struct table_view_extent table_view_extent(const struct table_view *s);
/* The place of a row in the view; UINT64_MAX: it is not in view. */
enum err table_view_place(const struct table_view *s, uint64_t number, uint64_t *out) MUST_CHECK;

/* Calls `row` for n rows of the view from the i-th on; with `end`, for the last n of the file, not numbered yet. */
typedef void table_view_visit(void *ctx, uint64_t i, const struct row *row);
enum err table_view_read(const struct table_view *s, uint64_t i, uint64_t n, table_view_visit *visit, void *ctx)
    MUST_CHECK;
enum err table_view_read_end(const struct table_view *s, uint64_t n, table_view_visit *visit, void *ctx) MUST_CHECK;

/* Filters hold together. A filter in words: COLUMN==VALUE, COLUMN~PATTERN …, or what a cell contains. ERR_USAGE with a
 * problem for words that are none. They take effect when they are answered. Each can be switched off and on, and be
 * taken away; table_view_undo takes back the last change of the filters or of the order, false: there is none. */
enum err table_view_filter(struct table_view *s, const char *words, struct problem *problem) MUST_CHECK;
enum err table_view_filter_text(struct table_view *s, size_t column, const char *text, size_t len)
    MUST_CHECK; /* a cell's text */
bool table_view_undo(struct table_view *s);
enum err table_view_filter_switch(struct table_view *s, size_t i) MUST_CHECK;
enum err table_view_filter_remove(struct table_view *s, size_t i) MUST_CHECK;
size_t table_view_filters(const struct table_view *s);
struct table_view_filter {
    const char *words;
    bool on, ready;
    uint64_t rows; /* that it and those before leave */
};
struct table_view_filter table_view_filter_at(const struct table_view *s, size_t i);

/* SIZE_MAX: as in the file. */
enum err table_view_sort(struct table_view *s, size_t column, bool descending) MUST_CHECK;
size_t table_view_sorted_by(const struct table_view *s, bool *descending);

/* The next place in the view from the i-th row on (not this one itself). ~PATTERN is one; the answer is
 * table_view_found. */
enum err table_view_search(struct table_view *s, const char *words, uint64_t i, bool backwards, struct problem *problem)
    MUST_CHECK;
enum err table_view_frequency(struct table_view *s, size_t column) MUST_CHECK;
enum err table_view_statistics(struct table_view *s, size_t column) MUST_CHECK;
/* The distinct codes of the rows in view: TABLE_VIEW_CODES, then table_view_codes has them. */
enum err table_view_ask_codes(struct table_view *s) MUST_CHECK;

/* What is seen, in this order of columns, as a file: CSV or JSON lines by its name. The answer is TABLE_VIEW_SAVED, or
 * TABLE_VIEW_FAILED with why not; without `replace` a file that is there stays. */
enum err table_view_save(struct table_view *s, const char *path, const size_t *columns, size_t n, bool replace,
                         struct problem *problem) MUST_CHECK;
/* `path` names the file that the table is read from, by this or another name: writing there would destroy it. */
bool table_view_reads(const struct table_view *s, const char *path);
void table_view_cancel(struct table_view *s);
bool table_view_busy(const struct table_view *s); /* with what the user asked for */
bool table_view_view_ready(
    const struct table_view *s); /* the filters and the order that were asked for are in effect */
void table_view_status(const struct table_view *s, struct buf *out); /* a few words on what it does */

/* What was answered since: each is given once. */
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

/* Of TABLE_VIEW_COUNTED and TABLE_VIEW_SUMMED; the table view's. */
struct table_view_texts {
    size_t column;
    int fd;
    uint64_t n, rows, nulls, others;
    bool complete;
};
const struct table_view_texts *table_view_texts(const struct table_view *s);
const struct table_view_texts *table_view_codes(const struct table_view *s);
const struct query_answer *table_view_sums(const struct table_view *s, size_t *column);

/* The column is read as that from now on; DTYPE_COUNT: as its cells look. Filters and order are asked for anew. */
enum err table_view_set_dtype(struct table_view *s, size_t column, enum dtype dtype) MUST_CHECK;

/* Cells that are not of the dtype that was said of their column: they are shown as they stand, and no condition or
 * order takes them for one. The i-th such column; false behind the last. */
struct table_view_odd {
    size_t column;
    uint64_t cells, first; /* row */
};
bool table_view_odd_at(const struct table_view *s, size_t i, struct table_view_odd *out);

/* A file that grows is followed. */
void table_view_follow(struct table_view *s, bool follow);
bool table_view_follows(const struct table_view *s);

#endif
