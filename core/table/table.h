/* SPDX-License-Identifier: MIT
 * The table: bytes of a CSV → rows and cells. A table is immutable once loaded and outlives all that reads it.
 * Its bytes are a file or a sealed memfd, read with pread(2) and never mapped, so a file truncated under us is an error
 * and not a SIGBUS; its row index and its schema are sealed memfds. All three are handed to other processes as fds:
 * nothing is copied or pickled. `const` is borrowed for the call. */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/rows.h"

struct table; /* opaque; reading it is thread-safe, each thread with a reader of its own */

enum dtype { DTYPE_STR, DTYPE_I64, DTYPE_F64, DTYPE_BOOL, DTYPE_DATE, DTYPE_COUNT };
extern const char *const dtype_names[]; /* as Polars prints them: "str", "i64", "f64", "bool", "date", NULL */

/* ERR_NOT_FOUND for a name that is none of dtype_names. */
enum err dtype_from_name(const char *name, enum dtype *out) MUST_CHECK;

struct column {
    const char *name; /* UTF-8 as the file has it (may hold anything a cell may) */
    size_t name_len;
    enum dtype dtype;
    bool given;       /* the user said it; else inferred */
};

struct dtype_override { const char *column; enum dtype dtype; };

struct table_options {
    const char *path;                       /* as the user wrote it, for messages */
    const char *key;                        /* NULL: "code" if there is such a column, else the first */
    const struct dtype_override *overrides;
    size_t noverrides;
};

/* Runs part(arg, 0 … parts-1), in any order and on any threads, and returns when all are done: the first error, or OK.
 * The engine has one (engine_each); NULL stands for a plain loop. */
struct table_runner {
    enum err (*each)(void *ctx, size_t parts, enum err (*part)(void *arg, size_t i), void *arg);
    void *ctx;
    size_t width; /* how many parts can really run side by side */
};

/* Loads the table behind `fd` (a regular file is read where it lies and shared as that file; anything else is read to
 * its end into a sealed memfd). `fd` stays the caller's; the table keeps a duplicate. libcsv in strict mode over all of
 * it finds the record boundaries; dtypes and codes are found by `runner`'s threads.
 * On ERR_PARSE `problem` says file, line, column (1-based, in characters) and what is wrong. */
enum err table_load(int fd, const struct table_options *options, const struct table_runner *runner, struct table **out,
                    struct problem *problem) MUST_CHECK;
void table_free(struct table *t);

/* What another process needs: the bytes, the row index, the schema. The fds stay the table's. */
enum { TABLE_FDS = 3 };
void table_fds(const struct table *t, int fds[TABLE_FDS]);

/* The table of another process. Takes the fds in every case. */
enum err table_import(const int fds[TABLE_FDS], struct table **out, struct problem *problem) MUST_CHECK;

uint64_t table_rows(const struct table *t);
size_t table_columns(const struct table *t);
const struct column *table_column(const struct table *t, size_t i);
size_t table_key(const struct table *t); /* index of the key column */
const char *table_path(const struct table *t);

/* Distinct codes (values of the key column, as text) in the order of their first row, with counts. */
struct table_code { const char *text; size_t len; uint64_t count; };
size_t table_codes(const struct table *t);
const struct table_code *table_code(const struct table *t, size_t i);
bool table_codes_complete(const struct table *t); /* false: there are more than are kept (TABLE_CODES_MAX) */
enum { TABLE_CODES_MAX = 100000 };

struct cell {
    const char *text; /* not NUL-terminated */
    size_t len;
    bool null;        /* an empty unquoted field, or a missing one */
};

struct row {
    uint64_t number;          /* 0-based */
    const struct cell *cells; /* table_columns() of them; borrowed until the next call on the reader */
};

/* A cursor over rows; owned by one thread. */
struct table_reader;
enum err table_reader_new(const struct table *t, struct table_reader **out) MUST_CHECK;
void table_reader_free(struct table_reader *r);

/* The next table_next gives row `number`. */
enum err table_seek(struct table_reader *r, uint64_t number) MUST_CHECK;

/* The next row; *out is NULL behind the last one. ERR_CHANGED if the file is no longer what was loaded. */
enum err table_next(struct table_reader *r, const struct row **out) MUST_CHECK;

/* Appends the frame of these rows as Polars 2.1 prints it when stdout is no terminal: shape line, box, dtypes, at most
 * 10 rows and 8 columns, ends with a newline. Cell text is made safe for a terminal only where Polars' own output would
 * not be (control characters other than newline). */
enum err table_print(const struct table *t, const struct rows *rows, struct buf *out) MUST_CHECK;

/* One cell's value as Polars shows it in a frame (null, 1e6, 30 characters …), for panes that show results. */
enum err table_add_value(const struct table *t, size_t column, const struct cell *cell, struct buf *out) MUST_CHECK;

#endif
