/* SPDX-License-Identifier: MIT
 * Rule orphaned-lock: a thread waits for a lock whose owner is not a thread of its process. Either a fork copied the
 * locked lock but not the thread that held it, or that thread ended without unlocking. A thread with the owner's number
 * in another process cannot help: it unlocks only its own copy. The owner of a lock in shared memory may be in any
 * process; the lock is orphaned if no thread has the number any more. */
#include "core/hang/private.h"

enum owner {
    OWNER_OTHER,    /* a living thread of the process, or unknown: not orphaned as far as one can tell */
    OWNER_ANCESTOR, /* a thread of the process that it was forked from, or of an earlier ancestor */
    OWNER_GONE      /* there is no such thread any more */
};

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
    pid_t holder;
    if (!futex_wait_lock(f, &holder) || f->owner_seen != SEEN)
        return OWNER_OTHER;
    if (!futex_wait_is_own(f)) /* the owner may be in any process that maps the word */
        return f->owner_process == 0 && f->home == WORD_SHARED ? OWNER_GONE : OWNER_OTHER;
    const struct thread_evidence *own = evidence_thread(c->e, holder);
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
    const struct evidence *process = scene_find(c->scene, f->owner_process);
    pid_t holder;
    const char *lock = futex_lock_name(futex_wait_lock(f, &holder));
    if (owner == OWNER_GONE)
        return texts_addf(lines, "the %s at 0x%llx is held by thread %d, which does not exist any more", lock,
                          (unsigned long long)f->address, (int)holder);
    enum err err = texts_addf(
        lines, "the %s at 0x%llx is held by thread %d of %s %d, which can unlock only its own copy", lock,
        (unsigned long long)f->address, (int)holder, process ? process->name : "process", (int)f->owner_process);
    if (!err && holder == f->owner_process)
        err = texts_addf(lines,
                         "thread %d is the main thread there: if it called fork, the waiting thread is its copy and "
                         "waits for itself",
                         (int)holder);
    return err;
}

enum blame { BLAME_THREAD, BLAME_FORK, BLAME_PROCESS };

/* The kernel gives numbers out in rising order: an owner with a smaller number is older than the process. */
static enum blame whom_to_blame(const struct evidence *e, const struct futex_wait *f, enum owner owner)
{
    pid_t holder;
    futex_wait_lock(f, &holder);
    if (!futex_wait_is_own(f))
        return BLAME_PROCESS;
    return owner == OWNER_ANCESTOR || (e->forked_without_exec && holder < e->pid) ? BLAME_FORK : BLAME_THREAD;
}

static enum err say_verdict(const struct hang_case *c, const struct futex_wait *f, enum blame blame,
                            struct finding *out)
{
    static const struct {
        const char *summary, *cause, *fix;
    } verdicts[] = {
        [BLAME_THREAD] = {"it waits for a lock whose holder, thread %d, has ended", "unknown",
                          "unlock it on every path that leaves the thread, or make the mutex robust"},
        [BLAME_FORK] = {"it waits for a lock that thread %d held at the fork, which copied the lock but not the "
                        "thread",
                        "lock-held-at-fork", NULL},
        [BLAME_PROCESS] = {"it waits for a lock in shared memory whose holder, thread %d of another process, has ended",
                           "dead-worker",
                           "make the mutex robust (PTHREAD_MUTEX_ROBUST) and recover it after EOWNERDEAD"},
    };
    pid_t holder;
    futex_wait_lock(f, &holder);
    enum err err = hang_say(&out->summary, verdicts[blame].summary, (int)holder);
    if (!err)
        err = hang_say_fork(c, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "%s", verdicts[blame].cause);
    if (err)
        return err;
    return verdicts[blame].fix ? hang_say(&out->fix, "%s", verdicts[blame].fix) : hang_say_cure(c, out);
}

/* A lock in shared memory could still be repaired by any process that maps it, so it is never proved. */
static bool is_proved(const struct hang_case *c, const struct thread_evidence *t)
{
    return futex_wait_is_own(&t->futex) && hang_closed(c->e) == CLOSED_PROVED;
}

enum err hang_match_orphaned_lock(const struct hang_case *c, struct finding *out, bool *holds)
{
    enum owner owner;
    const struct thread_evidence *t = find_waiter(c, &owner);
    bool proved = t && is_proved(c, t);
    *holds = proved || (t && t->state == 'S' && c->scene->taken - t->asleep_since >= c->settings->hang_after);
    if (!*holds)
        return OK;
    out->certainty = proved ? CERTAINTY_PROVED : CERTAINTY_LIKELY;
    out->tid = t->tid;
    enum err err = say_verdict(c, &t->futex, whom_to_blame(c->e, &t->futex, owner), out);
    if (!err)
        err = say_owner(c, t, owner, &out->evidence);
    if (!err)
        err = hang_say_threads(c, &out->evidence);
    if (!err)
        err = proved ? hang_say_closed(c->e, &out->evidence)
                     : texts_add(&out->evidence, "this is not proved: somebody other than its owner might unlock it");
    if (!err)
        err = hang_say_awaited(c->e, &out->evidence);
    return err;
}
