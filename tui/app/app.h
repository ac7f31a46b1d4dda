/* SPDX-License-Identifier: MIT
 * The state of the explorer (or of the screen of a watched program), and what commands may do to it. All of it hangs
 * off struct app; one thread. For this room only. */
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

/* A question that waits for y or n. */
struct question {
    bool open;
    char text[160];
    enum err (*yes)(struct app *, int64_t id);
    int64_t id;
};

/* The last search, and one that still goes through the table. */
struct search {
    char *text; /* NULL: none yet; owned */
    bool running;
    bool backwards;
    uint64_t at;   /* the next row to look at */
    uint64_t left; /* rows still to look at */
};

struct app {
    const struct command_table *commands; /* borrowed */
    struct observer *observer;            /* NULL in tests of the screen */
    const struct model *model;            /* the observer's */
    struct table_view *table_view;        /* the open table; NULL in tests of the screen, and where there is none */
    bool row_awaits_view; /* the cursor goes to awaited_row when the filters and the order asked for are there */
    uint64_t awaited_row;
    uint64_t given;    /* table_view_generation + 1 of what the observer has; 0: nothing yet */
    const char *path;  /* of the table, as the user wrote it; borrowed */
    struct term *term; /* NULL in tests of the screen */
    enum scope scope;
    struct guard *guard;
    struct canvas canvas; /* the picture */
    struct layout layout;
    uint64_t drawn_version; /* of the model, as the picture shows it */

    struct pane *panes[PANE_COUNT];
    struct pane *overlay; /* help or a record over the panes, or NULL; owned */
    enum pane_id focus;
    bool zoomed;
    int64_t explain_pid;         /* see struct view */
    int64_t cursor_pid;          /* the process under the cursor of the tree, as it was drawn */
    bool typing;                 /* keys go to the watched program */
    uint64_t fed;                /* bytes of its output that its terminal has */
    int told_columns, told_rows; /* the size that it was told */
    struct choices choices;
    const void *known_table; /* the table that choices.known is of; compared, never followed */
    struct prompt prompt;
    struct question question;
    struct search search;
    char *save_path;                /* what is asked about before it is replaced; owned, or NULL */
    struct comparison *comparison;  /* the start methods side by side, or NULL; owned */
    struct observer_options source; /* how the table was opened; its strings are borrowed */

    char message[256]; /* in the footer until the next key */
    enum role message_role;
    bool dirty;         /* something other than the model changed */
    bool stepped;       /* the cursor of the pane that has the keys moved */
    bool redraw;        /* send everything again */
    bool suspend, quit; /* asked for; the loop does it */
};

/* What the app begins with; all of it is borrowed. */
struct app_options {
    struct observer_options observer;
    struct run_settings initial;        /* what the settings show at first; its codes are picked */
    const char *method_reason;          /* "as Python 3.14 on Linux would choose", or NULL: the user named the method */
    const struct watch_settings *watch; /* a program to watch instead of a table; or NULL */
};

/* `term` and `observer` stay NULL until the loop sets them. The options are borrowed. */
enum err app_init(struct app *a, const struct app_options *options, const struct command_table *commands) MUST_CHECK;
void app_done(struct app *a);

/* Errors. A pane, a query, a command or a file may fail in many ways, and none of them is a reason to take the screen
 * away from the user: only ERR_NOMEM ends the loop. app_go_on keeps that promise. Everything that the loop calls and
 * that can fail passes through it: it returns ERR_NOMEM as it is, and turns any other error into the message
 * "WHAT failed: why" in the footer and into OK. */
enum err app_go_on(struct app *a, const char *what, enum err e) MUST_CHECK;

/* The loop: until app.quit. Returns ERR_NOMEM, or what poll(2) says if it cannot wait; no other error. */
enum err app_run(struct app *a, int signal_fd) MUST_CHECK;

/* What a key, a paste or a command does. ERR_NOMEM is the only error. */
enum err app_key(struct app *a, key_code key) MUST_CHECK;
void app_paste(struct app *a, const char *text, size_t len);
enum err app_command(struct app *a, const struct command *c, const char *arg) MUST_CHECK;

/* Brings panes and canvas up to date for a screen of this size. *x, *y: where the text cursor stands, -1 for
 * nowhere. ERR_NOMEM is the only error: a pane that cannot be built says why in its place (pane_sync). */
enum err app_draw(struct app *a, int width, int height, double now, int *x, int *y) MUST_CHECK;

/* app_watch.c: the rest of a watched program's output goes to its terminal; keys and pastes go to it; what follows from
 * a picture that was drawn; where its cursor is on the screen (left alone if it is not to be seen). */
void app_feed(struct app *a);
void app_type_key(struct app *a, key_code key);
void app_type_paste(struct app *a, const char *text, size_t len);
void app_drawn(struct app *a);
void app_program_cursor(const struct app *a, int *x, int *y);

/* The pane that has the keys: the overlay if there is one. */
struct pane *app_active(struct app *a);
struct view app_view(const struct app *a, double now);
double app_now(const struct app *a);

/* The table that is seen; NULL: none yet. Columns fit to it. */
const struct table *app_table(struct app *a);

/* command_table.c: what the table view has to do and to tell; the observer gets the table when all is known of it, and
 * once more before a run if it is another. */
enum err app_table_view_step(struct app *a) MUST_CHECK;
enum err app_give_table(struct app *a) MUST_CHECK;

/* The codes of a table that has just been loaded become choices.known. */
enum err app_learn_codes(struct app *a) MUST_CHECK;

void app_say(struct app *a, enum role role, const char *fmt, ...) PRINTF_LIKE(3, 4);
void app_ask(struct app *a, enum err (*yes)(struct app *, int64_t id), int64_t id, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void app_focus(struct app *a, enum pane_id pane);
void app_close_overlay(struct app *a);

/* Shows a pane of its own over all others; the app owns it from now on. */
void app_show(struct app *a, struct pane *overlay);

/* Looks at some more rows of a running search. */
enum err search_step(struct app *a) MUST_CHECK;

#endif
