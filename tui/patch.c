/* SPDX-License-Identifier: MIT
 * The runs of cells that changed, each placed and written. */
#include "tui/patch.h"

#include <limits.h>
#include <wchar.h>

#include "tui/cell.h"

enum { RUNS = 6 };

static void add_number(int n, struct buf *out)
{
    if (n > 9)
        add_number(n / 10, out);
    buf_add_char(out, (char)('0' + n % 10));
}

void patch_place(int row, int column, struct buf *out)
{
    buf_add_text(out, "\033[");
    add_number(row + 1, out);
    buf_add_char(out, ';');
    add_number(column + 1, out);
    buf_add_char(out, 'H');
}

/* From behind the run before, if there was one: not from behind the last column, where terminals differ. */
static void place_run(const struct canvas_run *before, const struct canvas_run *r, int width, struct buf *out)
{
    bool below = before && before->row + 1 == r->row && before->at.to == r->at.from + 1 && before->at.to < width;
    if (below)
        buf_add_text(out, PATCH_CUB1 PATCH_CUD1);
    else
        patch_place(r->row, r->at.from, out);
}

static bool add_cell(const struct patch_style *style, const struct canvas_cell *cell, struct buf *out)
{
    wchar_t chars[CELL_CHARS + 1];
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    if (cell->width != 1 || cell->attrs || cell->role >= ROLE_COUNT || !style->plain[cell->role])
        return false;
    cell_chars(cell, style->glyphs, chars);
    for (size_t i = 0; chars[i]; i++) {
        size_t n = wcrtomb(bytes, chars[i], &state);
        if (n == (size_t)-1 || buf_add(out, bytes, n))
            return false;
    }
    return true;
}

bool patch_add(const struct patch_style *style, const struct canvas *before, const struct canvas *now, struct buf *out)
{
    struct canvas_run runs[RUNS];
    int n = canvas_changes(before, now, runs, RUNS);
    for (int i = 0; i < n; i++) {
        const struct canvas_run *r = &runs[i];
        place_run(i ? &runs[i - 1] : NULL, r, now->width, out);
        for (int x = r->at.from; x < r->at.to; x++)
            if (!add_cell(style, &now->cells[(size_t)r->row * (size_t)now->stride + (size_t)x], out))
                return false;
    }
    return n >= 0 && !out->err;
}
