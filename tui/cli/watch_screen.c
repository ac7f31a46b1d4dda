/* SPDX-License-Identifier: MIT
 * `poolscope watch` and `attach` on a terminal: the explorer's screen with other panes, then the report. */
#include <poll.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "core/report/report.h"
#include "tui/screen/explore.h"
#include "tui/cli/headless.h"
#include "tui/cli/outputs.h"
#include "tui/cli/watch.h"

enum { STATUS_OURS = 125 };

struct ending {
    const struct cli *cli;
    int status;
    bool came; /* the screen was opened and has been closed again */
};

/* Quitting kills the command. Waits, with a limit, until its exit status is known. */
static void end_command(struct observer *o)
{
    static const double patience = 5.0;
    double until = clock_now() + patience;
    observer_kill_all(o);
    while (!observer_watch_over(o) && clock_now() < until) {
        bool changed;
        struct pollfd fd = {.fd = observer_fd(o), .events = POLLIN};
        poll(&fd, 1, 100);
        if (observer_step(o, &changed))
            return;
    }
}

static void finish(void *ctx, struct observer *o)
{
    struct ending *ending = ctx;
    struct problem problem = {""};
    const struct cli *c = ending->cli;
    const struct model *m = observer_model(o);
    ending->came = true;
    if (c->mode == CLI_WATCH && !m->command_ended)
        end_command(o);
    if (c->mode == CLI_WATCH)
        watch_leave(o);
    if (observer_unkillable(o))
        fprintf(stderr, "poolscope: %s\n", observer_unkillable(o));
    enum err recorded = observer_end_recording(o, &problem);
    struct report_end end = {.failed = recorded || (c->mode == CLI_WATCH && !m->command_ended)};
    if (recorded)
        headless_complain(&problem);
    if ((c->output || c->json || m->nfindings > 0) &&
        headless_report(c, m, c->mode == CLI_ATTACH ? "attach" : "watch", &end))
        end.failed = true;
    ending->status = report_final_status(m, end);
}

int watch_screen(const struct cli *c, int supervisor)
{
    struct ending ending = {.cli = c};
    struct problem problem = {""};
    struct watch_settings watch = {.argv = c->mode == CLI_WATCH ? c->command : NULL,
                                   .pid = c->pid,
                                   .tty = true,
                                   .inherited = c->inherited,
                                   .supervisor = supervisor};
    struct explore_options options = {
        .app.observer = {.hang_after = c->hang_after,
                         .on_hang = c->on_hang,
                         .deadline = c->deadline,
                         .recorder = &c->outputs->recorder},
        .app.watch = &watch,
        .color = c->color,
        .finish = finish,
        .ctx = &ending,
    };
    enum err err = explore(&options, &problem);
    if (!err)
        return ending.status;
    if (!ending.came)
        return watch_cannot_start(c, err, &problem);
    headless_complain(&problem);
    return STATUS_OURS;
}
