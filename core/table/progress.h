/* SPDX-License-Identifier: MIT
 * The progress of a long operation, and a flag that stops it; may be in memory that processes share. The operation adds
 * to it; any thread of any process may read it and set the flag, without a lock. */
#ifndef TABLE_PROGRESS_H
#define TABLE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

struct table_progress {
    _Atomic uint64_t done, total; /* bytes of the source; total is set at the start */
    _Atomic uint32_t stop;        /* not 0: the operation soon ends with ERR_CANCELLED */
};

/* `p` may be NULL in all of these. */
void table_progress_begin(struct table_progress *p, uint64_t total);
void table_progress_add(struct table_progress *p, uint64_t bytes);
void table_progress_stop(struct table_progress *p);
bool table_progress_stopped(const struct table_progress *p);

/* Makes one in memory that another process may map; *fd is close-on-exec and the caller's. table_progress_unmap ends
 * the use in either process. */
enum err table_progress_share(struct table_progress **out, int *fd) MUST_CHECK;
enum err table_progress_map(int fd, struct table_progress **out) MUST_CHECK; /* the fd stays the caller's */
void table_progress_unmap(struct table_progress *p);

#endif
