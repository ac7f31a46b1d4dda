/* SPDX-License-Identifier: MIT
 * The workers of a parallel loop share a counter of items. */
#include "core/table/parallel_for.h"

#include <stdatomic.h>
#include <stdbool.h>

struct shared {
    const struct table_loop *loop;
    _Atomic size_t next;
    atomic_bool failed;
};

static enum err work(void *arg, size_t part)
{
    struct shared *s = arg;
    const struct table_loop *c = s->loop;
    void *own = NULL;
    (void)part;
    enum err err = c->begin ? c->begin(c->arg, &own) : OK;
    bool begun = !err;
    while (!err && !atomic_load_explicit(&s->failed, memory_order_relaxed)) {
        size_t i = atomic_fetch_add(&s->next, 1);
        if (i >= c->items)
            break;
        err = c->item(c->arg, own, i);
    }
    if (begun && c->end)
        err = c->end(c->arg, own, err);
    if (err)
        atomic_store(&s->failed, true);
    return err;
}

enum err table_parallel_for(const struct table_loop *loop, const struct table_runner *runner)
{
    struct shared s = {.loop = loop};
    if (!runner)
        return work(&s, 0);
    size_t parts = runner->width < loop->items ? runner->width : loop->items;
    return runner->each(runner->ctx, parts ? parts : 1, work, &s);
}
