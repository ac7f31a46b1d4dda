/* SPDX-License-Identifier: MIT
 * Describes one process in detail, in words. Reads nothing: the scene has all of it. */
#include <signal.h>
#include <string.h>

#include "core/observer/sampler_priv.h"

/* The most lines of each kind. The search for other processes that have the same file open is limited by them, too. */
enum { THREADS_SHOWN = 1000, FDS_SHOWN = 200, HOLDERS_SHOWN = 4 };

static const char *const fd_kinds[] = {
    [FD_OTHER] = "other",     [FD_FILE] = "file",         [FD_PIPE] = "pipe",    [FD_SOCKET] = "socket",
    [FD_EVENTFD] = "eventfd", [FD_EPOLL] = "epoll",       [FD_TTY] = "terminal", [FD_IO_URING] = "io_uring",
    [FD_TIMERFD] = "timerfd", [FD_SIGNALFD] = "signalfd",
};

static const char *const signal_names[] = {
    "",     "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};

static enum err add_threads(const struct evidence *e, struct event_inspection *out)
{
    enum { WORDS_MAX = 512 };
    enum err err = OK;
    for (size_t i = 0; i < e->nthreads && i < THREADS_SHOWN && !err; i++) {
        const struct thread_evidence *t = &e->threads[i];
        struct buf words;
        buf_init(&words, WORDS_MAX);
        if (thread_ended(t))
            err = buf_add_text(&words, "it has ended");
        else
            err = thread_waits_for(e, t, &words);
        if (!err)
            err = texts_add(&out->waits, buf_text(&words));
        if (!err)
            err = texts_add(&out->names, t->name);
        if (!err)
            err = ints_add(&out->tids, t->tid);
        buf_done(&words);
    }
    return err;
}

static bool holds(const struct evidence *e, const struct fd_evidence *wanted)
{
    for (size_t i = 0; i < e->nfds; i++)
        if (e->fds[i].inode == wanted->inode && e->fds[i].kind == wanted->kind)
            return true;
    return false;
}

/* The other processes of the tree that have the same pipe or socket, at either end. */
static void add_holders(const struct scene *s, const struct evidence *e, const struct fd_evidence *fd, struct buf *line)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->procs[i].pid == e->pid || !holds(&s->procs[i], fd))
            continue;
        if (n < HOLDERS_SHOWN)
            buf_addf(line, "%s%d", n ? ", " : ", also in ", (int)s->procs[i].pid);
        n++;
    }
    if (n > HOLDERS_SHOWN)
        buf_addf(line, " and %zu more", n - HOLDERS_SHOWN);
}

static enum err add_fd(const struct scene *s, const struct evidence *e, const struct fd_evidence *fd, struct texts *out)
{
    enum { LINE_MAX = 512 };
    struct buf line;
    bool directed = fd->kind == FD_PIPE || fd->kind == FD_SOCKET;
    buf_init(&line, LINE_MAX);
    buf_addf(&line, "%3d  %s", fd->fd, fd_kinds[fd->kind]);
    if (directed) {
        buf_addf(&line, " %llu%s", (unsigned long long)fd->inode,
                 fd->kind == FD_SOCKET ? ""
                 : fd->can_write       ? ", the write end"
                                       : ", the read end");
        add_holders(s, e, fd, &line);
    }
    enum err err = line.err ? line.err : texts_add(out, buf_text(&line));
    buf_done(&line);
    return err;
}

static enum err add_fds(const struct scene *s, const struct evidence *e, struct event_inspection *out)
{
    enum err err = OK;
    out->fds_denied = e->fds_seen == DENIED;
    for (size_t i = 0; i < e->nfds && i < FDS_SHOWN && !err; i++)
        err = add_fd(s, e, &e->fds[i], &out->fds);
    if (!err && e->nfds > FDS_SHOWN)
        err = texts_addf(&out->fds, "and %zu more", e->nfds - FDS_SHOWN);
    return err;
}

static enum err add_signals(const char *verb, uint64_t set, struct texts *out)
{
    enum { LINE_MAX = 1024, SIGNALS = sizeof signal_names / sizeof *signal_names };
    struct buf line;
    size_t n = 0;
    if (set == 0)
        return OK;
    buf_init(&line, LINE_MAX);
    buf_add_text(&line, verb);
    for (int i = 1; i <= 64; i++) {
        if (!(set >> (i - 1) & 1))
            continue;
        buf_add_text(&line, n++ ? ", " : " ");
        if (i < SIGNALS)
            buf_add_text(&line, signal_names[i]);
        else
            buf_addf(&line, "%d", i);
    }
    enum err err = line.err ? line.err : texts_add(out, buf_text(&line));
    buf_done(&line);
    return err;
}

enum err inspection_describe(const struct scene *s, const struct evidence *e, double epoch, struct event *out)
{
    struct event_inspection *i = &out->inspection;
    *out = (struct event){.type = EVENT_INSPECTION, .time = s->taken - epoch};
    *i = (struct event_inspection){.pid = e->pid,
                                   .name = text_dup(e->name),
                                   .exe = text_dup(e->exe),
                                   .started = e->started_at - epoch,
                                   .parent_threads_now = e->parent_threads_now,
                                   .ghost_stacks = e->maps_seen == SEEN ? (int64_t)e->ghost_stacks : -1};
    enum err err = i->name && (i->exe || !e->exe) ? OK : ERR_NOMEM;
    if (!err)
        err = add_threads(e, i);
    if (!err)
        err = add_fds(s, e, i);
    if (!err)
        err = add_signals("pending", e->sig_pending, &i->signals);
    if (!err)
        err = add_signals("blocks", e->sig_blocked, &i->signals);
    if (!err)
        err = add_signals("ignores", e->sig_ignored, &i->signals);
    if (!err)
        err = add_signals("catches", e->sig_caught, &i->signals);
    if (err)
        event_done(out);
    return err;
}
