/* SPDX-License-Identifier: MIT
 * Unpacks a pipe on a thread of its own. An unpacker waits when it needs more bytes; the reader must not, so it reads
 * unpacked bytes from a second, non-blocking pipe. */
#ifndef TABLE_SOURCE_ASIDE_H
#define TABLE_SOURCE_ASIDE_H

#include <stddef.h>

#include "core/table/table.h"

struct table_aside; /* opaque; used by the thread that made it */

/* Unpacks the `len` bytes at `first` and then those of `in`, which is taken, also on failure. *out_fd is the caller's:
 * the non-blocking pipe of unpacked bytes. `path` is borrowed until table_aside_free. The thread blocks all signals. */
enum err table_aside_new(int in, const void *first, size_t len, const struct table_unpacker *unpacker, const char *path,
                         struct table_aside **out, int *out_fd, struct problem *problem) MUST_CHECK;

/* Call this when *out_fd has ended: OK if everything was unpacked, or the error. */
enum err table_aside_result(struct table_aside *a, struct problem *problem) MUST_CHECK;

/* May be called at any time after *out_fd is closed. `a` may be NULL. */
void table_aside_free(struct table_aside *a);

#endif
