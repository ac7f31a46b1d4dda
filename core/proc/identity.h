/* SPDX-License-Identifier: MIT
 * The one way to signal a process by its number. Once a process has ended and was reaped, the kernel may give its
 * number to another process, so only the number and the start time together identify a process. A reused pid is
 * therefore never signalled, and neither is process 1, a process group or "all processes". Plain data, no locks: every
 * function may be called on any thread and in a forked child. */
#ifndef PROC_IDENTITY_H
#define PROC_IDENTITY_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

/* A process. Two processes can have both values in common only if all pids were used up within one clock tick. */
struct identity {
    pid_t pid;
    uint64_t started; /* field 22 of /proc/PID/stat: clock ticks since boot; proc_pid_stat(5) */
};

/* The fields of /proc/PID/stat that tell who a process is; proc_pid_stat(5). */
struct identity_stat {
    struct identity is;
    pid_t parent, group, session;
    char state; /* of its main thread: 'Z' also if that has ended and other threads have not */
};

/* Reads these fields. ERR_GONE: there is no such process. ERR_NOT_FOUND: /proc is absent, or shows another PID
 * namespace than ours, in which the numbers mean other processes. */
enum err identity_look(pid_t pid, struct identity_stat *out) MUST_CHECK;

/* Opens a pidfd (pidfd_open(2), Linux 5.3), compares the start time, and only then sends the signal: as the pidfd was
 * opened before the start time was read, it refers to the process that is meant. If pidfds are denied or unknown (an
 * older kernel, a seccomp filter), the start time is compared right before kill(2); then the pid could still be freed
 * and reused within a few microseconds. ERR_GONE: it has ended, or another process has the pid now. ERR_DENIED: not
 * allowed (kill(2)), or the pid is below 2. */
enum err identity_signal(const struct identity *t, int sig) MUST_CHECK;

/* A child of this process. It keeps its pid until it is reaped, but somebody else may reap it: another thread that
 * waits for any child, or the kernel if SIGCHLD is ignored. So a pidfd is held as well. */
struct held_child {
    struct identity is; /* pid 0: no child */
    int pidfd;          /* -1: the kernel gave none; owned */
};

/* Call it right after the fork. If the child was already reaped, *out has no child. It is less safe without pidfds. */
void held_child_take(pid_t child, struct held_child *out);

/* Sends SIGKILL, waits until the child has ended and reaps it, unless somebody else has. Never touches another process.
 * Leaves *c without a child; *c may already have none, or be all zero. */
void held_child_end(struct held_child *c);

#endif
