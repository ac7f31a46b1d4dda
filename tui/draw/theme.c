/* SPDX-License-Identifier: MIT
 * The table of colours. Most roles keep the terminal's own background, so that both dark and light terminals stay
 * readable. */
#include "tui/draw/theme.h"

#include <stdlib.h>
#include <string.h>

enum { OWN = -1, BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };

static const struct look {
    struct style mono, eight, dark, light; /* dark, light: for 256 colours */
} looks[ROLE_COUNT] = {
    [ROLE_TEXT] = {{OWN, OWN, 0}, {OWN, OWN, 0}, {OWN, OWN, 0}, {OWN, OWN, 0}},
    [ROLE_DIM] = {{OWN, OWN, 0}, {OWN, OWN, ATTR_DIM}, {245, OWN, 0}, {242, OWN, 0}},
    [ROLE_FRAME] = {{OWN, OWN, 0}, {OWN, OWN, ATTR_DIM}, {240, OWN, 0}, {249, OWN, 0}},
    [ROLE_FOCUS] = {{OWN, OWN, ATTR_BOLD}, {CYAN, OWN, ATTR_BOLD}, {81, OWN, ATTR_BOLD}, {25, OWN, ATTR_BOLD}},
    [ROLE_TITLE] = {{OWN, OWN, ATTR_BOLD}, {OWN, OWN, ATTR_BOLD}, {OWN, OWN, ATTR_BOLD}, {OWN, OWN, ATTR_BOLD}},
    [ROLE_HEAD] = {{OWN, OWN, ATTR_UNDERLINE}, {OWN, OWN, ATTR_UNDERLINE}, {110, OWN, 0}, {24, OWN, 0}},
    [ROLE_KEY] = {{OWN, OWN, ATTR_BOLD}, {CYAN, OWN, ATTR_BOLD}, {117, OWN, ATTR_BOLD}, {25, OWN, ATTR_BOLD}},
    [ROLE_PICK] = {{OWN, OWN, ATTR_BOLD}, {GREEN, OWN, ATTR_BOLD}, {114, OWN, ATTR_BOLD}, {28, OWN, ATTR_BOLD}},
    [ROLE_GOOD] = {{OWN, OWN, ATTR_BOLD}, {GREEN, OWN, 0}, {114, OWN, 0}, {28, OWN, 0}},
    [ROLE_BUSY] = {{OWN, OWN, 0}, {BLUE, OWN, 0}, {75, OWN, 0}, {26, OWN, 0}},
    [ROLE_WARN] = {{OWN, OWN, ATTR_BOLD}, {YELLOW, OWN, ATTR_BOLD}, {221, OWN, ATTR_BOLD}, {130, OWN, ATTR_BOLD}},
    [ROLE_BAD] = {{OWN, OWN, ATTR_BOLD}, {RED, OWN, ATTR_BOLD}, {210, OWN, ATTR_BOLD}, {160, OWN, ATTR_BOLD}},
    [ROLE_ALERT] = {{OWN, OWN, ATTR_BOLD | ATTR_REVERSE}, {WHITE, RED, ATTR_BOLD}, {231, 160, 0}, {231, 160, 0}},
    [ROLE_ALERT_WARN] = {{OWN, OWN, ATTR_BOLD | ATTR_REVERSE},
                         {BLACK, YELLOW, 0},
                         {16, 221, ATTR_BOLD},
                         {16, 221, ATTR_BOLD}},
    [ROLE_CALM] = {{OWN, OWN, 0}, {OWN, OWN, 0}, {250, OWN, 0}, {238, OWN, 0}},
    [ROLE_MATCH] = {{OWN, OWN, ATTR_REVERSE}, {BLACK, YELLOW, 0}, {16, 179, 0}, {16, 222, 0}},
    [ROLE_ESCAPED] = {{OWN, OWN, ATTR_UNDERLINE}, {MAGENTA, OWN, 0}, {176, OWN, 0}, {90, OWN, 0}},
    [ROLE_REVERSED] = {{OWN, OWN, ATTR_REVERSE},
                       {OWN, OWN, ATTR_REVERSE},
                       {OWN, OWN, ATTR_REVERSE},
                       {OWN, OWN, ATTR_REVERSE}},
    [ROLE_INPUT] = {{OWN, OWN, ATTR_BOLD}, {OWN, OWN, ATTR_BOLD}, {OWN, OWN, ATTR_BOLD}, {OWN, OWN, ATTR_BOLD}},
};

struct style theme_style(enum role role, enum palette palette, bool light)
{
    const struct look *look = &looks[role < ROLE_COUNT ? role : ROLE_TEXT];
    switch (palette) {
    case PALETTE_256: return light ? look->light : look->dark;
    case PALETTE_8: return look->eight;
    default: return look->mono;
    }
}

bool theme_is_light(const char *colorfgbg)
{
    const char *last = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
    if (!last || !last[1])
        return false;
    char *end;
    long bg = strtol(last + 1, &end, 10);
    return *end == '\0' && (bg == 7 || (bg >= 9 && bg <= 15));
}

const char theme_cursor[] = "▊";

static const struct {
    const char *full, *plain, *ascii;
} glyphs[] = {
    {"─", "─", "-"}, {"│", "│", "|"}, {"╭", "┌", "+"}, {"╮", "┐", "+"}, {"╰", "└", "+"}, {"╯", "┘", "+"},
    {"┌", "┌", "+"}, {"┐", "┐", "+"}, {"└", "└", "+"}, {"┘", "┘", "+"}, {"├", "├", "+"}, {"┤", "┤", "+"},
    {"┬", "┬", "+"}, {"┴", "┴", "+"}, {"┼", "┼", "+"}, {"┆", "│", "|"}, {"═", "═", "="}, {"╪", "╪", "+"},
    {"╞", "╞", "+"}, {"╡", "╡", "+"}, {"━", "═", "="}, {"█", "█", "#"}, {"▓", "▓", "X"}, {"▒", "▒", "%"},
    {"░", "░", ":"}, {"▁", "_", "_"}, {"·", "·", "."}, {"•", "*", "*"}, {"…", ".", "."}, {"←", "<", "<"},
    {"→", ">", ">"}, {"↑", "^", "^"}, {"↓", "v", "v"}, {"▸", ">", ">"}, {"▊", "█", ">"}, {"–", "-", "-"},
    {"’", "'", "'"},
};

const char *theme_glyph(const char *glyph, enum glyphs set)
{
    if (set == GLYPHS_FULL || (unsigned char)glyph[0] < 0x80)
        return glyph;
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++)
        if (strcmp(glyphs[i].full, glyph) == 0)
            return set == GLYPHS_PLAIN ? glyphs[i].plain : glyphs[i].ascii;
    return set == GLYPHS_PLAIN ? glyph : NULL;
}
