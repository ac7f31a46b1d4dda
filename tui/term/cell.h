/* SPDX-License-Identifier: MIT
 * What of a canvas' cell this terminal and this locale can show. */
#ifndef TUI_TERM_CELL_H
#define TUI_TERM_CELL_H

#include <wchar.h>

#include "tui/draw/canvas.h"
#include "tui/draw/theme.h"

enum { CELL_CHARS = 5 }; /* as many as curses takes for one cell: CCHARW_MAX */

/* By the locale, and the type of the terminal (TERM; may be NULL). */
enum glyphs cell_glyphs(const char *term);

/* The base character with up to four marks that take no column, '?' where there is nothing like it; ends with a 0.
 * Returns how many columns wcwidth(3) gives it, which may be less than the cell has. */
int cell_chars(const struct canvas_cell *cell, enum glyphs glyphs, wchar_t out[CELL_CHARS + 1]);

#endif
