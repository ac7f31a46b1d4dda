/* SPDX-License-Identifier: MIT
 * Starts the explorer, runs its loop and ends it: signals, observer, guard, terminal. */
#include "tui/screen/explore.h"

#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/startup.h"
#include "tui/app/app.h"
#include "tui/commands/command_table.h"
#include "tui/screen/loop.h"
#include "tui/term/guard.h"
#include "tui/term/term.h"

static const int watched[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT};

/* The signals are blocked before any thread starts, so that no thread but the loop receives them. */
static enum err take_signals(sigset_t *before, int *fd)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        if (!signal_is_ignored(watched[i]))
            sigaddset(&set, watched[i]);
    pthread_sigmask(SIG_BLOCK, &set, before);
    *fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? err_from_errno(errno) : OK;
}

/* Pending signals have been answered by ending: they must not act again when they are unblocked. */
static void give_signals_back(const sigset_t *before, int *fd)
{
    struct signalfd_siginfo info;
    while (*fd >= 0 && read(*fd, &info, sizeof info) > 0)
        ;
    io_close(fd);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static void tell_guard(void *ctx, const struct term_restore *restore)
{
    guard_set(ctx, restore);
}

static enum err open_terminal(struct app *a, const struct explore_options *options, struct problem *problem)
{
    struct term_options how = {.color = options->color != COLOR_NEVER, .force_color = options->color == COLOR_ALWAYS};
    enum err err = guard_new(&a->guard);
    if (err)
        return problem_set(problem, err, "out of memory");
    err = term_open(&how, &(struct term_watch){tell_guard, a->guard}, &a->term, problem);
    return err && options->app.watch ? ERR_SYS : err; /* must not look like an error of the command */
}

/* The terminal of the program has the size of its pane from the start. */
static enum err watch(struct app *a, const struct explore_options *options, struct problem *problem)
{
    int width, height;
    struct watch_settings settings = *options->app.watch;
    struct layout layout;
    term_size(a->term, &width, &height);
    layout_compute(a->scope, width, height, PANE_PROCESSES, false, &layout);
    bool grid = layout.screen == SCREEN_GRID;
    struct rect inside = layout_inside(&layout, grid ? layout.panes[PANE_OUTPUT] : layout.body);
    int columns = inside.width - PANE_GUTTER - PANE_BAR;
    settings.columns = a->told_columns = columns > 2 ? columns : 2;
    settings.rows = a->told_rows = inside.height > 2 ? inside.height : 2;
    return observer_watch(&options->app.observer, &settings, &a->observer, problem);
}

static enum err open_table(struct app *a, const struct explore_options *options, struct problem *problem)
{
    const struct observer_options *observer = &options->app.observer;
    struct table_view_options table_view = options->table_view;
    table_view.path = observer->path;
    table_view.key = observer->key;
    table_view.dtypes = observer->dtypes;
    table_view.ndtypes = observer->ndtypes;
    enum err err = table_view_open(&table_view, &a->table_view, problem);
    return err ? err : observer_new(observer, &a->observer, problem);
}

static enum err open_all(struct app *a, const struct explore_options *options, struct problem *problem)
{
    enum err err = app_init(a, &options->app, &command_table);
    if (err)
        return problem_set(problem, err, "out of memory");
    if (options->app.watch) { /* the guard is started first, so that it is not a process of the program */
        err = open_terminal(a, options, problem);
        if (!err)
            err = watch(a, options, problem);
    } else if (!(err = open_table(a, options, problem))) {
        err = open_terminal(a, options, problem);
    }
    if (!err)
        a->model = observer_model(a->observer);
    return err;
}

static void close_all(struct app *a, const struct explore_options *options)
{
    bool ran = a->model != NULL;
    term_close(a->term); /* first, because ending all else may take a moment */
    guard_free(a->guard);
    app_done(a);
    if (ran && options->finish)
        options->finish(options->ctx, a->observer);
    observer_free(a->observer);
}

enum err explore(const struct explore_options *options, struct problem *problem)
{
    struct app a;
    sigset_t before;
    int signal_fd = -1;
    memset(&a, 0, sizeof a);
    setlocale(LC_CTYPE, "");
    mallopt(M_MMAP_THRESHOLD, 64 * 1024); /* large blocks are returned to the system at once */
    enum err err = take_signals(&before, &signal_fd);
    if (err)
        problem_set(problem, err, "cannot read signals: %s", err_text(err));
    else if (!(err = open_all(&a, options, problem))) {
        err = loop_run(&a, signal_fd);
        if (err)
            problem_set(problem, err, "the explorer had to end: %s", err_text(err));
        else if (a.model->table_error)
            err = problem_set(problem, a.model->table_internal ? ERR_NOMEM : ERR_PARSE, "%s", a.model->table_error);
        else if (a.table_view && table_view_fault(a.table_view))
            err = problem_set(problem, ERR_PARSE, "%s", table_view_fault(a.table_view));
    }
    close_all(&a, options);
    give_signals_back(&before, &signal_fd);
    return err;
}
