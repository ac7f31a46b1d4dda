/* SPDX-License-Identifier: MIT
 * The canvas: a grid of cells that panes draw on. It knows nothing about terminals: tui/term/term.c puts it on the
 * screen, tests read it as text. All text passes through text_next, so no control character can get into a cell. Plain
 * data, for one thread. */
#ifndef TUI_DRAW_CANVAS_H
#define TUI_DRAW_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/text.h"
#include "tui/draw/theme.h"

struct canvas_cell {
    char bytes[TEXT_GLYPH_MAX]; /* one grapheme cluster; "" in the right half of a wide one */
    unsigned char width;        /* 1 or 2; 0: right half */
    unsigned char role;         /* enum role */
    unsigned char attrs;        /* enum attr, in addition to those of the role */
};

/* The columns from … to - 1; none if both are equal. */
struct extent {
    int from, to;
};

/* A rectangle of cells. canvas_part makes one that shares the cells of another. */
struct canvas {
    int width, height;
    int left;                  /* of a part: the column of the whole canvas where it begins */
    int stride;                /* cells from one row to the next */
    struct canvas_cell *cells; /* owned by the canvas that canvas_init made, like `touched` */
    struct extent *touched;    /* for each row, the columns of the whole that were drawn on; the reader resets it */
};

struct rect {
    int x, y, width, height;
};

/* All cells are blank and touched. Sizes below 1 become 1. */
enum err canvas_init(struct canvas *c, int width, int height) MUST_CHECK;
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

/* The part of `c` inside `r`; empty if they do not overlap. It shares the cells of `c`. */
struct canvas canvas_part(const struct canvas *c, struct rect r);

/* Draws text from column x of row y, cut at the right edge. Returns the column after it. Rows outside
 * the canvas are ignored. */
int canvas_text(struct canvas *c, int x, int y, enum role role, const char *text);
int canvas_bytes(struct canvas *c, int x, int y, enum role role, const char *text, size_t len);
int canvas_textf(struct canvas *c, int x, int y, enum role role, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* The same in exactly `width` columns: padded with blanks, or cut with an ellipsis. Returns x + width. */
int canvas_cut(struct canvas *c, int x, int y, int width, enum role role, const char *text, size_t len);

/* Draws the glyph, which is one column wide, `n` times. */
int canvas_repeat(struct canvas *c, int x, int y, int n, enum role role, const char *glyph);

/* Draws a frame around the canvas, in its outermost cells. */
void canvas_frame(struct canvas *c, enum role role);

/* Changes the role of cells that are drawn already, or adds attributes to them. */
void canvas_restyle(struct canvas *c, int x, int y, int width, enum role role);
void canvas_add_attrs(struct canvas *c, int x, int y, int width, unsigned attrs);

/* Marks the cells from … to - 1 of row y as touched. */
void canvas_touch(const struct canvas *c, int y, int from, int to);

/* Appends row y as text, without trailing blanks. */
enum err canvas_add_row(const struct canvas *c, int y, struct buf *out) MUST_CHECK;

#endif
