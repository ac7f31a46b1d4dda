/* SPDX-License-Identifier: MIT
 * Colour roles: what a cell means, and how a terminal of some palette shows that. Meaning never rests on a colour
 * alone: every role that warns has words beside it and an attribute on terminals without colours. */
#ifndef TUI_DRAW_THEME_H
#define TUI_DRAW_THEME_H

#include <stdbool.h>

enum role {
    ROLE_TEXT,
    ROLE_DIM, /* beside the point: frames' inner notes, empty panes */
    ROLE_FRAME,
    ROLE_FOCUS, /* frame and title of the pane that has the keys */
    ROLE_TITLE,
    ROLE_HEAD, /* column heads */
    ROLE_KEY,  /* a key one may press */
    ROLE_PICK, /* picked, chosen */
    ROLE_GOOD,
    ROLE_BUSY, /* at work */
    ROLE_WARN,
    ROLE_BAD,
    ROLE_ALERT,      /* the strip of a hang: filled */
    ROLE_ALERT_WARN, /* the same where it is not proved */
    ROLE_CALM,       /* the strip otherwise */
    ROLE_MATCH,      /* found by a search */
    ROLE_ESCAPED,    /* stands for a byte that is never sent */
    ROLE_INPUT,      /* the line one types on */
    ROLE_REVERSED,   /* as a watched program had it on its terminal; what typing replaces */
    ROLE_COUNT
};

enum attr { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_UNDERLINE = 4, ATTR_DIM = 8 };

enum palette { PALETTE_MONO, PALETTE_8, PALETTE_256 };

struct style {
    short fg, bg;   /* -1: the terminal's own */
    unsigned attrs; /* enum attr */
};

struct style theme_style(enum role role, enum palette palette, bool light);

/* From COLORFGBG ("15;0": the background is the last number); NULL or odd: dark. */
bool theme_is_light(const char *colorfgbg);

/* What stands for a drawn glyph where a terminal lacks it: plain has no rounded corners (the Linux console), ascii
 * nothing beyond ASCII. The glyph itself if there is nothing to replace; NULL: ascii has nothing like it. */
enum glyphs { GLYPHS_FULL, GLYPHS_PLAIN, GLYPHS_ASCII };
const char *theme_glyph(const char *glyph, enum glyphs set);

/* What stands before the line under the cursor, as plain text: without a colour or an attribute a terminal needs the
 * fewest bytes for it, and it is seen on any. */
extern const char theme_cursor[];

#endif
