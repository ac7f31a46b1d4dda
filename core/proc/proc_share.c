/* SPDX-License-Identifier: MIT
 * Does another process share its memory (CLONE_VM)? kcmp(2) answers for each pair; only the numbers of the real /proc
 * mean something to it. Asked of all processes there are, as a sharer need not be a relative any more. */
#include "core/proc/proc_priv.h"

#include <errno.h>
#include <linux/kcmp.h>
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

static enum seen compare(struct evidence *e, const struct scene *s, const struct ints *pids)
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
        e->shares_seen = compare(e, s, &pids);
    ints_done(&pids);
}
