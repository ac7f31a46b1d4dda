/* SPDX-License-Identifier: MIT
 * A few plain cells, as a step of the cursor leaves them, in the terminal's own words. Curses goes through its whole
 * screen to find them, which takes longer than all else that a step does. Knows nothing of curses; a terminal whose
 * words are others (terminfo(5)) is left to it. */
#ifndef TUI_PATCH_H
#define TUI_PATCH_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "tui/canvas.h"
#include "tui/theme.h"

#define PATCH_CUP "\033[%i%p1%d;%p2%dH" /* place the cursor: CUP of ECMA-48 */
#define PATCH_CUB1 "\b"                 /* one to the left */
#define PATCH_CUD1 "\n"                 /* one down */

enum { PATCH_BYTES = 256 }; /* the most that one takes */

struct patch_style {
    bool usable;            /* the terminal has these words */
    bool plain[ROLE_COUNT]; /* these roles are plain text on it */
    enum glyphs glyphs;
};

/* Appends what makes `before` into `now`, which is as large, where that was touched. False, with something appended:
 * there is more than a little, or it is not plain. The cursor stays where it ends. */
bool patch_add(const struct patch_style *style, const struct canvas *before, const struct canvas *now,
               struct buf *out);

/* Appends what places the cursor; rows and columns from 0 on. */
void patch_place(int row, int column, struct buf *out);

#endif
