/* SPDX-License-Identifier: MIT
 * Rule lock-cycle: threads of one or several processes wait in a circle, each for a lock that the next one holds; a
 * wait for the end of a thread or a process may be part of the circle. The circle is followed from thread to thread, as
 * the other threads of a process may continue. A circle that stops whole processes is a knot of the graph. */
#include "core/hang/private.h"

/* A thread of the circle, and its process. */
struct spot {
    const struct evidence *e;
    const struct thread_evidence *t;
};

enum { LONGEST = 64 };

struct circle {
    struct spot spots[LONGEST];
    size_t n;
};

/* True if the words of the lock were read while both threads slept: all threads of the process slept at one instant, or
 * the words were read between two looks that found both threads in the same sleep. */
static bool slept_together(const struct scene *s, const struct spot *from, const struct spot *to)
{
    const struct futex_wait *f = &from->t->futex;
    if (from->e == to->e && from->e->at_one_instant)
        return true;
    return f->words_at > to->t->asleep_since && f->words_at < s->now && from->t->asleep_since < s->now;
}

/* From a thread to the thread that it waits for. */
static bool step(const struct scene *s, const struct spot *from, struct spot *to)
{
    pid_t tid = thread_joins(from->e, from->t);
    *to = (struct spot){.e = from->e};
    if (!tid) {
        const struct futex_wait *f = &from->t->futex;
        if (!futex_wait_lock(f, &tid) || f->owner_seen != SEEN)
            return false;
        to->e = futex_wait_is_own(f) ? from->e : scene_find(s, f->owner_process);
    }
    to->t = to->e ? evidence_thread(to->e, tid) : NULL;
    return to->t && from->t->state == 'S' && to->t->state == 'S' && slept_together(s, from, to);
}

/* True if the waits lead from this thread back to it. If they run into a circle of other threads, Brent's algorithm
 * notices it: a mark that is moved ever less often is met again. */
static bool close_circle(const struct scene *s, const struct evidence *e, const struct thread_evidence *t,
                         struct circle *out)
{
    struct spot at = {e, t}, next;
    const struct thread_evidence *mark = NULL;
    for (out->n = 0; out->n < LONGEST && step(s, &at, &next) && next.t != mark; at = next) {
        if ((out->n & (out->n + 1)) == 0)
            mark = next.t;
        out->spots[out->n++] = at;
        if (next.t == t)
            return true;
    }
    return false;
}

/* A circle with a thread of this process. *tells: the finding is about this process, which has the lowest pid. */
static bool find_circle(const struct hang_case *c, struct circle *out, bool *tells)
{
    *tells = true;
    for (size_t i = 0; i < c->e->nthreads; i++) {
        if (!close_circle(c->scene, c->e, &c->e->threads[i], out))
            continue;
        for (size_t k = 0; k < out->n; k++)
            *tells = *tells && out->spots[k].e->pid >= c->e->pid;
        return true;
    }
    return false;
}

static bool is_disturbed(const struct circle *circle)
{
    for (size_t i = 0; i < circle->n; i++)
        if (!hang_undisturbed(circle->spots[i].e))
            return true;
    return false;
}

static bool has_join(const struct circle *circle)
{
    for (size_t i = 0; i < circle->n; i++)
        if (thread_joins(circle->spots[i].e, circle->spots[i].t))
            return true;
    return false;
}

static bool are_closed(const struct circle *circle)
{
    for (size_t i = 0; i < circle->n; i++)
        if (hang_closed(circle->spots[i].e) != CLOSED_PROVED)
            return false;
    return true;
}

/* Why it is not proved, or NULL. A mutex that is not robust can be unlocked by any thread: some programs use one as a
 * signal, lock it twice and have another thread unlock it. And pthread_join can be cancelled (pthreads(7)). In both
 * cases all other threads must be known to do nothing. */
static const char *doubt_of(const struct circle *circle)
{
    const struct futex_wait *f = &circle->spots[0].t->futex;
    pid_t holder;
    if (is_disturbed(circle))
        return "this is not proved: a signal handler is installed, a signal is pending, or a process is traced";
    if (has_join(circle) && !are_closed(circle))
        return "this is not proved: another thread might cancel the one that waits for a thread to end";
    if (circle->n == 1 && futex_wait_lock(f, &holder) == LOCK_MUTEX && !are_closed(circle))
        return "this is not proved: another thread may be meant to unlock the mutex, as a signal";
    return NULL;
}

static double since(const struct circle *circle)
{
    double latest = 0;
    for (size_t i = 0; i < circle->n; i++)
        if (circle->spots[i].t->asleep_since > latest)
            latest = circle->spots[i].t->asleep_since;
    return latest;
}

/* "thread 4242 app waits for the mutex at 0x7f…, which thread 4243 app holds" */
static enum err say_spot(const struct circle *circle, size_t i, struct texts *lines)
{
    const struct spot *from = &circle->spots[i], *to = &circle->spots[(i + 1) % circle->n];
    pid_t holder;
    enum futex_lock lock = futex_wait_lock(&from->t->futex, &holder);
    if (thread_joins(from->e, from->t))
        return texts_addf(lines, "thread %d %s waits for the end of thread %d %s", (int)from->t->tid, from->t->name,
                          (int)to->t->tid, to->t->name);
    if (from->t == to->t)
        return texts_addf(lines, "thread %d %s waits for the %s at 0x%llx, which it holds itself", (int)from->t->tid,
                          from->t->name, futex_lock_name(lock), (unsigned long long)from->t->futex.address);
    return texts_addf(lines, "thread %d %s waits for the %s at 0x%llx, which thread %d %s holds", (int)from->t->tid,
                      from->t->name, futex_lock_name(lock), (unsigned long long)from->t->futex.address, (int)to->t->tid,
                      to->t->name);
}

static enum err say_circle(const struct hang_case *c, const struct circle *circle, const char *doubt,
                           struct finding *out)
{
    const char *fix = circle->n == 1 ? "do not lock it a second time: unlock it first, or make the mutex recursive"
                      : has_join(circle)
                          ? "unlock before waiting for the thread to end"
                          : "take the locks in the same order everywhere, or all at once (std::scoped_lock)";
    enum err err = circle->n == 1 ? hang_say(&out->summary, "a thread waits for a lock that it holds itself")
                                  : hang_say(&out->summary,
                                             "%zu threads wait for each other: each holds what "
                                             "the next one waits for",
                                             circle->n);
    for (size_t i = 0; i < circle->n && !err; i++)
        err = say_spot(circle, i, &out->evidence);
    if (!err)
        err = texts_add(
            &out->evidence,
            doubt ? doubt
            : circle->n == 1
                ? "nothing else can end this wait: there is no signal handler, no pending signal and no tracer"
                : "all of them were asleep in these waits at one instant, and there is no signal handler, no "
                  "pending signal and no tracer");
    if (!err)
        err = hang_say_awaited(c->e, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "lock-order");
    return err ? err : hang_say(&out->fix, "%s", fix);
}

static enum err match_circle(const struct hang_case *c, const struct circle *circle, struct finding *out, bool *holds)
{
    const char *doubt = doubt_of(circle);
    *holds = !doubt || c->scene->taken - since(circle) >= c->settings->hang_after;
    if (!*holds)
        return OK;
    out->certainty = doubt ? CERTAINTY_LIKELY : CERTAINTY_PROVED;
    out->tid = circle->spots[0].t->tid;
    return say_circle(c, circle, doubt, out);
}

static enum err match_knot(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct hang_knot *k;
    struct knot_facts f;
    bool tells = hang_knot_teller(c, 1u << EDGE_LOCK | 1u << EDGE_FILE_LOCK, &k, &f);
    bool may_be_ended = tells && f.file_locks > 0; /* by a signal handler, for example that of an alarm */
    int certainty = tells ? hang_knot_certainty(c, k, &f, may_be_ended) : -1;
    *holds = certainty >= 0;
    if (!*holds)
        return OK;
    out->certainty = certainty;
    out->tid = evidence_telling_thread(c->e)->tid;
    enum err err = f.children ? hang_say(&out->summary,
                                         "it waits for a lock that is held by a process that waits for it to end")
                              : hang_say(&out->summary,
                                         "%zu processes wait for each other: each holds a lock that the next "
                                         "one waits for",
                                         k->n);
    if (!err)
        err = hang_say_knot(c, k, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "lock-order");
    return err ? err
               : hang_say(&out->fix, f.children ? "unlock before waiting for the child to end"
                                                : "take the locks in the same order in all processes");
}

enum err hang_match_lock_cycle(const struct hang_case *c, struct finding *out, bool *holds)
{
    struct circle circle;
    bool tells;
    if (find_circle(c, &circle, &tells))
        return tells ? match_circle(c, &circle, out, holds) : OK;
    return match_knot(c, out, holds);
}
