/* SPDX-License-Identifier: MIT
 * The table and its codes: rows with the key column first, picks beside them, and below them the picked codes that
 * match no row. Only the rows that are seen are read. */
#include "tui/pane.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table/table.h"

enum { WIDTH_MAX = 32, SAMPLE_ROWS = 100, BOX_WIDTH = 4, GAP = 2 };

struct table_state {
    const struct table *table; /* that the widths are of; compared, never followed */
    int *widths;               /* of each column: grow, never shrink, so nothing jumps */
    size_t nwidths;
    uint64_t picks_changes, known_changes, strays; /* how many strays there were as of these changes */
};

static void table_close(struct pane *p)
{
    struct table_state *s = p->state;
    free(s->widths);
}

/* The i-th column as shown: the key, then the others in the file's order. */
static size_t shown_column(const struct table *t, size_t i)
{
    size_t key = table_key(t);
    return i == 0 ? key : i <= key ? i - 1 : i;
}

static bool is_number(enum dtype d)
{
    return d == DTYPE_I64 || d == DTYPE_F64;
}

static void widen(struct table_state *s, size_t column, const char *text, size_t len)
{
    int width = text_width(text, len < 4 * WIDTH_MAX ? len : 4 * WIDTH_MAX);
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    if (width > s->widths[column])
        s->widths[column] = width;
}

static enum err read_rows(const struct table *t, uint64_t from, uint64_t n, void (*row)(void *ctx, const struct row *),
                          void *ctx)
{
    struct table_reader *r;
    enum err e = table_reader_new(t, &r);
    if (e)
        return e;
    e = table_seek(r, from);
    for (; n > 0 && !e; n--) {
        const struct row *next;
        e = table_next(r, &next);
        if (e || !next)
            break;
        row(ctx, next);
    }
    table_reader_free(r);
    return e;
}

static void widen_by_row(void *ctx, const struct row *row)
{
    struct table_state *s = ctx;
    for (size_t i = 0; i < s->nwidths; i++)
        widen(s, i, row->cells[i].null ? "null" : row->cells[i].text, row->cells[i].null ? 4 : row->cells[i].len);
}

static enum err new_widths(struct table_state *s, const struct table *t)
{
    if (s->table == t && s->nwidths == table_columns(t))
        return OK;
    size_t n = table_columns(t);
    int *widths = calloc(n ? n : 1, sizeof *widths);
    if (!widths)
        return ERR_NOMEM;
    free(s->widths);
    *s = (struct table_state){.table = t, .widths = widths, .nwidths = n};
    for (size_t i = 0; i < n; i++) {
        const struct column *c = table_column(t, i);
        widen(s, i, c->name, c->name_len);
        widen(s, i, dtype_names[c->dtype], strlen(dtype_names[c->dtype]));
    }
    return read_rows(t, 0, SAMPLE_ROWS, widen_by_row, s);
}

struct rows_ctx {
    struct pane *p;
    const struct table *t;
    const struct view *v;
};

static void add_cell(struct lines *l, const struct column *c, int width, enum role role, const char *text, size_t len)
{
    if (is_number(c->dtype))
        lines_add_right(l, role, width, text, len);
    else
        lines_add_left(l, role, width, text, len);
    lines_pad(l, l->column + GAP);
}

/* Columns beyond what can be seen are not built; a step to the side brings more. */
static bool beyond(const struct pane *p, const struct lines *l)
{
    return l->column > p->left + 2 * p->width;
}

static void add_row(void *ctx, const struct row *row)
{
    struct rows_ctx *x = ctx;
    struct table_state *s = x->p->state;
    struct lines *l = &x->p->lines;
    widen_by_row(s, row);
    const struct cell *key = &row->cells[table_key(x->t)];
    bool picked = picks_has(&x->v->choices->picks, key->text, key->null ? 0 : key->len);
    lines_add(l, picked ? ROLE_PICK : ROLE_DIM, picked ? "[x] " : "[ ] ");
    for (size_t i = 0; i < s->nwidths && !beyond(x->p, l); i++) {
        size_t at = shown_column(x->t, i);
        const struct cell *c = &row->cells[at];
        enum role role = c->null ? ROLE_DIM : i == 0 && picked ? ROLE_PICK : ROLE_TEXT;
        add_cell(l, table_column(x->t, at), s->widths[at], role, c->null ? "null" : c->text, c->null ? 4 : c->len);
    }
    lines_end(l, (struct subject){SUBJECT_ROW, (int64_t)row->number});
}

static void add_head(struct pane *p, const struct table *t)
{
    struct table_state *s = p->state;
    lines_pad(&p->head, BOX_WIDTH);
    for (size_t i = 0; i < s->nwidths && !beyond(p, &p->head); i++) {
        size_t at = shown_column(t, i);
        const struct column *c = table_column(t, at);
        add_cell(&p->head, c, s->widths[at], ROLE_HEAD, c->name, c->name_len);
    }
    lines_end(&p->head, (struct subject){0});
    lines_pad(&p->head, BOX_WIDTH);
    for (size_t i = 0; i < s->nwidths && !beyond(p, &p->head); i++) {
        size_t at = shown_column(t, i);
        const struct column *c = table_column(t, at);
        add_cell(&p->head, c, s->widths[at], ROLE_DIM, dtype_names[c->dtype], strlen(dtype_names[c->dtype]));
    }
    lines_end(&p->head, (struct subject){0});
}

/* Typed codes that are no row's: they are listed below the rows. */
static bool is_stray(const struct choices *c, const struct pick *pick)
{
    return pick->typed && !picks_has(&c->known, pick->text, pick->len);
}

/* Counted again only when there may be others: a million of them are not looked through for each picture. */
static uint64_t count_strays(struct table_state *s, const struct choices *c)
{
    if (s->picks_changes == c->picks.changes && s->known_changes == c->known.changes)
        return s->strays;
    s->strays = 0;
    for (size_t i = 0; i < c->picks.n; i++)
        s->strays += is_stray(c, &c->picks.v[i]);
    s->picks_changes = c->picks.changes;
    s->known_changes = c->known.changes;
    return s->strays;
}

static void add_stray(struct pane *p, const struct view *v, size_t i, int width)
{
    const struct pick *pick = &v->choices->picks.v[i];
    int wide = text_width(pick->text, pick->len);
    if (wide > width)
        width = wide < WIDTH_MAX ? wide : WIDTH_MAX;
    lines_add(&p->lines, ROLE_PICK, "[x] ");
    lines_add_left(&p->lines, ROLE_PICK, width, pick->text, pick->len);
    if (!v->model->table)
        lines_add(&p->lines, ROLE_DIM, "  (typed)");
    else
        lines_add(&p->lines, ROLE_WARN,
                  v->choices->known_all ? "  (typed; matches no row)" : "  (typed; not among the first codes)");
    lines_end(&p->lines, (struct subject){SUBJECT_CODE, (int64_t)i});
}

/* The strays that are seen, behind `rows` lines. */
static void add_strays(struct pane *p, const struct view *v, uint64_t rows, int width)
{
    uint64_t at = rows, end = p->top + (uint64_t)pane_rows(p);
    for (size_t i = 0; i < v->choices->picks.n && at < end; i++)
        if (is_stray(v->choices, &v->choices->picks.v[i]) && at++ >= p->top)
            add_stray(p, v, i, width);
}

static enum err sync_loaded(struct pane *p, const struct view *v, const struct table *t)
{
    struct table_state *s = p->state;
    struct rows_ctx ctx = {p, t, v};
    enum err e = new_widths(s, t);
    if (e)
        return e;
    uint64_t rows = table_rows(t), strays = count_strays(s, v->choices);
    add_head(p, t);
    pane_settle(p, rows + strays);
    p->first = p->top;
    uint64_t seen = rows > p->top ? rows - p->top : 0;
    if (seen > (uint64_t)pane_rows(p))
        seen = (uint64_t)pane_rows(p);
    e = read_rows(t, p->top, seen, add_row, &ctx);
    if (e == ERR_CHANGED) {
        lines_put(&p->lines, ROLE_BAD, "the file changed after it was loaded");
        return OK;
    }
    add_strays(p, v, rows, s->nwidths ? s->widths[table_key(t)] : 1);
    return e;
}

static enum err table_sync(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    if (m->table)
        return sync_loaded(p, v, m->table);
    if (m->table_error)
        lines_wrap(&p->lines, ROLE_BAD, 0, p->width, m->table_error, (struct subject){0});
    else
        lines_put(&p->lines, ROLE_DIM, "The table is being loaded …");
    for (size_t i = 0; i < v->choices->picks.n && i < (size_t)pane_rows(p); i++)
        add_stray(p, v, i, 1);
    return OK;
}

static void table_status(const struct pane *p, const struct view *v, struct buf *out)
{
    char n[32];
    const struct model *m = v->model;
    (void)p;
    if (m->key) {
        buf_add_text(out, "key ");
        if (text_add_safe(out, m->key, strlen(m->key)))
            return;
        buf_add_text(out, ", ");
    }
    buf_addf(out, "%s picked", text_count(v->choices->picks.n, n));
}

static const char *const hints[] = {"pick", "add", "all", "invert", NULL};

const struct pane_ops pane_table_ops = {
    .name = "table", .title = "Table", .brief = "Table", .hints = hints, .state_size = sizeof(struct table_state),
    .close = table_close, .sync = table_sync, .status = table_status,
};
