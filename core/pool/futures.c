/* SPDX-License-Identifier: MIT
 * Results that are kept until they are taken, and the waits of concurrent.futures on them. Ids are given in order, so a
 * result stands at its id; the room grows with the span from the oldest that is not taken to the newest. */
#include "core/pool/private.h"

#include <stdlib.h>

#include "core/base/clock.h"

void pool_result_done(struct pool_result *r)
{
    free(r->code);
    free(r->error);
    ints_done(&r->ranges);
    *r = (struct pool_result){0};
}

static struct future *future_at(const struct futures *f, int64_t id)
{
    return id >= f->base && id < f->end ? &f->v[id & (f->cap - 1)] : NULL;
}

static enum err grow(struct futures *f)
{
    int64_t cap = f->cap > 0 ? f->cap * 2 : 64;
    struct future *v = calloc((size_t)cap, sizeof *v);
    if (!v)
        return ERR_NOMEM;
    for (int64_t id = f->base; id < f->end; id++)
        v[id & (cap - 1)] = f->v[id & (f->cap - 1)];
    free(f->v);
    f->v = v;
    f->cap = cap;
    return OK;
}

enum err future_new(struct pool *p, int64_t id)
{
    struct futures *f = &p->futures;
    if (f->base == 0)
        f->base = f->end = id;
    if (f->end - f->base == f->cap) {
        enum err err = grow(f);
        if (err)
            return err;
    }
    f->v[id & (f->cap - 1)] = (struct future){0};
    f->end = id + 1;
    return OK;
}

static enum err keep(const struct task *t, const struct task_end *end, struct pool_result *r)
{
    enum err err = OK;
    r->code = text_dup(task_code(t));
    r->error = text_dup(end->error);
    for (size_t i = 0; i < end->nranges && !err; i++)
        err = ints_add(&r->ranges, end->ranges[i]);
    return err;
}

void future_settle(struct pool *p, const struct task *t, const struct slot *s, enum task_state state,
                   const struct task_end *end)
{
    struct futures *f = &p->futures;
    struct future *u = future_at(f, t->id);
    if (!u || u->settled)
        return;
    u->result = (struct pool_result){
        .task = t->id, .state = state, .worker = s ? s->id : 0, .rows = end->rows, .seconds = end->seconds};
    if (keep(t, end, &u->result)) {
        u->result.state = TASK_FAILED; /* a result of which something is missing is none */
        ints_done(&u->result.ranges);
    }
    u->settled = true;
    u->before = f->last;
    if (f->last != 0)
        future_at(f, f->last)->after = t->id;
    else
        f->first = t->id;
    f->last = t->id;
}

void futures_done(struct pool *p)
{
    struct futures *f = &p->futures;
    for (int64_t id = f->base; id < f->end; id++)
        pool_result_done(&f->v[id & (f->cap - 1)].result);
    free(f->v);
}

/* Out of the row of the completed, and to the caller. */
static void give(struct futures *f, struct future *u, struct pool_result *out)
{
    if (u->before != 0)
        future_at(f, u->before)->after = u->after;
    else
        f->first = u->after;
    if (u->after != 0)
        future_at(f, u->after)->before = u->before;
    else
        f->last = u->before;
    *out = u->result;
    *u = (struct future){.taken = true};
    while (f->base < f->end && future_at(f, f->base)->taken)
        f->base++;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

/* Does what is to be done until `there` holds. */
static enum err wait_until(struct pool *p, double timeout, bool (*there)(struct pool *p, const void *arg),
                           const void *arg)
{
    double end = timeout < 0 ? 0 : clock_now() + timeout;
    while (!there(p, arg)) {
        double left = timeout < 0 ? 0 : end - clock_now();
        if (timeout >= 0 && left <= 0)
            return ERR_AGAIN;
        enum err err = pool_await(p, timeout < 0 ? -1 : left);
        if (err)
            return err;
    }
    return OK;
}

struct awaited {
    const int64_t *tasks;
    size_t n;
    enum pool_when when;
    size_t settled;
};

static bool enough(struct pool *p, const void *arg)
{
    struct awaited *a = (struct awaited *)arg;
    bool exception = false;
    a->settled = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct future *u = future_at(&p->futures, a->tasks[i]);
        bool settled = !u || u->settled || u->taken;
        a->settled += settled;
        exception |= u != NULL && u->settled && u->result.state != TASK_FINISHED;
    }
    return a->settled == a->n || (a->when == POOL_FIRST_COMPLETED && a->settled > 0) ||
           (a->when == POOL_FIRST_EXCEPTION && exception);
}

enum err pool_wait(struct pool *p, const int64_t *tasks, size_t n, enum pool_when when, double timeout, size_t *settled)
{
    struct awaited a = {.tasks = tasks, .n = n, .when = when};
    enum err err = wait_until(p, timeout, enough, &a);
    *settled = a.settled;
    return err;
}

static bool is_settled(struct pool *p, const void *task)
{
    const struct future *u = future_at(&p->futures, *(const int64_t *)task);
    return !u || u->settled || u->taken;
}

enum err pool_take(struct pool *p, int64_t task, double timeout, struct pool_result *out)
{
    enum err err = wait_until(p, timeout, is_settled, &task);
    struct future *u = future_at(&p->futures, task);
    if (err)
        return err;
    if (!u || !u->settled)
        return ERR_NOT_FOUND;
    give(&p->futures, u, out);
    return OK;
}

static bool has_next(struct pool *p, const void *unused)
{
    (void)unused;
    return p->futures.first != 0 || pool_idle(p);
}

enum err pool_next(struct pool *p, double timeout, struct pool_result *out)
{
    enum err err = wait_until(p, timeout, has_next, NULL);
    if (err)
        return err;
    if (p->futures.first == 0)
        return ERR_NOT_FOUND;
    give(&p->futures, future_at(&p->futures, p->futures.first), out);
    return OK;
}

static bool has_ended(struct pool *p, const void *unused)
{
    (void)unused;
    return pool_ended(p);
}

enum err pool_join(struct pool *p, double timeout)
{
    return wait_until(p, timeout, has_ended, NULL);
}

void pool_map_done(struct pool_map *m)
{
    ints_done(&m->submitted);
    m->taken = 0;
}

enum err pool_map_next(struct pool *p, struct pool_map *m, const char *const *codes, size_t n, size_t ahead,
                       double timeout, struct pool_result *out)
{
    enum err err = OK;
    while (m->submitted.n < n && (ahead == 0 || m->submitted.n - m->taken < ahead) && !err) {
        int64_t id;
        err = pool_submit(p, codes[m->submitted.n], &id);
        if (!err)
            err = ints_add(&m->submitted, id);
    }
    if (err && (err != ERR_AGAIN || m->submitted.n == m->taken))
        return err;
    if (m->taken == n)
        return ERR_NOT_FOUND;
    err = pool_take(p, m->submitted.v[m->taken], timeout, out);
    m->taken += !err;
    return err;
}
