/* SPDX-License-Identifier: MIT
 * Runs the steps of a table on the engine's threads. */
#include "core/engine/table.h"

static enum err runner_each(void *ctx, size_t parts, enum err (*part)(void *arg, size_t i), void *arg)
{
    return engine_each(ctx, parts, part, arg);
}

struct table_runner engine_runner(struct engine *e)
{
    return (struct table_runner){.each = runner_each, .ctx = e, .width = (size_t)engine_threads(e)};
}

enum err engine_load(struct engine *e, int fd, const struct table_options *options, struct table **out,
                     struct problem *problem)
{
    struct table_runner runner = engine_runner(e);
    return table_load(fd, options, &runner, out, problem);
}

enum err engine_index(struct engine *e, const struct table *t, struct table_progress *progress, struct table **out,
                      struct problem *problem)
{
    struct table_runner runner = engine_runner(e);
    return table_index(t, &runner, progress, out, problem);
}

enum err engine_learn(struct engine *e, const struct table *t, struct table_progress *progress, struct table **out,
                      struct problem *problem)
{
    struct table_runner runner = engine_runner(e);
    return table_learn(t, &runner, progress, out, problem);
}

enum err engine_grow(struct engine *e, const struct table *t, struct table_progress *progress, struct table **out,
                     struct problem *problem)
{
    struct table_runner runner = engine_runner(e);
    return table_grow(t, &runner, progress, out, problem);
}
