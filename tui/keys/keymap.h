/* SPDX-License-Identifier: MIT
 * Commands, and the keys that run them. All commands are entries of one constant table, the only place that assigns
 * keys; the key map, the help, the palette and the hints on the screen are all read from it. The table itself is in
 * tui/commands. Everything here is given a pointer to it, so that a pane can name a key without depending on what the
 * commands do. Pure; any thread. */
#ifndef TUI_KEYS_KEYMAP_H
#define TUI_KEYS_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "tui/keys/key.h"

struct app;

/* The kind of screen: the explorer of a table, a program that was started to be watched (watch), or a program that was
 * already running (attach). */
enum scope { SCOPE_EXPLORE, SCOPE_WATCH, SCOPE_ATTACH, SCOPES };

/* Where keys go: to the panes, to the line being edited, to a yes-or-no question, or to the watched program. */
enum where { WHERE_PANES, WHERE_PROMPT, WHERE_QUESTION, WHERE_INPUT };

enum group { MOVING, CHOOSING, TABULAR, RUNNING, WATCHED, LOOKING, PROGRAM, TYPING, ASKED, PASSING, COMMAND_GROUPS };
struct command_group {
    const char *title; /* heading in the help */
    enum where where;
};
extern const struct command_group command_groups[COMMAND_GROUPS];

enum { COMMAND_RANKS = 11 };

struct command {
    enum group group;
    const char *name; /* as typed in the palette */
    const char *key;  /* label (key.h) of the key that texts mention; NULL: the command is run from the palette only */
    const char *also; /* labels of more keys, separated by blanks; or NULL */
    const char *summary; /* one line for the help and the palette */

    /* What it does: one of these three is set. */
    enum err (*run)(struct app *);
    enum err (*run_how)(struct app *, int how);         /* called with `how`; several commands share the function */
    enum err (*run_arg)(struct app *, const char *arg); /* arg NULL: it asks for the argument, or takes a default */
    int how;
    const char *args; /* what the argument of run_arg is called; NULL with the other two */

    const char *hint; /* a word or two for frames and the footer; NULL: its name */
    int rank;         /* position among the footer's hints, from 1 to COMMAND_RANKS; 0: not in the footer */
    unsigned scopes;  /* bits 1 << enum scope; 0: all */
    bool steps;       /* it only moves the cursor of the active pane, so only that pane is drawn again */
};

struct command_table {
    const struct command *v;
    size_t n;
};

const struct command *command_by_name(const struct command_table *t, const char *name); /* NULL: there is none */
const struct command *command_by_key(const struct command_table *t, enum scope scope, enum where where, key_code key);
bool command_is_in(const struct command *c, enum scope scope);

/* The label of a command's first key, for texts that say what to press; "" if it has none. */
const char *command_key(const struct command_table *t, const char *name);

/* The n-th of the commands that match what is typed into the palette, the best match first; NULL: there are fewer. */
const struct command *palette_match(const struct command_table *t, enum scope scope, const char *typed, size_t n);

/* True if the first word typed is the whole name of a command. */
bool palette_is_exact(const struct command_table *t, enum scope scope, const char *typed);

#endif
