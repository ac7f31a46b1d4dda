/* SPDX-License-Identifier: MIT
 * Unpacking aside: an unpacker waits wherever it lacks bytes, so what comes through a pipe is unpacked on a thread of
 * its own, and the reader takes what is ready from another pipe without ever waiting. */
#ifndef TABLE_SOURCE_ASIDE_H
#define TABLE_SOURCE_ASIDE_H

#include <stddef.h>

#include "core/table/table.h"

struct table_aside; /* opaque; of the thread that made it */

/* Unpacks the `len` bytes at `first` and what follows on `in`, which it takes in every case. *out_fd is the caller's:
 * non-blocking, the unpacked bytes. `path` is borrowed until the end. All signals are blocked on the thread. */
enum err table_aside_new(int in, const void *first, size_t len, const struct table_unpacker *unpacker, const char *path,
                         struct table_aside **out, int *out_fd, struct problem *problem) MUST_CHECK;

/* Once *out_fd has ended: whether that was all, or why not. */
enum err table_aside_result(struct table_aside *a, struct problem *problem) MUST_CHECK;

/* At any time; *out_fd is closed before. NULL is fine. */
void table_aside_free(struct table_aside *a);

#endif
