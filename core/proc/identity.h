/* SPDX-License-Identifier: MIT
 * The one way to signal a process by its number. Once a process has ended and was reaped, the kernel may give its
 * number to another one, so a number alone names nobody; the number and the start time together do. A recycled pid is
 * therefore never signalled, and neither are process 1, a group or "all processes". Plain data, no locks: every
 * function may be called on any thread and in a forked child. */
#ifndef PROC_IDENTITY_H
#define PROC_IDENTITY_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Which process is meant. Two processes share both values only if all pids were used up within one clock tick. */
struct identity {
    pid_t pid;
    uint64_t started; /* field 22 of /proc/PID/stat: clock ticks since boot; proc_pid_stat(5) */
};

/* What /proc/PID/stat says of a process, as far as it matters to whom a signal goes; proc_pid_stat(5). */
struct identity_stat {
    struct identity is;
    pid_t parent, group, session;
    char state; /* of its main thread; 'Z' too where that one has ended and others go on */
};

/* Reads it from /proc. ERR_GONE if there is no such process; ERR_NOT_FOUND if /proc is absent, or shows another PID
 * namespace than ours, in which its numbers mean other processes. */
enum err identity_look(pid_t pid, struct identity_stat *out) MUST_CHECK;

/* Opens a pidfd (pidfd_open(2), Linux 5.3), compares the start time, and only then sends: the pidfd was opened before
 * the start time was read, so it refers to the process that was meant. Where pidfds are denied or unknown (an older
 * kernel, a seccomp filter), the start time is compared right before kill(2); that leaves a window of some microseconds
 * in which the pid would have to be freed and given away.
 * ERR_GONE: it has ended, or the pid is another process's now. ERR_DENIED: not allowed (kill(2)), or pid 1 or less. */
enum err identity_signal(const struct identity *t, int sig) MUST_CHECK;

/* A child of ours. Its pid stays its own until it is reaped, but we may not be the ones who reap it: another thread may
 * wait for any child, and the kernel reaps where SIGCHLD is ignored. So a pidfd is held as well. */
struct held_child {
    struct identity is; /* pid 0: none */
    int pidfd;          /* -1: there are none; owned */
};

/* Call it right after the fork. If the child was reaped by then, *out is none. Without pidfds it is less safe. */
void held_child_take(pid_t child, struct held_child *out);

/* Sends SIGKILL, waits for the end and reaps the child, or finds that somebody else has. Never touches another process;
 * leaves *c without a child. A *c that is all zero, or has none, is allowed. */
void held_child_end(struct held_child *c);

#endif
