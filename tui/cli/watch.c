/* SPDX-License-Identifier: MIT
 * `poolscope watch` and `attach` without a screen: findings on stderr as they are made, the report at the end. */
#include "tui/cli/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/report/report.h"
#include "tui/cli/headless.h"
#include "tui/cli/outputs.h"

enum { STATUS_IO = 3, STATUS_OURS = 125, STATUS_DENIED = 126, STATUS_NO_COMMAND = 127 };
enum { LEFT_SHOWN = 8 }; /* pids */

struct watch {
    const struct cli *cli;
    struct observer *observer;
    int signals;   /* signalfd */
    int signal;    /* the signal that asked us, not the command, to stop; 0: none */
    int64_t *said; /* owned; pairs: pid and certainty of each finding that was printed already */
    size_t nsaid;
    bool said_denied;
};

static bool was_said(const struct watch *w, const struct finding *f)
{
    for (size_t i = 0; i < w->nsaid; i++)
        if (w->said[2 * i] == f->pid && w->said[2 * i + 1] >= f->certainty)
            return true;
    return false;
}

static enum err remember(struct watch *w, const struct finding *f)
{
    int64_t *more = realloc(w->said, (w->nsaid + 1) * 2 * sizeof *more);
    if (!more)
        return ERR_NOMEM;
    w->said = more;
    more[2 * w->nsaid] = f->pid;
    more[2 * w->nsaid++ + 1] = f->certainty;
    return OK;
}

static enum err say_finding(struct watch *w, const struct model *m, const struct finding *f)
{
    enum { TEXT_MAX = 1 << 20 };
    struct buf text;
    enum err err = remember(w, f);
    if (err)
        return err;
    buf_init(&text, TEXT_MAX);
    err = report_finding(m, f, &text);
    if (!err)
        err = io_write_all(STDERR_FILENO, text.data, text.len);
    buf_done(&text);
    return err;
}

static void say_findings(struct watch *w)
{
    const struct model *m = observer_model(w->observer);
    for (size_t i = 0; i < m->nfindings; i++)
        if (m->findings[i].certainty >= CERTAINTY_LIKELY && !was_said(w, &m->findings[i]) &&
            say_finding(w, m, &m->findings[i]))
            return; /* a failing stderr is no reason to stop watching */
}

/* Prints once what the watch is not allowed to see. */
static void say_denied(struct watch *w)
{
    const struct event_denied *d = &observer_model(w->observer)->denied;
    if (d->why && !w->said_denied)
        fprintf(stderr, "poolscope: cannot see what process %lld (%s) waits for: %s\n", (long long)d->pid, d->name,
                d->why);
    w->said_denied = d->why != NULL;
}

/* Ctrl-C reaches the command by itself, because it is in the same foreground process group (si_code SI_KERNEL). A
 * signal that was sent only to us is passed on, as timeout(1) does. `attach` just ends. */
static void take_signal(struct watch *w)
{
    struct signalfd_siginfo info;
    if (read(w->signals, &info, sizeof info) != sizeof info)
        return;
    if (w->cli->mode == CLI_ATTACH)
        w->signal = (int)info.ssi_signo;
    else if (info.ssi_code != SI_KERNEL && observer_signal(w->observer, (int)info.ssi_signo))
        w->signal = (int)info.ssi_signo; /* there is no command to pass it to, so stop ourselves */
    observer_end_all(w->observer);
}

static bool over(const struct watch *w)
{
    const struct model *m = observer_model(w->observer);
    if (observer_watch_over(w->observer) || w->signal)
        return true;
    return w->cli->mode == CLI_ATTACH && (m->timed_out || observer_rested(w->observer));
}

/* The only place that waits. */
static enum err wait_for_end(struct watch *w)
{
    struct pollfd fds[] = {{.fd = observer_fd(w->observer), .events = POLLIN}, {.fd = w->signals, .events = POLLIN}};
    while (!over(w)) {
        bool changed;
        int n = poll(fds, 2, -1);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        if (n > 0 && fds[1].revents)
            take_signal(w);
        enum err err = observer_step(w->observer, &changed);
        if (err)
            return err;
        say_findings(w);
        say_denied(w);
    }
    return OK;
}

/* Prints how the watch ended, after the findings were printed as they came. Prints nothing if nothing was wrong. */
static enum err say_end(const struct model *m, struct report_end end)
{
    enum { TEXT_MAX = 1 << 16 };
    struct buf text;
    if (m->nfindings == 0 && !m->timed_out && !end.failed)
        return OK;
    buf_init(&text, TEXT_MAX);
    enum err err = report_watch_end(m, end, &text);
    if (err)
        fprintf(stderr, "poolscope: the report: %s\n", err_text(err));
    else
        err = io_write_all(STDERR_FILENO, text.data, text.len);
    if (err)
        fprintf(stderr, "poolscope: the report: %s\n", err_text(err));
    buf_done(&text);
    return err;
}

/* The report comes last, because it contains the exit status. */
static int finish(struct watch *w)
{
    struct problem problem;
    const struct model *m = observer_model(w->observer);
    bool said = !w->cli->json && !w->cli->output;
    enum err err = observer_count_samples(w->observer);
    if (err)
        fprintf(stderr, "poolscope: the report: %s\n", err_text(err));
    if (w->cli->mode == CLI_WATCH)
        watch_leave(w->observer);
    if (observer_unkillable(w->observer))
        fprintf(stderr, "poolscope: %s\n", observer_unkillable(w->observer));
    enum err recorded = observer_end_recording(w->observer, &problem);
    struct report_end end = {.signal = w->signal, .failed = err || recorded};
    if (recorded)
        headless_complain(&problem);
    if (said ? say_end(m, end) : headless_report(w->cli, m, w->cli->mode == CLI_ATTACH ? "attach" : "watch", &end))
        end.failed = true;
    return report_final_status(m, end);
}

void watch_leave(struct observer *o)
{
    struct ints left = {0};
    if (!observer_leave_running(o, &left) && left.n > 0) {
        fprintf(stderr, "poolscope: the command ended and left %zu process%s running:", left.n,
                left.n == 1 ? "" : "es");
        for (size_t i = 0; i < left.n && i < LEFT_SHOWN; i++)
            fprintf(stderr, "%s %lld", i ? "," : "", (long long)left.v[i]);
        fputs(left.n > LEFT_SHOWN ? ", ...\n" : "\n", stderr);
    }
    ints_done(&left);
}

int watch_cannot_start(const struct cli *c, enum err err, const struct problem *p)
{
    headless_complain(p);
    if (c->mode == CLI_ATTACH)
        return err == ERR_GONE ? STATUS_IO : STATUS_OURS;
    return err == ERR_NOT_FOUND ? STATUS_NO_COMMAND : err == ERR_DENIED ? STATUS_DENIED : STATUS_OURS;
}

int watch_headless(const struct cli *cli, int supervisor)
{
    struct watch w = {.cli = cli, .signals = headless_signals()};
    struct observer_options options = {.hang_after = cli->hang_after,
                                       .on_hang = cli->on_hang,
                                       .deadline = cli->deadline,
                                       .recorder = &cli->outputs->recorder};
    struct watch_settings settings = {.argv = cli->mode == CLI_WATCH ? cli->command : NULL,
                                      .pid = cli->pid,
                                      .inherited = cli->inherited,
                                      .supervisor = supervisor};
    struct problem problem = {""};
    if (w.signals < 0)
        return STATUS_OURS;
    outputs_stop_on(cli->outputs, w.signals);
    enum err err = observer_watch(&options, &settings, &w.observer, &problem);
    int status;
    if (err) {
        status = watch_cannot_start(cli, err, &problem);
    } else if ((err = wait_for_end(&w))) {
        fprintf(stderr, "poolscope: %s\n", err_text(err));
        status = STATUS_OURS;
    } else {
        status = finish(&w);
    }
    observer_free(w.observer);
    free(w.said);
    close(w.signals);
    return status;
}
