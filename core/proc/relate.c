/* SPDX-License-Identifier: MIT
 * Parents and children: does a parent wait for a child to end, and how many threads did it have when it forked that
 * child? The latter is known only if the parent was watched at that time. */
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <string.h>

/* True if one of the parent's threads blocks until this child changes its state. */
static bool waits_for_child(const struct evidence *parent, const struct evidence *e)
{
    for (size_t i = 0; i < parent->nthreads; i++) {
        const struct thread_evidence *t = &parent->threads[i];
        if (thread_wait_kind(t) != WAIT_CHILD)
            continue;
        pid_t who = thread_awaits_child(parent, t);
        if (who == 0 || who == e->pid)
            return true;
    }
    return false;
}

/* Start times are exact only to a tick; within a tick, numbers rise. */
static bool is_older(const struct thread_evidence *t, const struct evidence *e)
{
    return t->started < e->started || (t->started == e->started && t->tid < e->pid);
}

/* Threads of the parent that are older than the child existed at the fork. How many have ended since is unknown, so a
 * parent that has only one older thread now says nothing. */
static void learn_parent_threads(struct evidence *e, const struct evidence *parent)
{
    int64_t older = 0;
    for (size_t i = 0; i < parent->nthreads; i++)
        older += is_older(&parent->threads[i], e);
    if (older <= 1 || older <= e->parent_threads)
        return;
    e->parent_threads = older;
    e->parent_threads_at_least = true;
}

static void learn_parent_names(struct evidence *e, const struct evidence *parent)
{
    enum { NAMES_MAX = 64 };
    texts_done(&e->parent_names);
    for (size_t i = 0; i < parent->nthreads && e->parent_names.n < NAMES_MAX; i++)
        if (is_older(&parent->threads[i], e) && texts_add(&e->parent_names, parent->threads[i].name))
            return; /* without memory the rest is left out */
}

/* True if it runs the same program as its parent, and has had no other parent. */
static bool is_clone_of(const struct evidence *e, const struct evidence *parent)
{
    return e->forked_without_exec && e->ppid == e->first_parent && parent && parent->exe && e->exe &&
           strcmp(parent->exe, e->exe) == 0;
}

enum { SECOND_LOOK = 2 }; /* the parent's look of this update came after the child's first */

/* True as soon as a look at the parent came after the fork, as its threads may end at any time. Later only if it could
 * not be learned before: on a busy machine, the parent's program may become known late. */
static bool is_time_to_learn(const struct evidence *e, const struct proc_kept *k, const struct proc_kept *parent)
{
    const double tick = 0.01;
    return !k->parent_learned && (k->looks >= SECOND_LOOK || parent->looked_at > e->started_at + tick);
}

static void learn_from(struct evidence *e, struct proc_kept *k, const struct evidence *parent)
{
    if (k->told_threads < 0)
        learn_parent_threads(e, parent);
    if (e->parent_names.n < parent->nthreads)
        learn_parent_names(e, parent);
    k->parent_learned = k->looks >= SECOND_LOOK;
}

void proc_relate(struct scene *s, size_t i)
{
    struct evidence *e = &s->procs[i];
    struct proc_kept *k = &s->memory->kept[i];
    const struct evidence *parent = scene_find(s, e->ppid);
    struct proc_stat stat;
    if (e->ppid != e->first_parent)
        e->parent_threads_now = -1;
    else if (parent)
        e->parent_threads_now = (int64_t)parent->nthreads;
    else
        e->parent_threads_now = !proc_stat_of(s->memory->root_fd, e->ppid, &stat) ? stat.threads : -1;
    if (is_clone_of(e, parent) && is_time_to_learn(e, k, &s->memory->kept[parent - s->procs]))
        learn_from(e, k, parent);
    e->parent_waits = parent && waits_for_child(parent, e);
    e->awaited = e->has_task || e->parent_waits;
}
