/* SPDX-License-Identifier: MIT
 * A few plain cells, as a step of the cursor leaves them, in the terminal's own words. Curses goes through its whole
 * screen to find them, which takes longer than all else that a step does. Knows nothing of curses; a terminal whose
 * words are others (terminfo(5)) is left to it. */
#ifndef TUI_TERM_PATCH_H
#define TUI_TERM_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/draw/canvas.h"
#include "tui/draw/theme.h"

#define PATCH_CUP  "\033[%i%p1%d;%p2%dH" /* place the cursor: CUP of ECMA-48 */
#define PATCH_CUB1 "\b"                  /* one to the left */
#define PATCH_CUD1 "\n"                  /* one down */

enum {
    PATCH_RUNS = 6,
    PATCH_BYTES = 256, /* the most that one has */
    PATCH_PLACE = 32
};

struct patch {
    struct canvas_run runs[PATCH_RUNS];
    int nruns;
    struct canvas_cell cells[PATCH_BYTES]; /* of the runs, one after the other */
    char bytes[PATCH_BYTES];               /* what makes the terminal show them */
    size_t nbytes;
};

struct patch_style {
    bool usable;            /* the terminal has these words */
    bool plain[ROLE_COUNT]; /* these roles are plain text on it */
    enum glyphs glyphs;
};

/* What makes `before` into `now`, which is as large, where that was touched. False: there is more than a little, or it
 * is not plain. The cursor stays where it ends. */
bool patch_make(const struct patch_style *style, const struct canvas *before, const struct canvas *now,
                struct patch *out);

/* Its cells, into a canvas as large as those it was made of; they are touched there. */
void patch_apply(const struct patch *p, struct canvas *c);

/* What places the cursor; rows and columns from 0 on. Returns how many bytes. */
size_t patch_place(int row, int column, char out[PATCH_PLACE]);

#endif
