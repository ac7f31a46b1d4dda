/* SPDX-License-Identifier: MIT
 * Messages between the host, the forkserver and the workers, over sockets. For this room only. */
#ifndef POOL_WIRE_H
#define POOL_WIRE_H

#include <stdint.h>

#include "core/event/shape.h"
#include "core/table/table.h"

enum message_type {
    MESSAGE_SETUP,   /* to a new worker: threads, initializer as `code`; fds of the table, the ring and the bell */
    MESSAGE_PRELOAD, /* to the forkserver: threads; fds of the table */
    MESSAGE_FORK,    /* to the forkserver: ticket, initializer as `code`; fds: the worker's socket, ring and bell */
    MESSAGE_FORKED,  /* its answer: ticket, pid, its own threads; fd: a pidfd. If it failed: pid 0 and error, no fd */
    MESSAGE_EXITED,  /* from the forkserver: ticket, exit_code, signal */
    MESSAGE_READY,   /* from a worker that cannot be set up: error; the worker ends */
    MESSAGE_TASK,    /* to a worker: a code too long for the ring; task is its place there */
    MESSAGE_RESULT,  /* from a worker: ranges too many for the ring; task is the task's place there */
    MESSAGE_QUIT     /* to the forkserver: end */
};

struct message {
    int64_t type;
    int64_t ticket; /* names a worker to the forkserver */
    int64_t pid, threads;
    int64_t exit_code, signal;
    int64_t task;
    char *code;
    char *error;
    struct ints ranges; /* pairs: first row, count */
};

void message_done(struct message *m);

/* The fds remain the caller's.
 *
 * Who may wait for whom: the host sends with message_try_send, which returns ERR_AGAIN while the socket is full, so the
 * host always comes back to reading. The forkserver and the workers send with message_send and wait until the host has
 * read. A deadlock would need a cycle of processes that wait for each other, and the host, which is one end of every
 * socket, waits for none of them. */
enum err message_send(int sock, const struct message *m, const int *fds, int nfds) MUST_CHECK;
enum err message_try_send(int sock, const struct message *m, const int *fds, int nfds) MUST_CHECK;

/* The fds that a message of this type brings become the caller's; the rest of `fds` is -1. A message with an error has
 * none. Other fds are closed and the result is ERR_PARSE. `fds` may be NULL if no fd is expected. ERR_AGAIN and
 * ERR_CLOSED are as in wire_recv. */
enum { MESSAGE_FDS = TABLE_FDS + 2 };
enum err message_recv(int sock, struct message *out, int fds[MESSAGE_FDS]) MUST_CHECK;

#endif
