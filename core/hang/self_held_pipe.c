/* SPDX-License-Identifier: MIT
 * Rule self-held-pipe: a reader waits for an end of file, or for input, that never comes, because only the reader
 * itself and processes that wait for it have the write end. Idle workers look similar: if their parent has the write
 * end and waits for them to end, a signal may still tell the parent to let them go, so the rule ignores them. */
#include "core/hang/private.h"

static bool waits_for_child(const struct hang_case *c, const struct evidence *e)
{
    struct hang_wait w;
    for (size_t at = 0; hang_graph_wait(c->graph, e, &at, &w);)
        if (w.kind == EDGE_CHILD)
            return true;
    return false;
}

/* True if it reads, and no holder of the write end waits for a child. *itself: it has the write end, too. */
static bool reads_in_vain(const struct hang_case *c, const struct evidence *e, bool *itself)
{
    struct hang_wait w;
    bool found = false;
    *itself = false;
    for (size_t at = 0; hang_graph_wait(c->graph, e, &at, &w);)
        for (size_t i = 0; i < w.n && w.kind == EDGE_READ; i++) {
            const struct evidence *who = hang_graph_who(c->graph, &w, i);
            if (waits_for_child(c, who))
                return false;
            *itself |= who == e;
            found = true;
        }
    return found;
}

/* The finding is about the first such reader of the knot. */
static bool tells(const struct hang_case *c, const struct hang_knot *k, bool *itself)
{
    bool others;
    if (!reads_in_vain(c, c->e, itself))
        return false;
    for (size_t i = 0; i < k->n && &c->scene->procs[k->members[i]] != c->e; i++)
        if (reads_in_vain(c, &c->scene->procs[k->members[i]], &others))
            return false;
    return true;
}

/* Somebody waits for the process, or it was forked, as workers are. Others may wait for ever on purpose. */
static enum err is_missed(const struct hang_case *c, bool *missed)
{
    struct ints victims = {0};
    enum err err = hang_graph_victims(c->graph, c->e, &victims);
    *missed = c->e->awaited || c->e->forked_without_exec || victims.n > 0;
    ints_done(&victims);
    return err;
}

enum err hang_match_self_held_pipe(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct hang_knot *k = hang_graph_knot(c->graph, c->e);
    struct knot_facts f;
    bool itself;
    if (!k || !tells(c, k, &itself))
        return OK;
    hang_knot_facts(c, k, &f);
    int certainty = hang_knot_certainty(c, k, &f, true);
    if (certainty < 0 || f.writes || f.locks || f.file_locks || f.io_circle || f.has_handler)
        return OK;
    enum err err = is_missed(c, holds);
    if (err || !*holds)
        return err;
    out->certainty = certainty;
    out->tid = evidence_telling_thread(c->e)->tid;
    err = hang_say(&out->summary, "it waits for an end of file that never comes, because %s",
                   itself && k->n == 1 ? "it holds the write end itself"
                   : itself            ? "it and others that wait for it hold the write end"
                                       : "another process that waits holds the write end");
    if (!err)
        err = hang_say_knot(c, k, &out->evidence);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "inherited-fd");
    if (!err)
        err = hang_say(&out->fix,
                       "in each child, close the pipe ends that it does not use right after the fork; or start the "
                       "workers with spawn or forkserver, which inherit none");
    return err;
}
