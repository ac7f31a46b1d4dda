/* SPDX-License-Identifier: MIT
 * Draws the panes in their frames, which show name, status, hints and position, and the tabs of a small screen. */
#include "tui/screen/screen.h"

#include <string.h>

/* Draws as many hints as fit before column `end` of row y. */
static void draw_hints(const struct app *a, const struct pane_ops *ops, struct canvas *c, int y, int end)
{
    int x = 2;
    for (size_t i = 0; ops->hints && ops->hints[i]; i++) {
        const struct command *command = command_by_name(a->commands, ops->hints[i]);
        if (!command || !command->key || !command_is_in(command, a->scope))
            continue;
        const char *key = command->key, *words = command->hint ? command->hint : command->name;
        int width = text_width(key, strlen(key)) + 1 + text_width(words, strlen(words));
        if (x + width + 3 > end)
            return;
        x = canvas_text(c, x, y, ROLE_TEXT, " ");
        x = canvas_text(c, x, y, ROLE_KEY, key);
        x = canvas_textf(c, x, y, ROLE_DIM, " %s ", words);
    }
}

/* Appends "17_402 of 300_000" if not all lines fit into the pane. */
static void add_position(const struct pane *p, struct buf *out)
{
    char number[32];
    if (p->count <= (uint64_t)pane_rows(p))
        return;
    buf_add_text(out, out->len ? "   " : "");
    buf_add_text(out, text_count(p->cursor + 1, number));
    buf_add_text(out, " of ");
    buf_add_text(out, text_count(p->count, number));
}

/* Returns the column where the position begins. Draws it only if that is `only` (0: always). */
static int draw_position(const struct pane *p, struct canvas *c, int only)
{
    struct buf words;
    buf_init(&words, 256);
    add_position(p, &words);
    int width = words.len ? (int)words.len + 2 : 0, at = c->width - 2 - width;
    if (width > 0 && at > 4 && (only == 0 || at == only)) {
        int x = canvas_text(c, at, c->height - 1, ROLE_TEXT, " ");
        x = canvas_bytes(c, x, c->height - 1, ROLE_TEXT, words.data, words.len);
        canvas_text(c, x, c->height - 1, ROLE_TEXT, " ");
    }
    buf_done(&words);
    return at;
}

static bool has_keys(struct app *a, const struct pane *p)
{
    return p == app_active(a) && !a->prompt.open && !a->question.open;
}

static void draw_name(const struct app *a, const struct pane *p, int number, struct canvas *c, double now, bool framed,
                      bool active)
{
    struct view v = app_view(a, now);
    struct buf status;
    enum role role = active ? ROLE_FOCUS : ROLE_TITLE;
    int x = 2;
    if (number > 0 && framed)
        x = canvas_textf(c, x, 0, role, " %d %s ", number, p->ops->title);
    else if (framed || number == 0)
        x = canvas_textf(c, x, 0, role, " %s ", p->ops->title);
    buf_init(&status, 1024);
    if (p->ops->status)
        p->ops->status(p, &v, &status);
    if (!framed)
        add_position(p, &status);
    if (status.len > 0 && c->width - x > 12) {
        int width = text_width(status.data, status.len), most = c->width - 6 - x;
        width = width < most ? width : most;
        int at = c->width - 4 - width;
        canvas_text(c, at, 0, ROLE_TEXT, " ");
        canvas_cut(c, at + 1, 0, width, ROLE_DIM, status.data, status.len);
        canvas_text(c, at + 1 + width, 0, ROLE_TEXT, " ");
    }
    buf_done(&status);
}

/* Draws the edge that shows the position: the lower edge of the frame, or the rule above a pane without a frame. */
static void draw_edge(struct app *a, struct pane *p, int number, struct canvas *c, bool framed, double now)
{
    bool active = has_keys(a, p);
    canvas_repeat(c, framed, framed ? c->height - 1 : 0, c->width - 2 * framed, active ? ROLE_FOCUS : ROLE_FRAME, "─");
    if (!framed)
        draw_name(a, p, number, c, now, framed, active);
    else if (active) {
        p->position = draw_position(p, c, 0);
        draw_hints(a, p->ops, c, c->height - 1, p->position);
    }
}

/* Draws the pane in a frame, or on a small screen, where it is alone, below a rule. */
static enum err draw_pane(struct app *a, struct pane *p, int number, struct rect r, bool framed, double now)
{
    struct view v = app_view(a, now);
    bool active = has_keys(a, p);
    struct canvas whole = canvas_part(&a->canvas, r);
    struct canvas inside = canvas_part(&a->canvas, layout_inside(&a->layout, r));
    enum err err = pane_sync(p, &v, inside.width, inside.height);
    for (int y = 0; y < whole.height; y++)
        canvas_repeat(&whole, 0, y, whole.width, ROLE_TEXT, " ");
    if (framed) {
        canvas_frame(&whole, active ? ROLE_FOCUS : ROLE_FRAME);
        draw_name(a, p, number, &whole, now, framed, active);
    }
    draw_edge(a, p, number, &whole, framed, now);
    pane_draw(p, &v, &inside, active && !a->typing);
    return err;
}

void screen_tabs(const struct app *a, struct canvas *c)
{
    int wide = 1;
    const struct pane_set *set = &pane_sets[a->scope];
    for (int i = 0; i < set->n; i++)
        wide += 5 + (int)strlen(pane_ops[set->v[i]]->brief);
    for (int i = 0, x = 0; i < set->n && x < c->width; i++) {
        bool on = set->v[i] == a->focus, named = on || wide <= c->width;
        enum role role = on ? ROLE_FOCUS : ROLE_DIM;
        x = canvas_textf(c, x, 0, role, "%s%d%s%s%s", on ? "[" : " ", i + 1, named ? " " : "",
                         named ? pane_ops[set->v[i]]->brief : "", on ? "]" : " ");
    }
}

enum err screen_panes(struct app *a, double now)
{
    bool framed = a->layout.screen == SCREEN_GRID;
    enum err err = OK;
    const struct pane_set *set = &pane_sets[a->scope];
    for (int i = 0; i < set->n && !err; i++)
        if (a->layout.panes[set->v[i]].height > 0)
            err = draw_pane(a, a->panes[set->v[i]], i + 1, a->layout.panes[set->v[i]], framed, now);
    if (!err && a->overlay)
        err = draw_pane(a, a->overlay, 0, a->layout.body, framed, now);
    return err;
}

/* While the same lines stay in view, only the cursor's mark and the position have to be drawn again. */
enum err screen_stepped(struct app *a, double now)
{
    bool framed = a->layout.screen == SCREEN_GRID;
    int number = a->overlay ? 0 : pane_number(a->scope, a->focus);
    struct pane *p = app_active(a);
    struct rect r = a->overlay ? a->layout.body : a->layout.panes[a->focus];
    struct canvas whole = canvas_part(&a->canvas, r);
    struct canvas inside = canvas_part(&a->canvas, layout_inside(&a->layout, r));
    if (!pane_draw_cursor(p, &inside))
        return draw_pane(a, p, number, r, framed, now);
    bool same_place = framed && has_keys(a, p) && draw_position(p, &whole, p->position) == p->position;
    if (!same_place)
        draw_edge(a, p, number, &whole, framed, now);
    return OK;
}
