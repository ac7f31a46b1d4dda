/* SPDX-License-Identifier: MIT
 * The state of the explorer, or of the screen of a watched program, and what commands may do to it. Everything hangs
 * off struct app. Main thread only. */
#ifndef TUI_APP_APP_H
#define TUI_APP_APP_H

#include <stdbool.h>

#include "core/observer/observer.h"
#include "tui/draw/canvas.h"
#include "tui/keys/keymap.h"
#include "tui/keys/key.h"
#include "tui/panes/layout.h"
#include "tui/panes/pane.h"
#include "tui/app/prompt.h"
#include "tui/draw/theme.h"

struct term;
struct guard;

/* A question in the footer that is answered with y or n. */
struct question {
    bool open;
    char text[160];
    enum err (*yes)(struct app *, int64_t id); /* called on y */
    int64_t id;                                /* passed to `yes` */
};

/* The last search. */
struct search {
    char *text; /* NULL: none yet; owned */
    bool backwards;
};

struct app {
    const struct command_table *commands;
    struct observer *observer;     /* NULL in tests of the screen */
    const struct model *model;     /* the observer's */
    struct table_view *table_view; /* the open table; NULL while a program is watched, and in tests of the screen */
    bool row_awaits_view;          /* the cursor moves to awaited_row once the filters and the order are computed */
    uint64_t awaited_row;
    const char *path;  /* of the table, as the user wrote it; borrowed */
    struct term *term; /* NULL in tests of the screen */
    enum scope scope;
    struct guard *guard;
    struct canvas canvas; /* the picture */
    struct layout layout;
    uint64_t drawn_version; /* model.version of the picture */

    struct pane *panes[PANE_COUNT];
    struct pane *overlay; /* a pane over all others, such as the help; or NULL; owned */
    enum pane_id focus;
    bool zoomed;
    int64_t explain_pid;         /* see struct view */
    int64_t cursor_pid;          /* the process under the cursor of the tree when it was drawn last */
    bool typing;                 /* keys go to the watched program */
    uint64_t fed;                /* bytes of the program's output that its terminal has received */
    int told_columns, told_rows; /* the size of its terminal that the program knows */
    struct choices choices;
    struct prompt prompt;
    struct question question;
    struct search search;
    char *save_path;                /* the file that the question asks to replace; owned, or NULL */
    struct comparison *comparison;  /* of the start methods, or NULL; owned */
    struct observer_options source; /* how the table was opened; the strings are borrowed */

    char message[256]; /* in the footer until the next key */
    enum role message_role;
    bool dirty;         /* the picture is out of date for another reason than the model */
    bool stepped;       /* the cursor of the active pane moved, and nothing else changed */
    bool redraw;        /* send the whole screen to the terminal again */
    bool suspend, quit; /* asks the loop to do so */
};

/* What an app is started with; all of it is borrowed. */
struct app_options {
    struct observer_options observer;
    struct run_settings initial;        /* the first values of the settings; its codes are picked */
    const char *method_reason;          /* "as Python 3.14 on Linux would choose", or NULL: the user named the method */
    const struct watch_settings *watch; /* a program to watch instead of a table; or NULL */
};

/* `term` and `observer` stay NULL; the caller sets them before the loop runs. `commands` must outlive the app. */
enum err app_init(struct app *a, const struct app_options *options, const struct command_table *commands) MUST_CHECK;
void app_done(struct app *a);

/* Errors. A pane, a query, a command or a file can fail in many ways, and only a lack of memory is a reason to take the
 * screen away from the user. So everything that the loop calls and that can fail passes its error through app_go_on,
 * which returns ERR_NOMEM unchanged and turns every other error into the message "WHAT failed: why" and OK. */
enum err app_go_on(struct app *a, const char *what, enum err err) MUST_CHECK;

/* Runs a command. `arg` is used only by a command that takes an argument. ERR_NOMEM is the only error. */
enum err app_command(struct app *a, const struct command *c, const char *arg) MUST_CHECK;

struct pane *app_active(struct app *a); /* the pane that keys act on: the overlay if there is one */
struct view app_view(const struct app *a, double now);
double app_now(const struct app *a); /* on the clock of the model */

/* The table that is shown, with choices.columns fitted to it; NULL: there is none yet. */
const struct table *app_table(struct app *a);

/* commands/table.c: runs use the table that is shown, as soon as all of it is known. Does nothing if they do already.
 */
enum err app_set_run_table(struct app *a) MUST_CHECK;

/* The codes of this table become choices.known. */
enum err app_learn_codes(struct app *a, const struct table *t) MUST_CHECK;

/* A message in the footer, a question with `yes` as the answer to y, and a prompt whose line is passed to the command
 * of this name; `text` is suggested. app_prompt always returns OK, so that a command can end with it. */
void app_say(struct app *a, enum role role, const char *fmt, ...) PRINTF_LIKE(3, 4);
void app_ask(struct app *a, enum err (*yes)(struct app *, int64_t id), int64_t id, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
enum err app_prompt(struct app *a, const char *command, const char *label, const char *text);

void app_focus(struct app *a, enum pane_id pane); /* closes the overlay */

/* Opens a pane over all others, in place of the one that may be there. */
enum err app_show(struct app *a, const struct pane_ops *ops) MUST_CHECK;
void app_close_overlay(struct app *a);

#endif
