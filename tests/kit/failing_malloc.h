/* SPDX-License-Identifier: MIT
 * What a test orders failing_malloc.so to do, and what the library reports. Both are in a file that the test and every
 * process of the tested program map; the environment variable FAILING_MALLOC names the file. */
#ifndef TESTS_KIT_FAILING_MALLOC_H
#define TESTS_KIT_FAILING_MALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* What a process of poolscope was started as. ROLE_FORK is added for a process that was forked and did not call
 * execve(2), such as a worker of the start method fork; it counts only its own allocations. */
enum failing_role {
    ROLE_MAIN,
    ROLE_HOST,
    ROLE_FORKSERVER,
    ROLE_WORKER,
    ROLE_DESK,
    ROLE_FORK,
    ROLE_COUNT = 2 * ROLE_FORK
};

struct failing_malloc {
    int32_t role;      /* an enum failing_role: the processes whose allocations fail */
    bool from_then_on; /* all allocations from the n-th on fail; otherwise that one only */
    bool sees_signals; /* write to `signal` what kills a process; the handler for that prevents the proof of a hang */
    bool trace;        /* write a backtrace to stderr for each of the first failures, and for a fatal signal */
    uint64_t at;       /* the number of the allocation that fails in each of these processes; 0: none */
    uint64_t counts[ROLE_COUNT]; /* the most allocations that a process of that role made */
    uint64_t failures;           /* how many allocations failed */
    int32_t signal;              /* a signal such as SIGSEGV that ended one of the processes; 0: none */
};

#endif
