/* SPDX-License-Identifier: MIT
 * The table of commands: the only home of keys. Key map, help, palette, hints and manual page all read it. */
#ifndef TUI_KEYS_KEYMAP_H
#define TUI_KEYS_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "tui/keys/key.h"

struct app;

/* What the app is about: a table and runs over it, a program that was started to be watched, or one that
 * ran already. */
enum scope { SCOPE_EXPLORE, SCOPE_WATCH, SCOPE_ATTACH, SCOPES };

/* Where a command's keys count: WHERE_INPUT is while one types into the watched program. */
enum where { WHERE_PANES, WHERE_PROMPT, WHERE_QUESTION, WHERE_INPUT };

enum group { MOVING, CHOOSING, TABULAR, RUNNING, WATCHED, LOOKING, PROGRAM, TYPING, ASKED, PASSING, COMMAND_GROUPS };
struct command_group {
    const char *title; /* heading in help */
    enum where where;
};
extern const struct command_group command_groups[COMMAND_GROUPS];

enum { COMMAND_RANKS = 11 };

struct command {
    enum group group;
    const char *name; /* as the palette has it */
    const char *key;  /* by name (key.h): the one that texts mention; NULL: only the palette */
    const char *also; /* more keys, separated by blanks; or NULL */
    enum err (*run)(struct app *, const char *arg); /* arg NULL: ask for it, or act on what is under the cursor */
    const char *summary;                            /* one line for help */
    const char *args;                               /* what its argument is called; NULL: it takes none */
    const char *hint;                               /* a word or two for frames and footer; NULL: its name */
    int rank;        /* in the footer's hints, 1 is first, COMMAND_RANKS last; 0: not there */
    unsigned scopes; /* bits 1 << enum scope; 0: all */
    bool steps;      /* it does no more than move the cursor of the pane that has the keys */
};

/* Defined in tui/commands, so that a pane can show keys without knowing what a command does. */
extern const struct command command_table[];
extern const size_t command_count;

const struct command *command_at(size_t i); /* NULL behind the last */
const struct command *command_by_name(const char *name);
const struct command *command_by_key(enum scope scope, enum where where, key_code key);
bool command_is_in(const struct command *c, enum scope scope);

/* The first of a command's keys, for texts that tell which to press; "" if it has none. */
const char *command_key(const char *name);

/* The palette: commands that match what is typed, best first; the n-th, or NULL. */
const struct command *palette_match(enum scope scope, const char *typed, size_t n);
bool palette_is_exact(enum scope scope, const char *typed); /* its first word is a command's whole name */

#endif
