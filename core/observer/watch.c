/* SPDX-License-Identifier: MIT
 * A watched command, or a tree that was running already: what it writes, when it ends, and when a hung
 * tree is ended. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/observer/kill_below.h"
#include "core/observer/private.h"
#include "core/proc/proc.h"
#include "core/proc/identity.h"

/* A tree in which something hangs is at rest when nothing in it has moved for this long, seconds. */
static const double rest_time = 1.0;
/* How long a command may take to end by SIGTERM before all below us gets SIGKILL, seconds. */
static const double term_patience = 2.0;

static enum err command_text(char *const *argv, char **out)
{
    enum { TEXT_MAX = 64 * 1024 };
    struct buf text;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; argv[i]; i++)
        buf_addf(&text, "%s%s", i ? " " : "", argv[i]);
    *out = buf_take(&text);
    buf_done(&text);
    return *out ? OK : ERR_NOMEM;
}

static enum err apply_started(struct observer *o, const struct watch_settings *s)
{
    struct event e = {.type = EVENT_COMMAND_STARTED,
                      .time = clock_now() - o->epoch,
                      .command = {.pid = o->root, .attached = s->argv == NULL}};
    if (s->argv && command_text(s->argv, &e.command.text))
        return ERR_NOMEM;
    return observer_apply(o, &e);
}

/* Where a process that is not our child has ended, its pidfd tells (pidfd_open(2)), but not how. */
static enum err open_root(struct observer *o, const struct watch_settings *s, struct problem *problem)
{
    if (s->argv) {
        struct winsize size = {.ws_col = (unsigned short)s->columns, .ws_row = (unsigned short)s->rows};
        enum err err = command_start(s->argv, s->tty ? &size : NULL, s->inherited, &o->command, problem);
        if (err)
            return err;
        o->root = command_pid(o->command);
        err = io_dup(command_pidfd(o->command), &o->root_pidfd);
        if (err)
            return problem_set(problem, err, "cannot watch process %d: %s", (int)o->root, err_text(err));
    } else {
        o->root = s->pid;
        o->root_pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
    }
    if (o->root_pidfd < 0)
        return errno == ESRCH ? problem_set(problem, ERR_GONE, "no process %d", (int)s->pid)
                              : problem_errno(problem, "cannot watch process %d", (int)o->root);
    return OK;
}

static enum err begin(struct observer *o, const struct watch_settings *s, struct problem *problem)
{
    enum err err = open_root(o, s, problem);
    if (err)
        return err;
    err = apply_started(o, s);
    if (!err)
        err = observer_watch_fd(o, o->root_pidfd);
    if (!err && o->command && command_tty(o->command) >= 0)
        err = observer_watch_fd(o, command_tty(o->command));
    o->supervisor = s->supervisor;
    if (!err && o->supervisor)
        err = observer_watch_fd(o, o->supervisor);
    if (!err)
        err = sampler_watch(o->sampler, o->root, true, o->epoch);
    return err ? problem_set(problem, ERR_SYS, "cannot watch: %s", err_text(err)) : OK;
}

enum err observer_watch(const struct observer_options *options, const struct watch_settings *settings,
                        struct observer **out, struct problem *problem)
{
    struct observer *o;
    enum err err = observer_new(options, &o, problem);
    if (err)
        return err == ERR_NOMEM ? err : ERR_SYS; /* whatever it was, it says nothing of the command */
    err = begin(o, settings, problem);
    if (err)
        observer_free(o);
    else
        *out = o;
    return err;
}

static enum err apply_exited(struct observer *o, int code, int sig)
{
    struct event e = {.type = EVENT_COMMAND_EXITED,
                      .time = clock_now() - o->epoch,
                      .command = {.pid = o->root, .attached = !o->command, .code = code, .signal = sig}};
    return observer_apply(o, &e);
}

static enum err read_output(struct observer *o, bool *changed)
{
    enum { STEP = 16 * 1024 };
    char bytes[STEP + 1];
    int fd = command_tty(o->command);
    ssize_t n = fd >= 0 ? read(fd, bytes, STEP) : -1;
    size_t kept = 0;
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != '\0')
            bytes[kept++] = bytes[i]; /* a text ends at NUL; on a terminal it is nothing */
    if (kept == 0)
        return OK; /* EAGAIN: nothing there */
    bytes[kept] = '\0';
    struct event e = {.type = EVENT_OUTPUT, .time = clock_now() - o->epoch};
    if (!(e.note.text = text_dup(bytes)))
        return ERR_NOMEM;
    *changed = true;
    return observer_apply(o, &e);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLIN | POLLHUP));
}

/* The root has ended: its status is known if it is our child. */
static enum err on_end(struct observer *o)
{
    bool ended = true;
    int code = -1, sig = 0;
    if (o->command)
        command_reap(o->command, &ended, &code, &sig);
    if (!ended)
        return OK;
    observer_unwatch_fd(o, o->root_pidfd);
    io_close(&o->root_pidfd);
    return apply_exited(o, code, sig);
}

enum err watch_step(struct observer *o, bool *changed)
{
    enum err err = OK;
    if (o->supervisor && readable(o->supervisor))
        return ERR_CLOSED;
    if (o->command && readable(command_tty(o->command)))
        err = read_output(o, changed);
    if (!err && readable(o->root_pidfd)) {
        *changed = true;
        err = on_end(o);
    }
    return err;
}

/* When something of the tree last moved. */
static double last_move(const struct model *m)
{
    double last = 0;
    for (size_t i = 0; i < m->nprocesses; i++)
        if (!m->processes[i].gone && m->processes[i].last > last)
            last = m->processes[i].last;
    return last;
}

static bool hung(const struct model *m)
{
    const struct finding *worst = model_worst_finding(m);
    return worst && worst->certainty >= CERTAINTY_LIKELY;
}

/* A hang was found: from now on it is looked whether the rest has come to rest too. */
void watch_react(struct observer *o)
{
    if (o->rested || o->ending || o->look_at > 0 || !hung(o->model))
        return;
    o->look_at = clock_now() + rest_time / 4;
    observer_arm_timer(o);
}

/* Other parts may still do useful work: the tree is ended when it rests, or when it has only beaten time since the hang
 * was seen (heartbeats never rest). */
static bool time_to_end(const struct observer *o, double now)
{
    double on_model = now - o->epoch;
    const struct finding *worst = model_worst_finding(o->model);
    return on_model - last_move(o->model) >= rest_time ||
           on_model - worst->after_seconds >= rest_time + o->options.hang_after;
}

/* Only where the user said so of a tree that is not ours. The model may be old, if we were stopped for a while: a
 * process is only killed if it is still the one that was seen. A failure (gone, not permitted) leaves it be. */
static void kill_attached(const struct observer *o)
{
    const struct model *m = o->model;
    for (size_t i = 0; i < m->nprocesses && o->root != 1; i++) {
        const struct event_process *p = &m->processes[i].seen;
        struct identity t = {.pid = (pid_t)p->pid, .started = (uint64_t)p->start_ticks};
        if (m->processes[i].gone || t.pid == getpid() || proc_is_guard(t.pid))
            continue;
        if (identity_signal(&t, SIGKILL)) {
            /* the next look at the tree shows that it is still there, if it is */
        }
    }
}

void watch_stop(struct observer *o)
{
    if (o->ending || o->model->command_ended)
        return;
    o->ending = true;
    if (!o->command) {
        if (o->options.on_hang == ON_HANG_KILL && hung(o->model))
            kill_attached(o);
        return;
    }
    if (command_signal(o->command, SIGTERM)) {
        /* then SIGKILL will be denied as well, and that is said */
    }
    o->look_at = clock_now() + term_patience;
    observer_arm_timer(o);
}

/* What is left says so once. A command that is among it is not waited for. */
static void kill_tree(struct observer *o)
{
    size_t known = command_left(o->command)->denied;
    command_kill_tree(o->command);
    o->given_up = command_runs(o->command);
    if (command_left(o->command)->denied > known)
        observer_say(o, NOTE_ERROR, kill_left_text(command_left(o->command), o->left));
}

enum err watch_look(struct observer *o, double now, bool *changed)
{
    if (o->ending) {
        if (!o->model->command_ended && o->command)
            kill_tree(o);
        *changed = true;
        return OK;
    }
    if (!hung(o->model) || o->model->command_ended)
        return OK;
    if (time_to_end(o, now)) {
        o->rested = *changed = true;
        if (o->options.on_hang == ON_HANG_KILL) {
            observer_say(o, NOTE_ERROR, "the hung tree is ended (--on-hang kill)");
            watch_stop(o);
        }
        return OK;
    }
    o->look_at = now + rest_time / 4;
    return OK;
}

bool observer_rested(const struct observer *o)
{
    return o->rested;
}

bool observer_watch_over(const struct observer *o)
{
    return o->model->command_ended || o->given_up;
}

enum err observer_signal(struct observer *o, int sig)
{
    return o->command ? command_signal(o->command, sig) : OK;
}

void observer_kill_all(struct observer *o)
{
    o->ends_all = true;
    if (o->command)
        kill_tree(o);
    else if (o->root)
        kill_attached(o);
}

void observer_end_all(struct observer *o)
{
    o->ends_all = true;
}

/* As process 1 of a namespace our parent takes everything with it when it ends: then there is nothing to leave. */
static bool may_leave(const struct observer *o)
{
    const struct model *m = o->model;
    return o->command && m->command_ended && !m->command_signal && !m->timed_out && !hung(m) && !o->ending &&
           !o->ends_all && getppid() != 1;
}

enum err observer_leave(struct observer *o, struct ints *left)
{
    if (!may_leave(o)) {
        observer_kill_all(o);
        return OK;
    }
    sampler_free(o->sampler); /* it may have started a process of its own, which is none of the command's */
    o->sampler = NULL;
    enum err err = list_below(left);
    if (!err)
        command_leave(o->command);
    return err;
}

const char *observer_left(const struct observer *o)
{
    return o->command && command_left(o->command)->denied > 0 ? o->left : NULL;
}

void observer_inspect(struct observer *o, int64_t pid)
{
    sampler_inspect(o->sampler, (pid_t)pid);
}

void observer_resize(struct observer *o, int columns, int rows)
{
    if (o->command)
        command_resize(o->command, columns, rows);
}

enum err observer_type(struct observer *o, const char *bytes, size_t len)
{
    return o->command && command_tty(o->command) >= 0 ? io_write_all(command_tty(o->command), bytes, len) : ERR_GONE;
}

enum err observer_count_samples(struct observer *o)
{
    struct event e = {.type = EVENT_SAMPLED, .time = clock_now() - o->epoch};
    sampler_count(o->sampler, &e.sampling);
    return observer_apply(o, &e);
}
