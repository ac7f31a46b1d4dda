/* SPDX-License-Identifier: MIT
 * A watched command, or a process tree that was running already: what it writes, when it ends, and when a hung tree is
 * killed. */
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

/* A tree with a hang is at rest when nothing in it has changed for this long, seconds. */
static const double rest_time = 1.0;
/* How long a command may take to end after SIGTERM before everything below us gets SIGKILL, seconds. */
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

/* A pidfd tells that a process has ended (pidfd_open(2)), but not how unless it is our child. */
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
            bytes[kept++] = bytes[i]; /* a terminal shows nothing for NUL, which would end our text */
    if (kept == 0)
        return OK; /* there was nothing to read (EAGAIN) */
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

/* The root has ended. Its status is known only if it is our child. */
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

static enum err watch_step(struct observer *o, int *budget, bool *changed)
{
    (void)budget; /* there is little to do in each step */
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

/* When a process of the tree last changed. */
static double last_change(const struct model *m)
{
    double last = 0;
    for (size_t i = 0; i < m->nprocesses; i++)
        if (!m->processes[i].gone && m->processes[i].last > last)
            last = m->processes[i].last;
    return last;
}

static bool hung(const struct model *m)
{
    return model_outcome(m) == OUTCOME_HUNG;
}

/* A process that is being ended changes, which says nothing about the hang that was found in it. */
static enum err watch_before(struct observer *o, struct event *e, bool *dropped)
{
    *dropped = e->type == EVENT_FINDING_ENDED && o->ending;
    return OK;
}

/* Once a hang was found, it is checked again and again whether the tree has come to rest. */
static enum err watch_after(struct observer *o, enum event_type type, const struct model_worker *w)
{
    (void)type;
    (void)w;
    if (!o->rested && !o->ending && o->look_at == 0 && hung(o->model))
        observer_look_at(o, clock_now() + rest_time / 4);
    return OK;
}

/* Other processes of the tree may still do useful work, so it is left alone until it is at rest. A tree with a process
 * that wakes up again and again (a heartbeat) is never at rest: it gets only so much time after the hang was found. */
static bool time_to_end(const struct observer *o, double now)
{
    double on_model = now - o->epoch;
    const struct finding *worst = model_worst_finding(o->model);
    return on_model - last_change(o->model) >= rest_time ||
           on_model - worst->after_seconds >= rest_time + o->options.hang_after;
}

/* Kills the processes of a tree that is not ours. If we were stopped for a while, the model is out of date: a process
 * is only killed if it still is the one that was seen. One that is gone, or that we may not signal, is left alone. */
static void kill_attached(const struct observer *o)
{
    const struct model *m = o->model;
    for (size_t i = 0; i < m->nprocesses && o->root != 1; i++) {
        const struct event_process *p = &m->processes[i].seen;
        struct identity t = {.pid = (pid_t)p->pid, .started = (uint64_t)p->start_ticks};
        if (m->processes[i].gone || t.pid == getpid() || proc_is_guard(t.pid))
            continue;
        if (identity_signal(&t, SIGKILL)) {
            /* if it still is there, the next look at the tree shows it */
        }
    }
}

static void watch_stop(struct observer *o)
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
        /* SIGKILL will be denied as well, and kill_tree says so */
    }
    observer_look_at(o, clock_now() + term_patience);
}

/* Says which processes cannot be killed, once. If the command is one of them, it is not waited for. */
static void kill_tree(struct observer *o)
{
    const struct unkillable *u = command_unkillable(o->command);
    size_t known = u->n;
    command_kill_tree(o->command);
    o->given_up = command_runs(o->command);
    if (u->n > known)
        observer_say(o, NOTE_ERROR, unkillable_text(u, o->unkillable));
}

static enum err watch_look(struct observer *o, double now, bool *changed)
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
            observer_say(o, NOTE_ERROR, "ending the hung process tree (--on-hang kill)");
            watch_stop(o);
        }
        return OK;
    }
    o->look_at = now + rest_time / 4;
    return OK;
}

static void watch_done(struct observer *o)
{
    command_free(o->command);
    io_close(&o->root_pidfd);
}

static const struct observed watch_kind = {.step = watch_step,
                                           .before = watch_before,
                                           .after = watch_after,
                                           .look = watch_look,
                                           .stop = watch_stop,
                                           .done = watch_done};

enum err observer_watch(const struct observer_options *options, const struct watch_settings *settings,
                        struct observer **out, struct problem *problem)
{
    struct observer *o;
    enum err err = observer_open(options, &watch_kind, &o, problem);
    if (err)
        return err == ERR_NOMEM ? err : ERR_SYS; /* any failure of ours says nothing about the command */
    err = begin(o, settings, problem);
    if (err)
        observer_free(o);
    else
        *out = o;
    return err;
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

/* If our parent is process 1 of a PID namespace, everything in the namespace ends with it: then nothing can be left
 * running. */
static bool may_leave_running(const struct observer *o)
{
    const struct model *m = o->model;
    return o->command && m->command_ended && !m->command_signal && !m->timed_out && !hung(m) && !o->ending &&
           !o->ends_all && getppid() != 1;
}

enum err observer_leave_running(struct observer *o, struct ints *pids)
{
    if (!may_leave_running(o)) {
        observer_kill_all(o);
        return OK;
    }
    sampler_free(o->sampler); /* a process that it may have started is not one of the command's */
    o->sampler = NULL;
    enum err err = list_below(pids);
    if (!err)
        command_leave_running(o->command);
    return err;
}

const char *observer_unkillable(const struct observer *o)
{
    return o->command && command_unkillable(o->command)->n > 0 ? o->unkillable : NULL;
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
