/* SPDX-License-Identifier: MIT
 * Rule orphaned-lock: a thread waits for a mutex whose owner is no thread of its process: a fork copied the lock as it
 * stood, but not the thread that held it; or the thread ended without unlocking. That the owner's number is alive
 * in another process helps nobody: it unlocks its own copy. */
#include "core/hang/hang_priv.h"

enum owner {
    OWNER_OTHER,    /* a living thread of its own, or a stranger: no orphan, or no telling */
    OWNER_ANCESTOR, /* of the process that it was forked from, or that one's */
    OWNER_GONE      /* there is no such thread any more */
};

static const struct thread_evidence *own_thread(const struct evidence *e, pid_t tid)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].tid == tid)
            return &e->threads[i];
    return NULL;
}

static bool is_ancestor(const struct hang_case *c, pid_t pid)
{
    enum { FURTHEST = 16 };
    const struct evidence *e = c->e;
    for (int i = 0; e && i < FURTHEST && e->forked_without_exec; i++) {
        if (e->first_parent == pid)
            return true;
        e = scene_find(c->scene, e->first_parent);
    }
    return false;
}

static enum owner owner_of(const struct hang_case *c, const struct thread_evidence *t)
{
    const struct futex_wait *f = &t->futex;
    if (!futex_wait_is_held_mutex(f) || f->owner_seen != SEEN)
        return OWNER_OTHER;
    const struct thread_evidence *own = own_thread(c->e, (pid_t)f->owner);
    if (own)
        return thread_ended(own) ? OWNER_GONE : OWNER_OTHER;
    if (f->owner_process == 0)
        return OWNER_GONE;
    return is_ancestor(c, f->owner_process) ? OWNER_ANCESTOR : OWNER_OTHER;
}

static const struct thread_evidence *find_waiter(const struct hang_case *c, enum owner *owner)
{
    for (size_t i = 0; i < c->e->nthreads; i++) {
        const struct thread_evidence *t = &c->e->threads[i];
        *owner = thread_ended(t) ? OWNER_OTHER : owner_of(c, t);
        if (*owner != OWNER_OTHER)
            return t;
    }
    return NULL;
}

static enum err say_owner(const struct hang_case *c, const struct thread_evidence *t, enum owner owner,
                          struct texts *lines)
{
    const struct futex_wait *f = &t->futex;
    const struct evidence *holder = scene_find(c->scene, f->owner_process);
    if (owner == OWNER_GONE)
        return texts_addf(lines, "the mutex at 0x%llx is held by thread %u, which does not exist any more",
                          (unsigned long long)f->address, f->owner);
    enum err err = texts_addf(lines, "the mutex at 0x%llx is held by thread %u of %s %d, which can unlock its own copy "
                                     "only", (unsigned long long)f->address, f->owner,
                              holder ? holder->name : "process", (int)f->owner_process);
    if (!err && f->owner == (uint32_t)f->owner_process)
        err = texts_addf(lines, "thread %u is the main thread there: if it called fork, the waiter is its heir and "
                                "waits for itself", f->owner);
    return err;
}

/* Numbers are given out in rising order: an owner with a smaller one than the process was there before it. */
static bool held_at_fork(const struct evidence *e, const struct futex_wait *f, enum owner owner)
{
    return owner == OWNER_ANCESTOR || (e->forked_without_exec && f->owner < (uint32_t)e->pid);
}

static enum err say_verdict(const struct hang_case *c, uint32_t owner, bool at_fork, struct finding *out)
{
    static const struct {
        const char *summary, *cause, *fix;
    } verdicts[] = {
        {"it waits for a lock whose holder, thread %u, is gone", "unknown",
         "unlock on every way out of the thread, or make the mutex robust"},
        {"it waits for a lock that thread %u held when it was forked; fork copied the lock, not the thread",
         "lock-held-at-fork",
         "start the workers with spawn or forkserver instead of fork, or hold the lock across the fork with "
         "pthread_atfork"},
    };
    enum err err = hang_say(&out->summary, verdicts[at_fork].summary, owner);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "%s", verdicts[at_fork].cause);
    if (!err)
        err = hang_say(&out->fix, "%s", verdicts[at_fork].fix);
    return err;
}

enum err hang_match_orphaned_lock(const struct hang_case *c, struct finding *out, bool *holds)
{
    enum owner owner;
    const struct thread_evidence *t = find_waiter(c, &owner);
    bool proved = t && hang_closed(c->e) == CLOSED_PROVED;
    *holds = proved || (t && t->state == 'S' && c->scene->taken - t->asleep_since >= c->settings->hang_after);
    if (!*holds)
        return OK;
    out->certainty = proved ? CERTAINTY_PROVED : CERTAINTY_LIKELY;
    out->tid = t->tid;
    enum err err = say_verdict(c, t->futex.owner, held_at_fork(c->e, &t->futex, owner), out);
    if (!err)
        err = say_owner(c, t, owner, &out->evidence);
    if (!err)
        err = hang_say_threads(c, &out->evidence);
    if (!err)
        err = proved ? hang_say_closed(c->e, &out->evidence)
                     : texts_add(&out->evidence, "not proved: something else than its owner might unlock it");
    if (!err)
        err = hang_say_awaited(c->e, &out->evidence);
    return err;
}
