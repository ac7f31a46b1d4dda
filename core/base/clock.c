/* SPDX-License-Identifier: MIT
 * CLOCK_MONOTONIC as seconds. */
#include "core/base/clock.h"

#include <time.h>

double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail: the clock exists on every Linux */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double clock_thread_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
