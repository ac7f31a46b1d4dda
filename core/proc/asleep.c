/* SPDX-License-Identifier: MIT
 * How a process as a whole waits, from the waits of its threads. Pure. */
#include "core/proc/private.h"

bool proc_may_be_dead(const struct evidence *e)
{
    size_t waiting = 0;
    for (size_t i = 0; i < e->nthreads; i++) {
        const struct thread_evidence *t = &e->threads[i];
        if (thread_ended(t))
            continue;
        if (t->state != 'S' || !t->futex.waiting || t->futex.has_timeout)
            return false;
        waiting++;
    }
    return waiting > 0;
}

bool proc_is_dead_end(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (!thread_ended(&e->threads[i]) && !futex_wait_is_own(&e->threads[i].futex))
            return false;
    return proc_may_be_dead(e);
}

/* The kinds of wait that somebody else of the same kind may end. */
bool proc_waits_for_others(const struct evidence *e)
{
    size_t waiting = 0;
    for (size_t i = 0; i < e->nthreads; i++) {
        const struct thread_evidence *t = &e->threads[i];
        enum wait_kind kind = thread_wait_kind(t);
        if (thread_ended(t))
            continue;
        if (t->state != 'S' || (kind != WAIT_FUTEX && kind != WAIT_CHILD && kind != WAIT_LOCK && kind != WAIT_INPUT &&
                                kind != WAIT_OUTPUT))
            return false;
        waiting++;
    }
    return waiting > 0;
}

bool evidence_may_be_stuck(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads && e->at_one_instant; i++) {
        const struct thread_evidence *t = &e->threads[i];
        enum wait_kind kind = thread_wait_kind(t);
        if (!thread_ended(t) && kind != WAIT_FUTEX && kind != WAIT_CHILD &&
            !(kind == WAIT_LOCK && e->lock_seen == SEEN) && !thread_waits_through(e, t))
            return false;
    }
    return e->at_one_instant && e->state != 'Z';
}

double evidence_asleep_since(const struct evidence *e)
{
    double since = 0;
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].asleep_since > since)
            since = e->threads[i].asleep_since;
    return since;
}
