/* SPDX-License-Identifier: MIT
 * The picture on the screen. screen_draw is for the loop; the parts below it are for this room only. */
#ifndef TUI_SCREEN_SCREEN_H
#define TUI_SCREEN_SCREEN_H

#include "tui/app/app.h"

/* Draws everything onto app.canvas, which gets this size. *x, *y is the place of the text cursor, -1 if it is hidden.
 * ERR_NOMEM is the only error: a pane that cannot be built shows the reason instead (pane_sync). */
enum err screen_draw(struct app *a, int width, int height, double now, int *x, int *y) MUST_CHECK;

/* pane_frames.c */
void screen_tabs(const struct app *a, struct canvas *c);
enum err screen_panes(struct app *a, double now) MUST_CHECK;

/* Draws only what changes when the cursor of the active pane moves. */
enum err screen_stepped(struct app *a, double now) MUST_CHECK;

/* watch_words.c: the words above the panes of a watched program, and those of a screen too small for panes. */
void screen_watch_title(const struct app *a, double now, struct buf *left, struct buf *middle, struct buf *right);
void screen_watch_calm(const struct app *a, double now, enum role *role, char *line, size_t size);
void screen_watch_next(const struct app *a, char *line, size_t size);
void screen_watch_status(const struct app *a, const char *verdict, char *line, size_t size);

/* footer.c */
int screen_footer(struct app *a, struct canvas *c); /* returns the column of the text cursor, or -1 */
void screen_palette(struct app *a, int bottom);     /* the list of matches, above row `bottom` */

#endif
