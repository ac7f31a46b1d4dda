/* SPDX-License-Identifier: MIT
 * Rule no-waker: every thread waits in the process's own memory without a timeout, so that only one of them could wake
 * another, and none is awake. Who is parked on purpose looks the same: a fork or somebody who waits must weigh in, or
 * it is no more than possible. */
#include "core/hang/private.h"

/* If that has ended: the one that tells most. */
static pid_t main_thread(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].tid == e->pid && !thread_ended(&e->threads[i]))
            return e->pid;
    return evidence_telling_thread(e)->tid;
}

static enum err say_summary(const struct evidence *e, int64_t certainty, char **out)
{
    size_t n = hang_living_threads(e);
    const char *seems = certainty == CERTAINTY_LIKELY ? "it seems that " : "";
    const char *parked = certainty == CERTAINTY_POSSIBLE ? ": it hangs, or it is parked on purpose" : "";
    if (n > 1)
        return hang_say(out, "%sall its %zu threads wait in its own memory for wake-ups that only they could give%s",
                        seems, n, parked);
    if (hang_lost_threads(e))
        return hang_say(out, "%sit waits in its own memory for a wake-up, and no thread is left that could give it",
                        seems);
    return hang_say(out, "%sits only thread waits in its own memory for a wake-up that nobody else can give%s", seems,
                    parked);
}

/* That it can never go on follows from the kernel's facts alone; that it was meant to, from somebody who counts on it:
 * a fork, a parent that waits, or whoever had it watched. Who has started another process to be parked will end it. */
static bool judge(const struct hang_case *c, bool blames_fork, int64_t *certainty)
{
    const struct evidence *e = c->e;
    enum closed closed = hang_closed(e);
    bool missed = blames_fork || e->awaited, first = !scene_find(c->scene, e->ppid);
    bool long_since = c->scene->taken - evidence_asleep_since(e) >= c->settings->hang_after;
    *certainty = closed == CLOSED_PERHAPS ? CERTAINTY_LIKELY : missed ? CERTAINTY_PROVED : CERTAINTY_POSSIBLE;
    return closed == CLOSED_PROVED ? missed || (first && long_since)
                                   : closed == CLOSED_PERHAPS && hang_lost_threads(e) && long_since;
}

enum err hang_match_no_waker(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct evidence *e = c->e;
    bool blames_fork = hang_lost_threads(e) || hang_seems_to_have_lost_threads(e);
    *holds = judge(c, blames_fork, &out->certainty);
    if (!*holds)
        return OK;
    out->tid = main_thread(e);
    enum err err = say_summary(e, out->certainty, &out->summary);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = hang_say_threads(c, &out->evidence);
    if (!err)
        err = hang_say_closed(e, &out->evidence);
    if (!err)
        err = hang_say_awaited(e, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "%s", blames_fork ? "lost-threads" : "unknown");
    if (err)
        return err;
    return blames_fork ? hang_say_cure(c, out)
                       : hang_say(&out->fix, "look at its stack: the wake-up has to come from a thread of its own");
}
