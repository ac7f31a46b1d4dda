/* SPDX-License-Identifier: MIT
 * The table: bytes of a CSV → rows and cells. A table is immutable once loaded and outlives all that reads it.
 * Its bytes are a file or a sealed memfd, read with pread(2) and never mapped, so a file truncated under us is an error
 * and not a SIGBUS; its row index and its schema are sealed memfds. All three are handed to other processes as fds:
 * nothing is copied or pickled. `const` is borrowed for the call.
 *
 * A table that is opened is there at once with its first rows (table_open). Each further step makes a new table over
 * the same bytes, and leaves the old one as it is: all its rows (table_index), what their cells hold (table_learn), the
 * rows that came behind them since (table_grow). */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/parallel_for.h"
#include "core/table/progress.h"
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
    bool given; /* the user said it; else inferred */
};

struct dtype_override {
    const char *column;
    enum dtype dtype;
};

struct table_options {
    const char *path; /* as the user wrote it, for messages */
    const char *key;  /* NULL: "code" if there is such a column, else the first */
    const struct dtype_override *overrides;
    size_t noverrides;
    char delimiter;                        /* 0: a comma */
    bool no_header;                        /* the first line is a row; columns are column_1, column_2 … */
    const struct table_unpacker *unpacker; /* NULL: packed input is refused */
};

/* What unpacks. `give` hands over the next packed bytes, 0 at their end, -1 and errno if they cannot be read; `next`
 * the next unpacked ones (borrowed until the call after), none at the end. */
struct table_unpacker {
    enum err (*open)(void **self, ssize_t (*give)(void *ctx, const void **bytes), void *ctx, const char *path,
                     struct problem *problem);
    enum err (*next)(void *self, const void **bytes, size_t *len, struct problem *problem);
    void (*close)(void *self);
};
extern const struct table_unpacker table_unpacker; /* libarchive's: gzip, zstd, xz, bzip2 */

/* Loads the table behind `fd` (a regular file is read where it lies and shared as that file; anything else is read to
 * its end, and unpacked, into a sealed memfd or a file without a name). `fd` stays the caller's; the table keeps a
 * duplicate. libcsv in strict mode over all of it finds the record boundaries; dtypes and codes are found by `runner`'s
 * threads.
 * On ERR_PARSE `problem` says file, line, column (1-based, in characters) and what is wrong. */
enum err table_load(int fd, const struct table_options *options, const struct table_runner *runner, struct table **out,
                    struct problem *problem) MUST_CHECK;
void table_free(struct table *t);

/* How much of the file a table is. */
enum table_stage {
    TABLE_FIRST_ROWS, /* the first rows; dtypes and codes are theirs */
    TABLE_INDEXED,    /* all rows; dtypes and codes are still those of the first */
    TABLE_LEARNED     /* all of all rows */
};

/* Header and first rows, in a time that does not depend on the file's size. A regular file that is not packed; for
 * anything else see table_stream. What table_load refuses behind the header is shown here as far as it goes: a fault
 * ends the rows (table_fault), rows may be too long or too short (table_ragged), cells need not be of their dtype. */
enum err table_open(int fd, const struct table_options *options, struct table **out, struct problem *problem)
    MUST_CHECK;

/* The delimiter that a file seems to have: one of , ; | and the tab. */
char table_sniff(int fd);

/* All rows of an opened table: by raw structure on the runner's threads, or by libcsv where that is not exact. */
enum err table_index(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem) MUST_CHECK;

/* Dtypes and codes of all rows of an indexed table. */
enum err table_learn(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem) MUST_CHECK;

enum table_stage table_stage(const struct table *t);

/* Why the rows end before the file does, with file, line and column; NULL if they do not. */
const char *table_fault(const struct table *t);

/* Rows with less or more cells than the header, and the first of each (UINT64_MAX if there is none). */
struct table_ragged {
    uint64_t short_rows, first_short, long_rows, first_long;
};
struct table_ragged table_ragged(const struct table *t);

/* What became of the file since. Grown: its old bytes are (by their first and last) what they were, more came behind;
 * its rows can still be read. Rewritten or truncated: reading answers ERR_CHANGED. That another file took its name is
 * for the caller to see, who knows the name: table_is_file. */
enum table_change { TABLE_SAME, TABLE_GROWN, TABLE_TRUNCATED, TABLE_REWRITTEN };
enum table_change table_changed(const struct table *t);
bool table_is_file(const struct table *t, const char *path); /* false: there is another file now, or none */

/* The table with what has come behind it; only that is read. ERR_CHANGED if it did not just grow. */
enum err table_grow(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                    struct table **out, struct problem *problem) MUST_CHECK;

/* Input that is no plain file: a pipe, .gz .zst .xz .bz2. Its owner pumps it; meanwhile tables can be made of what is
 * there, each with the complete records so far, the first by table_stream_open_table (ERR_AGAIN: not even the first
 * line is there), the others by table_grow_spool. Owned by one thread. */
struct table_stream;
enum err table_stream_needed(int fd, bool *out) MUST_CHECK;
enum err table_stream_open(int fd, const char *path, const struct table_unpacker *unpacker, struct table_stream **out,
                           struct problem *problem) MUST_CHECK;
void table_stream_free(struct table_stream *s);

/* Takes at least one piece and about `most` bytes at most. ERR_AGAIN: a non-blocking fd has none, or what came through
 * a pipe is not unpacked yet (a thread does that). ERR_PARSE: packed bytes are damaged; what was
 * unpacked so far stays. */
enum err table_stream_pump(struct table_stream *s, size_t most, bool *done, struct problem *problem) MUST_CHECK;
/* From now on its bytes are taken for this encoding and become UTF-8. ERR_NOT_FOUND: there is none of that name. */
enum err table_stream_convert(struct table_stream *s, const char *encoding) MUST_CHECK;
bool table_encoding_known(const char *name);

/* Readable when pumping does not wait; another one after a pump. */
int table_stream_input(const struct table_stream *s);
uint64_t table_stream_size(const struct table_stream *s); /* unpacked so far */
enum err table_stream_open_table(const struct table_stream *s, const struct table_options *options, struct table **out,
                                 struct problem *problem) MUST_CHECK;

/* Where a stream's bytes are: what another process needs to go on with it. The fd is borrowed, and another one from the
 * time on when the stream has become too long for memory. */
struct table_spool {
    int fd;
    uint64_t size;
    bool growing;
};
struct table_spool table_stream_spool(const struct table_stream *s);
enum err table_grow_spool(const struct table *t, const struct table_spool *spool, const struct table_runner *runner,
                          struct table_progress *progress, struct table **out, struct problem *problem) MUST_CHECK;

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
char table_delimiter(const struct table *t);
uint64_t table_bytes(const struct table *t); /* of all its rows, as they stand in the file */
uint64_t table_size(const struct table *t);  /* of the file */

/* Distinct codes (values of the key column, as text) in the order of their first row, with counts. */
struct table_code {
    const char *text;
    size_t len;
    uint64_t count;
};
size_t table_codes(const struct table *t);
const struct table_code *table_code(const struct table *t, size_t i);
bool table_codes_complete(const struct table *t); /* false: there are more than are kept (TABLE_CODES_MAX) */
enum { TABLE_CODES_MAX = 100000 };

struct cell {
    const char *text; /* not NUL-terminated */
    size_t len;
    bool null; /* an empty unquoted field, or a missing one */
};

struct row {
    uint64_t number;          /* 0-based; behind table_seek_end of a table that is not indexed: see there */
    const struct cell *cells; /* ncells of them; borrowed until the next call on the reader */
    size_t ncells;            /* at least table_columns(): missing ones are null. More in a row that is too long */
};

/* A cursor over rows; owned by one thread. */
struct table_reader;
enum err table_reader_new(const struct table *t, struct table_reader **out) MUST_CHECK;
void table_reader_free(struct table_reader *r);

/* The next table_next gives row `number`. */
enum err table_seek(struct table_reader *r, uint64_t number) MUST_CHECK;

/* The next table_next gives the n-th row from the end, n >= 1. Where rows are not indexed yet, they are looked for from
 * the end backwards: *exact is false then, for the quotes before could make something else of them, rows are numbered
 * from the end (the last one is UINT64_MAX), and there may be less than n. */
enum err table_seek_end(struct table_reader *r, uint64_t n, bool *exact) MUST_CHECK;

/* A reader that stands behind row `number`, and the row, which is its (NULL: there is none such). On an error there is
 * no reader. */
enum err table_reader_at(const struct table *t, uint64_t number, struct table_reader **out, const struct row **row)
    MUST_CHECK;

/* The next row; *out is NULL behind the last one. ERR_CHANGED if the file is no longer what was loaded. */
enum err table_next(struct table_reader *r, const struct row **out) MUST_CHECK;

/* Appends the frame of these rows as Polars 2.1 prints it when stdout is no terminal: shape line, box, dtypes, at most
 * 10 rows and 8 columns, ends with a newline. Cell text is made safe for a terminal only where Polars' own output would
 * not be (control characters other than newline). */
enum err table_print(const struct table *t, const struct rows *rows, struct buf *out) MUST_CHECK;

/* One cell's value as Polars shows it in a frame (null, 1e6, 30 characters …), for panes that show results. */
enum err table_add_value(const struct table *t, size_t column, const struct cell *cell, struct buf *out) MUST_CHECK;

#endif
