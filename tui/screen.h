/* SPDX-License-Identifier: MIT
 * The parts of the screen that stand in files of their own. For this room only. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include "tui/app.h"

/* screen_panes.c */
void screen_tabs(const struct app *a, struct canvas *c);
enum err screen_panes(struct app *a, double now) MUST_CHECK;

/* screen_footer.c. The footer returns the column of the text cursor, or -1. */
int screen_footer(struct app *a, struct canvas *c);
void screen_palette(struct app *a, int bottom); /* above row `bottom` */

#endif
