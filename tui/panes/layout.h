/* SPDX-License-Identifier: MIT
 * The place of everything on a screen of a given size. It depends only on the size and the focus, so nothing moves when
 * values change. Pure. */
#ifndef TUI_PANES_LAYOUT_H
#define TUI_PANES_LAYOUT_H

#include <stdbool.h>

#include "tui/draw/canvas.h"
#include "tui/panes/pane.h"

enum screen { SCREEN_STATUS, SCREEN_ONE, SCREEN_GRID }; /* one line of text; one pane with tabs; many panes */

struct layout {
    enum screen screen;
    struct rect title, strip, tabs, footer; /* strip: the verdict. Height 0: not shown */
    struct rect body;
    struct rect panes[PANE_COUNT]; /* with the frame in a grid, else with a title line. Height 0: not shown */
};

/* The focused pane takes the whole body if it is zoomed or if the grid has no place for it. */
void layout_compute(enum scope scope, int width, int height, enum pane_id focus, bool zoomed, struct layout *out);

/* The part of a pane inside its frame, or below its title line. */
struct rect layout_inside(const struct layout *l, struct rect pane);

#endif
