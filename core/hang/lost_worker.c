/* SPDX-License-Identifier: MIT
 * Rule lost-worker: a worker was killed. Either a lock that it held in shared memory stays locked: the others all wait
 * for that word, and none waits where the work comes from. Or its task is lost: its parent waits for the result while
 * all other workers are idle. A word in shared memory does not name its owner, and a result not its worker, so this is
 * never proved. */
#include "core/hang/private.h"

#include <stdlib.h>
#include <string.h>

/* The latest worker of this parent that a signal has killed. */
static const struct departed *find_killed(const struct scene *s, pid_t parent)
{
    for (size_t i = s->ndeparted; i-- > 0;)
        if (s->departed[i].parent == parent && s->departed[i].end_seen == SEEN && s->departed[i].signal)
            return &s->departed[i];
    return NULL;
}

static enum err say_killed(const struct departed *d, double now, struct texts *lines)
{
    const char *name = sigabbrev_np(d->signal);
    return texts_addf(lines, "worker %s %d was killed by %s%s, which was noticed %.1f s before this finding", d->name,
                      (int)d->pid, name ? "SIG" : "a signal", name ? name : "", now - d->at);
}

/* All members of a knot wait for words in shared memory, and none for input, which is where the work comes from. */
static enum err match_lock(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct departed *d = find_killed(c->scene, c->e->first_parent);
    const struct hang_knot *k;
    struct knot_facts f;
    *holds = d && hang_knot_teller(c, 1u << EDGE_WORD, &k, &f) && f.reads + f.writes + f.locks + f.file_locks == 0 &&
             c->scene->taken - k->since >= c->settings->hang_after;
    if (!*holds)
        return OK;
    out->certainty = CERTAINTY_LIKELY;
    out->tid = evidence_telling_thread(c->e)->tid;
    enum err err = hang_say(&out->summary,
                            "it waits for a lock in shared memory that a worker held when it was killed");
    if (!err)
        err = say_killed(d, c->scene->taken, &out->evidence);
    if (!err)
        err = hang_say_knot(c, k, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "dead-worker");
    return err ? err
               : hang_say(&out->fix,
                          "do not kill a worker that uses a queue, but ask it to end, for example with a None in the "
                          "queue; and find out what killed it (out of memory?)");
}

/* Every thread has waited for input or for a futex for long. */
static bool is_idle(const struct hang_case *c, const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++) {
        const struct thread_evidence *t = &e->threads[i];
        enum wait_kind kind = thread_wait_kind(t);
        if (!thread_ended(t) && kind != WAIT_INPUT && kind != WAIT_FUTEX)
            return false;
    }
    return hang_living_threads(e) > 0 && c->scene->taken - e->alive_at >= c->settings->hang_after;
}

static bool all_workers_idle(const struct hang_case *c, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < c->scene->n; i++) {
        const struct evidence *e = &c->scene->procs[i];
        if (e->ppid != c->e->pid || e->state == 'Z')
            continue;
        if (!is_idle(c, e))
            return false;
        ++*n;
    }
    return *n > 0;
}

/* The main thread, if it waits for another thread of its process, without a timeout, since the worker was killed. */
static const struct thread_evidence *waits_for_result(const struct hang_case *c, const struct departed *d)
{
    const struct thread_evidence *t = evidence_thread(c->e, c->e->pid);
    if (!t || thread_wait_kind(t) != WAIT_FUTEX || !t->futex.private_op || hang_living_threads(c->e) < 2)
        return NULL;
    double since = t->asleep_since > d->at ? t->asleep_since : d->at;
    return c->scene->taken - since >= c->settings->hang_after ? t : NULL;
}

static const char cure[] =
    "notice when a worker ends (SIGCHLD, a pidfd) and give its task to another; and find out what killed it";
static const char cure_in_python[] =
    "use concurrent.futures.ProcessPoolExecutor, which raises BrokenProcessPool where multiprocessing.Pool waits for "
    "ever; and find out what killed the worker (out of memory?)";

static enum err match_task(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct departed *d = find_killed(c->scene, c->e->pid);
    const struct thread_evidence *t = d ? waits_for_result(c, d) : NULL;
    size_t idle = 0;
    *holds = t && all_workers_idle(c, &idle);
    if (!*holds)
        return OK;
    out->certainty = CERTAINTY_LIKELY;
    out->tid = t->tid;
    enum err err = hang_say(&out->summary,
                            "it waits for a result, but one worker was killed with its task, and all others are idle");
    if (!err)
        err = say_killed(d, c->scene->taken, &out->evidence);
    if (!err)
        err = idle == 1 ? texts_add(&out->evidence, "its only remaining worker waits for work")
                        : texts_addf(&out->evidence, "all %zu of its remaining workers wait for work", idle);
    if (!err)
        err = hang_say_thread(c, t, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "dead-worker");
    return err ? err : hang_say(&out->fix, "%s", hang_is_python(c->e) ? cure_in_python : cure);
}

enum err hang_match_lost_worker(const struct hang_case *c, struct finding *out, bool *holds)
{
    enum err err = match_lock(c, out, holds);
    return err || *holds ? err : match_task(c, out, holds);
}
