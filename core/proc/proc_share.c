/* SPDX-License-Identifier: MIT
 * Does another process share its memory (CLONE_VM)? kcmp(2) answers for each pair; only the numbers of the real /proc
 * mean something to it. Asked of all processes there are, as a sharer need not be a relative any more. */
#include "core/proc/proc_priv.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool is_real_proc(int root)
{
    struct statfs fs;
    return fstatfs(root, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static pid_t some_living_thread(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (!thread_ended(&e->threads[i]))
            return e->threads[i].tid;
    return 0;
}

/* Those from whom a process gets its memory, or to whom it gives it. Init adopts, it does not share. */
static bool is_relative(const struct evidence *e, const struct scene *s, pid_t pid)
{
    const struct evidence *other = scene_find(s, pid);
    if (pid == 1)
        return false;
    return pid == e->ppid || pid == e->first_parent || (other && (other->ppid == e->pid || other->ppid == e->ppid));
}

/* A process whose first thread has ended shows no memory under its own number, though its other threads have it. Zombies
 * and threads of the kernel show none either, and have none. */
static bool hides_its_memory(int root, pid_t pid)
{
    char path[32], text[1024];
    struct proc_stat stat;
    size_t len;
    snprintf(path, sizeof path, "%d/exe", (int)pid);
    if (readlinkat(root, path, text, sizeof text) >= 0 || errno != ENOENT)
        return false;
    snprintf(path, sizeof path, "%d/stat", (int)pid);
    return proc_read_short(root, path, text, sizeof text, &len) == OK && proc_parse_stat(text, len, &stat) == OK &&
           stat.threads > 1;
}

/* One living thread of such a process answers for all of them. */
static enum seen compare_threads(struct evidence *e, pid_t tid, int root, pid_t other)
{
    enum { THREADS_MAX = 100000 };
    char path[32];
    struct ints tids = {0};
    enum seen seen = NOT_SEEN;
    snprintf(path, sizeof path, "%d/task", (int)other);
    bool listed = proc_list_numbers(root, path, THREADS_MAX, &tids) == OK;
    for (size_t i = 0; listed && i < tids.n && !e->shares_with; i++) {
        if (tids.v[i] == other)
            continue;
        long order = syscall(SYS_kcmp, tid, (pid_t)tids.v[i], KCMP_VM, 0, 0);
        if (order >= 0 || errno != ESRCH)
            seen = SEEN; /* of a stranger under another user it is no question */
        e->shares_with = order == 0 ? other : 0;
    }
    ints_done(&tids);
    return seen;
}

static enum seen compare(struct evidence *e, const struct scene *s, int root, const struct ints *pids)
{
    pid_t tid = some_living_thread(e);
    if (!tid)
        return NOT_SEEN;
    for (size_t i = 0; i < pids->n; i++) {
        pid_t other = (pid_t)pids->v[i];
        if (other == e->pid)
            continue;
        long order = syscall(SYS_kcmp, tid, other, KCMP_VM, 0, 0);
        if (order == 0) {
            e->shares_with = other;
            return SEEN;
        }
        if (order < 0 && errno == ENOSYS)
            return DENIED;
        if (order < 0 && errno != ESRCH && is_relative(e, s, other))
            return DENIED; /* of a stranger under another user it is no question */
        if (order != 0 && hides_its_memory(root, other)) {
            enum seen seen = compare_threads(e, tid, root, other);
            if (seen != SEEN || e->shares_with)
                return seen;
        }
    }
    return SEEN;
}

void proc_read_shares(struct evidence *e, const struct scene *s, int root)
{
    enum { PIDS_MAX = 1 << 22 };
    struct ints pids = {0};
    e->shares_seen = NOT_SEEN;
    e->shares_with = 0;
    if (is_real_proc(root) && proc_list_numbers(root, ".", PIDS_MAX, &pids) == OK)
        e->shares_seen = compare(e, s, root, &pids);
    ints_done(&pids);
}
