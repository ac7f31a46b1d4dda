/* SPDX-License-Identifier: MIT
 * What the tests of the table share: a table from bytes, in a real file or through a real pipe. */
#ifndef TESTS_KIT_TABLE_KIT_H
#define TESTS_KIT_TABLE_KIT_H

#include "core/table/table.h"

/* An unlinked temporary file that holds the bytes, opened for reading and writing. */
int kit_file(const void *bytes, size_t len);

/* Loads text as "t.csv" from a file; the test fails if that fails. Freed by the caller. */
struct table *kit_table(const char *text);
struct table *kit_table_with(const char *text, const struct table_options *options, const struct table_runner *runner);

/* Loads text and returns the error; problem->text is "" if there was none. */
enum err kit_load(const void *bytes, size_t len, const struct table_options *options, struct problem *problem);

/* A runner with real threads, one for each part. */
struct table_runner kit_threads(size_t width);

/* All cells, "|" between them, "~" for null, a newline after each row; as NUL-terminated text in `out`. */
void kit_cells(const struct table *t, char *out, size_t cap);

/* The dtypes of all columns, separated by spaces. */
void kit_dtypes(const struct table *t, char *out, size_t cap);

/* Rows "number,text"; some texts are quoted and hold a newline and what looks like a row. With a header, freed by the
 * caller (buf_done). */
struct buf kit_many_rows(size_t n);
void kit_add_rows(struct buf *b, size_t from, size_t to);

/* Opens a table and indexes it on three threads; the test fails if that fails. Freed by the caller. */
struct table *kit_open_fd(int fd, const struct table_options *options);
struct table *kit_open_text(const char *text, const struct table_options *options);
struct table *kit_index(const struct table *t);

/* table_grow_spool with the bytes of the stream so far. */
enum err kit_grow(const struct table *t, const struct table_stream *s, struct table **out);

/* Asserts that the first cell of row `number` is this text. */
void kit_check_row(const struct table *t, uint64_t number, const char *first);

/* Asserts that both have the same column names and the same cells. */
void kit_same_cells(const struct table *a, const struct table *b);

#endif
