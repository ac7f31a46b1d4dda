/* SPDX-License-Identifier: MIT
 * Where things stand on a screen of a given size. Depends on the size and on what has the focus alone, so nothing moves
 * when values change. Pure. */
#ifndef TUI_PANES_LAYOUT_H
#define TUI_PANES_LAYOUT_H

#include <stdbool.h>

#include "tui/draw/canvas.h"
#include "tui/panes/pane.h"

enum screen { SCREEN_STATUS, SCREEN_ONE, SCREEN_GRID }; /* one line of words; one pane with tabs; many panes */

struct layout {
    enum screen screen;
    struct rect title, strip, tabs, footer; /* height 0: not there */
    struct rect body;
    struct rect panes[PANE_COUNT]; /* height 0: not shown. In a grid with their frames, alone below a line of its own */
};

/* Zoomed, or when the grid has no place for it, the focused pane takes the body. */
void layout_compute(enum scope scope, int width, int height, enum pane_id focus, bool zoomed, struct layout *out);

/* What is inside of a pane's frame, or below its line. */
struct rect layout_inside(const struct layout *l, struct rect pane);

#endif
