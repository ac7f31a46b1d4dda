/* SPDX-License-Identifier: MIT
 * Drawing on cells. Everything is cut at the edges of the canvas, and no half of a wide character is ever left alone.
 */
#include "tui/draw/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canvas_touch(const struct canvas *c, int y, int from, int to)
{
    struct extent *s = &c->touched[y];
    bool none = s->from == s->to;
    s->from = none || c->left + from < s->from ? c->left + from : s->from;
    s->to = none || c->left + to > s->to ? c->left + to : s->to;
}

/* The cell at x, y, which the caller is about to change: marks it as touched. */
static struct canvas_cell *cell_at(const struct canvas *c, int x, int y)
{
    canvas_touch(c, y, x, x + 1);
    return &c->cells[(size_t)y * (size_t)c->stride + (size_t)x];
}

static void cell_set(struct canvas_cell *cell, const char *bytes, int width, enum role role)
{
    *cell = (struct canvas_cell){.width = (unsigned char)width, .role = (unsigned char)role};
    memcpy(cell->bytes, bytes, strnlen(bytes, TEXT_GLYPH_MAX - 1));
}

enum err canvas_init(struct canvas *c, int width, int height)
{
    *c = (struct canvas){.width = width < 1 ? 1 : width, .height = height < 1 ? 1 : height};
    c->stride = c->width;
    c->cells = calloc((size_t)c->width * (size_t)c->height, sizeof *c->cells);
    c->touched = calloc((size_t)c->height, sizeof *c->touched);
    if (!c->cells || !c->touched) {
        canvas_done(c);
        return ERR_NOMEM;
    }
    canvas_clear(c);
    return OK;
}

void canvas_done(struct canvas *c)
{
    free(c->cells);
    free(c->touched);
    *c = (struct canvas){0};
}

void canvas_clear(struct canvas *c)
{
    const struct canvas_cell blank = {.bytes = " ", .width = 1, .role = ROLE_TEXT};
    for (int y = 0; y < c->height && c->stride != c->width; y++) /* a part: it may cut wide characters in half */
        canvas_repeat(c, 0, y, c->width, ROLE_TEXT, " ");
    if (c->stride != c->width)
        return;
    for (int x = 0; x < c->width; x++)
        c->cells[x] = blank;
    for (int y = 0; y < c->height; y++) {
        memcpy(&c->cells[(size_t)y * (size_t)c->width], c->cells, y ? (size_t)c->width * sizeof blank : 0);
        canvas_touch(c, y, 0, c->width);
    }
}

struct canvas canvas_part(const struct canvas *c, struct rect r)
{
    int left = r.x < 0 ? 0 : r.x, top = r.y < 0 ? 0 : r.y;
    int right = r.x + r.width < c->width ? r.x + r.width : c->width;
    int bottom = r.y + r.height < c->height ? r.y + r.height : c->height;
    if (right <= left || bottom <= top)
        return (struct canvas){0};
    return (struct canvas){.width = right - left,
                           .height = bottom - top,
                           .left = c->left + left,
                           .stride = c->stride,
                           .cells = &c->cells[(size_t)top * (size_t)c->stride + (size_t)left],
                           .touched = &c->touched[top]};
}

/* Before the cell is drawn over: if it is one half of a wide character, the other half becomes a blank. */
static void cell_split(struct canvas *c, int x, int y)
{
    struct canvas_cell *cell = cell_at(c, x, y);
    if (cell->width == 0 && x > 0)
        cell_set(cell_at(c, x - 1, y), " ", 1, cell_at(c, x - 1, y)->role);
    if (cell->width == 2 && x + 1 < c->width)
        cell_set(cell_at(c, x + 1, y), " ", 1, cell->role);
}

/* Draws one cluster at x. If it does not fit before `end`, blanks are drawn up to there. */
static int put_glyph(struct canvas *c, int x, int y, int end, enum role role, const struct text_glyph *g)
{
    if (g->width > 2) /* an escape of several plain characters */
        for (const char *p = g->bytes; *p; p++) {
            struct text_glyph one = {.bytes = {*p}, .width = 1};
            x = put_glyph(c, x, y, end, role, &one);
        }
    else if (x + g->width <= end && g->width > 0) {
        for (int i = 0; i < g->width; i++)
            cell_split(c, x + i, y);
        cell_set(cell_at(c, x, y), g->bytes, g->width, role);
        if (g->width == 2)
            cell_set(cell_at(c, x + 1, y), "", 0, role);
        x += g->width;
    } else
        for (; x < end; x++) {
            cell_split(c, x, y);
            cell_set(cell_at(c, x, y), " ", 1, role);
        }
    return x;
}

/* Draws `n` ASCII characters. Only the first and the last of them can hit a half of a wide character. */
static void put_plain(struct canvas *c, int x, int y, enum role role, const char *text, int n)
{
    cell_split(c, x, y);
    cell_split(c, x + n - 1, y);
    for (int i = 0; i < n; i++)
        *cell_at(c, x + i, y) = (struct canvas_cell){.bytes = {text[i]}, .width = 1, .role = (unsigned char)role};
}

static int put_text(struct canvas *c, int x, int y, int end, enum role role, const char *text, size_t len)
{
    if (y < 0 || y >= c->height || x < 0)
        return x;
    if (end > c->width)
        end = c->width;
    while (len > 0 && x < end) {
        struct text_glyph g;
        size_t room = (size_t)(end - x), used = text_plain(text, len <= room ? len : room + 1);
        if (used > 0) {
            used = used < room ? used : room;
            put_plain(c, x, y, role, text, (int)used);
            x += (int)used;
        } else {
            used = text_next(text, len, &g);
            x = put_glyph(c, x, y, end, g.escaped && role == ROLE_TEXT ? ROLE_ESCAPED : role, &g);
        }
        text += used;
        len -= used;
    }
    return x;
}

int canvas_bytes(struct canvas *c, int x, int y, enum role role, const char *text, size_t len)
{
    return put_text(c, x, y, c->width, role, text, len);
}

int canvas_text(struct canvas *c, int x, int y, enum role role, const char *text)
{
    return text ? canvas_bytes(c, x, y, role, text, strlen(text)) : x;
}

int canvas_textf(struct canvas *c, int x, int y, enum role role, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    return canvas_text(c, x, y, role, line);
}

int canvas_cut(struct canvas *c, int x, int y, int width, enum role role, const char *text, size_t len)
{
    if (width <= 0)
        return x;
    if (text_width(text, len) <= width) {
        int end = put_text(c, x, y, x + width, role, text, len);
        canvas_repeat(c, end, y, x + width - end, role, " ");
    } else {
        int end = put_text(c, x, y, x + width - 1, role, text, len);
        canvas_text(c, end, y, role, "…");
    }
    return x + width;
}

int canvas_repeat(struct canvas *c, int x, int y, int n, enum role role, const char *glyph)
{
    struct canvas_cell cell;
    int from = x < 0 ? 0 : x, to = x + n < c->width ? x + n : c->width;
    if (y < 0 || y >= c->height || n <= 0)
        return x;
    cell_set(&cell, glyph, 1, role);
    if (from < to) { /* only the first and the last cell can be a half of a wide character */
        cell_split(c, from, y);
        cell_split(c, to - 1, y);
    }
    for (int i = from; i < to; i++)
        *cell_at(c, i, y) = cell;
    return x + n;
}

void canvas_frame(struct canvas *c, enum role role)
{
    int right = c->width - 1, bottom = c->height - 1;
    if (right < 1 || bottom < 1)
        return;
    canvas_repeat(c, 1, 0, right - 1, role, "─");
    canvas_repeat(c, 1, bottom, right - 1, role, "─");
    for (int y = 1; y < bottom; y++) {
        canvas_repeat(c, 0, y, 1, role, "│");
        canvas_repeat(c, right, y, 1, role, "│");
    }
    canvas_repeat(c, 0, 0, 1, role, "╭");
    canvas_repeat(c, right, 0, 1, role, "╮");
    canvas_repeat(c, 0, bottom, 1, role, "╰");
    canvas_repeat(c, right, bottom, 1, role, "╯");
}

void canvas_restyle(struct canvas *c, int x, int y, int width, enum role role)
{
    for (int i = x < 0 ? 0 : x; y >= 0 && y < c->height && i < x + width && i < c->width; i++)
        cell_at(c, i, y)->role = (unsigned char)role;
}

void canvas_add_attrs(struct canvas *c, int x, int y, int width, unsigned attrs)
{
    for (int i = x < 0 ? 0 : x; y >= 0 && y < c->height && i < x + width && i < c->width; i++)
        cell_at(c, i, y)->attrs |= (unsigned char)attrs;
}

enum err canvas_add_row(const struct canvas *c, int y, struct buf *out)
{
    const struct canvas_cell *row = &c->cells[(size_t)y * (size_t)c->stride];
    int end = c->width;
    while (end > 0 && strcmp(row[end - 1].bytes, " ") == 0)
        end--;
    for (int x = 0; x < end; x++)
        buf_add_text(out, row[x].bytes);
    return out->err;
}
