/* SPDX-License-Identifier: MIT
 * What curses writes, gathered: curses gives its descriptor a write(2) for each way of the cursor, and each wakes
 * whoever reads the terminal. Its descriptor is a memory file here, and what is in it goes out in one write. One
 * thread. */
#ifndef TUI_TERM_OUTPUT_BUFFER_H
#define TUI_TERM_OUTPUT_BUFFER_H

#include <stdio.h>

#include "core/base/err.h"

struct output_buffer {
    FILE *pen;    /* for curses; owned */
    int terminal; /* where all goes in the end; borrowed */
    int memory;   /* memfd_create(2); -1: there is none, and the pen writes to the terminal */
};

/* The pen writes to the terminal: curses asks it for its settings and its size. */
enum err output_buffer_init(struct output_buffer *d, int terminal) MUST_CHECK;
void output_buffer_done(struct output_buffer *d);

/* From now on what the pen writes is kept; or, again, goes straight to the terminal (what is kept goes first). */
void output_buffer_gather(struct output_buffer *d);
void output_buffer_direct(struct output_buffer *d);

/* What is kept goes to the terminal. One that is gone shows up as the end of its input. */
void output_buffer_send(struct output_buffer *d);

#endif
