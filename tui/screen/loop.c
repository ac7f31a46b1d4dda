/* SPDX-License-Identifier: MIT
 * The main loop is the only place that waits. It draws only when something on the screen has changed, and uses a timer
 * only while a run is in progress, so poolscope uses no CPU time while nothing happens. */
#include "tui/screen/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tui/app/comparison.h"
#include "tui/term/guard.h"
#include "tui/commands/steps.h"
#include "tui/screen/dispatch.h"
#include "tui/screen/program.h"
#include "tui/screen/screen.h"
#include "tui/term/term.h"

/* Seconds between two pictures while a clock runs on the screen or the model changes quickly. After a key, the next
 * picture is drawn at once. */
static const double tick = 0.1;
/* The same while the user types into a watched program and waits for its answer. */
static const double quick_tick = 0.02;

static enum err draw(struct app *a, double *drawn_at)
{
    int width = a->canvas.width, height = a->canvas.height, x, y;
    if (a->redraw)
        term_redraw(a->term);
    if (a->redraw || a->dirty || width == 0) /* SIGWINCH sets dirty */
        term_size(a->term, &width, &height);
    a->redraw = false;
    enum err err = screen_draw(a, width, height, app_now(a), &x, &y);
    if (err)
        return err;
    *drawn_at = clock_now();
    term_draw(a->term, &a->canvas, x, y);
    return OK;
}

/* Seconds until the next picture is due; negative: no picture is due. */
static double until_due(const struct app *a, double drawn_at)
{
    double left = (a->typing ? quick_tick : tick) - (clock_now() - drawn_at);
    if (a->dirty || a->stepped || a->redraw)
        return 0;
    if (a->model->version == a->drawn_version && !model_goes_on(a->model))
        return -1;
    return left > 0 ? left : 0;
}

static enum err on_signal(struct app *a, int fd)
{
    struct signalfd_siginfo info;
    enum err err;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        switch ((int)info.ssi_signo) {
        case SIGTERM:
        case SIGHUP:
            a->quit = true;
            observer_end_all(a->observer);
            break;
        case SIGTSTP: a->suspend = true; break;
        case SIGCONT:
            a->redraw = true;
            a->suspend = !term_is_ours(a->term);
            break;
        case SIGWINCH: a->dirty = true; break;
        case SIGINT:
            if (a->question.open)
                a->quit = true; /* the second SIGINT in a row */
            else if ((err = app_command(a, command_by_name(a->commands, "quit"), NULL)))
                return err;
            break;
        default: break;
        }
    return OK;
}

static enum err on_input(struct app *a)
{
    struct input in;
    enum err err = OK;
    while (!err && !a->quit && !a->suspend) {
        term_read(a->term, &in);
        if (in.kind == INPUT_NONE)
            break;
        if (in.kind == INPUT_PASTE)
            dispatch_paste(a, in.text, in.len);
        else
            err = dispatch_key(a, in.key);
    }
    return err;
}

static void suspend(struct app *a)
{
    a->suspend = false;
    a->quit = !term_suspend(a->term);
    a->dirty = true;
}

static enum err on_observer(struct app *a)
{
    bool changed;
    enum err err = observer_step(a->observer, &changed);
    if (err == ERR_CLOSED) { /* the supervisor has ended: see struct watch_settings */
        a->quit = true;
        return OK;
    }
    return app_go_on(a, "Reading events", err);
}

enum { FD_INPUT, FD_OBSERVER, FD_SIGNAL, FD_GUARD, FD_TABLE, FD_COMPARE, FD_COUNT };

/* Each part returns OK or ERR_NOMEM: see app_go_on. */
static enum err handle(struct app *a, const struct pollfd *fds, int signal_fd)
{
    enum err err = OK;
    if (fds[FD_SIGNAL].revents)
        err = on_signal(a, signal_fd);
    if (!err && (fds[FD_INPUT].revents & POLLIN || term_has_more(a->term)))
        err = on_input(a);
    if (fds[FD_INPUT].revents & ~POLLIN)
        a->quit = true; /* the terminal is gone, and would be reported as readable for ever */
    if (!err && fds[FD_OBSERVER].revents)
        err = on_observer(a);
    if (!err && fds[FD_COMPARE].revents)
        err = app_go_on(a, "The comparison", comparison_step(a));
    if (fds[FD_GUARD].revents)
        guard_revive(a->guard);
    if (!err && fds[FD_TABLE].revents)
        err = app_go_on(a, "Reading the table", app_table_view_step(a));
    program_feed(a);
    return err;
}

enum err loop_run(struct app *a, int signal_fd)
{
    double drawn_at = 0;
    enum err err = OK;
    a->dirty = true;
    while (!err && !a->quit) {
        double due = until_due(a, drawn_at);
        if (due == 0 && (err = app_go_on(a, "Drawing the screen", draw(a, &drawn_at))))
            break;
        due = until_due(a, drawn_at);
        int timeout = term_has_more(a->term) ? 0 : due < 0 ? -1 : due > 0 ? (int)(due * 1000) + 1 : 0;
        struct pollfd fds[FD_COUNT] = {
            [FD_INPUT] = {term_fd(a->term), POLLIN, 0},
            [FD_OBSERVER] = {observer_fd(a->observer), POLLIN, 0},
            [FD_SIGNAL] = {signal_fd, POLLIN, 0},
            [FD_GUARD] = {guard_fd(a->guard), POLLIN, 0},
            [FD_TABLE] = {a->table_view ? table_view_fd(a->table_view) : -1, POLLIN, 0},
            [FD_COMPARE] = {comparison_fd(a->comparison), POLLIN, 0},
        };
        int n = poll(fds, FD_COUNT, timeout);
        if (n < 0 && errno != EINTR)
            return err_from_errno(errno);
        err = n < 0 ? OK : handle(a, fds, signal_fd);
        if (a->suspend && !a->quit)
            suspend(a);
    }
    return err;
}
