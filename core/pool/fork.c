/* SPDX-License-Identifier: MIT
 * Start method fork: the child goes straight on with all that the host has, its engine and table among it, as a worker
 * of Python does. Nothing is reset and nothing is repaired here: what fork copies is what there is. */
#include "core/pool/private.h"

#include <errno.h>
#include <unistd.h>

static void warn(struct pool *p, int64_t threads)
{
    if (engine_at_fork(p->options.engine) == AT_FORK_WARN && threads > 1)
        pool_note(p, NOTE_WARNING,
                  "forking a process with %lld threads: the child gets one of them, and a copy of "
                  "every lock, queue and latch as it stands",
                  (long long)threads);
}

static enum err fork_launch(const struct worker_spec *spec, struct worker_handle *out, struct problem *problem)
{
    struct pool *p = spec->pool;
    struct worker_post post = {.sock = spec->sock, .bell = p->bell, .initializer = p->options.initializer};
    pid_t host = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return child_problem(problem, errno, "cannot fork a worker");
    if (pid == 0) {
        child_die_with(host);
        close(spec->host_sock);
        post.ring = ring_other_end(spec->ring);
        _exit(worker_serve(&post, p->options.engine, p->options.table));
    }
    out->parent_threads = child_own_threads(); /* the same as before: the child comes up meanwhile */
    warn(p, out->parent_threads);
    return child_adopt(pid, &out->child, problem);
}

const struct start_method start_method_fork = {
    .name = "fork",
    .inherits = "whole address space, every lock as it stood; one thread",
    .forks = true,
    .reaps = true,
    .launch = fork_launch,
};
