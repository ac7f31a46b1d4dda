/* SPDX-License-Identifier: MIT
 * The open table as the explorer has it: there at once with its first rows, while a query server (core/query/query.h) finds the
 * others behind; the filters and the order in which it is seen; what is asked of it and what was answered. Nothing here
 * waits: sheet_fd is polled, sheet_step does what is due. One thread. */
#ifndef TABLE_VIEW_TABLE_VIEW_H
#define TABLE_VIEW_TABLE_VIEW_H

#include <stdbool.h>

#include "core/query/query.h"
#include "core/table/row_list.h"
#include "core/table/table.h"

struct sheet; /* opaque */

struct sheet_options {
    const char *path;                    /* as the user wrote it; "-" is stdin. All strings are borrowed */
    const char *key;
    char *const *dtypes; size_t ndtypes; /* "COL=DTYPE" */
    char delimiter;                      /* 0: guessed */
    bool no_header;
    const char *encoding;                /* NULL: UTF-8 */
};

/* ERR_NOT_FOUND, ERR_DENIED … if it cannot be opened. What cannot be read as a table is opened too: then there is no
 * table, and sheet_fault says why. */
enum err sheet_open(const struct sheet_options *options, struct sheet **out, struct problem *problem) MUST_CHECK;
void sheet_free(struct sheet *s);

int sheet_fd(const struct sheet *s);

/* Does what is due. ERR_NOMEM is the only error: what becomes of the file, of the query server and of what was asked for is
 * told by sheet_news, and a table that cannot be used any more by sheet_fault. */
enum err sheet_step(struct sheet *s) MUST_CHECK;
uint64_t sheet_version(const struct sheet *s); /* grows with all that can be seen */

const struct table *sheet_table(const struct sheet *s); /* NULL: none (yet) */
uint64_t sheet_generation(const struct sheet *s);       /* which one that is, from 1 */
const char *sheet_fault(const struct sheet *s);         /* why there is no table, or why its rows end early; NULL */
bool sheet_settled(const struct sheet *s);              /* all is there and known: runs may have the table */
bool sheet_streams(const struct sheet *s);              /* more is still to come */
int sheet_source(const struct sheet *s);                /* fd of the file, for a host to load; borrowed */

/* What to say of rows that cannot be read any more, or not now; NULL: `e` is not the file's fault. */
const char *sheet_unread(enum err e);

/* What is seen: rows in view, and the number of the i-th of them. While all rows are not known yet, `guess` is how many
 * there may be, else the same. */
struct sheet_extent { uint64_t rows, guess; };
struct sheet_extent sheet_extent(const struct sheet *s);
/* The place of a row in the view; UINT64_MAX: it is not in view. */
enum err sheet_place(const struct sheet *s, uint64_t number, uint64_t *out) MUST_CHECK;
enum err sheet_row_number(const struct sheet *s, uint64_t i, uint64_t *out) MUST_CHECK;

/* Calls `row` for n rows of the view from the i-th on; with `end`, for the last n of the file, not numbered yet. */
typedef void sheet_visit(void *ctx, uint64_t i, const struct row *row);
enum err sheet_read(const struct sheet *s, uint64_t i, uint64_t n, sheet_visit *visit, void *ctx) MUST_CHECK;
enum err sheet_read_end(const struct sheet *s, uint64_t n, sheet_visit *visit, void *ctx) MUST_CHECK;

/* Filters hold together. A filter in words: COLUMN==VALUE, COLUMN~PATTERN …, or what a cell contains. ERR_USAGE with a
 * problem for words that are none. They take effect when they are answered. Each can be switched off and on, and be
 * taken away; sheet_undo takes back the last change of the filters or of the order, false: there is none. */
enum err sheet_filter(struct sheet *s, const char *words, struct problem *problem) MUST_CHECK;
enum err sheet_filter_text(struct sheet *s, size_t column, const char *text, size_t len) MUST_CHECK; /* a cell's text */
bool sheet_undo(struct sheet *s);
enum err sheet_filter_switch(struct sheet *s, size_t i) MUST_CHECK;
enum err sheet_filter_remove(struct sheet *s, size_t i) MUST_CHECK;
size_t sheet_filters(const struct sheet *s);
struct sheet_filter { const char *words; bool on, ready; uint64_t rows; /* that it and those before leave */ };
struct sheet_filter sheet_filter_at(const struct sheet *s, size_t i);

/* SIZE_MAX: as in the file. */
enum err sheet_sort(struct sheet *s, size_t column, bool descending) MUST_CHECK;
size_t sheet_sorted_by(const struct sheet *s, bool *descending);

/* The next place in the view from the i-th row on (not this one itself). ~PATTERN is one; the answer is sheet_found. */
enum err sheet_search(struct sheet *s, const char *words, uint64_t i, bool backwards, struct problem *problem)
    MUST_CHECK;
enum err sheet_frequency(struct sheet *s, size_t column) MUST_CHECK;
enum err sheet_statistics(struct sheet *s, size_t column) MUST_CHECK;
/* The distinct codes of the rows in view: SHEET_CODES, then sheet_codes has them. */
enum err sheet_ask_codes(struct sheet *s) MUST_CHECK;

/* What is seen, in this order of columns, as a file: CSV or JSON lines by its name. The answer is SHEET_SAVED, or
 * SHEET_FAILED with why not; without `replace` a file that is there stays. */
enum err sheet_save(struct sheet *s, const char *path, const size_t *columns, size_t n, bool replace,
                    struct problem *problem) MUST_CHECK;
/* `path` names the file that the table is read from, by this or another name: writing there would destroy it. */
bool sheet_reads(const struct sheet *s, const char *path);
void sheet_cancel(struct sheet *s);
bool sheet_busy(const struct sheet *s); /* with what the user asked for */
bool sheet_view_ready(const struct sheet *s); /* the filters and the order that were asked for are in effect */
void sheet_status(const struct sheet *s, struct buf *out); /* a few words on what it does */

/* What was answered since: each is given once. */
enum sheet_news { SHEET_NOTHING, SHEET_FOUND, SHEET_NOT_FOUND, SHEET_COUNTED, SHEET_SUMMED, SHEET_SAVED, SHEET_CODES,
                  SHEET_FAILED, SHEET_SAYS, SHEET_RELOADED };
enum sheet_news sheet_news(struct sheet *s, uint64_t *row, struct problem *words);

/* Of SHEET_COUNTED and SHEET_SUMMED; the sheet's. */
struct sheet_texts { size_t column; int fd; uint64_t n, rows, nulls, others; bool complete; };
const struct sheet_texts *sheet_texts(const struct sheet *s);
const struct sheet_texts *sheet_codes(const struct sheet *s);
const struct query_answer *sheet_sums(const struct sheet *s, size_t *column);

/* The column is read as that from now on; DTYPE_COUNT: as its cells look. Filters and order are asked for anew. */
enum err sheet_set_dtype(struct sheet *s, size_t column, enum dtype dtype) MUST_CHECK;

/* Cells that are not of the dtype that was said of their column: they are shown as they stand, and no condition or
 * order takes them for one. The i-th such column; false behind the last. */
struct sheet_odd { size_t column; uint64_t cells, first; /* row */ };
bool sheet_odd_at(const struct sheet *s, size_t i, struct sheet_odd *out);

/* A file that grows is followed. */
void sheet_follow(struct sheet *s, bool follow);
bool sheet_follows(const struct sheet *s);

#endif
