/* SPDX-License-Identifier: MIT
 * A table gives the bytes of a CSV file as rows and cells. It is immutable and must outlive its readers. Its bytes are
 * a file or a sealed memfd, read with pread(2) and never mapped, so that a file truncated meanwhile is an error and not
 * a SIGBUS. Its row index and its schema (what is known of its columns) are sealed memfds. All three are passed to
 * other processes as fds; nothing is copied. `const` arguments are borrowed for the call.
 *
 * table_open returns at once with the first rows. Each further step makes a new table over the same bytes and leaves
 * the old one unchanged: table_index finds all rows, table_learn determines dtypes and codes from all of them,
 * table_grow adds rows that were appended to the file. */
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

struct table; /* opaque; reading is thread-safe if each thread has a reader of its own */

enum dtype { DTYPE_STR, DTYPE_I64, DTYPE_F64, DTYPE_BOOL, DTYPE_DATE, DTYPE_COUNT };
extern const char *const dtype_names[]; /* as Polars prints them: "str", "i64", "f64", "bool", "date", NULL */

/* ERR_NOT_FOUND for a name that is none of dtype_names. */
enum err dtype_from_name(const char *name, enum dtype *out) MUST_CHECK;

struct column {
    const char *name; /* as in the file: UTF-8, but any bytes are possible */
    size_t name_len;
    enum dtype dtype;
    bool given; /* the user gave the dtype; otherwise it is inferred */
};

struct dtype_override {
    const char *column;
    enum dtype dtype;
};

/* Reads "COL=DTYPE": the name of the column is the first *name_len bytes of `text`, up to the last '='. ERR_USAGE if it
 * is something else. */
enum err dtype_override_parse(const char *text, size_t *name_len, enum dtype *out) MUST_CHECK;

struct table_options {
    const char *path; /* as the user typed it, for messages */
    const char *key;  /* NULL: "code" if there is such a column, else the first */
    const struct dtype_override *overrides;
    size_t noverrides;
    char delimiter;                        /* 0: a comma */
    bool no_header;                        /* the first line is a row; columns are column_1, column_2 … */
    const struct table_unpacker *unpacker; /* NULL: packed input is refused */
};

/* An unpacker decompresses a stream. `give` returns the next packed bytes, 0 at their end, -1 and errno on error.
 * `next` returns the next unpacked bytes, which are borrowed until the next call; none at the end. */
struct table_unpacker {
    enum err (*open)(void **self, ssize_t (*give)(void *ctx, const void **bytes), void *ctx, const char *path,
                     struct problem *problem);
    enum err (*next)(void *self, const void **bytes, size_t *len, struct problem *problem);
    void (*close)(void *self);
};
extern const struct table_unpacker table_unpacker; /* libarchive's: gzip, zstd, xz, bzip2 */

/* Loads the whole table from `fd`. A regular file is read in place and shared as that file; anything else is read to
 * its end, and unpacked, into a sealed memfd or a file without a name. `fd` stays the caller's; the table keeps a
 * duplicate. Record boundaries are those of libcsv in strict mode; dtypes and codes are found by the runner's threads.
 * On ERR_PARSE `problem` names file, line and column (1-based, in characters) and the fault. */
enum err table_load(int fd, const struct table_options *options, const struct table_runner *runner, struct table **out,
                    struct problem *problem) MUST_CHECK;
void table_free(struct table *t);

/* How much of its file a table knows. */
enum table_stage {
    TABLE_FIRST_ROWS, /* the first rows; dtypes and codes are those of these rows */
    TABLE_INDEXED,    /* all rows; dtypes and codes are still those of the first rows */
    TABLE_LEARNED     /* all rows; dtypes and codes are those of all rows */
};

/* Reads header and first rows, in a time that does not depend on the file's size. `fd` is a regular file that is not
 * packed; for anything else see table_stream. Faults after the header, which table_load refuses, are accepted here: a
 * fault ends the rows (table_fault), rows may be too long or too short (table_ragged), and cells need not be of their
 * column's dtype. */
enum err table_open(int fd, const struct table_options *options, struct table **out, struct problem *problem)
    MUST_CHECK;

/* Guesses the delimiter of a file: comma, semicolon, bar or tab. */
char table_sniff(int fd);

/* Finds all rows of an opened table: in parallel on the runner's threads, or by libcsv where that would not be exact.
 */
enum err table_index(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem) MUST_CHECK;

/* Determines dtypes and codes from all rows of an indexed table. */
enum err table_learn(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem) MUST_CHECK;

enum table_stage table_stage(const struct table *t);

/* Why the rows end before the file does, with file, line and column; NULL if they do not. */
const char *table_fault(const struct table *t);

/* Rows with fewer or more cells than the header, and the number of the first of each (UINT64_MAX: none). */
struct table_ragged {
    uint64_t short_rows, first_short, long_rows, first_long;
};
struct table_ragged table_ragged(const struct table *t);

/* How the file changed since it was opened. Grown: bytes were appended, and the first and last of the old bytes are the
 * same; the rows can still be read. Rewritten or truncated: reading returns ERR_CHANGED. Whether another file has taken
 * its name is found out by table_is_file. */
enum table_change { TABLE_SAME, TABLE_GROWN, TABLE_TRUNCATED, TABLE_REWRITTEN };
enum table_change table_changed(const struct table *t);
bool table_is_file(const struct table *t, const char *path); /* false: the path names another file, or none */

/* True if both have the same bytes, row index and schema, as the same files. */
bool table_is_same(const struct table *a, const struct table *b);

/* Adds the rows that were appended to the file; only these are read. ERR_CHANGED if the file changed otherwise. */
enum err table_grow(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                    struct table **out, struct problem *problem) MUST_CHECK;

/* A stream is input that is not a plain file: a pipe, or a file packed as .gz, .zst, .xz or .bz2. Its owner calls
 * table_stream_pump to spool its bytes into memory or a file. Meanwhile tables can be made of the complete records so
 * far: the first by table_stream_open_table (ERR_AGAIN: the first line is not complete), later ones by
 * table_grow_spool. Owned by one thread. */
struct table_stream;
enum err table_stream_needed(int fd, bool *out) MUST_CHECK;
enum err table_stream_open(int fd, const char *path, const struct table_unpacker *unpacker, struct table_stream **out,
                           struct problem *problem) MUST_CHECK;
void table_stream_free(struct table_stream *s);

/* Spools at least one piece, and at most about `most` bytes. ERR_AGAIN: a non-blocking fd has no bytes, or the bytes of
 * a pipe are not unpacked yet (a thread does that). ERR_PARSE: the packed bytes are damaged; what was unpacked before
 * is kept. */
enum err table_stream_pump(struct table_stream *s, size_t most, bool *done, struct problem *problem) MUST_CHECK;

/* Converts the bytes of the stream from this encoding to UTF-8. ERR_NOT_FOUND: unknown encoding. */
enum err table_stream_convert(struct table_stream *s, const char *encoding) MUST_CHECK;
bool table_encoding_known(const char *name);

/* Readable when pumping would not wait. A pump may replace it by another fd. */
int table_stream_input(const struct table_stream *s);
uint64_t table_stream_size(const struct table_stream *s); /* unpacked so far */
enum err table_stream_open_table(const struct table_stream *s, const struct table_options *options, struct table **out,
                                 struct problem *problem) MUST_CHECK;

/* The spool holds the bytes of a stream so far; with it another process can make tables of the stream. The fd is
 * borrowed. It is replaced by another once the stream is too long for memory. */
struct table_spool {
    int fd;
    uint64_t size;
    bool growing;
};
struct table_spool table_stream_spool(const struct table_stream *s);
enum err table_grow_spool(const struct table *t, const struct table_spool *spool, const struct table_runner *runner,
                          struct table_progress *progress, struct table **out, struct problem *problem) MUST_CHECK;

/* The fds of the bytes, the row index and the schema, which are all that another process needs. They stay the table's.
 */
enum { TABLE_FDS = 3 };
void table_fds(const struct table *t, int fds[TABLE_FDS]);

/* Opens the table of another process. Takes the fds, also on failure. */
enum err table_import(const int fds[TABLE_FDS], struct table **out, struct problem *problem) MUST_CHECK;

uint64_t table_rows(const struct table *t);
size_t table_columns(const struct table *t);
const struct column *table_column(const struct table *t, size_t i);
size_t table_key(const struct table *t); /* index of the key column */
const char *table_path(const struct table *t);
char table_delimiter(const struct table *t);
uint64_t table_bytes(const struct table *t); /* of all rows, in the file */
uint64_t table_size(const struct table *t);  /* bytes of the file */

/* A code is a value of the key column, as text. Distinct codes are listed in the order of their first row. */
struct table_code {
    const char *text;
    size_t len;
    uint64_t count;
};
size_t table_codes(const struct table *t);
const struct table_code *table_code(const struct table *t, size_t i);
bool table_codes_complete(const struct table *t); /* false: there are more than TABLE_CODES_MAX, or too long ones */
enum { TABLE_CODES_MAX = 100000 };

struct cell {
    const char *text; /* not NUL-terminated */
    size_t len;
    bool null; /* an empty unquoted field, or a missing one */
};

struct row {
    uint64_t number;          /* 0-based; but see table_seek_end */
    const struct cell *cells; /* ncells of them; borrowed until the next call on the reader */
    size_t ncells;            /* at least table_columns(): missing cells are null; more in a row that is too long */
};

/* A cursor over rows; owned by one thread. */
struct table_reader;
enum err table_reader_new(const struct table *t, struct table_reader **out) MUST_CHECK;
void table_reader_free(struct table_reader *r);

/* Makes row `number` the next that table_next returns. */
enum err table_seek(struct table_reader *r, uint64_t number) MUST_CHECK;

/* Makes the n-th row from the end (n >= 1) the next that table_next returns. If not all rows are indexed, rows are
 * guessed from the end backwards, and *exact is false: a quote further up could change them. Rows are then numbered
 * from the end (the last is UINT64_MAX), and there may be fewer than n. */
enum err table_seek_end(struct table_reader *r, uint64_t n, bool *exact) MUST_CHECK;

/* Makes a reader and reads row `number`, which the reader owns (NULL: no such row). On error there is no reader. */
enum err table_reader_at(const struct table *t, uint64_t number, struct table_reader **out, const struct row **row)
    MUST_CHECK;

/* Reads the next row; *out is NULL after the last one. ERR_CHANGED if the file is no longer what was loaded. */
enum err table_next(struct table_reader *r, const struct row **out) MUST_CHECK;

/* Appends these rows as Polars 2.1 prints a frame to a file: a shape line, then a box with dtypes, at most 10 rows and
 * 8 columns, and a newline at the end. The text differs from Polars' only where that would not be safe on a terminal
 * (control characters other than newline). */
enum err table_print(const struct table *t, const struct rows *rows, struct buf *out) MUST_CHECK;

/* Appends a cell's value as Polars shows it in a frame: null, 1e6, at most 30 characters of a text. */
enum err table_add_value(const struct table *t, size_t column, const struct cell *cell, struct buf *out) MUST_CHECK;

#endif
