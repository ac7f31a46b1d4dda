/* SPDX-License-Identifier: MIT
 * Real Python processes for tests, run by the interpreters of this machine. */
#ifndef TESTS_KIT_PYTHON_KIT_H
#define TESTS_KIT_PYTHON_KIT_H

#include <stdbool.h>
#include <sys/types.h>

struct python {
    pid_t pid; /* the leader of its own process group */
    int out;   /* its standard output */
};

/* Runs `script` (-c) with a CPython 3.`minor` or later (below 0: 3.-`minor` or earlier) and waits for its first output.
 * Prints a message and returns false if this machine has none, on PATH or in pyenv. */
bool python_start(struct python *p, int minor, const char *script);

/* Runs tests/programs/pool_filter.py with fork and the Python of $POLARS_NEW or $POLARS_OLD; finds a hung worker. */
bool python_start_polars(struct python *p, pid_t *worker);

/* A thread of the process that is not its main thread. */
pid_t python_other_thread(const struct python *p);

/* Starts a process that traces it, like strace, until it is killed. */
pid_t python_trace(const struct python *p);

/* Kills its group and waits for it. */
void python_stop(struct python *p);

#endif
