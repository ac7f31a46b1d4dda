/* SPDX-License-Identifier: MIT
 * Rule no-waker: every thread waits in private memory without a timeout, so only one of them could wake another, and
 * none is awake. A process that waits on purpose looks the same. Unless it was forked, or somebody waits for it, the
 * finding is no more than possible. */
#include "core/hang/private.h"

/* The main thread, or if it has ended the thread whose wait tells most. */
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
    const char *parked = certainty == CERTAINTY_POSSIBLE ? "; either it hangs, or it waits on purpose" : "";
    if (n == 2)
        return hang_say(out, "%sboth of its threads wait for a wake-up that only one of them could give%s", seems,
                        parked);
    if (n > 2)
        return hang_say(out, "%sall %zu of its threads wait for a wake-up that only one of them could give%s", seems, n,
                        parked);
    if (hang_lost_threads(e))
        return hang_say(out, "%sits only thread waits for a wake-up, and no thread is left that could give it", seems);
    return hang_say(out, "%sits only thread waits for a wake-up that nobody else can give%s", seems, parked);
}

/* The kernel's facts alone prove that it can never continue. That it was meant to continue follows from a fork, from a
 * parent that waits, or, after some time, from the user who had it watched. A process that a parent of the scene
 * started to wait on purpose will be ended by that parent. */
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
                       : hang_say(&out->fix, "look at its stack: the wake-up has to come from one of its own threads");
}
