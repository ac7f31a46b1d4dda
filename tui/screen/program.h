/* SPDX-License-Identifier: MIT
 * The terminal of a watched program: it is shown in the pane Output, which owns the terminal emulator (tui/term/vt.h).
 * With another scope than SCOPE_WATCH there is no such terminal, and only program_feed and program_drawn may be
 * called. */
#ifndef TUI_SCREEN_PROGRAM_H
#define TUI_SCREEN_PROGRAM_H

#include "tui/app/app.h"

/* Passes output of the program that has arrived since the last call to its terminal. */
void program_feed(struct app *a);

/* Types into the program. The text is borrowed for the call. */
void program_type_key(struct app *a, key_code key);
void program_type_paste(struct app *a, const char *text, size_t len);

/* Call after the panes were drawn: the program learns the new size of its terminal, and the diagnosis and the inspector
 * follow the cursor of the process tree. */
void program_drawn(struct app *a);

/* Where the program's cursor is on the screen; *x and *y are left alone if it is not visible. */
void program_cursor(const struct app *a, int *x, int *y);

#endif
