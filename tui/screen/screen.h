/* SPDX-License-Identifier: MIT
 * The parts of the screen that stand in files of their own. For this room only. */
#ifndef TUI_SCREEN_SCREEN_H
#define TUI_SCREEN_SCREEN_H

#include "tui/app/app.h"

/* screen_panes.c */
void screen_tabs(const struct app *a, struct canvas *c);
enum err screen_panes(struct app *a, double now) MUST_CHECK;
enum err screen_stepped(struct app *a, double now) MUST_CHECK; /* what a step changes: the pane that has the keys */

/* screen_watch.c: what stands above the panes of a watched program, and instead of them where there is no room. */
void screen_watch_title(const struct app *a, double now, struct buf *left, struct buf *middle, struct buf *right);
void screen_watch_calm(const struct app *a, double now, enum role *role, char *line, size_t size);
void screen_watch_next(const struct app *a, char *line, size_t size);
void screen_watch_status(const struct app *a, const char *verdict, char *line, size_t size);

/* screen_footer.c. The footer returns the column of the text cursor, or -1. */
int screen_footer(struct app *a, struct canvas *c);
void screen_palette(struct app *a, int bottom); /* above row `bottom` */

#endif
