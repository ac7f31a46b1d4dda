/* SPDX-License-Identifier: MIT
 * Who waits for whom. The nodes are the processes of the scene and the things that they wait at (an end of a pipe, a
 * socket, a word in shared memory), so a thousand processes that share one make a thousand edges and not a million. An
 * edge leads from a process to what it waits for, and from a thing to each process that holds it and could end the
 * wait. A node is stuck if no process that may continue can be reached from it. The strongly connected parts of stuck
 * nodes from which no edge leads out are the knots. */
#include "core/hang/graph.h"

#include <stdlib.h>

/* Doubles an array that is full; false without memory. */
static bool grow(void **v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 64;
    void *grown = realloc(*v, more * size);
    if (!grown)
        return false;
    *v = grown;
    *cap = more;
    return true;
}

static int by_thing(const void *a, const void *b)
{
    const struct thing *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : (x->id > y->id) - (x->id < y->id);
}

static size_t find_thing(const struct hang_graph *g, enum thing_kind kind, uint64_t id)
{
    const struct thing wanted = {kind, id};
    const struct thing *found = g->nthings ? bsearch(&wanted, g->things, g->nthings, sizeof wanted, by_thing) : NULL;
    return found ? (size_t)(found - g->things) : g->nthings;
}

static enum err add_thing(struct hang_graph *g, struct thing t)
{
    if (!grow((void **)&g->things, g->nthings, &g->things_cap, sizeof *g->things))
        return ERR_NOMEM;
    g->things[g->nthings++] = t;
    return OK;
}

static enum err add_edge(struct hang_graph *g, size_t from, size_t to, size_t thread, enum hang_edge_kind kind)
{
    if (!grow((void **)&g->edges, g->nedges, &g->edges_cap, sizeof *g->edges))
        return ERR_NOMEM;
    g->edges[g->nedges++] = (struct edge){(uint32_t)from, (uint32_t)to, (uint32_t)thread, (uint8_t)kind};
    return OK;
}

/* True if the process may continue without any other one. */
static bool goes_on(const struct evidence *e)
{
    return !evidence_may_be_stuck(e) || hang_quiet(e) == CLOSED_NOT;
}

static enum err find_things(struct hang_graph *g)
{
    enum err err = OK;
    size_t n = 0;
    for (size_t i = 0; i < g->scene->n && !err; i++) {
        const struct evidence *e = &g->scene->procs[i];
        size_t nthreads = goes_on(e) ? 0 : e->nthreads;
        for (size_t k = 0; k < nthreads && !err; k++) {
            struct wait w;
            if (!hang_wait_of(g->scene, e, &e->threads[k], &w))
                continue;
            if (w.at_thing && w.thing.id)
                err = add_thing(g, w.thing);
            if (!err && w.other_end.id)
                err = add_thing(g, w.other_end);
        }
    }
    if (g->nthings > 1)
        qsort(g->things, g->nthings, sizeof *g->things, by_thing);
    for (size_t i = 0; i < g->nthings; i++) /* keep each thing once */
        if (n == 0 || by_thing(&g->things[n - 1], &g->things[i]) != 0)
            g->things[n++] = g->things[i];
    g->nthings = n;
    return err;
}

static enum err add_waits(struct hang_graph *g, size_t i)
{
    const struct evidence *e = &g->scene->procs[i];
    enum err err = OK;
    g->unsure[i] = !e->confirmed || hang_quiet(e) != CLOSED_PROVED;
    for (size_t k = 0; k < e->nthreads && !err && g->stuck[i]; k++) {
        struct wait w;
        if (!hang_wait_of(g->scene, e, &e->threads[k], &w))
            continue;
        g->unsure[i] |= !w.provable;
        if (w.at_thing ? w.thing.id == 0 : !w.process) {
            g->stuck[i] = STUCK_NOT; /* who can end it is unknown */
            break;
        }
        size_t to = w.at_thing ? g->scene->n + find_thing(g, w.thing.kind, w.thing.id) : hang_node_of(g, w.process);
        err = add_edge(g, i, to, k, w.kind);
        if (!err && w.other_end.id)
            err = add_edge(g, i, g->scene->n + find_thing(g, w.other_end.kind, w.other_end.id), k, EDGE_OTHER_END);
    }
    return err;
}

static enum err add_holder(struct hang_graph *g, enum thing_kind kind, uint64_t id, size_t process)
{
    size_t thing = find_thing(g, kind, id);
    return thing < g->nthings ? add_edge(g, g->scene->n + thing, process, 0, EDGE_CHILD) : OK;
}

static enum err add_holders(struct hang_graph *g, size_t i)
{
    const struct evidence *e = &g->scene->procs[i];
    const struct evidence *parent = scene_find(g->scene, e->ppid), *tracer = scene_find(g->scene, e->tracer);
    enum err err = parent ? add_holder(g, CHILDREN, (uint64_t)e->ppid, i) : OK;
    if (!err && tracer)
        err = add_holder(g, CHILDREN, (uint64_t)e->tracer, i);
    for (size_t k = 0; k < e->nfds && !err; k++) {
        const struct fd_evidence *fd = &e->fds[k];
        if (fd->kind == FD_PIPE && fd->can_write)
            err = add_holder(g, WRITE_ENDS, fd->inode, i);
        if (fd->kind == FD_PIPE && fd->can_read && !err)
            err = add_holder(g, READ_ENDS, fd->inode, i);
        if (fd->kind == FD_SOCKET)
            err = add_holder(g, SOCKET, fd->inode, i);
        if (fd->kind == FD_EVENTFD)
            err = add_holder(g, EVENTFD, fd->inode, i);
    }
    for (size_t k = 0; k < e->shared_maps.n && !err; k++)
        err = add_holder(g, WORD, (uint64_t)e->shared_maps.v[k], i);
    return err;
}

/* A process whose files or maps are unknown may hold anything. One that got its end after its files were read was found
 * by the look at all processes. */
static bool may_have(const struct hang_graph *g, const struct evidence *e, const struct thing *t)
{
    const struct pipe_check *check = t->kind == WRITE_ENDS || t->kind == READ_ENDS ? scene_pipe(g->scene, t->id) : NULL;
    if (e->state == 'Z' || t->kind == CHILDREN)
        return false;
    return t->kind == WORD ? e->maps_seen != SEEN : e->fds_seen != SEEN || (check && check->holder == e->pid);
}

static enum err add_suspects(struct hang_graph *g, size_t i)
{
    enum err err = OK;
    for (size_t k = 0; k < g->nthings && !err; k++)
        if (may_have(g, &g->scene->procs[i], &g->things[k]))
            err = add_edge(g, g->scene->n + k, i, 0, EDGE_CHILD);
    return err;
}

static int by_from(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->from != y->from)
        return (x->from > y->from) - (x->from < y->from);
    if (x->thread != y->thread)
        return (x->thread > y->thread) - (x->thread < y->thread);
    return x->to != y->to ? (x->to > y->to) - (x->to < y->to) : (x->kind > y->kind) - (x->kind < y->kind);
}

static bool same_edge(const struct edge *x, const struct edge *y)
{
    return x->from == y->from && x->to == y->to && x->thread == y->thread && x->kind == y->kind;
}

/* Sorts the edges and keeps each once: a process with three fds of a pipe holds it once. */
static void sort_edges(struct hang_graph *g)
{
    size_t n = 0;
    if (g->nedges > 1)
        qsort(g->edges, g->nedges, sizeof *g->edges, by_from);
    for (size_t i = 0; i < g->nedges; i++)
        if (n == 0 || !same_edge(&g->edges[n - 1], &g->edges[i]))
            g->edges[n++] = g->edges[i];
    g->nedges = n;
}

/* Fills out_at, in_at and in. */
static enum err index_edges(struct hang_graph *g)
{
    size_t n = hang_node_count(g);
    sort_edges(g);
    g->out_at = calloc(n + 1, sizeof *g->out_at);
    g->in_at = calloc(n + 2, sizeof *g->in_at);
    g->in = calloc(g->nedges ? g->nedges : 1, sizeof *g->in);
    if (!g->out_at || !g->in_at || !g->in)
        return ERR_NOMEM;
    for (size_t i = 0; i < g->nedges; i++) {
        g->out_at[g->edges[i].from + 1]++;
        g->in_at[g->edges[i].to + 2]++;
    }
    for (size_t i = 0; i < n; i++) {
        g->out_at[i + 1] += g->out_at[i];
        g->in_at[i + 2] += g->in_at[i + 1];
    }
    for (size_t i = 0; i < g->nedges; i++)
        g->in[g->in_at[g->edges[i].to + 1]++] = (uint32_t)i;
    return OK;
}

static enum err build(struct hang_graph *g)
{
    enum err err = find_things(g);
    size_t n = hang_node_count(g);
    assert(n < UINT32_MAX); /* nodes are uint32_t in edges */
    if (err || !(g->stuck = calloc(n ? n : 1, sizeof *g->stuck)))
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        g->stuck[i] = i < g->scene->n && goes_on(&g->scene->procs[i]) ? STUCK_NOT : STUCK_PROVED;
    for (size_t i = 0; i < g->scene->n && !err; i++)
        if (g->stuck[i])
            err = add_waits(g, i);
    for (size_t i = 0; i < g->scene->n && g->nthings > 0 && !err; i++)
        if (!(err = add_holders(g, i)))
            err = add_suspects(g, i);
    if (!err)
        err = index_edges(g);
    if (!err)
        err = hang_find_stuck(g);
    return err ? err : hang_find_knots(g);
}

enum err hang_graph_new(const struct scene *s, struct hang_graph **out)
{
    struct hang_graph *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_NOMEM;
    g->scene = s;
    g->unsure = calloc(s->n ? s->n : 1, sizeof *g->unsure);
    g->knot_of = calloc(s->n ? s->n : 1, sizeof *g->knot_of);
    enum err err = g->unsure && g->knot_of ? build(g) : ERR_NOMEM;
    if (err) {
        hang_graph_free(g);
        return err;
    }
    *out = g;
    return OK;
}

void hang_graph_free(struct hang_graph *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->nknots; i++)
        free(g->knots[i].members);
    free(g->knots);
    free(g->knot_of);
    free(g->unsure);
    free(g->stuck);
    free(g->in);
    free(g->in_at);
    free(g->out_at);
    free(g->edges);
    free(g->things);
    free(g);
}
