/* SPDX-License-Identifier: MIT
 * One look at a process: what changed since the last look and, if all its threads sleep, whether they did so at one
 * instant. Two looks that agree prove it, however far apart they are. What is read between two such looks, or was read
 * earlier in the same sleep, holds at that instant, too. */
#include "core/proc/look.h"
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

/* Seconds. While other threads run, the words of a thread are read only once it has waited for long_wait. */
static const double costly_pause_least = 0.5, long_wait = 0.5;

void proc_process_done(struct evidence *e)
{
    free(e->threads);
    free(e->fds);
    ints_done(&e->shared_maps);
    texts_done(&e->libraries);
    texts_done(&e->parent_names);
    free(e->command);
    free(e->exe);
    *e = (struct evidence){0};
}

/* Start times count from boot and include the time of suspension, which clock_now() does not. */
static double on_our_clock(uint64_t ticks)
{
    struct timespec boot = {0};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    double slept = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9 - clock_now();
    return (double)ticks / (double)sysconf(_SC_CLK_TCK) - slept;
}

/* `forgiven`: we have stopped the thread, so a different number of switches does not mean a different wait. */
static bool same_wait(const struct thread_evidence *old, const struct thread_evidence *t, bool forgiven)
{
    struct thread_evidence as_if = *old;
    if (forgiven)
        as_if.switches = t->switches;
    return proc_thread_same_sleep(&as_if, t);
}

/* Takes over what is known of each thread's sleep. *steady: all are in the same sleep as before. *alive: one has run.
 */
static void follow_sleep(const struct evidence *e, bool forgiven, struct proc_look *l, double now, bool *steady,
                         bool *alive)
{
    *steady = e->nthreads == l->n;
    *alive = e->nthreads != l->n;
    for (size_t i = 0; i < l->n; i++) {
        struct thread_evidence *t = &l->threads[i];
        const struct thread_evidence *old = evidence_thread(e, t->tid);
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
    e->forked_without_exec = l->stat.flags & PROC_FORKNOEXEC;
    e->same_user = l->status.uid == (int64_t)getuid();
    e->tracer = l->status.tracer;
    e->other_numbers = l->status.other_numbers;
    e->exit_code = l->stat.exit_code;
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
    k->denials = 0;
    e->at_one_instant = e->confirmed = false;
    e->timers_seen = e->shares_seen = e->maps_seen = e->lock_seen = NOT_SEEN;
    e->shares_with = e->lock_holder = 0;
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

bool proc_read_asleep(struct evidence *e, const struct scene *s, int root, int pid_dir,
                      void (*read)(struct evidence *e, const struct scene *s, int root, int pid_dir))
{
    struct proc_look second;
    read(e, s, root, pid_dir);
    if (proc_look(pid_dir, e->pid, &second))
        return false;
    e->tracer = second.status.tracer;
    e->sig_pending = second.pending;
    bool same = same_sleeps(e, &second);
    proc_look_done(&second);
    return same;
}

/* All threads slept from the last look to this one. Reads the items, then looks once more: if nothing has changed, the
 * items held at the same instant. If they are costly and the process has not slept long, this is left for later. */
static void confirm_sleep(struct evidence *e, struct proc_kept *k, const struct scene *s, int root, int pid_dir,
                          double now)
{
    enum { COSTS_AT_MOST = 20, DENIALS_MAX = 5 }; /* a 20th of its sleep at most; a denial may be temporary */
    double before = clock_now();
    if (!waits_for_futex(e) && !proc_waits_for_others(e)) {
        e->at_one_instant = k->items_read = true;
        return;
    }
    if (now - evidence_asleep_since(e) < k->items_cost * COSTS_AT_MOST ||
        (proc_may_be_dead(e) && s->memory->time_left <= 0))
        return;
    e->at_one_instant = k->items_read = proc_read_asleep(e, s, root, pid_dir, proc_read_items);
    e->confirmed = e->at_one_instant && e->shares_seen != NOT_SEEN;
    bool in_vain = e->shares_seen == NOT_SEEN || (e->shares_seen == DENIED && k->denials++ < DENIALS_MAX);
    if (proc_is_dead_end(e) && in_vain && proc_is_real(root))
        k->items_read = false; /* processes started or ended meanwhile: try again at the next look */
    k->items_cost = clock_now() - before;
}

static bool has_long_wait(const struct evidence *e, double now)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].futex.waiting && now - e->threads[i].asleep_since >= long_wait)
            return true;
    return false;
}

/* Reads what is costly again only if there was a sign of life since, and not too often. */
static enum err refresh_costly(struct evidence *e, struct proc_kept *k, int root, int pid_dir, double now)
{
    enum { COSTS_AT_MOST = 20 }; /* a 20th of the time */
    bool stale = k->costly_at == 0 || e->alive_at > k->costly_at;
    if (!stale || now - k->costly_at < k->costly_pause)
        return OK;
    double before = clock_now();
    enum err err = proc_read_costly(e, root, pid_dir, !k->items_read && has_long_wait(e, now), now);
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

/* Right after scene_forgive it may be on its way back into its wait; until then the look is not used. */
static bool is_still_disturbed(struct proc_kept *k, const struct proc_look *l)
{
    return k->forgiven > 0 && --k->forgiven > 0 && !proc_all_asleep(l->threads, l->n);
}

/* Makes the look evidence. *steady: all threads slept since the last look. */
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
    if (e->forked_without_exec && !(l->stat.flags & PROC_FORKNOEXEC))
        k->costly_at = 0; /* it is another program now */
    take_look(e, l);
}

static enum err look(struct evidence *e, struct proc_kept *k, struct scene *s, int root, int pid_dir, double now,
                     struct ints *children)
{
    struct proc_look l;
    bool steady = false;
    k->looked_at = clock_now();
    enum err err = proc_look(pid_dir, e->pid, &l);
    if (err)
        return err;
    if (k->looks == 0)
        begin(e, k, &l);
    if (e->started != l.stat.started) {
        err = ERR_GONE; /* another process has its pid now */
    } else if (is_still_disturbed(k, &l)) {
        e->at_one_instant = false;
    } else {
        settle(e, k, &l, now, &steady);
        proc_follow_spin(e, k, s->memory, pid_dir, now);
        if (steady && !k->items_read)
            confirm_sleep(e, k, s, root, pid_dir, now);
        err = refresh_costly(e, k, root, pid_dir, now);
        if (!err) /* after the look: forking a child later causes a switch, which the next look notices */
            err = proc_add_children(root, pid_dir, e->pid, !steady && e->nthreads > 1, children);
    }
    proc_look_done(&l);
    return err == ERR_DENIED ? OK : err;
}

enum err proc_process_look(struct evidence *e, struct proc_kept *k, struct scene *s, int root, double now,
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
