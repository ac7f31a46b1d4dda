/* SPDX-License-Identifier: MIT
 * An explorer without a terminal and without an observer: a model fed by a test, keys by name, the screen as text. */
#ifndef TESTS_KIT_TUI_KIT_H
#define TESTS_KIT_TUI_KIT_H

#include "core/model/model.h"
#include "tui/app/app.h"

struct stage {
    struct app app;
    struct model *model;
    double now;
    char path[4096]; /* of the table that was loaded */
};

/* The sample's codes are picked, fork is the method; no table is loaded yet. */
void stage_open(struct stage *s, const char *const *codes, size_t ncodes);
void stage_close(struct stage *s);

/* The screen of a watched program instead (or of one attached to). */
void stage_open_watch(struct stage *s, bool attached);

/* Opens the file (below the top source folder) and reads all of it; the model is told. */
void stage_load(struct stage *s, const char *path);
void stage_load_bytes(struct stage *s, const char *bytes, size_t len);

/* Waits until all is known of the table and everything asked of it is answered. */
void stage_settle(struct stage *s);

/* Keys by their names (tui/keys/key.h), separated by blanks. */
void stage_keys(struct stage *s, const char *names);
void stage_type(struct stage *s, const char *text);

void stage_draw(struct stage *s, int width, int height);

/* The screen that was drawn last, a line a row; the caller frees it. */
char *stage_text(const struct stage *s);
bool stage_shows(const struct stage *s, const char *text);

/* Draws it and compares it with tests/screens/WHAT-WIDTHxHEIGHT.txt. UPDATE_SCREENS=1 writes these anew: look at the
 * difference before it is kept. */
void stage_assert_screen(struct stage *s, int width, int height, const char *what);
void stage_assert_canvas(struct stage *s, int width, int height, const char *what); /* as it was drawn last */

#endif
