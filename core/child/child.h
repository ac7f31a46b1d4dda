/* SPDX-License-Identifier: MIT
 * A child process: a process that we may kill, and wait for if it is our child. It is started as a fresh program or
 * adopted after a fork, and handled through a pidfd, so that a signal never reaches another process that got the same
 * pid. Nothing here is thread-safe, and every function but child_die_with may be called in any process. */
#ifndef CHILD_CHILD_H
#define CHILD_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct child {
    pid_t pid; /* 0: none */
    int pidfd; /* -1: none. Readable once it has ended; a signal through it never hits another process */
    int epoll; /* that watches the pidfd, or -1 */
};
#define CHILD_NONE ((struct child){.pidfd = -1, .epoll = -1})

struct child_end {
    int code, signal;
}; /* signal 0: it exited with code; code -1: nobody knows */

enum { CHILD_SOCKET = 3 }; /* where a started program finds its socket */

/* A SOCK_SEQPACKET pair, close-on-exec; *ours does not block. */
enum err child_socket(int *ours, int *theirs) MUST_CHECK;

/* The pool's program, or this one once more, as the hidden command `command`: stdin and stdout are /dev/null, stderr is
 * ours, `sock` is CHILD_SOCKET, nothing else is open; no signal is blocked or ignored; it dies with the calling
 * thread. */
enum err child_spawn(const char *command, int sock, bool own_group, struct child *out, struct problem *p) MUST_CHECK;

/* The handle of a child just forked. Kills and reaps it if there can be none. */
enum err child_adopt(pid_t pid, struct child *out, struct problem *p) MUST_CHECK;

/* Writes "WHAT: strerror(errnum)" into *p and, if a limit was reached, how to raise it (fork(2), pidfd_open(2),
 * socketpair(2), memfd_create(2), unix(7)). Returns ERR_SYS, also for EAGAIN: from fork(2) that is a limit, while
 * ERR_AGAIN would say that it passes by itself. */
enum err child_problem(struct problem *p, int errnum, const char *what);

/* False, with errno, unless `fd` can be duplicated a few times (the copies are closed at once). A worker is added only
 * while this is true, so that a message with a pidfd or a memfd can always be received: a process at its limit of open
 * files would get such a message without the fd (MSG_CTRUNC in recvmsg(2)). */
bool child_fds_left(int fd);

/* In a child just forked or started: from now on it dies with its parent, at once if that is gone already. */
void child_die_with(pid_t parent);

void child_kill(const struct child *c);

/* The epoll fd becomes readable, with this tag, when the child has ended. */
enum err child_watch(struct child *c, int epoll, uint64_t tag) MUST_CHECK;

/* Out of the epoll set and closed: a forked worker may hold a copy of the fd, which would keep it in the set. */
void child_forget(struct child *c);
void child_close_watched(int epoll, int *fd);

/* Waits up to `patience_ms`; true if it has ended. */
bool child_ended(const struct child *c, int patience_ms);

/* True once our child has ended, which is waited for up to `patience_ms`; it is reaped and *c is CHILD_NONE then. */
bool child_reap(struct child *c, int patience_ms, struct child_end *out);

/* "exited with status 1", "was killed by signal 9". Returns out. */
char *child_end_text(const struct child_end *end, char out[64]);

/* Threads of this process; -1 if nobody can say. */
int64_t child_own_threads(void);

#endif
