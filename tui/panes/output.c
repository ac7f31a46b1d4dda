/* SPDX-License-Identifier: MIT
 * The screen of the watched program: a terminal of its own, as large as the pane, with the lines that scrolled off it
 * above. */
#include "tui/panes/pane.h"

#include <string.h>

#include "core/base/text.h"
#include "tui/keys/key.h"
#include "tui/term/vt.h"

enum { FIRST_COLUMNS = 80, FIRST_ROWS = 24 };
static const double silence = 1.0; /* seconds without output that are worth mentioning */

struct output_state {
    struct vt *vt;
    uint64_t forgotten; /* the number of dropped lines when it was shown last */
};

static enum role role_of(const struct vt_cell *c)
{
    return c->attrs & VT_REVERSE ? ROLE_REVERSED : c->attrs & VT_BOLD ? ROLE_TITLE : ROLE_TEXT;
}

/* The cell as UTF-8. Characters that our screen would draw in another width than the program's terminal become "?". */
static size_t cell_text(const struct vt_cell *c, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < VT_CHARS_MAX && c->chars[i]; i++) {
        char one[5];
        size_t len = key_utf8(c->chars[i], one);
        if (n + len < size)
            memcpy(out + n, one, len + 1);
        n += n + len < size ? len : 0;
    }
    if (n == 0) {
        memcpy(out, " ", 2);
        return 1;
    }
    if (text_width(out, n) != c->width) {
        memcpy(out, c->width == 2 ? "??" : "?", (size_t)c->width + 1u);
        return c->width;
    }
    return n;
}

/* Joins neighbouring cells of the same role into one span. */
static void add_line(struct lines *l, const struct vt_cell *cells, size_t n)
{
    char text[512];
    size_t len = 0;
    enum role role = ROLE_TEXT;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].width == 0)
            continue;
        if (role_of(&cells[i]) != role || len + TEXT_GLYPH_MAX > sizeof text) {
            lines_add_bytes(l, role, text, len);
            len = 0;
            role = role_of(&cells[i]);
        }
        len += cell_text(&cells[i], text + len, TEXT_GLYPH_MAX);
    }
    lines_add_bytes(l, role, text, len);
    lines_end(l, (struct subject){0});
}

/* When the terminal drops its oldest lines, all others move up: the cursor and the view move with them. */
static void follow_forgotten(struct pane *p, struct output_state *s)
{
    uint64_t by = vt_forgotten(s->vt) - s->forgotten;
    s->forgotten += by;
    p->cursor -= by < p->cursor ? by : p->cursor;
    p->top -= by < p->top ? by : p->top;
}

static enum err output_sync(struct pane *p, const struct view *v)
{
    struct output_state *s = p->state;
    vt_resize(s->vt, p->width, p->height);
    if (v->model->output_at < 0 && v->model->output_end == 0) {
        lines_wrap(&p->lines, ROLE_DIM, 0, p->width, "The program has not written anything yet.", (struct subject){0});
        return OK;
    }
    follow_forgotten(p, s);
    pane_settle(p, vt_lines(s->vt));
    p->first = p->top;
    for (uint64_t line = p->top; line < p->count && line < p->top + (uint64_t)pane_rows(p); line++) {
        size_t n;
        const struct vt_cell *cells = vt_line(s->vt, (size_t)line, &n);
        add_line(&p->lines, cells, n);
    }
    return OK;
}

static enum err output_text(struct pane *p, uint64_t line, struct buf *out)
{
    size_t n;
    char text[TEXT_GLYPH_MAX];
    const struct vt_cell *cells = vt_line(output_terminal(p), (size_t)line, &n);
    for (size_t i = 0; i < n; i++)
        if (cells[i].width > 0)
            buf_add(out, text, cell_text(&cells[i], text, sizeof text));
    return out->err;
}

static void output_status(const struct pane *p, const struct view *v, struct buf *out)
{
    char seconds[24];
    const struct model *m = v->model;
    double silent = v->now - (m->output_at < 0 ? 0 : m->output_at);
    (void)p;
    if (v->typing)
        buf_addf(out, "keys go to the program; %s ends that", command_key(v->commands, "stop-typing"));
    else if (!m->command_ended && silent >= silence)
        buf_addf(out, "silent for %s", text_seconds(silent, seconds));
}

static enum err output_open(struct pane *p)
{
    struct output_state *s = p->state;
    return vt_new(FIRST_COLUMNS, FIRST_ROWS, &s->vt);
}

static void output_close(struct pane *p)
{
    vt_free(((struct output_state *)p->state)->vt);
}

struct vt *output_terminal(const struct pane *p)
{
    return ((struct output_state *)p->state)->vt;
}

const struct pane_ops pane_output_ops = {
    .name = "output",
    .title = "Output",
    .brief = "Output",
    .hints = (const char *const[]){"type", "search", "copy", "zoom", NULL},
    .follow = true,
    .state_size = sizeof(struct output_state),
    .open = output_open,
    .close = output_close,
    .sync = output_sync,
    .status = output_status,
    .text = output_text,
};
