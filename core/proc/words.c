/* SPDX-License-Identifier: MIT
 * What a blocked system call waits for, from one table, and the words for it. Pure. */
#include "core/proc/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* How the arguments of a call say that it waits for a limited time. */
enum limit {
    LIMIT_NEVER,   /* no argument does */
    LIMIT_ALWAYS,  /* it always ends by itself */
    LIMIT_POINTER, /* by a pointer to a timeout that is not NULL */
    LIMIT_MS       /* by an int of milliseconds that is not negative */
};

struct blocking_call {
    long number;
    const char *awaited; /* after "waits for"; with an fd, its name follows */
    enum wait_kind kind;
    enum limit limit;
    int limit_arg;
    enum { NO_FD, ON_FD, THROUGH_FD } fd; /* the first argument is an fd; THROUGH: others may hold the other end */
};

static const struct blocking_call blocking_calls[] = {
    {SYS_read, "input from", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_readv, "input from", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_pread64, "input from", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_recvfrom, "input from", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_recvmsg, "input from", WAIT_INPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_recvmmsg, "input from", WAIT_INPUT, LIMIT_POINTER, 4, THROUGH_FD},
    {SYS_accept, "a connection to", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_accept4, "a connection to", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_openat, "a file to open", WAIT_INPUT, LIMIT_NEVER, 0, NO_FD},
    {SYS_msgrcv, "a message (msgrcv)", WAIT_INPUT, LIMIT_NEVER, 0, NO_FD},
    {SYS_mq_timedreceive, "a message (mq_receive)", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_io_getevents, "finished requests (io_getevents)", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_io_uring_enter, "finished requests of", WAIT_INPUT, LIMIT_NEVER, 0, ON_FD},
#ifdef SYS_poll
    {SYS_poll, "an event (poll)", WAIT_INPUT, LIMIT_MS, 2, NO_FD},
    {SYS_select, "an event (select)", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_epoll_wait, "an event from", WAIT_INPUT, LIMIT_MS, 3, ON_FD},
    {SYS_pause, "a signal", WAIT_SIGNAL, LIMIT_NEVER, 0, NO_FD},
#endif
    {SYS_ppoll, "an event (poll)", WAIT_INPUT, LIMIT_POINTER, 2, NO_FD},
    {SYS_pselect6, "an event (select)", WAIT_INPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_epoll_pwait, "an event from", WAIT_INPUT, LIMIT_MS, 3, ON_FD},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "an event from", WAIT_INPUT, LIMIT_POINTER, 3, ON_FD},
#endif
    {SYS_write, "room to write to", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_writev, "room to write to", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_pwrite64, "room to write to", WAIT_OUTPUT, LIMIT_NEVER, 0, ON_FD},
    {SYS_sendto, "room to write to", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_sendmsg, "room to write to", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_sendmmsg, "room to write to", WAIT_OUTPUT, LIMIT_NEVER, 0, THROUGH_FD},
    {SYS_msgsnd, "room for a message (msgsnd)", WAIT_OUTPUT, LIMIT_NEVER, 0, NO_FD},
    {SYS_mq_timedsend, "room for a message (mq_send)", WAIT_OUTPUT, LIMIT_POINTER, 4, NO_FD},
    {SYS_connect, "an answer to the connection from", WAIT_OUTPUT, LIMIT_ALWAYS, 0, ON_FD},
    {SYS_wait4, "a child to end", WAIT_CHILD, LIMIT_NEVER, 0, NO_FD},
    {SYS_waitid, "a child to end", WAIT_CHILD, LIMIT_NEVER, 0, NO_FD},
    {SYS_rt_sigsuspend, "a signal", WAIT_SIGNAL, LIMIT_NEVER, 0, NO_FD},
    {SYS_rt_sigtimedwait, "a signal", WAIT_SIGNAL, LIMIT_POINTER, 2, NO_FD},
    {SYS_flock, "a lock on", WAIT_LOCK, LIMIT_NEVER, 0, ON_FD},
    {SYS_fcntl, "a lock on", WAIT_LOCK, LIMIT_NEVER, 0, ON_FD},
    {SYS_semop, "a semaphore (semop)", WAIT_LOCK, LIMIT_NEVER, 0, NO_FD},
    {SYS_semtimedop, "a semaphore (semop)", WAIT_LOCK, LIMIT_POINTER, 3, NO_FD},
    {SYS_nanosleep, "a time to pass", WAIT_TIMED, LIMIT_ALWAYS, 0, NO_FD},
    {SYS_clock_nanosleep, "a time to pass", WAIT_TIMED, LIMIT_ALWAYS, 0, NO_FD},
    {SYS_restart_syscall, "a time to pass", WAIT_TIMED, LIMIT_ALWAYS, 0, NO_FD},
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
    int who = (int)t->args[t->syscall == SYS_waitid]; /* wait4: a pid or -1; waitid: what P_PID or P_PIDFD refers to */
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
        buf_addf(out, "child %d to end", (int)thread_awaits_child(e, t));
    else
        buf_add_text(out, c->awaited);
    if (c->fd)
        buf_addf(out, " %s %d", fd_name(e, (int)t->args[0]), (int)t->args[0]);
    if (c->kind != WAIT_TIMED && is_limited(c, t))
        buf_add_text(out, ", with a timeout");
}

static const char *state_words(char state)
{
    switch (state) {
    case 'R': return "running";
    case 'D': return "the kernel (uninterruptible sleep)";
    case 'T': return "a signal to continue, as it is stopped";
    case 't': return "its tracer";
    case 'Z': return "its parent to collect its exit status";
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
        buf_addf(out, "system call %ld to return", t->syscall);
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
