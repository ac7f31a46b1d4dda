/* SPDX-License-Identifier: MIT
 * The processes below this one: who they are, and how they are signalled and ended. They are found by one look at all
 * of /proc, so all of this works as process 1 of a PID namespace too. Each is signalled by its identity
 * (core/proc/identity.h): one that ends meanwhile never costs another process its life. A terminal guard of ours is no
 * part of them. Call these on the one thread that reaps the children. */
#ifndef KILL_BELOW_H
#define KILL_BELOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/event/shape.h"

/* What kill_below left alive: processes that we may not signal, for instance set-user-ID programs (kill(2), EPERM). */
struct kill_left {
    size_t denied; /* how many may not be signalled; that never changes, so nobody waits for them */
    pid_t pid;     /* of one of them */
    char name[64]; /* its name, made safe to print */
};

/* The line for the user, "" if nothing was denied. */
enum { KILL_LEFT_TEXT = 256 };
char *kill_left_text(const struct kill_left *left, char out[KILL_LEFT_TEXT]);

/* Sends SIGKILL to each process below us, round after round until none is left, orphans included if we are a subreaper
 * (PR_SET_CHILD_SUBREAPER, prctl(2)) or process 1. After each round `reap` is to reap what has ended, without blocking.
 * Bounded: a process that we may not signal (another user's) is left at once, and after a minute so is one that does
 * not die (state D). `left` says what we may not signal. Without a /proc of our own PID namespace nobody is found and
 * it returns at once. */
void kill_below(void (*reap)(void *arg), void *arg, struct kill_left *left);

/* Adds the pids of the processes below us that have not ended. */
enum err list_below(struct ints *out) MUST_CHECK;

/* True while a terminal guard is below us. */
bool guard_is_below(void);

/* Sends `sig` to each process below us that is in this process group of this session, one after the other. */
void signal_group_below(pid_t group, pid_t session, int sig);

#endif
