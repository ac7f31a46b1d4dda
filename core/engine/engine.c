/* SPDX-License-Identifier: MIT
 * Creates and frees the engine, holds its settings, and restores it in a forked child. */
#include "core/engine/engine.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/private.h"

const char *const at_fork_names[] = {
    [AT_FORK_NONE] = "none", [AT_FORK_REINIT] = "reinit", [AT_FORK_WARN] = "warn", NULL};

enum err at_fork_from_name(const char *name, enum at_fork *out)
{
    for (int i = 0; at_fork_names[i]; i++) {
        if (strcmp(name, at_fork_names[i]) == 0) {
            *out = (enum at_fork)i;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

int engine_usable_cpus(void)
{
    enum { CPUS_MAX = 8192 }; /* the most a Linux kernel is built for; sched_getaffinity(2) wants the whole mask */
    cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
    if (!set)
        return 1;
    int n = 0;
    if (sched_getaffinity(0, CPU_ALLOC_SIZE(CPUS_MAX), set) == 0)
        n = CPU_COUNT_S(CPU_ALLOC_SIZE(CPUS_MAX), set);
    CPU_FREE(set);
    return n > 0 ? n : 1;
}

/* The engines that are restored in a forked child. A global, because a handler of pthread_atfork(3) has no argument. */
static struct engine *restored;
static bool handler_set;

/* Runs in the child, which has no engine threads: they start on next use. Their array is kept, the queue is emptied. */
static void restore_in_child(void)
{
    for (struct engine *e = restored; e; e = e->next) {
        if (e->started && !engine_init_queue(e))
            e->started = false;
    }
}

static enum err restored_add(struct engine *e)
{
    if (!handler_set && pthread_atfork(NULL, NULL, restore_in_child) != 0)
        return ERR_NOMEM;
    handler_set = true;
    e->next = restored;
    restored = e;
    return OK;
}

static void restored_remove(struct engine *e)
{
    for (struct engine **at = &restored; *at; at = &(*at)->next) {
        if (*at == e) {
            *at = e->next;
            return;
        }
    }
}

enum err engine_set_at_fork(struct engine *e, enum at_fork policy)
{
    if (e->options.at_fork == AT_FORK_REINIT)
        restored_remove(e);
    e->options.at_fork = AT_FORK_NONE;
    if (policy == AT_FORK_REINIT) {
        enum err err = restored_add(e);
        if (err)
            return err;
    }
    e->options.at_fork = policy;
    return OK;
}

enum err engine_new(const struct engine_options *options, struct engine **out)
{
    if (options->threads < 1 || options->threads > ENGINE_THREADS_MAX)
        return ERR_USAGE;
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return ERR_NOMEM;
    e->options.threads = options->threads;
    enum err err = engine_init_queue(e);
    if (!err)
        err = engine_set_at_fork(e, options->at_fork);
    if (err) {
        engine_free(e);
        return err;
    }
    *out = e;
    return OK;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (e->options.at_fork == AT_FORK_REINIT)
        restored_remove(e);
    engine_stop(e);
    engine_done_queue(e);
    free(e->loop);
    free(e);
}

int engine_threads(const struct engine *e)
{
    return e->options.threads;
}

enum at_fork engine_at_fork(const struct engine *e)
{
    return e->options.at_fork;
}
