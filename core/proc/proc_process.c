/* SPDX-License-Identifier: MIT
 * One process looked at anew: what changed since the last look, and, if all its threads sleep, whether they did so at
 * one instant. Sleep is followed from look to look: two that agree prove it, however far apart they are. What is read
 * between two that agree, or was read earlier in the same sleep, holds at that instant too. */
#include "core/proc/proc_priv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

enum { FLAG_FORKNOEXEC = 0x40 }; /* PF_FORKNOEXEC of the kernel's sched.h */

/* Seconds. Words of a thread that waits while others run are worth reading once it has waited for long. */
static const double costly_pause_least = 0.5, long_wait = 0.5;

void proc_process_done(struct evidence *e)
{
    free(e->threads);
    free(e->fds);
    free(e->command);
    free(e->exe);
    *e = (struct evidence){0};
}

/* Start times count from boot, suspended time included; clock_now() does not count that. */
static double on_our_clock(uint64_t ticks)
{
    struct timespec boot = {0};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    double slept = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9 - clock_now();
    return (double)ticks / (double)sysconf(_SC_CLK_TCK) - slept;
}

static const struct thread_evidence *find_thread(const struct evidence *e, pid_t tid)
{
    size_t low = 0, high = e->nthreads;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (e->threads[mid].tid == tid)
            return &e->threads[mid];
        if (e->threads[mid].tid < tid)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* Our own stop of the thread cost it switches; its wait is the same. */
static bool same_wait(const struct thread_evidence *old, const struct thread_evidence *t, bool forgiven)
{
    struct thread_evidence as_if = *old;
    if (forgiven)
        as_if.switches = t->switches;
    return proc_thread_same_sleep(&as_if, t);
}

/* Carries over what is known of each thread's sleep. */
static void follow_sleep(const struct evidence *e, bool forgiven, struct proc_look *l, double now, bool *steady,
                         bool *alive)
{
    *steady = e->nthreads == l->n;
    *alive = e->nthreads != l->n;
    for (size_t i = 0; i < l->n; i++) {
        struct thread_evidence *t = &l->threads[i];
        const struct thread_evidence *old = find_thread(e, t->tid);
        t->asleep_since = t->state == 'S' ? now : 0;
        if (old && same_wait(old, t, forgiven)) {
            t->asleep_since = old->asleep_since;
            t->futex = old->futex;
        } else {
            *alive |= !old || t->state == 'R' || old->switches != t->switches || old->cpu_ticks != t->cpu_ticks;
        }
        *steady = *steady && old && proc_thread_same_sleep(old, t);
    }
}

static char state_of(const struct proc_look *l)
{
    for (size_t i = 0; i < l->n && l->stat.state == 'Z'; i++)
        if (!thread_ended(&l->threads[i]))
            return l->threads[i].state;
    return l->stat.state;
}

/* Moves the look into the evidence. */
static void take_look(struct evidence *e, struct proc_look *l)
{
    memcpy(e->name, l->stat.name, sizeof e->name);
    e->ppid = l->stat.ppid;
    e->state = state_of(l);
    e->flags = l->stat.flags;
    e->forked_without_exec = l->stat.flags & FLAG_FORKNOEXEC;
    e->same_user = l->status.uid == (int64_t)getuid();
    e->tracer = l->status.tracer;
    e->sig_pending = l->pending;
    e->sig_blocked = l->status.blocked;
    e->sig_ignored = l->status.ignored;
    e->sig_caught = l->status.caught;
    e->cpu_seconds = (double)l->stat.cpu_ticks / (double)sysconf(_SC_CLK_TCK);
    free(e->threads);
    e->threads = l->threads;
    e->nthreads = l->n;
    e->threads_seen = SEEN;
    l->threads = NULL;
}

static void forget_items(struct evidence *e, struct proc_kept *k)
{
    k->items_read = false;
    e->at_one_instant = false;
    e->timers_seen = e->shares_seen = e->maps_seen = NOT_SEEN;
    e->shares_with = 0;
}

static bool same_sleeps(const struct evidence *e, const struct proc_look *l)
{
    if (e->nthreads != l->n || l->stat.threads != (int64_t)l->n)
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (!proc_thread_same_sleep(&e->threads[i], &l->threads[i]))
            return false;
    return true;
}

static bool waits_for_futex(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].futex.waiting && !e->threads[i].futex.has_timeout)
            return true;
    return false;
}

/* All threads slept from the last look to this one. Reads what depends on it, then looks once more: if nothing moved
 * meanwhile, what was read held at the same instant. */
static enum err confirm_sleep(struct evidence *e, struct proc_kept *k, const struct scene *s, int root, int pid_dir)
{
    struct proc_look second;
    if (!waits_for_futex(e)) {
        e->at_one_instant = k->items_read = true;
        return OK;
    }
    proc_read_items(e, s, root, pid_dir);
    enum err err = proc_look(pid_dir, e->pid, &second);
    if (err)
        return err;
    e->tracer = second.status.tracer;
    e->sig_pending = second.pending;
    e->at_one_instant = k->items_read = same_sleeps(e, &second);
    proc_look_done(&second);
    return OK;
}

static bool has_long_wait(const struct evidence *e, double now)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].futex.waiting && now - e->threads[i].asleep_since >= long_wait)
            return true;
    return false;
}

/* Costly or seldom changing: again only if it gave a sign of life since, and not too often. */
static enum err refresh_costly(struct evidence *e, struct proc_kept *k, int root, int pid_dir, double now)
{
    enum { COSTS_AT_MOST = 20 }; /* one part in so many of the time */
    bool stale = k->costly_at == 0 || e->alive_at > k->costly_at;
    if (!stale || now - k->costly_at < k->costly_pause)
        return OK;
    double before = clock_now();
    enum err err = proc_read_costly(e, root, pid_dir, !k->items_read && has_long_wait(e, now));
    double took = clock_now() - before;
    k->costly_at = now;
    k->costly_pause = took * COSTS_AT_MOST > costly_pause_least ? took * COSTS_AT_MOST : costly_pause_least;
    return err;
}

static void begin(struct evidence *e, const struct proc_kept *k, const struct proc_look *l)
{
    e->started = l->stat.started;
    e->started_at = on_our_clock(e->started);
    e->first_parent = l->stat.ppid;
    e->parent_threads = k->told_threads;
    e->parent_threads_now = -1;
    e->pss_kib = -1;
}

/* Right after a disturbance of ours it may be on its way back into its wait: it is not looked at until it is there. */
static bool is_still_disturbed(struct proc_kept *k, const struct proc_look *l)
{
    return k->forgiven > 0 && --k->forgiven > 0 && !proc_all_asleep(l->threads, l->n);
}

/* Takes what was looked at. *steady: all threads slept since the look before. */
static void settle(struct evidence *e, struct proc_kept *k, struct proc_look *l, double now, bool *steady)
{
    bool alive;
    follow_sleep(e, k->forgiven > 0, l, now, steady, &alive);
    *steady = *steady && l->stat.threads == (int64_t)l->n && proc_all_asleep(l->threads, l->n);
    k->forgiven = 0;
    k->looks++;
    if (alive)
        e->alive_at = now;
    if (!*steady)
        forget_items(e, k);
    take_look(e, l);
}

static enum err look(struct evidence *e, struct proc_kept *k, const struct scene *s, int root, int pid_dir, double now,
                     struct ints *children)
{
    struct proc_look l;
    bool steady = false;
    enum err err = proc_look(pid_dir, e->pid, &l);
    if (err)
        return err;
    if (k->looks == 0)
        begin(e, k, &l);
    if (e->started != l.stat.started) {
        err = ERR_GONE; /* its number is another's now */
    } else if (is_still_disturbed(k, &l)) {
        e->at_one_instant = false;
    } else {
        settle(e, k, &l, now, &steady);
        if (steady && !k->items_read)
            err = confirm_sleep(e, k, s, root, pid_dir);
        if (!err)
            err = refresh_costly(e, k, root, pid_dir, now);
        if (!err) /* behind the look: a child that is forked later shows in the next look's switches */
            err = proc_add_children(root, pid_dir, e->pid, !steady && e->nthreads > 1, children);
    }
    proc_look_done(&l);
    return err == ERR_DENIED ? OK : err;
}

enum err proc_process_look(struct evidence *e, struct proc_kept *k, const struct scene *s, int root, double now,
                           struct ints *children)
{
    int pid_dir;
    enum err err = proc_open_pid(root, e->pid, &pid_dir);
    if (err)
        return err;
    err = look(e, k, s, root, pid_dir, now, children);
    io_close(&pid_dir);
    return err;
}
