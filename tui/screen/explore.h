/* SPDX-License-Identifier: MIT
 * The explorer: a table, a live pool over it and what is found out about it, on a terminal; or a watched program
 * instead. The door of this room. */
#ifndef TUI_SCREEN_EXPLORE_H
#define TUI_SCREEN_EXPLORE_H

#include "core/base/err.h"
#include "core/observer/observer.h"
#include "core/table_view/table_view.h"
#include "tui/app/app.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct explore_options {
    struct app_options app;               /* the size of a watched program's terminal is found out here */
    struct table_view_options table_view; /* how the file is to be read; path, key and dtypes are the observer's */
    enum color_when color;
    void (*finish)(void *ctx, struct observer *o); /* the terminal is given back, nothing is ended yet; or NULL */
    void *ctx;                                     /* of finish */
};

/* Runs until the user quits or a signal asks to end (SIGTERM, SIGHUP). The terminal is restored on every way out, a
 * crash included (guard.h). Keys are read from /dev/tty where stdin is no terminal. ERR_PARSE and the like with a
 * problem if the table could not be loaded. Everything in `options` is borrowed for the call. */
enum err explore(const struct explore_options *options, struct problem *problem) MUST_CHECK;

#endif
