/* SPDX-License-Identifier: MIT
 * How workers ended. The kernel tells only the parent, but the holder of a pidfd can ask afterwards (PIDFD_GET_INFO,
 * since Linux 6.15), and /proc shows it while the process is a zombie. */
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

enum { PIDFDS_MAX = 256, DEPARTED_MAX = 64 };

/* struct pidfd_info of linux/pidfd.h, which many systems do not have yet. */
struct pidfd_end {
    uint64_t mask, cgroup;
    uint32_t ids[11];
    int32_t exit_code;
    uint32_t coredump, spare;
};
static_assert(sizeof(struct pidfd_end) == 72, "PIDFD_INFO_SIZE_VER1");
static const uint64_t mask_exit = 1 << 3; /* PIDFD_INFO_EXIT */

/* A worker is a process whose first parent is in the scene. */
static bool is_worker(const struct scene *s, const struct evidence *e)
{
    return scene_find(s, e->first_parent) != NULL;
}

static void note(struct scene *s, struct evidence *e, struct proc_kept *k, enum seen seen, int status)
{
    struct departed *v = s->departed;
    if (k->departed)
        return;
    k->departed = true;
    if (!v && !(v = s->departed = calloc(DEPARTED_MAX, sizeof *v)))
        return;                       /* without memory it is not remembered */
    if (s->ndeparted == DEPARTED_MAX) /* drop the oldest */
        memmove(v, v + 1, --s->ndeparted * sizeof *v);
    struct departed *d = &v[s->ndeparted++];
    *d = (struct departed){.pid = e->pid,
                           .parent = e->first_parent,
                           .end_seen = seen,
                           .at = clock_now(),
                           .signal = seen == SEEN && WIFSIGNALED(status) ? WTERMSIG(status) : 0};
    memcpy(d->name, e->name, sizeof d->name);
}

void proc_hold(struct scene *s, size_t i)
{
    struct evidence *e = &s->procs[i];
    struct proc_kept *k = &s->memory->kept[i];
    if (e->state == 'Z' && is_worker(s, e))
        note(s, e, k, e->exit_code || e->same_user ? SEEN : NOT_SEEN, e->exit_code);
    if (k->looks != 1 || k->pidfd >= 0 || s->memory->npidfds >= PIDFDS_MAX || !is_worker(s, e) ||
        !proc_is_real(s->memory->root_fd))
        return;
    k->pidfd = (int)syscall(SYS_pidfd_open, e->pid, 0);
    s->memory->npidfds += k->pidfd >= 0;
}

void proc_note_departed(struct scene *s, size_t i)
{
    struct evidence *e = &s->procs[i];
    struct proc_kept *k = &s->memory->kept[i];
    struct pidfd_end end = {.mask = mask_exit};
    if (k->pidfd < 0)
        return;
    bool seen = ioctl(k->pidfd, _IOWR(0xff, 11, struct pidfd_end), &end) == 0 && end.mask & mask_exit;
    note(s, e, k, seen ? SEEN : NOT_SEEN, end.exit_code);
    io_close(&k->pidfd);
    s->memory->npidfds--;
}
