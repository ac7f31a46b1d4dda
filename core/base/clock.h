/* SPDX-License-Identifier: MIT
 * The clock that all times are measured by: CLOCK_MONOTONIC of clock_gettime(2), in seconds. It is the same in every
 * process of a machine, so times are sent between processes unchanged. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds since an arbitrary start of this boot; never goes back. Thread-safe, async-signal-safe. */
double clock_now(void);

/* CPU time used by the calling thread, in seconds: CLOCK_THREAD_CPUTIME_ID of clock_gettime(2). */
double clock_thread_cpu(void);

#endif
