/* SPDX-License-Identifier: MIT
 * `poolscope run`: observer, one run, frames to stdout, the report to stderr or a file. */
#include "tui/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/text.h"
#include "core/report/report.h"
#include "tui/headless.h"

enum { STATUS_IO = 3, STATUS_OURS = 125 };
enum { FRAME_MAX = 1 << 30 };

struct headless {
    const struct cli *cli;
    struct observer *observer;
    int signals;       /* signalfd */
    int signal;        /* the one that asked us to stop; 0: none */
    bool *printed;     /* by task, what is on stdout already */
    size_t nprinted;
    bool progress;     /* a progress line stands on stderr */
    enum err out_err;  /* stdout does not take what we write */
};

static void clear_progress(struct headless *h)
{
    if (h->progress)
        fputs("\r\033[K", stderr);
    h->progress = false;
}

/* Anything over half a second says how far it is, where somebody is there to read it. */
static void show_progress(struct headless *h)
{
    const struct model *m = observer_model(h->observer);
    char seconds[24];
    if (!isatty(STDERR_FILENO) || observer_now(h->observer) < 0.5)
        return;
    fprintf(stderr, "\r\033[Kpoolscope: %s", text_clock(observer_now(h->observer), seconds));
    if (m->run)
        fprintf(stderr, "  %zu of %zu tasks", model_settled_tasks(m), m->ntasks);
    else
        fputs("  loading", stderr);
    h->progress = true;
}

static enum err print_frame(const struct model *m, const struct model_task *t)
{
    struct buf frame;
    buf_init(&frame, FRAME_MAX);
    enum err e = table_print(m->table, &t->result, &frame);
    if (!e)
        e = io_write_all(STDOUT_FILENO, frame.data, frame.len);
    buf_done(&frame);
    return e;
}

/* The finished task that ended first among those not printed yet. */
static const struct model_task *next_to_print(const struct headless *h, const struct model *m)
{
    const struct model_task *next = NULL;
    for (size_t i = 0; i < m->ntasks; i++) {
        const struct model_task *t = &m->tasks[i];
        if (t->state == TASK_FINISHED && !h->printed[i] && (!next || t->ended < next->ended))
            next = t;
    }
    return next;
}

static enum err grow_printed(struct headless *h, size_t n)
{
    if (n <= h->nprinted)
        return OK;
    bool *more = realloc(h->printed, n * sizeof *more);
    if (!more)
        return ERR_NOMEM;
    memset(more + h->nprinted, 0, (n - h->nprinted) * sizeof *more);
    h->printed = more;
    h->nprinted = n;
    return OK;
}

static void print_results(struct headless *h)
{
    const struct model *m = observer_model(h->observer);
    if (h->cli->json || !m->table || h->out_err || (h->out_err = grow_printed(h, m->ntasks)))
        return;
    for (const struct model_task *t; !h->out_err && (t = next_to_print(h, m));) {
        clear_progress(h);
        h->printed[t->id - 1] = true;
        h->out_err = print_frame(m, t);
    }
    if (h->out_err) {
        fprintf(stderr, "poolscope: stdout: %s\n", errno ? strerror(errno) : err_text(h->out_err));
        observer_stop(h->observer);
    }
}

static bool over(const struct model *m)
{
    return m->table_error || m->host_died || (m->run > 0 && !model_run_active(m));
}

static void take_signal(struct headless *h)
{
    struct signalfd_siginfo info;
    if (read(h->signals, &info, sizeof info) != sizeof info)
        return;
    h->signal = (int)info.ssi_signo;
    observer_stop(h->observer);
}

/* The one place that waits. */
static enum err wait_for_end(struct headless *h)
{
    const struct model *m = observer_model(h->observer);
    struct pollfd fds[] = {{.fd = observer_fd(h->observer), .events = POLLIN}, {.fd = h->signals, .events = POLLIN}};
    enum { TICK_MS = 200 };
    while (!over(m)) {
        bool changed;
        int n = poll(fds, 2, isatty(STDERR_FILENO) ? TICK_MS : -1);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        if (n > 0 && fds[1].revents) {
            take_signal(h);
            if (!model_run_active(m))
                break; /* nothing has begun that would have to end */
        }
        enum err e = observer_step(h->observer, &changed);
        if (e)
            return e;
        print_results(h);
        show_progress(h);
    }
    clear_progress(h);
    return OK;
}

static int finish(struct headless *h)
{
    struct problem problem;
    int status = report_exit_status(observer_model(h->observer));
    enum err e = headless_report(h->cli, observer_model(h->observer), "run");
    enum err recorded = observer_end_recording(h->observer, &problem);
    if (recorded)
        headless_complain(&problem);
    if (h->signal)
        return 128 + h->signal;
    return e || recorded || h->out_err ? STATUS_OURS : status;
}

static enum err start(struct headless *h, struct problem *problem)
{
    const struct cli *c = h->cli;
    struct observer_options options = {
        .path = c->file, .key = c->key, .dtypes = c->dtypes.v, .ndtypes = c->dtypes.n, .threads = c->threads,
        .forkserver = strcmp(c->method, "forkserver") == 0, .hang_after = c->hang_after, .on_hang = c->on_hang,
        .timeout = c->timeout, .record = c->record};
    struct run_settings run = {.method = c->method, .workers = c->workers, .threads = c->threads,
                               .at_fork = at_fork_names[c->at_fork], .codes = (const char *const *)c->codes.v,
                               .ncodes = c->codes.n};
    enum err e = observer_new(&options, &h->observer, problem);
    if (e)
        return e;
    e = observer_run(h->observer, &run);
    return e ? problem_set(problem, e, "cannot start the run: %s", err_text(e)) : OK;
}

int run_headless(const struct cli *cli)
{
    struct headless h = {.cli = cli, .signals = headless_signals()};
    struct problem problem = {""};
    int status;
    if (h.signals < 0) {
        fputs("poolscope: cannot wait for signals\n", stderr);
        return STATUS_OURS;
    }
    enum err e = start(&h, &problem);
    if (e) {
        headless_complain(&problem);
        status = h.observer ? STATUS_OURS : STATUS_IO;
    } else if ((e = wait_for_end(&h))) {
        fprintf(stderr, "poolscope: %s\n", err_text(e));
        status = STATUS_OURS;
    } else {
        status = finish(&h);
    }
    observer_free(h.observer);
    free(h.printed);
    close(h.signals);
    return status;
}
