/* SPDX-License-Identifier: MIT
 * The text of all lines is in one buffer; a span is a part of it in one role, a line is a list of spans. */
#include "tui/draw/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lines_init(struct lines *l)
{
    *l = (struct lines){0};
    buf_init(&l->text, LINES_BYTES_MAX);
}

void lines_done(struct lines *l)
{
    buf_done(&l->text);
    free(l->spans);
    free(l->v);
    *l = (struct lines){0};
}

void lines_clear(struct lines *l)
{
    buf_clear(&l->text);
    l->nspans = l->n = 0;
    l->column = 0;
}

/* Makes room for one more element. An error is kept in text.err. */
static bool grow(struct lines *l, void *array, size_t n, size_t *cap, size_t size)
{
    void **at = array;
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 64;
    void *v = realloc(*at, more * size);
    if (!v) {
        l->text.err = ERR_NOMEM;
        return false;
    }
    *at = v;
    *cap = more;
    return true;
}

/* The first span of the line that is being built. */
static size_t open_span(const struct lines *l)
{
    return l->n ? l->v[l->n - 1].first_span + l->v[l->n - 1].nspans : 0;
}

void lines_add_bytes(struct lines *l, enum role role, const char *text, size_t len)
{
    size_t at = l->text.len;
    if (len == 0 || buf_add(&l->text, text, len) || !grow(l, &l->spans, l->nspans, &l->spans_cap, sizeof *l->spans))
        return;
    l->spans[l->nspans++] = (struct span){at, len, role};
    l->column += text_width(text, len);
}

void lines_add(struct lines *l, enum role role, const char *text)
{
    if (text)
        lines_add_bytes(l, role, text, strlen(text));
}

void lines_addf(struct lines *l, enum role role, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    lines_add(l, role, line);
}

void lines_pad(struct lines *l, int column)
{
    static const char blanks[] = "                                ";
    while (l->column < column) {
        int n = column - l->column, before = l->column;
        lines_add_bytes(l, ROLE_TEXT, blanks, (size_t)n < sizeof blanks ? (size_t)n : sizeof blanks - 1);
        if (l->column == before)
            return; /* out of memory */
    }
}

void lines_head(struct lines *l, int column, const char *name)
{
    lines_add(l, ROLE_HEAD, name);
    lines_pad(l, column);
}

/* How many bytes of `text` fit into `width` columns. */
static size_t fitting(const char *text, size_t len, int width)
{
    size_t at = 0;
    while (at < len) {
        struct text_glyph g;
        size_t used = text_next(text + at, len - at, &g);
        if ((width -= g.width) < 0)
            break;
        at += used;
    }
    return at;
}

static void add_cut(struct lines *l, enum role role, int width, const char *text, size_t len)
{
    if (text_width(text, len) <= width) {
        lines_add_bytes(l, role, text, len);
    } else if (width > 0) {
        lines_add_bytes(l, role, text, fitting(text, len, width - 1));
        lines_add(l, role, "…");
    }
}

void lines_add_left(struct lines *l, enum role role, int width, const char *text, size_t len)
{
    int end = l->column + width;
    add_cut(l, role, width, text, len);
    lines_pad(l, end);
}

void lines_add_right(struct lines *l, enum role role, int width, const char *text, size_t len)
{
    int wide = text_width(text, len);
    lines_pad(l, l->column + (wide < width ? width - wide : 0));
    add_cut(l, role, width, text, len);
}

void lines_end(struct lines *l, struct subject subject)
{
    size_t first = open_span(l);
    l->column = 0;
    if (grow(l, &l->v, l->n, &l->cap, sizeof *l->v))
        l->v[l->n++] = (struct line){first, l->nspans - first, subject};
}

void lines_put(struct lines *l, enum role role, const char *text)
{
    lines_add(l, role, text);
    lines_end(l, (struct subject){0});
}

/* How many bytes of a paragraph go on a line of `width` columns: up to a blank, or a part of a word that is too long.
 */
static size_t wrapped(const char *text, size_t len, int width)
{
    size_t fits = fitting(text, len, width);
    if (fits == len)
        return len;
    for (size_t i = fits; i > 0; i--)
        if (text[i] == ' ')
            return i;
    if (fits == 0) { /* not even one cluster fits: take it anyway, the canvas cuts it */
        struct text_glyph g;
        return text_next(text, len, &g);
    }
    return fits;
}

void lines_wrap(struct lines *l, enum role role, int indent, int width, const char *text, struct subject subject)
{
    size_t len = text ? strlen(text) : 0;
    do {
        int room = width - l->column;
        size_t n = wrapped(text, len, room > 1 ? room : 1);
        lines_add_bytes(l, role, text, n);
        lines_end(l, subject);
        while (n < len && text[n] == ' ')
            n++;
        text += n;
        len -= n;
        if (len > 0 && indent < width)
            lines_pad(l, indent);
    } while (len > 0);
}

enum err lines_text(const struct lines *l, size_t i, struct buf *out)
{
    const struct line *line = &l->v[i];
    for (size_t s = line->first_span; s < line->first_span + line->nspans; s++)
        buf_add(out, l->text.data + l->spans[s].at, l->spans[s].len);
    return out->err;
}

void lines_draw(const struct lines *l, size_t i, struct canvas *c, int x, int y, int left)
{
    const struct line *line = &l->v[i];
    int column = x - left;
    for (size_t s = line->first_span; s < line->first_span + line->nspans; s++) {
        const struct span *span = &l->spans[s];
        const char *text = l->text.data + span->at;
        size_t at = 0;
        while (at < span->len && column < x) {
            struct text_glyph g;
            at += text_next(text + at, span->len - at, &g);
            column += g.width;
        }
        if (column < c->width)
            column = canvas_bytes(c, column, y, span->role, text + at, span->len - at);
    }
}

int lines_width(const struct lines *l)
{
    int widest = 0;
    for (size_t i = 0; i < l->n; i++) {
        int width = 0;
        for (size_t s = l->v[i].first_span; s < l->v[i].first_span + l->v[i].nspans; s++)
            width += text_width(l->text.data + l->spans[s].at, l->spans[s].len);
        if (width > widest)
            widest = width;
    }
    return widest;
}
