/* SPDX-License-Identifier: MIT
 * CSV by libcsv: lines of the source → cells of one record → column names. For the table room only. */
#ifndef TABLE_CSV_CSV_H
#define TABLE_CSV_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <csv.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/source/source.h"
#include "core/table/table.h"

enum {
    TABLE_COLUMNS_MAX = 1000 * 1000,
    TABLE_FIELD_MAX = 256 * 1024 * 1024, /* a longer field is taken for a quote that is never closed */
    TABLE_RECORD_MAX = 512 * 1024 * 1024,
};

/* lines.c: reads the source a line at a time. */
struct table_lines {
    const struct table_source *source;
    char *block;
    size_t cap, len, pos;
    size_t next_read; /* bytes */
    bool full;        /* the last read returned as many bytes as it asked for */
    uint64_t offset;  /* of block[0] */
};

/* A segment is a line, or a part of a line that is longer than a block. */
struct table_segment {
    const char *text; /* borrowed until the next call */
    size_t len;       /* 0: end of the source */
    uint64_t offset;
    bool ends_line; /* its last byte is the newline */
};

enum err table_lines_init(struct table_lines *l, const struct table_source *source) MUST_CHECK;
void table_lines_done(struct table_lines *l);
void table_lines_seek(struct table_lines *l, uint64_t offset);
enum err table_lines_next(struct table_lines *l, struct table_segment *out) MUST_CHECK;

/* The number of characters (not bytes) between two offsets. */
enum err table_count_characters(const struct table_source *s, uint64_t from, uint64_t to, uint64_t *out) MUST_CHECK;

/* The number, counted from 1, of the line that holds this offset. */
enum err table_count_lines(const struct table_source *s, uint64_t offset, uint64_t *out) MUST_CHECK;

/* csv.c: segments → the cells of one record. */
struct table_csv {
    struct csv_parser parser;
    struct buf text;    /* bytes of cells that cannot point into the segment */
    struct cell *cells; /* of the record, once `done` is set; at least `pad` of them */
    size_t ncells;      /* cells of the record */
    size_t cap;
    size_t pad; /* missing cells up to this number are null */
    size_t max; /* cells beyond this number are counted, not kept */
    bool keep;  /* false: cells are only counted */
    char delimiter;
    bool open;   /* within a record */
    bool done;   /* the last segment completed a record */
    size_t used; /* bytes of the last segment before a fault */
    enum err err;
};

enum err table_csv_init(struct table_csv *c, char delimiter, size_t pad, size_t max) MUST_CHECK;
void table_csv_done(struct table_csv *c);

/* Parses a segment. ERR_PARSE: the byte at `used` is not allowed there; ERR_TOO_BIG: a field is too long. */
enum err table_csv_feed(struct table_csv *c, const struct table_segment *s) MUST_CHECK;

/* Completes the last record, which may lack its newline. ERR_PARSE: its quoted field is never closed. */
enum err table_csv_finish(struct table_csv *c) MUST_CHECK;

/* Finds where field `field` begins in the record at offset `record`. *line is the record's line before the call. */
enum err table_csv_locate(const struct table_source *s, char delimiter, uint64_t record, size_t field, uint64_t *line,
                          uint64_t *column) MUST_CHECK;

/* header.c: the first record → column names. */
struct table_header {
    struct column *columns;
    size_t n;
    struct buf text; /* the names */
};

void table_header_done(struct table_header *h);
enum err table_header_read(struct table_header *h, const struct table_csv *csv, const char *path, uint64_t line,
                           struct problem *problem) MUST_CHECK;

/* For a file without a header: columns are named column_1, column_2 … as in Polars. */
enum err table_header_number(struct table_header *h, const struct table_csv *csv, const char *path, uint64_t line,
                             struct problem *problem) MUST_CHECK;
bool table_header_find(const struct table_header *h, const char *name, size_t *out);

/* Returns ERR_NOT_FOUND; the problem lists all columns. */
enum err table_header_missing(const struct table_header *h, const char *path, const char *name,
                              struct problem *problem);

#endif
