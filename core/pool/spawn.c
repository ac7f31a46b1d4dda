/* SPDX-License-Identifier: MIT
 * Start method spawn: the worker is a new process that executes the pool's program. It inherits stderr and its socket.
 * The table, the ring and the bell come as fds over that socket, and the worker makes its own engine. */
#include <errno.h>

#include "core/pool/private.h"
#include "core/pool/wire.h"

static enum err spawn_prepare(const struct worker_spec *spec, struct problem *problem)
{
    const struct pool_options *o = &spec->pool->options;
    struct message setup = {
        .type = MESSAGE_SETUP, .threads = engine_threads(o->engine), .code = (char *)o->initializer};
    int fds[MESSAGE_FDS] = {[TABLE_FDS] = spec->ring_fd, [TABLE_FDS + 1] = spec->pool->bell};

    table_fds(o->table, fds);
    if (message_try_send(spec->host_sock, &setup, fds, MESSAGE_FDS)) /* an empty socket has room for it */
        return child_problem(problem, errno, "cannot send the table to a new worker");
    return OK;
}

static enum err spawn_launch(const struct worker_spec *spec, struct worker_handle *out, struct problem *problem)
{
    out->parent_threads = child_own_threads();
    return child_spawn("poolscope-worker", spec->sock, false, &out->child, problem);
}

const struct start_method start_method_spawn = {
    .name = "spawn",
    .inherits = "a fresh program: the table's memory, shared and read-only, and nothing else",
    .reaps = true,
    .prepare = spawn_prepare,
    .launch = spawn_launch,
};
