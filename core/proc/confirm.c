/* SPDX-License-Identifier: MIT
 * What a proof across processes depends on is costly to read: who shares the memory, timers, maps, who else holds an
 * end of a pipe. It is read only if such a proof is near, that is, of processes that may be stuck together with those
 * of the scene for which they wait. */
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <stdlib.h>

#include "core/base/io.h"

static bool waits_for_file_lock(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (thread_wait_kind(&e->threads[i]) == WAIT_LOCK)
            return true;
    return false;
}

static pid_t holder_for(const struct proc_file_lock *locks, size_t n, pid_t waiter)
{
    pid_t holder = 0;
    for (size_t i = 0; i < n; i++) {
        if (locks[i].waiter != waiter)
            continue;
        if (holder || locks[i].holder <= 0)
            return 0; /* two waits, or an open file description lock, which has no owner */
        holder = locks[i].holder;
    }
    return holder;
}

/* Reads /proc/locks once for all processes that wait for a file lock. */
static void read_file_locks(struct scene *s)
{
    enum { LOCKS_MAX = 4096 };
    struct proc_file_lock *locks = NULL;
    struct buf b;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct evidence *e = &s->procs[i];
        if (!e->at_one_instant || e->lock_seen != NOT_SEEN || !waits_for_file_lock(e))
            continue;
        if (!locks) {
            if (!(locks = calloc(LOCKS_MAX, sizeof *locks)))
                return;
            buf_init(&b, PROC_FILE_MAX);
            if (proc_read(s->memory->root_fd, "locks", &b) ||
                proc_parse_locks(buf_text(&b), b.len, LOCKS_MAX, locks, &n))
                n = 0;
            buf_done(&b);
        }
        e->lock_holder = holder_for(locks, n, e->pid);
        e->lock_seen = e->lock_holder ? SEEN : DENIED;
    }
    free(locks);
}

static bool awaited_may_be_stuck(const struct scene *s, const bool *may, const struct evidence *e)
{
    const struct evidence *parent = scene_find(s, e->ppid);
    if (parent && !may[parent - s->procs])
        return false;
    for (size_t i = 0; i < e->nthreads; i++) {
        pid_t who = thread_wait_kind(&e->threads[i]) == WAIT_CHILD ? thread_awaits_child(e, &e->threads[i]) : 0;
        const struct evidence *child = who ? scene_find(s, who) : NULL;
        if (child && !may[child - s->procs])
            return false;
    }
    return true;
}

/* Fills may[i]: a proof about process i and others is near. Not if its parent continues, or it waits for a child that
 * does. */
static void leave_near(const struct scene *s, bool *may)
{
    bool changed = true;
    for (size_t i = 0; i < s->n; i++)
        may[i] = evidence_may_be_stuck(&s->procs[i]);
    while (changed) {
        changed = false;
        for (size_t i = 0; i < s->n; i++)
            if (may[i] && !awaited_may_be_stuck(s, may, &s->procs[i])) {
                may[i] = false;
                changed = true;
            }
    }
}

static void confirm(struct scene *s, struct evidence *e)
{
    int pid_dir;
    if (proc_open_pid(s->memory->root_fd, e->pid, &pid_dir))
        return;
    bool same = proc_read_asleep(e, s, s->memory->root_fd, pid_dir, proc_read_deep);
    e->confirmed = same && e->shares_seen != NOT_SEEN;
    e->at_one_instant = e->at_one_instant && same;
    io_close(&pid_dir);
}

/* True if the words of a lock were read before its holder, in another process, fell asleep: it may have unlocked it
 * since. */
static bool has_old_words(const struct scene *s, const struct thread_evidence *t)
{
    pid_t tid;
    if (t->state != 'S' || futex_wait_is_own(&t->futex) || !futex_wait_lock(&t->futex, &tid))
        return false;
    const struct evidence *owner = scene_find(s, t->futex.owner_process);
    const struct thread_evidence *holder = owner ? evidence_thread(owner, tid) : NULL;
    return holder && holder->state == 'S' && t->futex.words_at <= holder->asleep_since;
}

static void reread_shared_words(const struct scene *s, struct evidence *e)
{
    int pid_dir;
    for (size_t i = 0; i < e->nthreads; i++)
        if (has_old_words(s, &e->threads[i])) {
            if (!proc_open_pid(s->memory->root_fd, e->pid, &pid_dir)) {
                proc_read_all_words(e, s, s->memory->root_fd, pid_dir);
                io_close(&pid_dir);
            }
            return;
        }
}

static enum err list_inside(const struct scene *s, const bool *may, struct ints *out)
{
    enum err err = OK;
    for (size_t i = 0; i < s->n && !err; i++)
        if (may[i] && s->procs[i].fds_seen == SEEN)
            err = ints_add(out, s->procs[i].pid);
    return err;
}

enum err proc_confirm_all(struct scene *s)
{
    struct ints inside = {0};
    bool *may = calloc(s->n ? s->n : 1, sizeof *may);
    if (!may)
        return ERR_NOMEM;
    read_file_locks(s);
    leave_near(s, may);
    for (size_t i = 0; i < s->n; i++) {
        if (may[i] && !s->procs[i].confirmed && s->memory->time_left > 0)
            confirm(s, &s->procs[i]);
        reread_shared_words(s, &s->procs[i]);
    }
    enum err err = list_inside(s, may, &inside);
    if (!err)
        proc_look_outside(s, &inside);
    ints_done(&inside);
    free(may);
    return err;
}
