/* SPDX-License-Identifier: MIT
 * `poolscope bench`: measures and prints the report. On a terminal it shows its progress on one line. After Ctrl-C the
 * report has what was measured so far. */
#include "tui/cli/bench.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/base/text.h"
#include "core/observer/bench_run.h"
#include "tui/cli/headless.h"
#include "tui/cli/outputs.h"

enum { STATUS_FAILED = 1, STATUS_IO = 3, STATUS_OURS = 125, WIDTH = 100, TICK_MS = 200, REPORT_MAX = 64 << 20 };

struct bench_shell {
    const struct cli *cli;
    struct bench_run *run;
    int signals; /* signalfd */
    int signal;  /* the signal that ended the measuring; 0: none */
    double began;
};

static void show_progress(const struct bench_shell *s)
{
    const struct bench *b = bench_run_result(s->run);
    char clock[24];
    if (!isatty(STDERR_FILENO))
        return;
    if (b->over)
        fputs("\r\033[K", stderr);
    else
        fprintf(stderr, "\r\033[Kpoolscope bench: %s  %d of %d  %s", text_clock(clock_now() - s->began, clock), b->done,
                b->steps, b->doing ? b->doing : "loading the table");
}

static void take_signal(struct bench_shell *s)
{
    struct signalfd_siginfo info;
    if (read(s->signals, &info, sizeof info) != sizeof info)
        return;
    s->signal = (int)info.ssi_signo;
    bench_run_cancel(s->run);
}

/* The only place that waits. */
static enum err wait_for_end(struct bench_shell *s)
{
    struct pollfd fds[] = {{.fd = bench_run_fd(s->run), .events = POLLIN}, {.fd = s->signals, .events = POLLIN}};
    enum err err = OK;
    while (!err && !bench_run_result(s->run)->over) {
        bool changed;
        show_progress(s);
        int n = poll(fds, 2, TICK_MS);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        if (n > 0 && fds[1].revents)
            take_signal(s);
        err = bench_run_step(s->run, &changed);
    }
    show_progress(s);
    return err;
}

static enum err write_report(const struct bench_shell *s)
{
    const struct bench *b = bench_run_result(s->run);
    struct buf report;
    buf_init(&report, REPORT_MAX);
    enum err err = s->cli->json ? bench_json(b, &report) : bench_text(b, WIDTH, &report);
    if (err)
        fprintf(stderr, "poolscope: cannot make the report: %s\n", err_text(err));
    else
        err = outputs_write_report(s->cli->outputs, &report);
    if (s->cli->outputs->lost && outputs_write_report(s->cli->outputs, &report)) {
        /* stderr was the last place to write it to */
    }
    buf_done(&report);
    return err;
}

static bool has_failed(const struct bench *b)
{
    for (int i = 0; i < b->nrows; i++)
        if (b->rows[i].state == BENCH_FAILED)
            return true;
    return false;
}

static int finish(struct bench_shell *s)
{
    const struct bench *b = bench_run_result(s->run);
    if (b->problem) {
        fprintf(stderr, "poolscope: %s\n", b->problem);
        if (!s->cli->json)
            return b->internal ? STATUS_OURS : STATUS_IO;
    }
    enum err err = write_report(s);
    if (err == ERR_CANCELLED)
        take_signal(s);
    if (s->signal)
        return 128 + s->signal;
    return err || b->internal ? STATUS_OURS : b->problem ? STATUS_IO : has_failed(b) ? STATUS_FAILED : 0;
}

int bench_headless(const struct cli *cli)
{
    struct bench_shell s = {.cli = cli, .signals = headless_signals(), .began = clock_now()};
    struct bench_settings settings = {.path = cli->file,
                                      .key = cli->key,
                                      .dtypes = cli->dtypes.v,
                                      .ndtypes = cli->dtypes.n,
                                      .workers = cli->workers,
                                      .threads = cli->threads,
                                      .rounds = cli->rounds,
                                      .hang_after = cli->hang_after,
                                      .codes = cli->codes,
                                      .ncodes = cli->ncodes};
    struct problem problem = {""};
    int status;
    if (s.signals < 0)
        return STATUS_OURS;
    outputs_stop_on(cli->outputs, s.signals);
    enum err err = bench_run_new(&settings, &s.run, &problem);
    if (err) {
        headless_complain(&problem);
        status = STATUS_OURS;
    } else if ((err = wait_for_end(&s))) {
        fprintf(stderr, "poolscope: %s\n", err_text(err));
        status = STATUS_OURS;
    } else {
        status = finish(&s);
    }
    bench_run_free(s.run);
    close(s.signals);
    return status;
}
