/* SPDX-License-Identifier: MIT
 * The one clock: CLOCK_MONOTONIC in seconds, as clock_gettime(2) has it. The same in every process of a machine,
 * so times travel between host, workers and observer as they are. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds since an arbitrary start of this boot; never goes back. Thread-safe, async-signal-safe. */
double clock_now(void);

/* Seconds of CPU time that the calling thread has used: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID. */
double clock_thread_cpu(void);

#endif
