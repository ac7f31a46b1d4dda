/* SPDX-License-Identifier: MIT
 * The scene: the processes of a tree, looked at again and again. A process that was seen once is followed by its pid
 * and start time, even if it gets another parent. */
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

enum err scene_init(struct scene *s, int proc_root_fd)
{
    *s = (struct scene){0};
    struct scene_memory *m = calloc(1, sizeof *m);
    if (!m)
        return ERR_NOMEM;
    m->netlink = -1;
    enum err err = proc_root_fd < 0 ? proc_open_dir(AT_FDCWD, "/proc", &m->root_fd) : io_dup(proc_root_fd, &m->root_fd);
    if (err)
        free(m);
    else
        s->memory = m;
    return err;
}

static void forget_all(struct scene *s)
{
    for (size_t i = 0; i < s->n; i++) {
        io_close(&s->memory->kept[i].pidfd);
        proc_process_done(&s->procs[i]);
    }
    s->n = s->npipes = s->ndeparted = 0;
    s->memory->npidfds = 0;
}

void scene_done(struct scene *s)
{
    struct scene_memory *m = s->memory;
    if (m) {
        forget_all(s);
        io_close(&m->root_fd);
        io_close(&m->netlink);
        free(m->kept);
        free(m->hints);
        free(m);
    }
    free(s->procs);
    free(s->departed);
    free(s->pipes);
    *s = (struct scene){0};
}

enum err scene_watch(struct scene *s, pid_t root, bool include_root)
{
    struct scene_memory *m = s->memory;
    struct proc_stat stat = {0};
    forget_all(s);
    m->nhints = 0;
    m->root = 0;
    enum err err = root ? proc_stat_of(m->root_fd, root, &stat) : OK;
    if (err)
        return err;
    m->root = root;
    m->root_started = stat.started;
    m->include_root = include_root;
    return OK;
}

void scene_forgive(struct scene *s, pid_t pid)
{
    enum { LOOKS = 5 }; /* by then it is back in its wait */
    size_t i = proc_place_of(s, pid);
    if (i < s->n && s->procs[i].pid == pid) {
        s->memory->kept[i].forgiven = LOOKS;
        s->memory->kept[i].spin_forgiven = true;
    }
}

static void apply_hint(struct evidence *e, struct proc_kept *k, int64_t parent_threads, bool awaited)
{
    k->told_threads = parent_threads;
    if (parent_threads >= 0) {
        e->parent_threads = parent_threads;
        e->parent_threads_at_least = false;
    }
    e->has_task = awaited;
    e->awaited = e->has_task || e->parent_waits;
}

enum err scene_hint(struct scene *s, pid_t pid, int64_t parent_threads, bool awaited)
{
    struct scene_memory *m = s->memory;
    size_t i = proc_place_of(s, pid);
    if (i < s->n && s->procs[i].pid == pid) {
        apply_hint(&s->procs[i], &m->kept[i], parent_threads, awaited);
        return OK;
    }
    for (i = 0; i < m->nhints && m->hints[i].pid != pid; i++)
        ;
    if (i == m->nhints) {
        struct hint *hints = realloc(m->hints, (i + 1) * sizeof *hints);
        if (!hints)
            return ERR_NOMEM;
        m->hints = hints;
        m->nhints++;
    }
    m->hints[i] = (struct hint){pid, parent_threads, awaited};
    return OK;
}

/* Gives its hint to a process that has just appeared. */
static void take_hint(struct scene_memory *m, struct evidence *e, struct proc_kept *k)
{
    for (size_t i = 0; i < m->nhints; i++)
        if (m->hints[i].pid == e->pid) {
            apply_hint(e, k, m->hints[i].parent_threads, m->hints[i].awaited);
            m->hints[i] = m->hints[--m->nhints];
            return;
        }
}

/* Drops hints about processes that have ended before they were seen. */
static void drop_stale_hints(struct scene_memory *m)
{
    char name[16];
    for (size_t i = m->nhints; i-- > 0;) {
        snprintf(name, sizeof name, "%d", (int)m->hints[i].pid);
        if (faccessat(m->root_fd, name, F_OK, 0) < 0)
            m->hints[i] = m->hints[--m->nhints];
    }
}

static enum err make_room(struct scene *s)
{
    struct scene_memory *m = s->memory;
    if (s->n < m->cap)
        return OK;
    size_t cap = m->cap ? m->cap * 2 : 16;
    struct evidence *procs = realloc(s->procs, cap * sizeof *procs);
    if (!procs)
        return ERR_NOMEM;
    s->procs = procs;
    struct proc_kept *kept = realloc(m->kept, cap * sizeof *kept);
    if (!kept)
        return ERR_NOMEM;
    m->kept = kept;
    m->cap = cap;
    return OK;
}

static enum err add_process(struct scene *s, pid_t pid)
{
    struct scene_memory *m = s->memory;
    size_t i = proc_place_of(s, pid);
    if ((i < s->n && s->procs[i].pid == pid) || (pid == m->root && !m->include_root))
        return OK;
    enum err err = make_room(s);
    if (err)
        return err;
    memmove(&s->procs[i + 1], &s->procs[i], (s->n - i) * sizeof *s->procs);
    memmove(&m->kept[i + 1], &m->kept[i], (s->n - i) * sizeof *m->kept);
    s->n++;
    s->procs[i] = (struct evidence){.pid = pid, .parent_threads = -1, .parent_threads_now = -1, .pss_kib = -1};
    m->kept[i] = (struct proc_kept){.told_threads = -1, .pidfd = -1};
    take_hint(m, &s->procs[i], &m->kept[i]);
    return OK;
}

static void drop_process(struct scene *s, size_t i)
{
    struct scene_memory *m = s->memory;
    proc_note_departed(s, i);
    proc_process_done(&s->procs[i]);
    s->n--;
    memmove(&s->procs[i], &s->procs[i + 1], (s->n - i) * sizeof *s->procs);
    memmove(&m->kept[i], &m->kept[i + 1], (s->n - i) * sizeof *m->kept);
}

/* If this process is a child subreaper (PR_SET_CHILD_SUBREAPER) and the root is its child, it becomes the parent of
 * orphans of the tree, which may not have been seen before. Its own helpers are not among them: they have called exec,
 * except for the guard. */
static enum err add_orphans(struct scene *s, const struct proc_stat *root, struct ints *found)
{
    struct scene_memory *m = s->memory;
    struct ints children = {0};
    struct proc_stat stat;
    int dir, reaps = 0;
    if (root->ppid != getpid() || prctl(PR_GET_CHILD_SUBREAPER, &reaps) || !reaps)
        return OK;
    enum err err = proc_open_pid(m->root_fd, getpid(), &dir);
    if (err)
        return err;
    err = proc_add_children(m->root_fd, dir, getpid(), true, &children);
    for (size_t i = 0; i < children.n && !err; i++) {
        pid_t pid = (pid_t)children.v[i];
        if (pid != m->root && !scene_find(s, pid) && !proc_stat_of(m->root_fd, pid, &stat) &&
            stat.started >= root->started && stat.flags & PROC_FORKNOEXEC && !proc_is_guard(pid))
            err = ints_add(found, pid);
    }
    ints_done(&children);
    io_close(&dir);
    return err;
}

/* Adds orphans, and the root or, if it does not count itself, its children. */
static enum err add_root(struct scene *s, struct ints *found)
{
    struct scene_memory *m = s->memory;
    struct proc_stat stat;
    int dir;
    enum err err = m->root ? proc_stat_of(m->root_fd, m->root, &stat) : ERR_GONE;
    if (!err && stat.started == m->root_started) {
        err = add_orphans(s, &stat, found);
        if (err == ERR_NOMEM)
            return err;
        if (m->include_root)
            return ints_add(found, m->root);
        err = proc_open_pid(m->root_fd, m->root, &dir);
        if (!err) {
            err = proc_add_children(m->root_fd, dir, m->root, true, found);
            io_close(&dir);
        }
    }
    return err == ERR_NOMEM ? err : OK;
}

/* Looks at each process that this update has not looked at yet, and drops those that have ended. */
static enum err look_at_all(struct scene *s, double now, struct ints *found)
{
    struct scene_memory *m = s->memory;
    for (size_t i = 0; i < s->n;) {
        enum err err = OK;
        if (m->kept[i].update != m->update)
            err = proc_process_look(&s->procs[i], &m->kept[i], s, m->root_fd, now, found);
        m->kept[i].update = m->update;
        if (!err)
            proc_hold(s, i);
        if (err == ERR_NOMEM)
            return err;
        if (err == ERR_GONE || m->kept[i].looks == 0)
            drop_process(s, i);
        else
            i++;
    }
    return OK;
}

/* Adds the new processes of the list, and empties it. */
static enum err add_found(struct scene *s, struct ints *found)
{
    enum err err = OK;
    for (size_t i = 0; i < found->n && !err; i++)
        err = add_process(s, (pid_t)found->v[i]);
    ints_done(found);
    return err;
}

/* Each round looks at the children that the round before has found, until there are no more. */
static enum err look_at_tree(struct scene *s, double now)
{
    struct ints found = {0};
    enum err err = look_at_all(s, now, &found);
    if (!err)
        err = add_root(s, &found);
    while (!err && found.n > 0) {
        err = add_found(s, &found);
        if (!err)
            err = look_at_all(s, now, &found);
    }
    ints_done(&found);
    return err;
}

enum err scene_update(struct scene *s, double now)
{
    const double time_for_proofs = 0.05;
    s->memory->update++;
    s->memory->time_left = time_for_proofs;
    s->now = now;
    enum err err = look_at_tree(s, now);
    for (size_t i = 0; i < s->n; i++)
        proc_relate(s, i);
    if (!err)
        err = proc_confirm_all(s);
    drop_stale_hints(s->memory);
    s->taken = clock_now();
    return err;
}
