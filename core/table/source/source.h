/* SPDX-License-Identifier: MIT
 * The source of a table: its bytes, in a regular file or in what a stream was spooled to. For the table room only. */
#ifndef TABLE_SOURCE_SOURCE_H
#define TABLE_SOURCE_SOURCE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/table/table.h"

/* Bytes read at once, a multiple of 64. The fuzzer is built with a small one, so that blocks end everywhere. */
#ifndef TABLE_BLOCK_BYTES
#define TABLE_BLOCK_BYTES (128 * 1024)
#endif
enum { TABLE_BLOCK = TABLE_BLOCK_BYTES };
static_assert(TABLE_BLOCK % 64 == 0, "masks of raw structure cover 64 bytes");

/* Fills `problem` for an error that is not a fault of the input, for example a failed read of `path`. Returns `err`. */
enum err table_problem(struct problem *problem, enum err err, const char *path);

struct table_source {
    int fd; /* owned */
    uint64_t size;
    int64_t mtime_seconds, mtime_nanoseconds;
    uint64_t signature; /* hash of the first and last bytes: unchanged in a file that only grew */
    bool sealed;        /* a memfd that nobody can change; else a file, which is checked at each read */
    bool ours;          /* a spool, which only this program writes, and only at its end */
    bool growing;       /* more bytes will follow, so the last record may be incomplete */
    bool lone_crs;      /* lines end with a lone CR, which is read as a newline */
};

enum err table_source_open(int fd, const char *path, struct table_source *out, struct problem *problem) MUST_CHECK;

/* A second source with the same bytes and an fd of its own. */
enum err table_source_again(const struct table_source *s, struct table_source *out) MUST_CHECK;
void table_source_close(struct table_source *s);
enum table_change table_source_change(const struct table_source *s);

/* ERR_CHANGED if the bytes are no longer those that were opened. Appended bytes do not count as a change. */
enum err table_source_check(const struct table_source *s) MUST_CHECK;

/* Finds out whether lines end with a lone CR, and sets `lone_crs`. */
enum err table_source_find_ends(struct table_source *s) MUST_CHECK;

/* Reads `len` bytes at offset `at`, with lone CRs replaced by newlines. All bytes of a table are read by this. */
enum err table_source_read(const struct table_source *s, char *bytes, size_t len, uint64_t at) MUST_CHECK;

/* Whether the fd is a memfd sealed against every change. Only such memory is mapped. */
bool table_is_sealed(int fd);

/* A filter transforms the bytes of a stream before they are spooled. `push` appends to `out` what `len` input bytes
 * become; a length of 0 is the end of the input. */
struct table_filter {
    enum err (*push)(void *self, const char *bytes, size_t len, const char *path, struct buf *out,
                     struct problem *problem);
    void (*close)(void *self);
    void *self; /* owned */
};
void table_stream_filter(struct table_stream *s, const struct table_filter *filter); /* takes filter->self */
enum err table_spool_source(const struct table_spool *spool, struct table_source *out) MUST_CHECK;

#endif
