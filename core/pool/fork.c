/* SPDX-License-Identifier: MIT
 * Start method fork: the child goes on with everything that the host has, including its engine and table, as a worker
 * of Python does. Nothing is reset or repaired here: the worker has what fork(2) copies. */
#include <errno.h>
#include <unistd.h>

#include "core/pool/private.h"
#include "core/pool/worker.h"

static void warn_of_threads(struct pool *p, int64_t threads)
{
    if (engine_at_fork(p->options.engine) == AT_FORK_WARN && threads > 1)
        pool_note(p, NOTE_WARNING,
                  "forking a process with %lld threads: the child has one of them, and a copy of "
                  "every lock, queue and latch in its current state",
                  (long long)threads);
}

static enum err fork_launch(const struct worker_spec *spec, struct worker_handle *out, struct problem *problem)
{
    struct pool *p = spec->pool;
    struct worker_link to_host = {.sock = spec->sock, .bell = p->bell, .initializer = p->options.initializer};
    pid_t host = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return child_problem(problem, errno, "cannot fork a worker");
    if (pid == 0) {
        child_die_with(host);
        close(spec->host_sock);
        to_host.ring = ring_other_end(spec->ring);
        _exit(worker_serve(&to_host, p->options.engine, p->options.table));
    }
    out->parent_threads = child_own_threads(); /* counted here, where the child starts meanwhile */
    warn_of_threads(p, out->parent_threads);
    return child_adopt(pid, &out->child, problem);
}

const struct start_method start_method_fork = {
    .name = "fork",
    .inherits = "whole address space, every lock as it stood; one thread",
    .forks = true,
    .reaps = true,
    .launch = fork_launch,
};
