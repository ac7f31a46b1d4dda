/* SPDX-License-Identifier: MIT
 * What a thread waits for outside of its process, and whether it could ever be proved that nobody ends that wait. */
#include "core/hang/graph.h"

static struct wait at_thing(enum hang_edge_kind kind, enum thing_kind thing, uint64_t id, bool provable)
{
    return (struct wait){.kind = kind, .at_thing = true, .thing = {thing, id}, .provable = provable};
}

/* If a process outside of the scene holds the end of the pipe, it may end the wait at any time. */
static struct wait at_fd(const struct scene *s, const struct thread_evidence *t, const struct fd_evidence *fd)
{
    enum hang_edge_kind kind = thread_wait_kind(t) == WAIT_INPUT ? EDGE_READ : EDGE_WRITE;
    if (fd->kind == FD_SOCKET) /* it may have a timeout of its own (SO_RCVTIMEO), which nobody can see */
        return at_thing(kind, SOCKET, fd->peer, false);
    if (fd->kind == FD_EVENTFD) /* the kernel may signal it, too */
        return at_thing(kind, EVENTFD, fd->inode, false);
    const struct pipe_check *check = scene_pipe(s, fd->inode);
    if (check && check->holder && !scene_find(s, check->holder))
        return (struct wait){.kind = kind};
    struct wait w = at_thing(kind, kind == EDGE_READ ? WRITE_ENDS : READ_ENDS, fd->inode,
                             check && check->passes >= PIPE_PASSES);
    w.other_end = (struct thing){kind == EDGE_READ ? READ_ENDS : WRITE_ENDS, fd->inode};
    return w;
}

/* The words of a lock are of the moment when they were read: the holder must have been asleep by then. */
static bool words_are_true(const struct scene *s, const struct futex_wait *f, const struct thread_evidence *holder)
{
    return f->words_at > holder->asleep_since && f->words_at < s->now;
}

static struct wait at_shared_word(const struct scene *s, const struct thread_evidence *t)
{
    pid_t tid;
    const struct futex_wait *f = &t->futex;
    bool is_lock = futex_wait_lock(f, &tid) && f->owner_seen == SEEN && f->owner_process;
    const struct evidence *owner = is_lock ? scene_find(s, f->owner_process) : NULL;
    const struct thread_evidence *holder = owner ? evidence_thread(owner, tid) : NULL;
    if (holder) /* any process that maps the lock could unlock it */
        return (struct wait){.kind = EDGE_LOCK,
                             .provable = f->home == WORD_SHARED,
                             .process = words_are_true(s, f, holder) ? owner : NULL,
                             .other_end = {WORD, f->home_file}};
    return at_thing(EDGE_WORD, WORD, f->home == WORD_SHARED && !is_lock ? f->home_file : 0, false);
}

bool hang_wait_of(const struct scene *s, const struct evidence *e, const struct thread_evidence *t, struct wait *out)
{
    const struct fd_evidence *fd = thread_waits_through(e, t);
    enum wait_kind kind = thread_wait_kind(t);
    if (thread_ended(t) || (kind == WAIT_FUTEX && (futex_wait_is_own(&t->futex) || thread_joins(e, t))))
        return false;
    if (kind == WAIT_CHILD && thread_awaits_child(e, t))
        *out = (struct wait){.kind = EDGE_CHILD, .process = scene_find(s, thread_awaits_child(e, t)), .provable = true};
    else if (kind == WAIT_CHILD)
        *out = at_thing(EDGE_CHILD, CHILDREN, (uint64_t)e->pid, true);
    else if (kind == WAIT_LOCK)
        *out = (struct wait){.kind = EDGE_FILE_LOCK, .process = scene_find(s, e->lock_holder)};
    else if (kind == WAIT_FUTEX)
        *out = at_shared_word(s, t);
    else
        *out = fd ? at_fd(s, t, fd) : (struct wait){0};
    return true;
}
