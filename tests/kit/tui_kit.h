/* SPDX-License-Identifier: MIT
 * An explorer without a terminal and without an observer: the test feeds the model, presses keys by name, and reads the
 * screen as text. */
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

/* Opens an explorer with these codes picked and the start method fork; no table is loaded yet. */
void stage_open(struct stage *s, const char *const *codes, size_t ncodes);
void stage_close(struct stage *s);

/* Opens the screen of `watch` instead, or of `attach`. */
void stage_open_watch(struct stage *s, bool attached);

/* Opens a file, named relative to the top of the source, or these bytes, and reads all of it; tells the model. */
void stage_load(struct stage *s, const char *path);
void stage_load_bytes(struct stage *s, const char *bytes, size_t len);

/* Waits until everything is known of the table and all queries are answered. */
void stage_settle(struct stage *s);

/* Presses keys, which are named as in tui/keys/key.h and separated by blanks. */
void stage_keys(struct stage *s, const char *names);
void stage_type(struct stage *s, const char *text);

void stage_draw(struct stage *s, int width, int height);

/* The screen as it was drawn last, one line for each row. To be freed by the caller. */
char *stage_text(const struct stage *s);
bool stage_shows(const struct stage *s, const char *text);

/* Draws the screen and compares it with tests/screens/WHAT-WIDTHxHEIGHT.txt. With UPDATE_SCREENS=1 in the environment
 * it writes that file instead: look at the difference before you commit it. */
void stage_assert_screen(struct stage *s, int width, int height, const char *what);
void stage_assert_canvas(struct stage *s, int width, int height, const char *what); /* without drawing */

#endif
