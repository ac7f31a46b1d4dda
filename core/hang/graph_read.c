/* SPDX-License-Identifier: MIT
 * The rules' questions to the graph. */
#include "core/hang/graph.h"

#include <stdlib.h>

const struct hang_knot *hang_graph_knot(const struct hang_graph *g, const struct evidence *e)
{
    size_t k = g->knot_of[hang_node_of(g, e)];
    return k < g->nknots ? &g->knots[k] : NULL;
}

bool hang_graph_wait(const struct hang_graph *g, const struct evidence *from, size_t *at, struct hang_wait *out)
{
    size_t node = hang_node_of(g, from);
    for (;;) {
        size_t i = g->out_at[node] + (*at)++;
        if (i >= g->out_at[node + 1])
            return false;
        const struct edge *e = &g->edges[i];
        if (e->kind == EDGE_OTHER_END)
            continue;
        const struct thread_evidence *t = &from->threads[e->thread];
        bool is_thing = e->to >= g->scene->n;
        *out = (struct hang_wait){.kind = e->kind,
                                  .from = from,
                                  .thread = t,
                                  .node = e->to,
                                  .fd = thread_waits_through(from, t),
                                  .n = is_thing ? g->out_at[e->to + 1] - g->out_at[e->to] : 1};
        return true;
    }
}

const struct evidence *hang_graph_who(const struct hang_graph *g, const struct hang_wait *w, size_t i)
{
    bool is_thing = w->node >= g->scene->n;
    return &g->scene->procs[is_thing ? g->edges[g->out_at[w->node] + i].to : w->node];
}

static enum err add_victims(const struct hang_graph *g, uint32_t *queue, size_t n, bool *seen, struct ints *out)
{
    enum err err = OK;
    for (size_t first = 0; first < n && !err; first++)
        for (size_t k = g->in_at[queue[first]]; k < g->in_at[queue[first] + 1] && !err; k++) {
            const struct edge *e = &g->edges[g->in[k]];
            if (seen[e->from] || e->kind == EDGE_OTHER_END || g->stuck[e->from] == STUCK_NOT)
                continue;
            seen[e->from] = true;
            queue[n++] = e->from;
            if (e->from < g->scene->n)
                err = ints_add(out, g->scene->procs[e->from].pid);
        }
    return err;
}

enum err hang_graph_victims(const struct hang_graph *g, const struct evidence *e, struct ints *out)
{
    size_t n = hang_node_count(g);
    uint32_t *queue = calloc(n ? n : 1, sizeof *queue);
    bool *seen = calloc(n ? n : 1, sizeof *seen);
    enum err err = queue && seen ? OK : ERR_NOMEM;
    if (!err) {
        queue[0] = (uint32_t)hang_node_of(g, e);
        seen[queue[0]] = true;
        err = add_victims(g, queue, 1, seen, out);
    }
    free(seen);
    free(queue);
    return err;
}
