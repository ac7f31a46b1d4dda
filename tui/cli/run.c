/* SPDX-License-Identifier: MIT
 * `poolscope run`: one run, with results on stdout and the report on stderr or in a file. */
#include "tui/cli/run.h"

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
#include "tui/cli/headless.h"
#include "tui/cli/outputs.h"

enum { STATUS_IO = 3, STATUS_OURS = 125 };
enum { FRAME_MAX = 1 << 30 };

struct headless {
    const struct cli *cli;
    struct observer *observer;
    int signals;   /* signalfd */
    int signal;    /* the signal that asked us to stop; 0: none */
    bool progress; /* there is a progress line on stderr */
    int failed;    /* the exit status after a result could not be printed; 0: all were printed so far */
};

static void clear_progress(struct headless *h)
{
    if (h->progress)
        fputs("\r\033[K", stderr);
    h->progress = false;
}

/* Shows the progress on a terminal, once the run takes longer than half a second. */
static void show_progress(struct headless *h)
{
    const struct model *m = observer_model(h->observer);
    char seconds[24];
    if (!isatty(STDERR_FILENO) || observer_now(h->observer) < 0.5)
        return;
    fprintf(stderr, "\r\033[Kpoolscope: %s", text_clock(observer_now(h->observer), seconds));
    if (m->run)
        fprintf(stderr, "  %zu of %zu tasks", model_settled_tasks(m), m->total);
    else
        fputs("  loading the table", stderr);
    h->progress = true;
}

/* Prints the rows of one result. Returns 0, or an exit status and the reason in `problem`. */
static int print_frame(const struct observer *o, const struct ints *ranges, struct problem *problem)
{
    int status = 0;
    struct buf frame;
    struct rows rows = {0};
    enum err err = OK;
    for (size_t i = 0; i + 1 < ranges->n && !err; i += 2)
        err = rows_add(&rows, (uint64_t)ranges->v[i], (uint64_t)ranges->v[i + 1]);
    buf_init(&frame, FRAME_MAX);
    if (!err)
        err = table_print(observer_table(o), &rows, &frame);
    if (err) {
        status = err == ERR_NOMEM ? STATUS_OURS : STATUS_IO;
        problem_set(problem, err, "%s: %s", observer_model(o)->path, err_text(err));
    } else if (io_write_all(STDOUT_FILENO, frame.data, frame.len)) {
        status = STATUS_OURS;
        problem_errno(problem, "cannot write a result to stdout");
    }
    buf_done(&frame);
    rows_done(&rows);
    return status;
}

/* Prints each result as soon as it arrives, so that it need not be kept. */
static void print_result(void *ctx, const struct event_task *ended)
{
    struct headless *h = ctx;
    struct problem problem;
    if (h->cli->json || !observer_table(h->observer) || h->failed || ended->state != TASK_FINISHED)
        return;
    clear_progress(h);
    h->failed = print_frame(h->observer, &ended->ranges, &problem);
    if (h->failed) {
        headless_complain(&problem);
        observer_stop(h->observer);
    }
}

/* If the time is over before the run has begun, it will not begin. */
static bool over(const struct model *m)
{
    return m->table_error || m->host_died || ((m->run > 0 || m->timed_out) && !model_run_active(m));
}

static void take_signal(struct headless *h)
{
    struct signalfd_siginfo info;
    if (read(h->signals, &info, sizeof info) != sizeof info)
        return;
    h->signal = (int)info.ssi_signo;
    observer_stop(h->observer);
}

/* The only place that waits. */
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
                break; /* no run has to be stopped first */
        }
        enum err err = observer_step(h->observer, &changed);
        if (err)
            return err;
        show_progress(h);
    }
    clear_progress(h);
    return OK;
}

/* The report comes last, because it contains the exit status. */
static int finish(struct headless *h)
{
    struct problem problem;
    const struct model *m = observer_model(h->observer);
    enum err recorded = observer_end_recording(h->observer, &problem);
    struct report_end end = {
        .signal = h->signal, .failed = recorded || h->failed == STATUS_OURS, .unread = h->failed == STATUS_IO};
    if (recorded)
        headless_complain(&problem);
    if (headless_report(h->cli, m, "run", &end) == ERR_CANCELLED) { /* a signal came while nobody read the report */
        take_signal(h);
        end.signal = h->signal;
    }
    return report_final_status(m, end);
}

static enum err start(struct headless *h, struct problem *problem)
{
    const struct cli *c = h->cli;
    struct observer_options options = {.path = c->file,
                                       .key = c->key,
                                       .dtypes = c->dtypes.v,
                                       .ndtypes = c->dtypes.n,
                                       .threads = c->threads,
                                       .forkserver = strcmp(c->method, "forkserver") == 0,
                                       .hang_after = c->hang_after,
                                       .on_hang = c->on_hang,
                                       .deadline = c->deadline,
                                       .recorder = &c->outputs->recorder,
                                       .keep_tasks = c->json,
                                       .on_task = print_result,
                                       .ctx = h};
    struct run_settings run = {.method = c->method,
                               .workers = c->workers,
                               .threads = c->threads,
                               .at_fork = at_fork_names[c->at_fork],
                               .max_tasks = c->max_tasks,
                               .task_timeout = c->task_timeout,
                               .retries = c->retries,
                               .codes = c->codes,
                               .ncodes = c->ncodes};
    enum err err = observer_new(&options, &h->observer, problem);
    if (!err)
        err = observer_load(h->observer, problem);
    if (err)
        return err;
    err = observer_run(h->observer, &run);
    return err ? problem_set(problem, err, "cannot start the run: %s", err_text(err)) : OK;
}

int run_headless(const struct cli *cli)
{
    struct headless h = {.cli = cli, .signals = headless_signals()};
    struct problem problem = {""};
    int status;
    if (h.signals < 0)
        return STATUS_OURS;
    outputs_stop_on(cli->outputs, h.signals);
    enum err err = start(&h, &problem);
    if (err) {
        headless_complain(&problem);
        status = STATUS_OURS;
    } else if ((err = wait_for_end(&h))) {
        fprintf(stderr, "poolscope: %s\n", err_text(err));
        status = STATUS_OURS;
    } else {
        status = finish(&h);
    }
    observer_free(h.observer);
    close(h.signals);
    return status;
}
