/* SPDX-License-Identifier: MIT
 * Reads keys and pastes from a terminal. After ESC it waits a moment, because ESC may be a key or the beginning of a
 * sequence. Does not use curses. Main thread only. */
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
    const char *text; /* of a paste, in UTF-8; borrowed until the next call */
    size_t len;
};

enum { INPUT_BYTES = 4096 };

struct input_reader {
    int fd; /* borrowed; read(2) must not wait (termios(3): VMIN 0) */
    keyboard_lookup *lookup;
    char bytes[INPUT_BYTES];
    size_t at, n; /* bytes at … n - 1 have not been taken yet */
    bool pasting; /* the start of a paste was read, but not its end */
    struct buf paste;
};

void input_reader_init(struct input_reader *in, int fd, keyboard_lookup *lookup);
void input_reader_done(struct input_reader *in); /* zeroed memory is fine */

/* The next input. Leaves `out` unchanged if there is no more now. */
void input_reader_next(struct input_reader *in, struct input *out);

/* True if the next call has bytes to work on without reading more. */
bool input_reader_has_more(const struct input_reader *in);

#endif
