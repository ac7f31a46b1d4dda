/* SPDX-License-Identifier: MIT
 * What the files of the table room share; for this room only.
 * The way of the bytes: source → lines (segments that end at newlines) → csv (cells of one record) → index, reader;
 * and where raw structure is exact: source → blocks of whole records → raw → index, walk, hits. */
#ifndef TABLE_PRIVATE_H
#define TABLE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <csv.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/progress.h"
#include "core/table/row_list.h"
#include "core/table/table.h"
#include "core/table/index/raw.h"
#include "core/table/values/set.h"

/* Bytes read at once, a multiple of 64. The fuzzer is built with a small one, so that blocks end everywhere. */
#ifndef TABLE_BLOCK_BYTES
#define TABLE_BLOCK_BYTES (128 * 1024)
#endif

enum {
    TABLE_BLOCK = TABLE_BLOCK_BYTES,
    TABLE_SMALL = 64 * 1024,       /* all rows of so few bytes are there at once, … */
    TABLE_FIRST = 16 * 1024,       /* … of more only these, … */
    TABLE_FIRST_MAX = 256,         /* … or so many rows: they fill any screen, and are there sooner */
    TABLE_WINDOW = 4096,           /* the index knows the first record of each window of so many bytes … */
    TABLE_WINDOWS_MAX = 32 * 1024, /* … or of twice, four times … as many, so that there are not more */
    TABLE_COLUMNS_MAX = 1000 * 1000,
    TABLE_FIELD_MAX = 256 * 1024 * 1024, /* a longer field is a quote that nobody closed */
    TABLE_RECORD_MAX = 512 * 1024 * 1024,
    TABLE_CODES_BYTES_MAX = 16 * 1024 * 1024,
};

/* A failure that is not the input's fault, said of `path`. Returns `e`. */
enum err table_problem(struct problem *problem, enum err e, const char *path);

/* table_source.c: the bytes. */
struct table_source {
    int fd; /* owned */
    uint64_t size;
    int64_t mtime_seconds, mtime_nanoseconds;
    uint64_t signature; /* of its first and last bytes: still the same in a file that only grew */
    bool sealed;        /* a memfd that nobody can change any more; else a file, checked at each read */
    bool ours;          /* a spool that only we write, and only at its end */
    bool growing;       /* more is to come: the last record is not one yet */
    bool lone_crs;      /* its lines end with them: each is read as the newline that it stands for */
};

enum err table_source_open(int fd, const char *path, struct table_source *out, struct problem *problem) MUST_CHECK;
/* The same, once more. */
enum err table_source_again(const struct table_source *s, struct table_source *out) MUST_CHECK;
void table_source_close(struct table_source *s);
enum table_change table_source_change(const struct table_source *s);

/* ERR_CHANGED if the bytes are no longer those of the opening; more of them behind do no harm. */
enum err table_source_check(const struct table_source *s) MUST_CHECK;

/* Looks what its lines end with. */
enum err table_source_find_ends(struct table_source *s) MUST_CHECK;

/* The one way to its bytes, as they are to be understood. */
enum err table_source_read(const struct table_source *s, char *bytes, size_t len, uint64_t at) MUST_CHECK;

/* A memfd that is sealed against every change; only such memory is mapped. */
bool table_is_sealed(int fd);

/* table_stream.c: what a stream's bytes go through before they are spooled. `push` appends what becomes of `len` bytes;
 * 0 are the end. */
struct table_filter {
    enum err (*push)(void *self, const char *bytes, size_t len, const char *path, struct buf *out,
                     struct problem *problem);
    void (*close)(void *self);
    void *self; /* owned */
};
void table_stream_filter(struct table_stream *s, const struct table_filter *filter); /* takes what it holds */
enum err table_spool_source(const struct table_spool *spool, struct table_source *out) MUST_CHECK;

/* table_lines.c: a run through the source, a line at a time. */
struct table_lines {
    const struct table_source *source;
    char *block;
    size_t cap, len, pos;
    size_t next_read; /* bytes */
    bool full;        /* the last read had all that it asked for */
    uint64_t offset;  /* of block[0] */
};

struct table_segment {
    const char *text; /* borrowed until the next call */
    size_t len;       /* 0: end of the source */
    uint64_t offset;
    bool ends_line; /* its last byte is the newline */
};

enum err table_lines_init(struct table_lines *l, const struct table_source *source) MUST_CHECK;
void table_lines_done(struct table_lines *l);
void table_lines_seek(struct table_lines *l, uint64_t offset);

/* A whole line wherever it fits into a block; a longer one comes in pieces. */
enum err table_lines_next(struct table_lines *l, struct table_segment *out) MUST_CHECK;

/* Characters (not bytes) between two offsets. */
enum err table_count_characters(const struct table_source *s, uint64_t from, uint64_t to, uint64_t *out) MUST_CHECK;

/* The line, counted from 1, in which this offset lies. */
enum err table_count_lines(const struct table_source *s, uint64_t offset, uint64_t *out) MUST_CHECK;

/* table_csv.c: segments → the cells of one record. */
struct table_csv {
    struct csv_parser parser;
    struct buf text;    /* the cells' bytes, where they are not in the segment itself */
    struct cell *cells; /* of the record, once it is done; at least `pad` of them */
    size_t ncells;      /* that the record has */
    size_t cap;
    size_t pad; /* missing cells up to here are null */
    size_t max; /* more cells than these are counted, not kept */
    bool keep;  /* false: cells are only counted */
    char delimiter;
    bool open;   /* within a record */
    bool done;   /* a record is complete: the segment ended it */
    size_t used; /* bytes of the last segment before a fault */
    enum err err;
};

enum err table_csv_init(struct table_csv *c, char delimiter, size_t pad, size_t max) MUST_CHECK;
void table_csv_done(struct table_csv *c);

/* Feeds a segment. ERR_PARSE: the byte at `used` does not belong there; ERR_TOO_BIG: a field without an end. */
enum err table_csv_feed(struct table_csv *c, const struct table_segment *s) MUST_CHECK;

/* At the end of the source: the last record may lack its newline. ERR_PARSE: its quoted field is never closed. */
enum err table_csv_finish(struct table_csv *c) MUST_CHECK;

/* Where field `field` of the record at `record` (in line `line`) begins: for messages. */
enum err table_csv_locate(const struct table_source *s, char delimiter, uint64_t record, size_t field, uint64_t *line,
                          uint64_t *column) MUST_CHECK;

/* table_header.c: the first record → names. */
struct table_header {
    struct column *columns;
    size_t n;
    struct buf text; /* the names */
};

void table_header_done(struct table_header *h);
enum err table_header_read(struct table_header *h, const struct table_csv *csv, const char *path, uint64_t line,
                           struct problem *problem) MUST_CHECK;

/* A file without a header: columns are called column_1, column_2 … as in Polars. */
enum err table_header_number(struct table_header *h, const struct table_csv *csv, const char *path, uint64_t line,
                             struct problem *problem) MUST_CHECK;
bool table_header_find(const struct table_header *h, const char *name, size_t *out);

/* ERR_NOT_FOUND with the list of all columns. */
enum err table_header_missing(const struct table_header *h, const char *path, const char *name,
                              struct problem *problem);

/* table_index.c: where records begin. */
struct table_index_facts {
    char magic[8];
    uint64_t rows, n, window;
    uint64_t start, end; /* of the rows: behind the header, behind the last row */
    struct raw_ragged ragged;
    bool complete;        /* these are all rows */
    bool regular;         /* raw structure is exact between start and end */
    struct problem fault; /* what ended the rows before their time; else "" */
};

struct table_index {
    int fd; /* owned, sealed */
    size_t map_len;
    const struct table_index_facts *facts; /* mapped; NULL: there is none */
    const struct raw_entry *entries;       /* facts->n and one that stands at the end */
};

/* How wide windows are over so many bytes. */
uint64_t table_index_window(uint64_t bytes);

/* Takes the fd in every case. */
enum err table_index_open(int fd, struct table_index *out) MUST_CHECK;
enum err table_index_again(const struct table_index *x, struct table_index *out) MUST_CHECK; /* the same, once more */
void table_index_close(struct table_index *x);

/* The last entry at or before this row, this offset. */
size_t table_index_at_row(const struct table_index *x, uint64_t row);
size_t table_index_at_offset(const struct table_index *x, uint64_t offset);

/* An index that is being written: shared memory, not sealed yet. Entries that nobody sets point to the next one. */
struct index_builder {
    int fd;
    size_t len;
    struct table_index_facts *facts;
    struct raw_entry *entries;
};

enum err index_builder_init(struct index_builder *d, size_t n) MUST_CHECK;
void index_builder_done(struct index_builder *d);
enum err index_builder_seal(struct index_builder *d, struct table_index *out) MUST_CHECK;

/* table_index_csv.c: by libcsv, from the first byte on. */
struct table_parse {
    const char *path;
    char delimiter;
    bool no_header;
    bool strict; /* any fault is an error, a row with too many cells is one; else a fault ends the rows */
    uint64_t limit, limit_rows; /* not 0: the first rows suffice, about so many bytes, so many rows */
    struct table_progress *progress;
};

enum err table_index_csv(const struct table_parse *how, const struct table_source *source, struct table_header *header,
                         struct table_index *out, struct problem *problem) MUST_CHECK;

/* table_index_raw.c: by raw structure, in parallel. */
struct table_plan {
    const struct table_source *source;
    const struct raw_ops *raw;
    char delimiter;
    size_t ncolumns;
    uint64_t start, window, chunk;
    struct raw_entry from; /* a record that is known; reading begins there */
    uint64_t keep;         /* windows before it, whose entries are kept: each kept_step-th of these */
    const struct raw_entry *kept;
    size_t kept_step;
    const struct table_runner *runner;
    struct table_progress *progress;
};

/* How the raw index is made; zeroes stand for what fits. Tests make chunks and windows small. */
struct table_tuning {
    const struct raw_ops *raw;
    uint64_t window, chunk; /* bytes; a chunk has at least one window */
    bool even_if_complete;
};

/* *strange: no index is made, raw structure is not exact in this file. */
enum err table_index_raw(const struct table_plan *plan, struct table_index *out, bool *strange) MUST_CHECK;

/* What a reader needs of a table. */
struct table_body {
    struct table_source source;
    struct table_index index;
    size_t ncolumns;
    char delimiter;
};

/* table_read.c */
enum err table_reader_open(const struct table_body *body, struct table_reader **out) MUST_CHECK;

/* Where the record of the next table_next begins, behind a table_seek. */
uint64_t table_reader_offset(const struct table_reader *r);

/* table_infer.c: dtypes of all columns, from the cells of one row range and then of all. */
struct table_infer {
    uint8_t seen;        /* kinds of cells */
    uint64_t bad[2];     /* given: the first row that does not parse; a date: in year-first, in day-first order */
    uint64_t first_date; /* the row that decides the order of a date */
    bool first_is_day_first;
};

void table_infer_init(struct table_infer *f);
bool table_infer_wants(const struct table_infer *f, const struct column *c); /* false: more cells change nothing */
void table_infer_cell(struct table_infer *f, const struct column *c, uint64_t row, const struct cell *cell);
void table_infer_merge(struct table_infer *all, const struct table_infer *part);
enum dtype table_infer_dtype(const struct table_infer *f);
bool table_infer_day_first(const struct table_infer *f);

/* The first row whose cell is not of the given dtype, UINT64_MAX if there is none. */
uint64_t table_infer_bad_row(const struct table_infer *f, enum dtype dtype);

/* table_scan.c: dtypes and codes of all rows, by the runner's parts. Sets the dtypes in `header`. */
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

/* table_value.c: one cell as a value of its dtype, by Polars' rules. */
enum table_fit { TABLE_FIT_NO, TABLE_FIT_NULL, TABLE_FIT_YES };
enum table_fit table_value_fit(enum dtype dtype, bool day_first, const struct cell *cell);

/* The same, and the value. A bool is 0 or 1, a date days since 1970-01-01. */
struct table_value {
    int64_t i64;
    double f64;
};
enum table_fit table_value_read(enum dtype dtype, bool day_first, const struct cell *cell, struct table_value *out);

/* The first 30 characters of `text` and an ellipsis. *estimate (may be NULL) is the width that Polars guesses. */
enum err table_add_short(struct buf *b, const char *text, size_t len, size_t *estimate);

/* table_schema.c: all that is known of a table but its bytes and index, as sealed memory. */
struct table {
    struct table_body body;
    int schema_fd;
    void *map; /* of schema_fd; path, names and codes lie in it */
    size_t map_len;
    const char *path;
    struct column *columns;  /* body.ncolumns of them */
    bool *day_first;         /* a date column is written day first */
    bool no_header, learned; /* learned: dtypes and codes are those of all rows */
    size_t key;
    const char *codes_at;             /* in map: the codes, read by the first who asks; a worker never does */
    struct table_code *_Atomic codes; /* NULL: not read yet */
    size_t ncodes;
    bool codes_complete;
};

struct table_schema {
    const struct table_body *body;
    const struct table_header *header;
    const struct table_found *found;
    size_t key;
    const char *path;
    bool no_header, learned;
};

enum err table_schema_write(const struct table_schema *s, int *fd) MUST_CHECK;

/* Takes `fd`, fills all of `t` but its body's source and index, and says what the source must be. */
enum err table_schema_open(int fd, struct table *t) MUST_CHECK;

/* ncodes of them; NULL if they cannot be read. */
const struct table_code *table_schema_codes(const struct table *t);

/* table_load.c */
struct table *table_new(void);
enum err table_pick_key(const struct table_header *h, const struct table_options *o, const char *path, size_t *key,
                        struct problem *problem) MUST_CHECK;
enum err table_apply_overrides(struct table_header *h, const struct table_options *o, const char *path,
                               struct problem *problem) MUST_CHECK;

/* What the scan finds in all rows of `t`, written down; `t` then has its schema. */
enum err table_describe(struct table *t, struct table_header *h, const struct table_scan_options *o, bool no_header,
                        struct problem *problem) MUST_CHECK;

/* table_open.c */
enum err table_open_source(struct table *t, int fd, const struct table_options *o, struct problem *problem) MUST_CHECK;
enum err table_open_first(struct table *t, const struct table_options *o, bool strict, struct table_header *header,
                          struct problem *problem) MUST_CHECK;

/* Puts the index of all rows in the place of the first rows' one. */
enum err table_index_rest(struct table_body *body, const struct table_parse *how, const struct table_tuning *tuning,
                          const struct table_runner *runner, struct problem *problem) MUST_CHECK;
enum err table_index_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                           struct table_progress *progress, struct table **out, struct problem *problem) MUST_CHECK;
enum err table_grow_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                          struct table_progress *progress, struct table **out, struct problem *problem) MUST_CHECK;

/* table_frame.c: strings in cells → a box 100 columns wide, arranged as Polars arranges it. */
enum {
    FRAME_WIDTH = 100,
    FRAME_COLUMNS = 9, /* 8 and the ellipsis */
    FRAME_ROWS = 12,   /* the header, 10 and the ellipsis */
    FRAME_TEXT = 160,  /* 30 characters of 4 bytes, an ellipsis, the header's other lines */
};

struct frame_cell {
    char text[FRAME_TEXT];
    size_t len;
    size_t estimate; /* Polars' guess of the width, without padding */
};

struct frame {
    struct frame_cell cells[FRAME_ROWS][FRAME_COLUMNS]; /* row 0 is the header */
    size_t nrows, ncolumns;
    bool cut;                    /* rows were left out */
    size_t width[FRAME_COLUMNS]; /* of the content, set by frame_arrange */
};

void frame_arrange(struct frame *f);
enum err frame_add(const struct frame *f, struct buf *out);

#endif
