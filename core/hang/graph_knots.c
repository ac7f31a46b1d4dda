/* SPDX-License-Identifier: MIT
 * Who is stuck, and on whom: see graph.c. */
#include "core/hang/graph.h"

#include <stdlib.h>

/* Whoever waits for a node that is at most `most` stuck is at most `most` stuck, too: goes back along the edges. */
static enum err spread(struct hang_graph *g, enum stuck most)
{
    size_t n = hang_node_count(g), todo = 0;
    uint32_t *stack = calloc(n ? n : 1, sizeof *stack);
    if (!stack)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        if (g->stuck[i] <= most)
            stack[todo++] = (uint32_t)i;
    while (todo > 0) {
        size_t node = stack[--todo];
        for (size_t k = g->in_at[node]; k < g->in_at[node + 1]; k++) {
            const struct edge *e = &g->edges[g->in[k]];
            if (g->stuck[e->from] <= most || (most == STUCK_NOT && e->kind == EDGE_OTHER_END))
                continue;
            g->stuck[e->from] = most;
            stack[todo++] = e->from;
        }
    }
    free(stack);
    return OK;
}

/* A thing without a holder in the scene is held by somebody who was not seen. The other end of a pipe may have no
 * holder. */
static void distrust_things(struct hang_graph *g)
{
    for (size_t i = g->scene->n; i < hang_node_count(g); i++)
        if (g->out_at[i] == g->out_at[i + 1])
            for (size_t k = g->in_at[i]; k < g->in_at[i + 1]; k++)
                if (g->edges[g->in[k]].kind != EDGE_OTHER_END)
                    g->stuck[i] = STUCK_NOT;
}

enum err hang_find_stuck(struct hang_graph *g)
{
    distrust_things(g);
    enum err err = spread(g, STUCK_NOT);
    for (size_t i = 0; i < g->scene->n; i++)
        if (g->unsure[i] && g->stuck[i] == STUCK_PROVED)
            g->stuck[i] = STUCK_PERHAPS;
    return err ? err : spread(g, STUCK_PERHAPS);
}

/* Tarjan's search for strongly connected parts among the stuck nodes, without recursion. */
struct search {
    uint32_t *number, *low, *open, *path;
    size_t *next; /* of each node: its next edge */
    bool *is_open;
    size_t nopen, npath;
    uint32_t count;
};

static void search_done(struct search *s)
{
    free(s->number);
    free(s->low);
    free(s->open);
    free(s->path);
    free(s->next);
    free(s->is_open);
}

/* Call search_done in any case. */
static enum err search_init(struct search *s, size_t n)
{
    n = n ? n : 1; /* calloc(0) may return NULL */
    *s = (struct search){.number = calloc(n, sizeof *s->number),
                         .low = calloc(n, sizeof *s->low),
                         .open = calloc(n, sizeof *s->open),
                         .path = calloc(n, sizeof *s->path),
                         .next = calloc(n, sizeof *s->next),
                         .is_open = calloc(n, sizeof *s->is_open)};
    return s->number && s->low && s->open && s->path && s->next && s->is_open ? OK : ERR_NOMEM;
}

static void enter(struct search *s, const struct hang_graph *g, uint32_t node)
{
    s->number[node] = s->low[node] = ++s->count;
    s->next[node] = g->out_at[node];
    s->path[s->npath++] = s->open[s->nopen++] = node;
    s->is_open[node] = true;
}

static bool leads_out(const struct hang_graph *g, const struct search *s, size_t first)
{
    for (size_t i = first; i < s->nopen; i++)
        for (size_t k = g->out_at[s->open[i]]; k < g->out_at[s->open[i] + 1]; k++)
            if (g->edges[k].kind != EDGE_OTHER_END && !s->is_open[g->edges[k].to])
                return true;
    return false;
}

static enum err keep_knot(struct hang_graph *g, const struct search *s, size_t first)
{
    struct hang_knot k = {.stuck = STUCK_PROVED};
    if (!(k.members = calloc(s->nopen - first, sizeof *k.members)))
        return ERR_NOMEM;
    for (size_t i = first; i < s->nopen; i++) {
        size_t node = s->open[i];
        if (node >= g->scene->n)
            continue;
        double since = evidence_asleep_since(&g->scene->procs[node]);
        k.since = since > k.since ? since : k.since;
        k.stuck = g->stuck[node] < k.stuck ? g->stuck[node] : k.stuck;
        g->knot_of[node] = g->nknots;
        k.members[k.n++] = node;
    }
    g->knots[g->nknots++] = k;
    return OK;
}

/* The part whose root is `node` is complete: its nodes are the last of the open ones. */
static enum err close_part(struct hang_graph *g, struct search *s, uint32_t node)
{
    size_t first = s->nopen;
    enum err err = OK;
    while (s->open[--first] != node)
        ;
    bool alone = s->nopen - first == 1 && node >= g->scene->n;
    if (!alone && !leads_out(g, s, first))
        err = keep_knot(g, s, first);
    while (s->nopen > first)
        s->is_open[s->open[--s->nopen]] = false;
    return err;
}

static enum err search_from(struct hang_graph *g, struct search *s, uint32_t root)
{
    enum err err = OK;
    enter(s, g, root);
    while (s->npath > 0 && !err) {
        uint32_t node = s->path[s->npath - 1];
        if (s->next[node] < g->out_at[node + 1]) {
            const struct edge *e = &g->edges[s->next[node]++];
            if (e->kind == EDGE_OTHER_END)
                continue;
            if (!s->number[e->to])
                enter(s, g, e->to);
            else if (s->is_open[e->to] && s->number[e->to] < s->low[node])
                s->low[node] = s->number[e->to];
            continue;
        }
        if (s->low[node] == s->number[node])
            err = close_part(g, s, node);
        s->npath--;
        if (s->npath > 0 && s->low[node] < s->low[s->path[s->npath - 1]])
            s->low[s->path[s->npath - 1]] = s->low[node];
    }
    return err;
}

static int by_place(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

enum err hang_find_knots(struct hang_graph *g)
{
    struct search s;
    enum err err = search_init(&s, hang_node_count(g));
    if (!err && !(g->knots = calloc(g->scene->n ? g->scene->n : 1, sizeof *g->knots)))
        err = ERR_NOMEM;
    for (size_t i = 0; i < g->scene->n; i++)
        g->knot_of[i] = SIZE_MAX;
    for (size_t i = 0; i < g->scene->n && !err; i++)
        if (g->stuck[i] != STUCK_NOT && !s.number[i])
            err = search_from(g, &s, (uint32_t)i);
    for (size_t i = 0; i < g->nknots; i++)
        qsort(g->knots[i].members, g->knots[i].n, sizeof(size_t), by_place);
    search_done(&s);
    return err;
}
