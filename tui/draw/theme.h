/* SPDX-License-Identifier: MIT
 * Colour roles say what a cell means; a theme says how a terminal with a certain palette shows that. Colour never
 * carries a meaning alone: warnings also have words, and an attribute on terminals without colours. */
#ifndef TUI_DRAW_THEME_H
#define TUI_DRAW_THEME_H

#include <stdbool.h>

enum role {
    ROLE_TEXT,
    ROLE_DIM, /* less important: notes, empty panes */
    ROLE_FRAME,
    ROLE_FOCUS, /* frame and title of the pane that has the focus */
    ROLE_TITLE,
    ROLE_HEAD, /* heads of columns */
    ROLE_KEY,  /* a key that can be pressed */
    ROLE_PICK, /* picked, chosen */
    ROLE_GOOD,
    ROLE_BUSY, /* a busy worker */
    ROLE_WARN,
    ROLE_BAD,
    ROLE_ALERT,      /* the verdict strip about a proved hang: filled */
    ROLE_ALERT_WARN, /* the same for a hang that is not proved */
    ROLE_CALM,       /* the verdict strip without a hang */
    ROLE_MATCH,      /* found by a search */
    ROLE_ESCAPED,    /* replaces a byte that must not be sent to a terminal */
    ROLE_INPUT,      /* the line that the user types on */
    ROLE_REVERSED,   /* reversed by a watched program; text that typing will replace */
    ROLE_COUNT
};

enum attr { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_UNDERLINE = 4, ATTR_DIM = 8 };

enum palette { PALETTE_MONO, PALETTE_8, PALETTE_256 };

struct style {
    short fg, bg;   /* -1: the terminal's own */
    unsigned attrs; /* enum attr */
};

struct style theme_style(enum role role, enum palette palette, bool light);

/* From COLORFGBG ("15;0": the background is the last number); NULL or anything unexpected: dark. */
bool theme_is_light(const char *colorfgbg);

/* What to draw instead of a glyph that a terminal lacks: GLYPHS_PLAIN has no rounded corners (the Linux console),
 * GLYPHS_ASCII only ASCII. Returns the glyph itself if it need not be replaced; NULL: ASCII has nothing like it. */
enum glyphs { GLYPHS_FULL, GLYPHS_PLAIN, GLYPHS_ASCII };
const char *theme_glyph(const char *glyph, enum glyphs set);

/* Drawn before the line under the cursor. It has no colour and no attribute, so it takes the fewest bytes and is
 * visible on every terminal. */
extern const char theme_cursor[];

#endif
