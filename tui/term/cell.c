/* SPDX-License-Identifier: MIT
 * Converts a cell to wide characters, and replaces characters that the locale lacks by others of the same width. */
#include "tui/term/cell.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>

/* Writes the code points of a cell's bytes, which are valid UTF-8. Returns how many. */
static size_t decode(const char *bytes, wchar_t *out, size_t max)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)bytes; *p && n < max;) {
        int more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
        wchar_t c = more == 3 ? *p & 0x07 : more == 2 ? *p & 0x0f : more == 1 ? *p & 0x1f : *p;
        for (p++; more > 0 && (*p & 0xc0) == 0x80; more--)
            c = c << 6 | (*p++ & 0x3f);
        out[n++] = c;
    }
    return n;
}

static bool locale_has(wchar_t c)
{
    mbstate_t state = {0};
    char bytes[MB_LEN_MAX];
    return wcrtomb(bytes, c, &state) != (size_t)-1;
}

enum glyphs cell_glyphs(const char *term)
{
    if (!locale_has(L'╭'))
        return GLYPHS_ASCII;
    return term && strncmp(term, "linux", 5) == 0 ? GLYPHS_PLAIN : GLYPHS_FULL;
}

int cell_chars(const struct canvas_cell *cell, enum glyphs glyphs, wchar_t out[CELL_CHARS + 1])
{
    wchar_t all[TEXT_GLYPH_MAX];
    if (cell->bytes[1] == '\0') { /* ASCII is in all locales */
        out[0] = (unsigned char)cell->bytes[0];
        out[1] = L'\0';
        return 1;
    }
    const char *glyph = theme_glyph(cell->bytes, glyphs);
    size_t n = glyph ? decode(glyph, all, TEXT_GLYPH_MAX) : 0, used = 0;
    int width = n > 0 && locale_has(all[0]) ? wcwidth(all[0]) : -1;
    if (width < 1 || width > cell->width) {
        out[used++] = L'?';
        width = 1;
    } else
        out[used++] = all[0];
    for (size_t i = 1; i < n && used < CELL_CHARS && out[0] == all[0]; i++)
        if (wcwidth(all[i]) == 0 && all[i] != 0x200d && all[i] != 0xfe0f && locale_has(all[i]))
            out[used++] = all[i];
    out[used] = L'\0';
    return width;
}
