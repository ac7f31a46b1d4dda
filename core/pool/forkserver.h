/* SPDX-License-Identifier: MIT
 * What the pool needs of the forkserver, besides what pool.h offers to everybody. For this room only. */
#ifndef POOL_FORKSERVER_H
#define POOL_FORKSERVER_H

#include "core/child/child.h"
#include "core/pool/pool.h"
#include "core/pool/wire.h"

/* The next message: FORKED (*pidfd is the caller's; -1 if the message has an error) or EXITED. ERR_AGAIN: there is
 * none. ERR_CLOSED: the forkserver has ended and was reaped; *end says how. It may be started again. */
enum err forkserver_receive(struct forkserver *f, struct message *out, int *pidfd, struct child_end *end) MUST_CHECK;

pid_t forkserver_pid(const struct forkserver *f); /* 0: it does not run */

/* Frees a message. If its pidfd was not taken (not -1), that worker is killed. */
void forkserver_discard(struct message *m, int *pidfd);

#endif
