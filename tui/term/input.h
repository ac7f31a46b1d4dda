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

enum { INPUT_BYTES = 4096 };

struct input_reader {
    int fd; /* borrowed; read(2) does not wait (termios(3): VMIN 0) */
    keyboard_lookup *lookup;
    char bytes[INPUT_BYTES];
    size_t at, n; /* bytes at … n - 1 have not been taken yet */
    bool pasting;
    struct buf paste;
};

void input_reader_init(struct input_reader *in, int fd, keyboard_lookup *lookup);
void input_reader_done(struct input_reader *in); /* zeroed memory is fine */

/* The next input; `out` stays as it is when nothing more is there now. */
void input_reader_next(struct input_reader *in, struct input *out);

/* Bytes have been read that input_reader_next has not been asked for. */
bool input_reader_has_more(const struct input_reader *in);

#endif
