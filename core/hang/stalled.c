/* SPDX-License-Identifier: MIT
 * Rule stalled: somebody waits for the process, and it has given no sign of life for long. Only time suggests a hang,
 * so it is never proved. Waits with a timeout, for a child, or only for input are ordinary and give no finding. */
#include "core/hang/private.h"

#include "core/base/text.h"

enum weight {
    WEIGHT_NONE,  /* an ordinary wait: no finding */
    WEIGHT_SMALL, /* may be ordinary, but the process has a task: possible */
    WEIGHT_FULL   /* only the process itself could end the wait: likely */
};

static enum weight weigh(const struct evidence *e, const struct thread_evidence *t)
{
    if (t->state != 'S')
        return WEIGHT_NONE;
    switch (thread_wait_kind(t)) {
    case WAIT_FUTEX:
        if (t->futex.private_op || thread_joins(e, t))
            return WEIGHT_FULL;
        return e->has_task ? WEIGHT_SMALL : WEIGHT_NONE; /* idle workers wait for a shared semaphore */
    case WAIT_UNKNOWN: return WEIGHT_SMALL;
    case WAIT_INPUT:
    case WAIT_OUTPUT:
    case WAIT_SIGNAL:
    case WAIT_LOCK: return e->has_task ? WEIGHT_SMALL : WEIGHT_NONE;
    default: return WEIGHT_NONE;
    }
}

static enum weight weigh_all(const struct evidence *e)
{
    enum weight least = WEIGHT_FULL;
    if (hang_quiet(e) == CLOSED_NOT)
        return WEIGHT_NONE;
    if (!hang_undisturbed(e)) /* it may be waiting for exactly that signal */
        least = e->has_task ? WEIGHT_SMALL : WEIGHT_NONE;
    for (size_t i = 0; i < e->nthreads; i++) {
        enum weight w = thread_ended(&e->threads[i]) ? WEIGHT_FULL : weigh(e, &e->threads[i]);
        least = w < least ? w : least;
    }
    return hang_living_threads(e) > 0 ? least : WEIGHT_NONE;
}

/* A child that works is a sign of life of its parent. */
static bool has_busy_child(const struct hang_case *c)
{
    for (size_t i = 0; i < c->scene->n; i++) {
        const struct evidence *child = &c->scene->procs[i];
        if (child->ppid == c->e->pid && c->scene->taken - child->alive_at < c->settings->hang_after)
            return true;
    }
    return false;
}

enum err hang_match_stalled(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct evidence *e = c->e;
    char quiet[24];
    double seconds = c->scene->taken - e->alive_at;
    enum weight weight = weigh_all(e);
    *holds = e->awaited && weight != WEIGHT_NONE && seconds >= c->settings->hang_after && !has_busy_child(c);
    if (!*holds)
        return OK;
    text_seconds(seconds, quiet);
    out->certainty = weight == WEIGHT_FULL ? CERTAINTY_LIKELY : CERTAINTY_POSSIBLE;
    out->tid = evidence_telling_thread(e)->tid;
    enum err err = hang_say(&out->summary, "it has given no sign of life for %s, and somebody waits for it", quiet);
    if (!err)
        err = texts_addf(&out->evidence, "it has used no CPU time and made no context switch for %s", quiet);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = hang_say_threads(c, &out->evidence);
    if (!err)
        err = hang_say_awaited(e, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "unknown");
    if (!err)
        err = hang_say(&out->fix, "look at its stack to see what it waits for, or give the wait a timeout");
    return err;
}
