/* SPDX-License-Identifier: MIT
 * The row index: for each window (a fixed number of bytes) of the file, the first record that begins in it. It is built
 * by libcsv from the first byte on, or in parallel by raw structure (raw.h). For the table room only. */
#ifndef TABLE_INDEX_INDEX_H
#define TABLE_INDEX_INDEX_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/table/csv/csv.h"
#include "core/table/index/raw.h"
#include "core/table/parallel_for.h"
#include "core/table/progress.h"
#include "core/table/source/source.h"
#include "core/table/table.h"

enum {
    TABLE_WINDOW = 4096,           /* bytes of a window in a small file; doubled in larger ones … */
    TABLE_WINDOWS_MAX = 32 * 1024, /* … so that there are never more windows than this */
};

/* The head of the index; the entries follow it in the same sealed memory. */
struct table_index_facts {
    char magic[8];
    uint64_t rows, n, window;
    uint64_t start, end; /* offsets of the first row and of the end of the last one */
    struct table_ragged ragged;
    bool complete;        /* the index covers all rows of the file */
    bool regular;         /* raw structure is exact between start and end */
    struct problem fault; /* why the rows end before the file does; empty if they do not */
};
static_assert(sizeof(struct table_index_facts) % _Alignof(struct raw_entry) == 0, "entries follow the facts");

struct table_index {
    int fd; /* owned, sealed */
    size_t map_len;
    const struct table_index_facts *facts; /* mapped; NULL: there is no index */
    const struct raw_entry *entries;       /* facts->n, and one more that marks the end */
};

/* Bytes of a window when this many bytes are indexed. */
uint64_t table_index_window(uint64_t bytes);

/* Takes the fd, also on failure. */
enum err table_index_open(int fd, struct table_index *out) MUST_CHECK;

/* A second index over the same memory, with an fd of its own. */
enum err table_index_again(const struct table_index *x, struct table_index *out) MUST_CHECK;
void table_index_close(struct table_index *x);

/* The last entry at or before this row, or this offset. */
size_t table_index_at_row(const struct table_index *x, uint64_t row);
size_t table_index_at_offset(const struct table_index *x, uint64_t offset);

/* An index that is being written, in shared memory that is not sealed yet. Entries that are never set are copied from
 * the next one when it is sealed. */
struct index_builder {
    int fd;
    size_t len;
    struct table_index_facts *facts;
    struct raw_entry *entries;
};

enum err index_builder_init(struct index_builder *d, size_t n) MUST_CHECK;
void index_builder_done(struct index_builder *d);
enum err index_builder_seal(struct index_builder *d, struct table_index *out) MUST_CHECK;

/* csv_index.c: the index by libcsv. */
struct table_parse {
    const char *path;
    char delimiter;
    bool no_header;
    bool strict; /* faults and rows with too many cells are errors; otherwise a fault only ends the rows */
    uint64_t limit, limit_rows; /* stop after about this many bytes, or rows; 0: no limit */
    struct table_progress *progress;
};

enum err table_index_csv(const struct table_parse *how, const struct table_source *source, struct table_header *header,
                         struct table_index *out, struct problem *problem) MUST_CHECK;

/* raw_index.c: the index by raw structure. */
struct table_plan {
    const struct table_source *source;
    const struct raw_ops *raw;
    char delimiter;
    size_t ncolumns;
    uint64_t start, window, chunk;
    struct raw_entry from; /* a known record; reading begins there */
    uint64_t keep;         /* how many windows before `from` keep the entries of an older index … */
    const struct raw_entry *kept;
    size_t kept_step; /* … of which each kept_step-th is taken */
    const struct table_runner *runner;
    struct table_progress *progress;
};

/* How the index by raw structure is made; a zero stands for the usual value. Tests make chunks and windows small. */
struct table_tuning {
    const struct raw_ops *raw;
    uint64_t window, chunk; /* bytes; a chunk has at least one window */
    bool even_if_complete;
};

/* Sets *strange, and makes no index, if raw structure is not exact in this file. */
enum err table_index_raw(const struct table_plan *plan, struct table_index *out, bool *strange) MUST_CHECK;

/* What a reader needs of a table. */
struct table_body {
    struct table_source source;
    struct table_index index;
    size_t ncolumns;
    char delimiter;
};

enum err table_reader_open(const struct table_body *body, struct table_reader **out) MUST_CHECK;

/* The offset of the record that the next table_next returns, after a table_seek. */
uint64_t table_reader_offset(const struct table_reader *r);

#endif
