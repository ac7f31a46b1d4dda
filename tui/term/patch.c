/* SPDX-License-Identifier: MIT
 * The runs of cells that changed, each placed and written. */
#include "tui/term/patch.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

#include "tui/term/cell.h"

static bool add(struct patch *p, const char *bytes, size_t n)
{
    if (n > sizeof p->bytes - p->nbytes)
        return false;
    memcpy(p->bytes + p->nbytes, bytes, n);
    p->nbytes += n;
    return true;
}

static size_t number_text(int n, char *out)
{
    size_t len = n > 9 ? number_text(n / 10, out) : 0;
    out[len] = (char)('0' + n % 10);
    return len + 1;
}

size_t patch_place(int row, int column, char out[PATCH_PLACE])
{
    size_t n = 0;
    out[n++] = '\033';
    out[n++] = '[';
    n += number_text(row + 1, out + n);
    out[n++] = ';';
    n += number_text(column + 1, out + n);
    out[n++] = 'H';
    return n;
}

/* From behind the run before, if there was one: not from behind the last column, where terminals differ. */
static bool place_run(const struct canvas_run *before, const struct canvas_run *r, int width, struct patch *out)
{
    char place[PATCH_PLACE];
    bool below = before && before->row + 1 == r->row && before->at.to == r->at.from + 1 && before->at.to < width;
    if (below)
        return add(out, PATCH_CUB1 PATCH_CUD1, strlen(PATCH_CUB1 PATCH_CUD1));
    return add(out, place, patch_place(r->row, r->at.from, place));
}

static bool add_cell(const struct patch_style *style, const struct canvas_cell *cell, struct patch *out)
{
    wchar_t chars[CELL_CHARS + 1];
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    if (cell->width != 1 || cell->attrs || cell->role >= ROLE_COUNT || !style->plain[cell->role])
        return false;
    cell_chars(cell, style->glyphs, chars);
    for (size_t i = 0; chars[i]; i++) {
        size_t n = wcrtomb(bytes, chars[i], &state);
        if (n == (size_t)-1 || !add(out, bytes, n))
            return false;
    }
    return true;
}

static struct canvas_cell *cell_at(const struct canvas *c, int row, int column)
{
    return &c->cells[(size_t)row * (size_t)c->stride + (size_t)column];
}

/* Each cell takes a byte at least: there is room for as many. */
bool patch_make(const struct patch_style *style, const struct canvas *before, const struct canvas *now,
                struct patch *out)
{
    size_t cells = 0;
    out->nbytes = 0;
    out->nruns = canvas_changes(before, now, out->runs, PATCH_RUNS);
    for (int i = 0; i < out->nruns; i++) {
        const struct canvas_run *r = &out->runs[i];
        if (!place_run(i ? r - 1 : NULL, r, now->width, out))
            return false;
        for (int x = r->at.from; x < r->at.to; x++) {
            const struct canvas_cell *cell = cell_at(now, r->row, x);
            if (!add_cell(style, cell, out))
                return false;
            out->cells[cells++] = *cell;
        }
    }
    return out->nruns >= 0;
}

void patch_apply(const struct patch *p, struct canvas *c)
{
    const struct canvas_cell *cells = p->cells;
    for (int i = 0; i < p->nruns; i++) {
        const struct canvas_run *r = &p->runs[i];
        size_t n = (size_t)(r->at.to - r->at.from);
        memcpy(cell_at(c, r->row, r->at.from), cells, n * sizeof *cells);
        canvas_touch(c, r->row, r->at.from, r->at.to);
        cells += n;
    }
}
