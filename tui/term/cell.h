/* SPDX-License-Identifier: MIT
 * Converts the cells of a canvas to what this terminal and this locale can show. */
#ifndef TUI_TERM_CELL_H
#define TUI_TERM_CELL_H

#include <wchar.h>

#include "tui/draw/canvas.h"
#include "tui/draw/theme.h"

enum { CELL_CHARS = 5 }; /* as many as curses accepts for one cell (CCHARW_MAX) */

/* The set of glyphs to use, by the locale and the terminal type (TERM; may be NULL). */
enum glyphs cell_glyphs(const char *term);

/* Writes the base character of the cell with up to four combining marks, or '?' if it cannot be shown; ends with a 0.
 * Returns its width by wcwidth(3), which may be less than the width of the cell. */
int cell_chars(const struct canvas_cell *cell, enum glyphs glyphs, wchar_t out[CELL_CHARS + 1]);

#endif
