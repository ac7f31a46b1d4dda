/* SPDX-License-Identifier: MIT
 * A line of text that the user edits. It is UTF-8; the cursor moves and deletes by grapheme clusters. Independent of
 * keys and screen. */
#ifndef TUI_APP_PROMPT_H
#define TUI_APP_PROMPT_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct command;

struct prompt {
    bool open;
    const struct command *command; /* gets the line as its argument; borrowed */
    char label[64];
    struct buf text;
    bool letter;    /* a line of one character: the command runs as soon as that is typed */
    bool suggested; /* the line is the suggestion; typed text replaces it */
    size_t cursor;  /* byte offset, at the edge of a cluster */
    size_t chosen;  /* which of the palette's matches is selected, from 0 */
};

enum { PROMPT_BYTES_MAX = 4096 };

void prompt_init(struct prompt *p);
void prompt_done(struct prompt *p);

/* `text` is a suggestion: Enter accepts it, an editing key keeps it, typed text replaces it. All strings are copied. */
void prompt_open(struct prompt *p, const struct command *command, const char *label, const char *text);
void prompt_close(struct prompt *p);

/* Inserts at the cursor; control characters, such as the newlines of a paste, become blanks. A line that would become
 * longer than PROMPT_BYTES_MAX stays as it is. */
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
