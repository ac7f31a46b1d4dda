/* SPDX-License-Identifier: MIT
 * The processes below this one (its children, their children, and so on): lists, signals and kills them. They are found
 * by one look at all of /proc, so this works as process 1 of a PID namespace too. Each is signalled by its identity
 * (core/proc/identity.h), so that a signal never hits another process that got the same pid. A terminal guard of ours
 * is never one of them. Call these functions on the thread that reaps the children. */
#ifndef KILL_BELOW_H
#define KILL_BELOW_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/event/shape.h"

/* The processes below us that we may not send a signal, for instance set-user-ID programs (kill(2), EPERM). That never
 * changes, so they are not waited for. */
struct unkillable {
    size_t n;
    pid_t pid;     /* of the first */
    char name[64]; /* of the first, made safe to print */
};

/* The line for the user; "" if there are none. */
enum { UNKILLABLE_TEXT = 256 };
char *unkillable_text(const struct unkillable *u, char out[UNKILLABLE_TEXT]);

/* Sends SIGKILL to each process below us, round after round until there is none, orphans included if we are a subreaper
 * (PR_SET_CHILD_SUBREAPER, prctl(2)) or process 1. `reap` is called after each round; it reaps the children that have
 * ended, without blocking. Gives up on a process that we may not signal at once, and on one that does not die (state D)
 * after a minute. Without a /proc of our own PID namespace it finds no process and returns at once. */
void kill_below(void (*reap)(void *arg), void *arg, struct unkillable *out);

/* The same for a process that has no command of its own: it reaps all its children, and then waits for a terminal
 * guard, which restores the terminal and ends by itself, for at most 15 seconds. */
void kill_all_below(struct unkillable *out);

/* Adds the pids of the processes below us that have not ended. */
enum err list_below(struct ints *out) MUST_CHECK;

/* Sends `sig` to each process below us that is in this process group of this session, one after the other. */
void signal_group_below(pid_t group, pid_t session, int sig);

#endif
