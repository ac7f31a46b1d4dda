/* SPDX-License-Identifier: MIT
 * A child process: a process that we may kill, and that we wait for if it is our child. It is started as a new program
 * or adopted after a fork, and handled through a pidfd (pidfd_open(2)), so that a signal never reaches another process
 * with the same pid. Nothing here is thread-safe. */
#ifndef CHILD_CHILD_H
#define CHILD_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct child {
    pid_t pid; /* 0: none */
    int pidfd; /* -1: none. Readable once the process has ended */
    int epoll; /* the epoll set that watches the pidfd; -1: none */
};
#define CHILD_NONE ((struct child){.pidfd = -1, .epoll = -1})

/* How a process ended: by `signal`, or if that is 0 with the exit status `code`; code -1: unknown. */
struct child_end {
    int code, signal;
};

enum { CHILD_SOCKET = 3 }; /* the fd of the socket in a program that was started by child_spawn */

/* A pair of SOCK_SEQPACKET sockets, close-on-exec. *ours does not block. */
enum err child_socket(int *ours, int *theirs) MUST_CHECK;

/* Starts the pool's program, or this program if that is not found, with the hidden command `command`. Its stdin and
 * stdout are /dev/null, its stderr is ours, `sock` becomes CHILD_SOCKET, and nothing else is open. No signal is blocked
 * or ignored. The program is killed when the calling thread ends (hidden_command_run sees to that). */
enum err child_spawn(const char *command, int sock, bool own_group, struct child *out, struct problem *p) MUST_CHECK;

/* Makes a handle for a child that was just forked. If that fails, the child is killed and reaped. */
enum err child_adopt(pid_t pid, struct child *out, struct problem *p) MUST_CHECK;

/* Writes "WHAT: strerror(errnum)" into *p and, if a limit was reached, how to raise it (fork(2), pidfd_open(2),
 * socketpair(2), memfd_create(2), unix(7)). Returns ERR_SYS, even for EAGAIN: from fork(2) that means a limit, while
 * ERR_AGAIN would mean that trying again helps. */
enum err child_problem(struct problem *p, int errnum, const char *what);

/* Can this process open a few more files? Finds out by duplicating `fd`; the copies are closed at once. False sets
 * errno. A worker is added only while this is true, so that a message with a pidfd or a memfd can always be received: a
 * process at its limit of open files gets such a message without the fd (MSG_CTRUNC in recvmsg(2)). */
bool child_fds_left(int fd);

/* To be called in a new child: from now on it is killed when its parent ends, or at once if the parent has ended
 * already (PR_SET_PDEATHSIG in prctl(2)). */
void child_die_with(pid_t parent);

void child_kill(const struct child *c); /* SIGKILL; nothing happens if there is no process */

/* When the child has ended, the epoll set reports an event with this tag. */
enum err child_watch(struct child *c, int epoll, uint64_t tag) MUST_CHECK;

/* Both close the fd after removing it from its epoll set. Closing alone would not remove it while a forked worker has a
 * copy of it (epoll(7)). */
void child_forget(struct child *c);
void child_close_watched(int epoll, int *fd);

/* Waits up to `timeout_ms`. True if the child has ended. */
bool child_ended(const struct child *c, int timeout_ms);

/* Waits up to `timeout_ms`. True if the child has ended: then it is reaped and *c is CHILD_NONE. */
bool child_reap(struct child *c, int timeout_ms, struct child_end *out);

/* "exited with status 1", "was killed by signal 9". Returns out. */
char *child_end_text(const struct child_end *end, char out[64]);

/* The number of threads of this process; -1 if it cannot be found out. */
int64_t child_own_threads(void);

#endif
