/* SPDX-License-Identifier: MIT
 * How far a long work is, and the wish that it stops: three words, which may lie in memory that processes share.
 * Whoever works adds, whoever waits reads and may ask to stop; no lock, any thread, any process. */
#ifndef TABLE_PROGRESS_H
#define TABLE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

struct table_progress {
    _Atomic uint64_t done, total; /* bytes of the source; total is set when the work begins */
    _Atomic uint32_t stop;        /* not 0: the work ends with ERR_CANCELLED as soon as it can */
};

/* All of these take NULL, for work that nobody watches. */
void table_progress_begin(struct table_progress *p, uint64_t total);
void table_progress_add(struct table_progress *p, uint64_t bytes);
void table_progress_stop(struct table_progress *p);
bool table_progress_stopped(const struct table_progress *p);

/* In memory that another process may map: *fd is close-on-exec and the caller's. Both end with table_progress_unmap. */
enum err table_progress_share(struct table_progress **out, int *fd) MUST_CHECK;
enum err table_progress_map(int fd, struct table_progress **out) MUST_CHECK; /* the fd stays the caller's */
void table_progress_unmap(struct table_progress *p);

#endif
