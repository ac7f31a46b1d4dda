/* SPDX-License-Identifier: MIT
 * What the files of the graph share: hang_graph_waits.c says what one thread waits for, hang_graph.c makes nodes and
 * edges of it, hang_graph_knots.c finds who is stuck and on whom, hang_graph_read.c is what the rules ask. */
#ifndef HANG_GRAPH_H
#define HANG_GRAPH_H

#include "core/hang/private.h"

enum thing_kind { WRITE_ENDS, READ_ENDS, SOCKET, EVENTFD, WORD, CHILDREN };

/* What is waited at. */
struct thing {
    enum thing_kind kind;
    uint64_t id; /* inode, number, file, or the parent's pid */
};

struct edge {
    uint32_t from, to; /* nodes: processes first, then things */
    uint32_t thread;   /* of a process's edge */
    uint8_t kind;      /* enum hang_edge_kind, of a process's edge */
};

struct hang_graph {
    const struct scene *scene;
    struct thing *things;
    size_t nthings, things_cap;
    struct edge *edges;
    size_t nedges, edges_cap; /* by from, rising, once built */
    size_t *out_at;           /* where the edges of each node begin; one more than there are nodes */
    size_t *in_at;
    uint32_t *in;      /* the same for those that come in: places among the edges */
    enum stuck *stuck; /* of each node */
    bool *unsure;      /* of each process: it can never be proved to be stuck */
    size_t *knot_of;   /* of each process: place among the knots, or nknots */
    struct hang_knot *knots;
    size_t nknots; /* at most one for each process */
};

/* A wait of one thread that others may end. */
struct wait {
    enum hang_edge_kind kind;
    bool at_thing; /* else at a process */
    struct thing thing, other_end;
    const struct evidence *process;
    bool provable;
};

/* Whom the thread waits for outside of its own process; false: nobody, its own threads only. */
bool hang_wait_of(const struct scene *s, const struct evidence *e, const struct thread_evidence *t, struct wait *out);

/* Sets `stuck` of all nodes, then the knots. */
enum err hang_find_stuck(struct hang_graph *g) MUST_CHECK;
enum err hang_find_knots(struct hang_graph *g) MUST_CHECK;

static inline size_t hang_node_count(const struct hang_graph *g)
{
    return g->scene->n + g->nthings;
}

/* A process's. */
static inline size_t hang_node_of(const struct hang_graph *g, const struct evidence *e)
{
    return (size_t)(e - g->scene->procs);
}

#endif
