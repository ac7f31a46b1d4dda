/* SPDX-License-Identifier: MIT
 * One look at all threads of a process, and what two looks say together: the comment in thread.c has the argument. */
#ifndef PROC_LOOK_H
#define PROC_LOOK_H

#include "core/proc/parse.h"

struct proc_look {
    struct proc_stat stat;     /* of the process */
    struct proc_status status; /* of the main thread */
    uint64_t pending;          /* signals pending for any thread or for the process */
    struct thread_evidence *threads;
    size_t n; /* by tid, rising; owned */
};
/* Free with proc_look_done. ERR_GONE: the process has ended; on any error `out` is empty. */
enum err proc_look(int pid_dir, pid_t pid, struct proc_look *out) MUST_CHECK;
void proc_look_done(struct proc_look *l);

/* True if all threads that have not ended sleep, and there is one. */
bool proc_all_asleep(const struct thread_evidence *threads, size_t n);

/* The same thread in two looks: true if it slept from the end of the first look to the start of the second, or had
 * ended before the first. */
bool proc_thread_same_sleep(const struct thread_evidence *a, const struct thread_evidence *b);

#endif
