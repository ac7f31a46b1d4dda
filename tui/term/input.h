/* SPDX-License-Identifier: MIT
 * What is typed at a terminal: its bytes as they come, the moment that ESC is given to go on, pastes between their
 * brackets. Knows no curses. One thread. */
#ifndef TUI_TERM_INPUT_H
#define TUI_TERM_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "tui/term/keyboard.h"

enum input_kind { INPUT_NONE, INPUT_KEY, INPUT_PASTE };
struct input {
    enum input_kind kind;
    key_code key;
    const char *text; /* of a paste: UTF-8, borrowed until the next is asked for */
    size_t len;
};

enum { TYPED_BYTES = 4096, TYPED_LAST = 16 };

/* Bytes from `at` on are not asked for yet; last: what came alone last time, if it was little. */
struct typed {
    int fd; /* borrowed; read(2) does not wait (termios(3): VMIN 0) */
    keyboard_lookup *lookup;
    void (*came)(void *ctx, bool again); /* bytes, before they are known; again: alone, the same as last time */
    void *ctx;
    char bytes[TYPED_BYTES], last[TYPED_LAST];
    size_t at, n, nlast;
    bool pasting;
    struct buf paste;
};

void typed_init(struct typed *in, int fd, keyboard_lookup *lookup, void (*came)(void *ctx, bool again),
                void *ctx);
void typed_done(struct typed *in); /* zeroed memory is fine */

/* The next input; `out` stays as it is when nothing more is there now. */
void typed_next(struct typed *in, struct input *out);

/* Bytes have been read that typed_next has not been asked for. */
bool typed_has_more(const struct typed *in);

#endif
