/* SPDX-License-Identifier: MIT
 * A line one types on: UTF-8, moved and deleted by grapheme clusters. Knows no key and no screen. */
#ifndef TUI_APP_PROMPT_H
#define TUI_APP_PROMPT_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct command;

struct prompt {
    bool open;
    const struct command *command; /* runs with what was typed */
    char label[64];
    struct buf text;
    bool letter;    /* the first character is all: it runs at once */
    bool suggested; /* it is as it was opened: what is typed stands in its place */
    size_t cursor;  /* byte offset, at a cluster's edge */
    size_t chosen;  /* of the palette's matches */
};

enum { PROMPT_BYTES_MAX = 4096 };

void prompt_init(struct prompt *p);
void prompt_done(struct prompt *p);
/* `text` is suggested: Enter takes it, a key that edits keeps it, what is typed replaces it. */
void prompt_open(struct prompt *p, const struct command *command, const char *label, const char *text);
void prompt_close(struct prompt *p);

/* What was typed; a paste's newlines and control characters become blanks. */
void prompt_insert(struct prompt *p, const char *text, size_t len);
void prompt_set(struct prompt *p, const char *text);

enum prompt_edit {
    EDIT_LEFT,
    EDIT_RIGHT,
    EDIT_HOME,
    EDIT_END,
    EDIT_BACKSPACE,
    EDIT_DELETE,
    EDIT_KILL_LINE,
    EDIT_KILL_WORD
};
void prompt_edit(struct prompt *p, enum prompt_edit edit);

#endif
