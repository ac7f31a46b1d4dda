/* SPDX-License-Identifier: MIT
 * Real Python processes for tests: interpreters that this machine has. */
#ifndef TESTS_KIT_PYTHON_KIT_H
#define TESTS_KIT_PYTHON_KIT_H

#include <stdbool.h>
#include <sys/types.h>

struct python {
    pid_t pid; /* leads a process group of its own */
    int out;   /* what it prints */
};

/* Runs `script` (-c) with a CPython 3.`minor` or later (below 0: 3.-`minor` or earlier) and waits for its first output.
 * False, with a word, if there is none here. Looked for on PATH and among those of pyenv. */
bool python_start(struct python *p, int minor, const char *script);

/* tests/programs/pool_filter.py with fork, by the Python that $POLARS_NEW or $POLARS_OLD names; a worker that hangs. */
bool python_start_polars(struct python *p, pid_t *worker);

/* A thread of it that is not the main thread. */
pid_t python_other_thread(const struct python *p);

/* A process that traces it, as strace would, until it is killed. */
pid_t python_trace(const struct python *p);

/* Kills its group and waits for it. */
void python_stop(struct python *p);

#endif
