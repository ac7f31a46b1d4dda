/* SPDX-License-Identifier: MIT
 * What all panes share: scrolling, the cursor, drawing lines, and marking the matches of a search. */
#include "tui/panes/pane.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { GUTTER = PANE_GUTTER, BAR = PANE_BAR, STEP_SIDE = 8 }; /* STEP_SIDE: columns of a step to the side */

const struct table *view_table(const struct view *v)
{
    return v->table_view ? table_view_table(v->table_view) : NULL;
}

enum err pane_new(const struct pane_ops *ops, struct pane **out)
{
    struct pane *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_NOMEM;
    p->ops = ops;
    p->follow = ops->follow;
    lines_init(&p->head);
    lines_init(&p->lines);
    p->state = calloc(1, ops->state_size ? ops->state_size : 1);
    enum err err = p->state ? OK : ERR_NOMEM;
    if (!err && ops->open)
        err = ops->open(p);
    if (err) {
        pane_free(p);
        return err;
    }
    *out = p;
    return OK;
}

void pane_free(struct pane *p)
{
    if (!p)
        return;
    if (p->state && p->ops->close)
        p->ops->close(p);
    lines_done(&p->head);
    lines_done(&p->lines);
    free(p->state);
    free(p);
}

int pane_rows(const struct pane *p)
{
    int rows = p->height - (int)p->head.n;
    return rows > 1 ? rows : 1;
}

/* A cursor that left the view is shown in its middle. Steps over the edge then scroll only once in half a page:
 * scrolling is expensive, because all lines are sent to the terminal again. */
void pane_settle(struct pane *p, uint64_t count)
{
    uint64_t rows = (uint64_t)pane_rows(p), last = count ? count - 1 : 0, most = count > rows ? count - rows : 0;
    p->count = count;
    if (p->follow || p->cursor > last)
        p->cursor = last;
    if (p->top > most)
        p->top = most;
    if (p->cursor < p->top || p->cursor - p->top >= rows)
        p->top = p->cursor > rows / 2 ? p->cursor - rows / 2 : 0;
    if (p->top > most)
        p->top = most;
}

/* Shows the error below the lines, or in their place if they ran out of room. */
static enum err show_error(struct pane *p, enum err err)
{
    if (p->lines.text.err)
        lines_clear(&p->lines);
    if (p->head.text.err)
        lines_clear(&p->head);
    lines_addf(&p->lines, ROLE_BAD, "This cannot be shown: %s", err_text(err));
    lines_end(&p->lines, (struct subject){0});
    return p->lines.text.err == ERR_NOMEM ? ERR_NOMEM : OK;
}

enum err pane_sync(struct pane *p, const struct view *v, int width, int height)
{
    p->width = width > GUTTER + BAR ? width - GUTTER - BAR : 1;
    p->height = height > 0 ? height : 1;
    lines_clear(&p->head);
    lines_clear(&p->lines);
    p->first = 0;
    p->count = UINT64_MAX;
    enum err err = p->ops->sync(p, v);
    if (!err)
        err = p->lines.text.err ? p->lines.text.err : p->head.text.err;
    if (err && err != ERR_NOMEM)
        err = show_error(p, err);
    if (p->count == UINT64_MAX) /* sync built all lines and left scrolling to us */
        pane_settle(p, p->lines.n);
    return err;
}

static bool fold_equal(const char *a, const char *b, size_t len, bool fold)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];
        if (x != y && !(fold && x < 0x80 && tolower(x) == y))
            return false;
    }
    return true;
}

size_t text_find(const char *text, size_t len, size_t from, const char *needle)
{
    size_t n = strlen(needle);
    bool fold = true;
    for (size_t i = 0; i < n; i++)
        fold = fold && !isupper((unsigned char)needle[i]);
    for (size_t at = from; n > 0 && at + n <= len; at++)
        if (fold_equal(text + at, needle, n, fold))
            return at;
    return len;
}

static void mark_matches(const struct pane *p, size_t i, const char *needle, struct canvas *c, int y)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    if (!lines_text(&p->lines, i, &text) && text.len > 0)
        for (size_t at = 0; (at = text_find(text.data, text.len, at, needle)) < text.len; at += strlen(needle)) {
            int x = GUTTER - p->left + text_width(text.data, at);
            int width = text_width(text.data + at, strlen(needle));
            if (x >= GUTTER)
                canvas_restyle(c, x, y, width, ROLE_MATCH);
        }
    buf_done(&text);
}

static void draw_bar(const struct pane *p, struct canvas *c, int y)
{
    uint64_t rows = (uint64_t)pane_rows(p);
    if (p->count <= rows || c->width < 8)
        return;
    uint64_t at = p->top * (rows - 1) / (p->count - rows);
    for (uint64_t i = 0; i < rows; i++)
        canvas_text(c, c->width - 1, y + (int)i, ROLE_FRAME, i == at ? "█" : " ");
}

void pane_draw(struct pane *p, const struct view *v, struct canvas *c, bool active)
{
    int y = 0;
    p->marked = UINT64_MAX;
    p->drawn_top = p->top;
    for (size_t i = 0; i < p->head.n && y < c->height; i++, y++)
        lines_draw(&p->head, i, c, GUTTER, y, p->left);
    int head = y;
    for (uint64_t line = p->top; line < p->count && y < c->height; line++, y++) {
        if (line < p->first || line - p->first >= p->lines.n)
            continue;
        lines_draw(&p->lines, (size_t)(line - p->first), c, GUTTER, y, p->left);
        if (v->search)
            mark_matches(p, (size_t)(line - p->first), v->search, c, y);
        if (active && line == p->cursor) {
            canvas_text(c, 0, y, ROLE_TEXT, theme_cursor);
            p->marked = line;
        }
    }
    draw_bar(p, c, head);
}

bool pane_shows(const struct pane *p, uint64_t line)
{
    return p->top == p->drawn_top && line >= p->top && line - p->top < (uint64_t)pane_rows(p) && line >= p->first &&
           line - p->first < p->lines.n;
}

bool pane_draw_cursor(struct pane *p, struct canvas *c)
{
    if (p->marked == UINT64_MAX || !pane_shows(p, p->cursor))
        return false;
    int head = (int)p->head.n;
    canvas_text(c, 0, head + (int)(p->marked - p->top), ROLE_TEXT, " ");
    canvas_text(c, 0, head + (int)(p->cursor - p->top), ROLE_TEXT, theme_cursor);
    p->marked = p->cursor;
    return true;
}

void pane_go(struct pane *p, uint64_t line)
{
    p->cursor = line < p->count ? line : p->count ? p->count - 1 : 0;
    p->follow = p->ops->follow && p->cursor + 1 >= p->count;
}

static void move_aside(struct pane *p, int columns)
{
    int most = lines_width(&p->lines) - p->width, head = lines_width(&p->head) - p->width;
    most = head > most ? head : most;
    p->left += columns;
    if (p->left > most)
        p->left = most;
    if (p->left < 0)
        p->left = 0;
}

/* The view and the cursor move together, so that no line is skipped. */
static void move_page_up(struct pane *p, uint64_t lines)
{
    p->top -= lines < p->top ? lines : p->top;
    pane_go(p, lines < p->cursor ? p->cursor - lines : 0);
}

static void move_page_down(struct pane *p, uint64_t lines)
{
    p->top += lines; /* pane_settle limits it */
    pane_go(p, p->cursor + lines);
}

void pane_move(struct pane *p, enum motion motion)
{
    uint64_t page = (uint64_t)pane_rows(p) - (pane_rows(p) > 1);
    switch (motion) {
    case MOVE_UP: pane_go(p, p->cursor ? p->cursor - 1 : 0); break;
    case MOVE_DOWN: pane_go(p, p->cursor + 1); break;
    case MOVE_PAGE_UP: move_page_up(p, page); break;
    case MOVE_PAGE_DOWN: move_page_down(p, page); break;
    case MOVE_FIRST: pane_go(p, 0); break;
    case MOVE_LAST: pane_go(p, p->count ? p->count - 1 : 0); break;
    case MOVE_LEFT: move_aside(p, -STEP_SIDE); break;
    case MOVE_RIGHT: move_aside(p, STEP_SIDE); break;
    }
}

struct subject pane_subject(const struct pane *p)
{
    if (p->cursor < p->first || p->cursor - p->first >= p->lines.n)
        return (struct subject){0};
    return p->lines.v[p->cursor - p->first].subject;
}
