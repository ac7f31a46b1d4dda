/* SPDX-License-Identifier: MIT
 * The canvas: a grid of cells that panes draw on. It knows no terminal: term.c turns it into one's screen, a test reads
 * it as text. Text goes through text_next, so no control character can get into a cell. Plain data, one thread. */
#ifndef TUI_DRAW_CANVAS_H
#define TUI_DRAW_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/text.h"
#include "tui/draw/theme.h"

struct canvas_cell {
    char bytes[TEXT_GLYPH_MAX]; /* one grapheme cluster; "" is the right half of a wide one */
    unsigned char width;        /* 1 or 2; 0: right half */
    unsigned char role;         /* enum role */
    unsigned char attrs;        /* enum attr, on top of the role's */
};

/* Columns from … to - 1; none if they are the same. */
struct extent {
    int from, to;
};

/* A rectangle of cells. canvas_part gives one that shares the cells of another. */
struct canvas {
    int width, height;
    int left;                  /* of a part: the column of the whole where it begins */
    int stride;                /* cells from one row to the next */
    struct canvas_cell *cells; /* owned by the canvas that canvas_init made, as is the next */
    struct extent *touched;    /* by row, in columns of the whole: drawn on since somebody emptied it */
};

struct rect {
    int x, y, width, height;
};

/* Blank cells, all touched; sizes below 1 become 1. */
enum err canvas_init(struct canvas *c, int width, int height) MUST_CHECK;
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

/* The part of `c` within `r`, cut at its edges; may be empty. Shares the cells. */
struct canvas canvas_part(const struct canvas *c, struct rect r);

/* Draws text from column x of row y, cut at the right edge; returns the column behind it. Rows outside are ignored. */
int canvas_text(struct canvas *c, int x, int y, enum role role, const char *text);
int canvas_bytes(struct canvas *c, int x, int y, enum role role, const char *text, size_t len);
int canvas_textf(struct canvas *c, int x, int y, enum role role, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* The same in `width` columns, with an ellipsis where something was cut off. Returns x + width. */
int canvas_cut(struct canvas *c, int x, int y, int width, enum role role, const char *text, size_t len);

/* `n` times the glyph. */
int canvas_repeat(struct canvas *c, int x, int y, int n, enum role role, const char *glyph);

/* A frame round the whole canvas. */
void canvas_frame(struct canvas *c, enum role role);

/* Puts role or attributes on cells that are drawn already. */
void canvas_restyle(struct canvas *c, int x, int y, int width, enum role role);
void canvas_add_attrs(struct canvas *c, int x, int y, int width, unsigned attrs);

/* Cells from … to - 1 of row y are touched. */
void canvas_touch(const struct canvas *c, int y, int from, int to);

/* Appends row y as text, without the blanks at its end. */
enum err canvas_add_row(const struct canvas *c, int y, struct buf *out) MUST_CHECK;

#endif
