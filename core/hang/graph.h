/* SPDX-License-Identifier: MIT
 * What the files of the graph share: graph_waits.c finds out what a thread waits for, graph.c makes nodes and edges of
 * that, graph_knots.c finds out who is stuck and on whom, and graph_read.c answers the rules. */
#ifndef HANG_GRAPH_H
#define HANG_GRAPH_H

#include <assert.h>

#include "core/hang/private.h"

enum thing_kind { WRITE_ENDS, READ_ENDS, SOCKET, EVENTFD, WORD, CHILDREN };

/* Something that processes wait at, and others hold. */
struct thing {
    enum thing_kind kind;
    uint64_t id; /* an inode, an eventfd's number, a mapped file, or the pid of the children's parent */
};

struct edge {
    uint32_t from, to; /* nodes: first the processes, then the things */
    uint32_t thread;   /* that waits, if a process waits: its place in evidence.threads */
    uint8_t kind;      /* enum hang_edge_kind, if a process waits */
};

struct hang_graph {
    const struct scene *scene;
    struct thing *things;
    size_t nthings, things_cap;
    struct edge *edges;
    size_t nedges, edges_cap; /* by `from`, rising, once the graph is built */
    size_t *out_at;           /* where the edges of each node begin, and after the last one the end */
    size_t *in_at;
    uint32_t *in;      /* the same for edges that lead to a node: places among the edges */
    enum stuck *stuck; /* of each node */
    bool *unsure;      /* of each process: that it is stuck can never be proved */
    size_t *knot_of;   /* of each process: its place among the knots, or SIZE_MAX */
    struct hang_knot *knots;
    size_t nknots; /* at most one for each process */
};

/* A wait of a thread that other processes may end. */
struct wait {
    enum hang_edge_kind kind;
    bool at_thing; /* else `process` alone can end it; neither: somebody outside of the scene can */
    struct thing thing, other_end;
    const struct evidence *process;
    bool provable;
};

/* False if the thread has ended or waits only for threads of its own process. */
bool hang_wait_of(const struct scene *s, const struct evidence *e, const struct thread_evidence *t, struct wait *out);

/* Sets `stuck` of all nodes; then, in the second function, the knots. ERR_NOMEM. */
enum err hang_find_stuck(struct hang_graph *g) MUST_CHECK;
enum err hang_find_knots(struct hang_graph *g) MUST_CHECK;

static inline size_t hang_node_count(const struct hang_graph *g)
{
    return g->scene->n + g->nthings;
}

static inline size_t hang_node_of(const struct hang_graph *g, const struct evidence *e)
{
    assert(e >= g->scene->procs && e < g->scene->procs + g->scene->n);
    return (size_t)(e - g->scene->procs);
}

#endif
