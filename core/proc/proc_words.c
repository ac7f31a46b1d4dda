/* SPDX-License-Identifier: MIT
 * What a blocked system call waits for: one const table, and the sentence made of it. Pure. */
#include "core/proc/proc_priv.h"

#include <fcntl.h>
#include <sys/syscall.h>

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
    bool on_fd; /* the first argument is an fd */
};

static const struct blocking_call blocking_calls[] = {
    {SYS_read, "read", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_readv, "read", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_pread64, "read", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_recvfrom, "read", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_recvmsg, "read", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_recvmmsg, "read", WAIT_INPUT, LIMIT_POINTER, 4, true},
    {SYS_accept, "accept", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_accept4, "accept", WAIT_INPUT, LIMIT_NEVER, 0, true},
    {SYS_openat, "open", WAIT_INPUT, LIMIT_NEVER, 0, false},
    {SYS_msgrcv, "msgrcv", WAIT_INPUT, LIMIT_NEVER, 0, false},
    {SYS_mq_timedreceive, "mq_receive", WAIT_INPUT, LIMIT_POINTER, 4, false},
    {SYS_io_getevents, "io_getevents", WAIT_INPUT, LIMIT_POINTER, 4, false},
    {SYS_io_uring_enter, "io_uring_enter", WAIT_INPUT, LIMIT_NEVER, 0, true},
#ifdef SYS_poll
    {SYS_poll, "poll", WAIT_INPUT, LIMIT_MS, 2, false},
    {SYS_select, "select", WAIT_INPUT, LIMIT_POINTER, 4, false},
    {SYS_epoll_wait, "epoll", WAIT_INPUT, LIMIT_MS, 3, true},
    {SYS_pause, "pause", WAIT_SIGNAL, LIMIT_NEVER, 0, false},
#endif
    {SYS_ppoll, "poll", WAIT_INPUT, LIMIT_POINTER, 2, false},
    {SYS_pselect6, "select", WAIT_INPUT, LIMIT_POINTER, 4, false},
    {SYS_epoll_pwait, "epoll", WAIT_INPUT, LIMIT_MS, 3, true},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, "epoll", WAIT_INPUT, LIMIT_POINTER, 3, true},
#endif
    {SYS_write, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, true},
    {SYS_writev, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, true},
    {SYS_pwrite64, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, true},
    {SYS_sendto, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, true},
    {SYS_sendmsg, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, true},
    {SYS_sendmmsg, "write", WAIT_OUTPUT, LIMIT_NEVER, 0, true},
    {SYS_msgsnd, "msgsnd", WAIT_OUTPUT, LIMIT_NEVER, 0, false},
    {SYS_mq_timedsend, "mq_send", WAIT_OUTPUT, LIMIT_POINTER, 4, false},
    {SYS_connect, "connect", WAIT_OUTPUT, LIMIT_ALWAYS, 0, true},
    {SYS_wait4, "wait4", WAIT_CHILD, LIMIT_NEVER, 0, false},
    {SYS_waitid, "waitid", WAIT_CHILD, LIMIT_NEVER, 0, false},
    {SYS_rt_sigsuspend, "sigsuspend", WAIT_SIGNAL, LIMIT_NEVER, 0, false},
    {SYS_rt_sigtimedwait, "sigwait", WAIT_SIGNAL, LIMIT_POINTER, 2, false},
    {SYS_flock, "flock", WAIT_LOCK, LIMIT_NEVER, 0, true},
    {SYS_fcntl, "file lock", WAIT_LOCK, LIMIT_NEVER, 0, true},
    {SYS_semop, "semop", WAIT_LOCK, LIMIT_NEVER, 0, false},
    {SYS_semtimedop, "semop", WAIT_LOCK, LIMIT_POINTER, 3, false},
    {SYS_nanosleep, "sleep", WAIT_TIMED, LIMIT_ALWAYS, 0, false},
    {SYS_clock_nanosleep, "sleep", WAIT_TIMED, LIMIT_ALWAYS, 0, false},
    {SYS_restart_syscall, "wait", WAIT_TIMED, LIMIT_ALWAYS, 0, false},
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

static const struct thread_evidence *find_living(const struct evidence *e, pid_t tid)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (e->threads[i].tid == tid && !thread_ended(&e->threads[i]))
            return &e->threads[i];
    return NULL;
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

static const char *fd_name(const struct evidence *e, int fd)
{
    static const char *const names[] = {
        [FD_OTHER] = "fd", [FD_FILE] = "file", [FD_PIPE] = "pipe", [FD_SOCKET] = "socket", [FD_EVENTFD] = "eventfd",
        [FD_EPOLL] = "epoll", [FD_TTY] = "terminal", [FD_IO_URING] = "io_uring", [FD_TIMERFD] = "timerfd",
        [FD_SIGNALFD] = "signalfd",
    };
    for (size_t i = 0; i < e->nfds; i++)
        if (e->fds[i].fd == fd)
            return names[e->fds[i].kind];
    return "fd";
}

static void say_futex(const struct evidence *e, const struct thread_evidence *t, struct buf *out)
{
    const struct futex_wait *f = &t->futex;
    const char *limit = f->has_timeout ? "with a timeout" : "without a timeout";
    if (thread_joins(e, t))
        buf_addf(out, "thread %d to end", (int)thread_joins(e, t));
    else if (futex_wait_is_held_mutex(f))
        buf_addf(out, "a lock in its own memory that thread %u holds, %s", f->owner, limit);
    else if (f->private_op || f->home == WORD_PRIVATE)
        buf_addf(out, "a futex in its own memory, %s", limit);
    else
        buf_addf(out, "a futex in shared memory, %s", limit);
}

static void say_call(const struct evidence *e, const struct thread_evidence *t, const struct blocking_call *c,
                     struct buf *out)
{
    if (c->kind == WAIT_CHILD && (int)t->args[c->number == SYS_waitid] > 0)
        buf_addf(out, "child %d", (int)t->args[c->number == SYS_waitid]);
    else if (c->kind == WAIT_CHILD)
        buf_add_text(out, "a child");
    else if (c->kind == WAIT_SIGNAL)
        buf_addf(out, "a signal%s", is_limited(c, t) ? ", with a timeout" : "");
    else if (c->kind == WAIT_TIMED)
        buf_add_text(out, "a time to pass");
    else if (c->on_fd)
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
