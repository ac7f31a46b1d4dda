/* SPDX-License-Identifier: MIT
 * Gathers what curses writes for one picture and sends it to the terminal in one write(2). Curses itself calls write(2)
 * for every move of the cursor, and each call wakes the terminal emulator. So the file that curses writes to is a
 * memory file. Main thread only. */
#ifndef TUI_TERM_OUTPUT_BUFFER_H
#define TUI_TERM_OUTPUT_BUFFER_H

#include <stdio.h>

#include "core/base/err.h"

struct output_buffer {
    FILE *pen;    /* curses writes here; owned */
    int terminal; /* borrowed */
    int memory;   /* memfd_create(2); -1: not available, so the pen writes to the terminal */
};

/* At first the pen writes to the terminal, because curses asks it for settings and size. */
enum err output_buffer_init(struct output_buffer *d, int terminal) MUST_CHECK;
void output_buffer_done(struct output_buffer *d);

/* From now on, gathers what the pen writes; or sends it straight to the terminal, after what was gathered. */
void output_buffer_gather(struct output_buffer *d);
void output_buffer_direct(struct output_buffer *d);

/* Sends what was gathered. A terminal that is gone is noticed as the end of its input. */
void output_buffer_send(struct output_buffer *d);

#endif
