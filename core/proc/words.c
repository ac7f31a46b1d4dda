/* SPDX-License-Identifier: MIT
 * What a blocked system call waits for: one const table, and the sentence made of it. Pure. */
#include "core/proc/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* How a call says that it waits for a limited time only. */
enum limit {
    LIMIT_NEVER,   /* it has no such argument */
    LIMIT_ALWAYS,  /* it ends by itself */
    LIMIT_POINTER, /* an argument that is not NULL */
    LIMIT_MS       /* an int of milliseconds, negative for ever */
};

struct blocking_call {
    long number;
    const char *name;
    enum wait_kind kind;
    enum limit limit;
    int limit_arg;
    enum { NO_FD, ON_FD, THROUGH_FD } fd; /* the first argument is one; THROUGH: others have the other end */
};

static const struct blocking_call blocking_calls[] = {
    {SYS_read, "read", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_readv, "read", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_pread64, "read", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_recvfrom, "read", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_recvmsg, "read", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_recvmmsg, "read", WAIT_INPUT, LIMIT_POINTER, 4, THROUGH_FD},
    {SYS_accept, "accept", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_accept4, "accept", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_openat, "open", WAIT_INPUT, LIMIT_NEVER, 0, NO_FD},
    {SYS_msgrcv, "msgrcv", WAIT_INPUT, LIMIT_NEVER, 0, NO_FD},
    {SYS_mq_timedreceive, "mq_receive", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_io_getevents, "io_getevents", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_io_uring_enter, "io_uring_enter", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
#ifdef SYS_poll
    {SYS_poll, "poll", WAIT_INPUT, LIMIT_MS, 2, NO_FD},
    {SYS_select, "select", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_epoll_wait, "epoll", WAIT_INPUT, LIMIT_MS, 3, ON_FD},
    {SYS_pause, "pause", WAIT_SIGNAL, LIMIT_NEVER, 0, NO_FD},
#endif
    {SYS_ppoll, "poll", WAIT_INPUT, LIMIT_POINTER, 2, NO_FD},
    {SYS_pselect6, "select", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_epoll_pwait, "epoll", WAIT_INPUT, LIMIT_MS, 3, ON_FD},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "epoll", WAIT_INPUT, LIMIT_POINTER, 3, ON_FD},
#endif
    {SYS_write, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_writev, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_pwrite64, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_sendto, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_sendmsg, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_sendmmsg, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_msgsnd, "msgsnd", WAIT_OUTPUT, LIMIT_NEVER, 0, NO_FD},
    {SYS_mq_timedsend, "mq_send", WAIT_OUTPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_connect, "connect", WAIT_OUTPUT, LIMIT_ALWAYS, 0, ON_FD},
    {SYS_wait4, "wait4", WAIT_CHILD, LIMIT_NEVER, 0, NO_FD},
    {SYS_waitid, "waitid", WAIT_CHILD, LIMIT_NEVER, 0, NO_FD},
    {SYS_rt_sigsuspend, "sigsuspend", WAIT_SIGNAL, LIMIT_NEVER, 0, NO_FD},
    {SYS_rt_sigtimedwait, "sigwait", WAIT_SIGNAL, LIMIT_POINTER, 2, NO_FD},
    {SYS_flock, "flock", WAIT_LOCK, LIMIT_NEVER, 0, ON_FD},
    {SYS_fcntl, "file lock", WAIT_LOCK, LIMIT_NEVER, 0, ON_FD},
    {SYS_semop, "semop", WAIT_LOCK, LIMIT_NEVER, 0, NO_FD},
    {SYS_semtimedop, "semop", WAIT_LOCK, LIMIT_POINTER, 3, NO_FD},
    {SYS_nanosleep, "sleep", WAIT_TIMED, LIMIT_ALWAYS, 0, NO_FD},
    {SYS_clock_nanosleep, "sleep", WAIT_TIMED, LIMIT_ALWAYS, 0, NO_FD},
    {SYS_restart_syscall, "wait", WAIT_TIMED, LIMIT_ALWAYS, 0, NO_FD},
};

static const struct blocking_call *find_call(const struct thread_evidence *t)
{
    for (size_t i = 0; i < sizeof blocking_calls / sizeof *blocking_calls; i++)
        if (t->syscall_seen == SEEN && blocking_calls[i].number == t->syscall)
            return &blocking_calls[i];
    return NULL;
}

static bool is_limited(const struct blocking_call *c, const struct thread_evidence *t)
{
    switch (c->limit) {
    case LIMIT_ALWAYS: return true;
    case LIMIT_POINTER: return t->args[c->limit_arg] != 0;
    case LIMIT_MS: return (int)t->args[c->limit_arg] >= 0;
    default: return false;
    }
}

enum wait_kind thread_wait_kind(const struct thread_evidence *t)
{
    const struct blocking_call *c = find_call(t);
    if (t->state != 'S' && t->state != 'D')
        return WAIT_NONE;
    if (t->futex.waiting)
        return t->futex.has_timeout ? WAIT_TIMED : WAIT_FUTEX;
    if (!c || t->state == 'D')
        return WAIT_UNKNOWN;
    return is_limited(c, t) ? WAIT_TIMED : c->kind;
}

static int by_tid(const void *key, const void *at)
{
    pid_t a = *(const pid_t *)key, b = ((const struct thread_evidence *)at)->tid;
    return (a > b) - (a < b);
}

const struct thread_evidence *evidence_thread(const struct evidence *e, pid_t tid)
{
    return e->nthreads > 0 ? bsearch(&tid, e->threads, e->nthreads, sizeof *e->threads, by_tid) : NULL;
}

static const struct thread_evidence *find_living(const struct evidence *e, pid_t tid)
{
    const struct thread_evidence *t = evidence_thread(e, tid);
    return t && !thread_ended(t) ? t : NULL;
}

pid_t thread_joins(const struct evidence *e, const struct thread_evidence *t)
{
    const struct futex_wait *f = &t->futex;
    if (!f->waiting || f->private_op || f->word_seen != SEEN || f->home != WORD_PRIVATE || f->word != f->expected ||
        f->word == (uint32_t)t->tid)
        return 0;
    return find_living(e, (pid_t)f->word) ? (pid_t)f->word : 0;
}

const struct thread_evidence *evidence_telling_thread(const struct evidence *e)
{
    const struct thread_evidence *t = find_living(e, e->pid);
    for (size_t i = 0; i < e->nthreads && !t; i++)
        t = find_living(e, e->threads[i].tid);
    for (size_t steps = 0; t && thread_joins(e, t) && steps < e->nthreads; steps++)
        t = find_living(e, thread_joins(e, t));
    return t;
}

static int by_fd(const void *key, const void *at)
{
    int a = *(const int *)key, b = ((const struct fd_evidence *)at)->fd;
    return (a > b) - (a < b);
}

static const struct fd_evidence *find_fd(const struct evidence *e, int fd)
{
    return e->nfds > 0 ? bsearch(&fd, e->fds, e->nfds, sizeof *e->fds, by_fd) : NULL;
}

const struct fd_evidence *thread_waits_through(const struct evidence *e, const struct thread_evidence *t)
{
    const struct blocking_call *c = find_call(t);
    if (t->state != 'S' || !c || c->fd != THROUGH_FD || is_limited(c, t))
        return NULL;
    const struct fd_evidence *fd = find_fd(e, (int)t->args[0]);
    return fd && fd->inode && (fd->kind == FD_PIPE || fd->kind == FD_SOCKET || fd->kind == FD_EVENTFD) ? fd : NULL;
}

pid_t thread_awaits_child(const struct evidence *e, const struct thread_evidence *t)
{
    int who = (int)t->args[t->syscall == SYS_waitid]; /* wait4: a pid or -1; waitid: behind its kind */
    if (t->syscall != SYS_waitid)
        return who > 0 ? who : 0;
    const struct fd_evidence *fd = t->args[0] == P_PIDFD ? find_fd(e, who) : NULL;
    return fd && fd->kind == FD_PIDFD ? (pid_t)fd->inode : t->args[0] == P_PID ? who : 0;
}

static const char *fd_name(const struct evidence *e, int fd)
{
    static const char *const names[] = {
        [FD_OTHER] = "fd",        [FD_FILE] = "file",         [FD_PIPE] = "pipe",    [FD_SOCKET] = "socket",
        [FD_EVENTFD] = "eventfd", [FD_EPOLL] = "epoll",       [FD_TTY] = "terminal", [FD_IO_URING] = "io_uring",
        [FD_TIMERFD] = "timerfd", [FD_SIGNALFD] = "signalfd", [FD_PIDFD] = "pidfd",
    };
    const struct fd_evidence *found = find_fd(e, fd);
    return found ? names[found->kind] : "fd";
}

static void say_futex(const struct evidence *e, const struct thread_evidence *t, struct buf *out)
{
    const struct futex_wait *f = &t->futex;
    const char *limit = f->has_timeout ? "with a timeout" : "without a timeout";
    pid_t holder;
    if (thread_joins(e, t))
        buf_addf(out, "thread %d to end", (int)thread_joins(e, t));
    else if (futex_wait_lock(f, &holder))
        buf_addf(out, "a lock in %s memory that thread %d holds, %s", futex_wait_is_own(f) ? "its own" : "shared",
                 (int)holder, limit);
    else if (futex_wait_is_own(f))
        buf_addf(out, "a futex in its own memory, %s", limit);
    else
        buf_addf(out, "a futex in shared memory, %s", limit);
}

static void say_call(const struct evidence *e, const struct thread_evidence *t, const struct blocking_call *c,
                     struct buf *out)
{
    if (c->kind == WAIT_CHILD && thread_awaits_child(e, t))
        buf_addf(out, "child %d", (int)thread_awaits_child(e, t));
    else if (c->kind == WAIT_CHILD)
        buf_add_text(out, "a child");
    else if (c->kind == WAIT_SIGNAL)
        buf_addf(out, "a signal%s", is_limited(c, t) ? ", with a timeout" : "");
    else if (c->kind == WAIT_TIMED)
        buf_add_text(out, "a time to pass");
    else if (c->fd)
        buf_addf(out, "%s of %s %d%s", c->name, fd_name(e, (int)t->args[0]), (int)t->args[0],
                 is_limited(c, t) ? ", with a timeout" : "");
    else
        buf_addf(out, "%s%s", c->name, is_limited(c, t) ? ", with a timeout" : "");
}

static const char *state_words(char state)
{
    switch (state) {
    case 'R': return "running";
    case 'D': return "the kernel, uninterruptibly";
    case 'T': return "a signal to continue: it is stopped";
    case 't': return "its tracer";
    case 'Z': return "its parent: it has ended";
    default: return "something that cannot be seen";
    }
}

enum err thread_waits_for(const struct evidence *e, const struct thread_evidence *t, struct buf *out)
{
    const struct blocking_call *c = find_call(t);
    if (t->state == 'S' && t->futex.waiting)
        say_futex(e, t, out);
    else if (t->state == 'S' && c)
        say_call(e, t, c, out);
    else if (t->state == 'S' && t->syscall_seen == SEEN && t->syscall >= 0)
        buf_addf(out, "system call %ld", t->syscall);
    else
        buf_add_text(out, state_words(t->state));
    return out->err;
}

enum err evidence_waits_for(const struct evidence *e, struct buf *out)
{
    const struct thread_evidence *t = evidence_telling_thread(e);
    if (t)
        return thread_waits_for(e, t, out);
    return buf_add_text(out, state_words(e->state));
}
