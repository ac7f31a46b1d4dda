/* SPDX-License-Identifier: MIT
 * The table: its rows, each with a box that says whether its code is picked, and below them the picked codes that no
 * row has (here called strays). Only the rows and columns on the screen are read. */
#include "tui/panes/private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table/table.h"
#include "core/table_view/table_view.h"

enum { SAMPLE_ROWS = 100, SAMPLE_COLUMNS = 400, BOX_WIDTH = 4, TAIL_MAX = 10000 };

struct table_state {
    struct shown_columns columns;
    bool tail;      /* the cursor is among the last rows, which are counted from the end until all rows are known */
    uint64_t guess; /* the estimated number of rows when `tail` was set */
    uint64_t strays, picks_changes, known_changes; /* the number of strays, as of these changes */
};

static void table_close(struct pane *p)
{
    shown_columns_done(&((struct table_state *)p->state)->columns);
}

/* Reads rows where there is no table view: in the order of the file. */
static enum err read_plain(const struct table *t, uint64_t from, uint64_t n, table_view_visit *visit, void *ctx)
{
    struct table_reader *r;
    enum err err = table_reader_new(t, &r);
    if (err)
        return err;
    err = table_seek(r, from);
    for (uint64_t i = 0; i < n && !err; i++) {
        const struct row *next;
        err = table_next(r, &next);
        if (err || !next)
            break;
        visit(ctx, from + i, next);
    }
    table_reader_free(r);
    return err;
}

static bool has_table_view(const struct view *v)
{
    return v->table_view && table_view_table(v->table_view);
}

static struct table_view_extent extent_of(const struct view *v, const struct table *t)
{
    return has_table_view(v) ? table_view_extent(v->table_view)
                             : (struct table_view_extent){table_rows(t), table_rows(t)};
}

static enum err read_rows(const struct view *v, const struct table *t, uint64_t from, uint64_t n,
                          table_view_visit *visit, void *ctx)
{
    return has_table_view(v) ? table_view_read(v->table_view, from, n, visit, ctx) : read_plain(t, from, n, visit, ctx);
}

/* Of a very wide table only the first columns are measured here; the others when they come into view. */
static void see_row(void *ctx, uint64_t i, const struct row *row)
{
    struct shown_columns *columns = ctx;
    (void)i;
    for (size_t c = 0; c < columns->n && c < SAMPLE_COLUMNS; c++)
        shown_columns_see_cell(columns, c, COLUMN_MAX, &row->cells[c]);
}

static enum err fit_columns(struct table_state *s, const struct table *t)
{
    bool renewed;
    enum err err = shown_columns_fit(&s->columns, t, &renewed);
    if (err || !renewed)
        return err;
    *s = (struct table_state){.columns = s->columns};
    return read_plain(t, 0, SAMPLE_ROWS, see_row, &s->columns);
}

struct rows_ctx {
    struct pane *p;
    const struct table *t;
    const struct view *v;
};

static void add_cell(struct lines *l, const struct column *c, int width, enum role role, const char *text, size_t len)
{
    if (c->dtype == DTYPE_I64 || c->dtype == DTYPE_F64)
        lines_add_right(l, role, width, text, len);
    else
        lines_add_left(l, role, width, text, len);
    lines_pad(l, l->column + COLUMN_GAP);
}

static bool beyond(const struct pane *p, const struct lines *l)
{
    return l->column > p->width;
}

/* Cells beyond the last column of the header are shown too. */
static void add_surplus(struct pane *p, const struct row *row, size_t columns)
{
    for (size_t i = columns; i < row->ncells && !beyond(p, &p->lines); i++) {
        const struct cell *c = &row->cells[i];
        int width = text_width(c->text, c->len < 4 * COLUMN_MAX ? c->len : 4 * COLUMN_MAX);
        lines_add_left(&p->lines, ROLE_WARN, width < COLUMN_MAX ? width : COLUMN_MAX, c->text, c->len);
        lines_pad(&p->lines, p->lines.column + COLUMN_GAP);
    }
}

static void add_row(void *ctx, uint64_t line, const struct row *row)
{
    struct rows_ctx *x = ctx;
    struct table_state *s = x->p->state;
    struct lines *l = &x->p->lines;
    (void)line;
    const struct cell *key = &row->cells[table_key(x->t)];
    bool picked = picks_has(&x->v->choices->picks, key->text, key->null ? 0 : key->len);
    lines_add(l, picked ? ROLE_PICK : ROLE_DIM, picked ? "[x]" : "[ ]");
    lines_addf(l, ROLE_KEY, "%c", s->tail ? ' ' : marks_letter(&x->v->choices->marks, row->number));
    for (size_t k = 0, i; shown_columns_at(&s->columns, k, &i) && !beyond(x->p, l); k++) {
        const struct cell *c = &row->cells[i];
        shown_columns_see_cell(&s->columns, i, COLUMN_FIT, c);
        enum role role = c->null ? ROLE_DIM : i == table_key(x->t) && picked ? ROLE_PICK : ROLE_TEXT;
        add_cell(l, table_column(x->t, i), shown_columns_width(&s->columns, i), role, c->null ? "null" : c->text,
                 c->null ? 4 : c->len);
    }
    add_surplus(x->p, row, table_columns(x->t));
    struct subject subject = {s->tail ? SUBJECT_NONE : SUBJECT_ROW, (int64_t)row->number};
    lines_end(l, subject);
}

static void add_name(struct pane *p, const struct view *v, const struct column *c, size_t at)
{
    struct table_state *s = p->state;
    bool descending = false;
    size_t sorted = has_table_view(v) ? table_view_sorted_by(v->table_view, &descending) : SIZE_MAX;
    enum role role = at == v->choices->columns.at ? ROLE_FOCUS : ROLE_HEAD;
    struct buf name;
    buf_init(&name, 1 << 24);
    if (sorted == at)
        buf_add_text(&name, descending ? "▼" : "▲");
    buf_add(&name, c->name, c->name_len);
    shown_columns_see(&s->columns, at, COLUMN_FIT, buf_text(&name), name.len);
    add_cell(&p->head, c, shown_columns_width(&s->columns, at), role, buf_text(&name), name.len);
    buf_done(&name);
}

static void add_head(struct pane *p, const struct view *v, const struct table *t)
{
    const struct shown_columns *columns = &((struct table_state *)p->state)->columns;
    lines_pad(&p->head, BOX_WIDTH);
    for (size_t k = 0, i; shown_columns_at(columns, k, &i) && !beyond(p, &p->head); k++)
        add_name(p, v, table_column(t, i), i);
    lines_end(&p->head, (struct subject){0});
    lines_pad(&p->head, BOX_WIDTH);
    for (size_t k = 0, i; shown_columns_at(columns, k, &i) && !beyond(p, &p->head); k++) {
        const struct column *c = table_column(t, i);
        const char *dtype = dtype_names[c->dtype];
        add_cell(&p->head, c, shown_columns_width(columns, i), ROLE_DIM, dtype, strlen(dtype));
    }
    lines_end(&p->head, (struct subject){0});
}

/* A code that was typed and that no row has. Strays are listed below the rows. */
static bool is_stray(const struct choices *c, const struct pick *pick)
{
    return pick->typed && !picks_has(&c->known, pick->text, pick->len);
}

/* Counts again only after a change, because there may be a million picks. */
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
        width = wide < COLUMN_MAX ? wide : COLUMN_MAX;
    lines_add(&p->lines, ROLE_PICK, "[x] ");
    lines_add_left(&p->lines, ROLE_PICK, width, pick->text, pick->len);
    if (v->model->rows < 0)
        lines_add(&p->lines, ROLE_DIM, "  (typed)");
    else
        lines_add(&p->lines, ROLE_WARN,
                  v->choices->known_all ? "  (typed; matches no row)" : "  (typed; not among the first codes)");
    lines_end(&p->lines, (struct subject){SUBJECT_CODE, (int64_t)i});
}

/* Adds the strays that are on the screen; the first one follows after `rows` lines. */
static void add_strays(struct pane *p, const struct view *v, uint64_t rows, int width)
{
    uint64_t at = rows, end = p->top + (uint64_t)pane_rows(p);
    for (size_t i = 0; i < v->choices->picks.n && at < end; i++)
        if (is_stray(v->choices, &v->choices->picks.v[i]) && at++ >= p->top)
            add_stray(p, v, i, width);
}

/* While the rows are being counted, a cursor near the end of the table keeps its distance from the end. */
static void keep_place(struct pane *p, struct table_view_extent x)
{
    struct table_state *s = p->state;
    if (s->tail && x.guess != s->guess) {
        uint64_t left = s->guess > p->cursor ? s->guess - p->cursor : 1;
        p->cursor = x.guess > left ? x.guess - left : 0;
        p->top = p->cursor; /* pane_settle corrects it */
    }
    s->guess = x.guess;
    s->tail = p->cursor >= x.rows && x.guess > x.rows;
}

static enum err add_rows(struct pane *p, const struct view *v, const struct table *t, struct table_view_extent x)
{
    struct table_state *s = p->state;
    struct rows_ctx ctx = {p, t, v};
    uint64_t seen = x.guess > p->top ? x.guess - p->top : 0;
    if (s->tail)
        return seen <= TAIL_MAX ? table_view_read_end(v->table_view, seen, add_row, &ctx) : OK;
    if (seen > (uint64_t)pane_rows(p))
        seen = (uint64_t)pane_rows(p);
    return read_rows(v, t, p->top, seen, add_row, &ctx);
}

static enum err sync_loaded(struct pane *p, const struct view *v, const struct table *t)
{
    struct table_state *s = p->state;
    enum err err = fit_columns(s, t);
    if (err)
        return err;
    s->columns.widened = false;
    s->columns.wanted = v->choices->columns.n == s->columns.n ? v->choices->columns.widths : NULL;
    struct table_view_extent x = extent_of(v, t);
    uint64_t strays = x.guess == x.rows ? count_strays(s, v->choices) : 0;
    p->left = 0;
    shown_columns_choose(&s->columns, &v->choices->columns, t, p->width - BOX_WIDTH);
    if (has_table_view(v))
        table_add_notes(p, v->table_view);
    add_head(p, v, t);
    keep_place(p, x);
    pane_settle(p, x.guess + strays);
    p->first = p->top;
    err = add_rows(p, v, t, x);
    if (table_view_unread(err)) {
        lines_put(&p->lines, ROLE_BAD, table_view_unread(err));
        return OK;
    }
    add_strays(p, v, x.guess, s->columns.n ? shown_columns_width(&s->columns, table_key(t)) : 1);
    return err;
}

/* Builds the lines again as long as a cell makes its column wider, which moves the columns to its right. */
static enum err sync_widened(struct pane *p, const struct view *v, const struct table *t)
{
    enum { TRIES = 20 };
    enum err err = OK;
    for (int i = 0; i < TRIES && !err; i++) {
        lines_clear(&p->head);
        lines_clear(&p->lines);
        err = sync_loaded(p, v, t);
        if (!((const struct table_state *)p->state)->columns.widened)
            break;
    }
    return err;
}

static enum err table_sync(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    const struct table *t = view_table(v);
    const char *fault = m->table_error ? m->table_error : v->table_view ? table_view_fault(v->table_view) : NULL;
    if (t)
        return sync_widened(p, v, t);
    if (fault)
        lines_wrap(&p->lines, ROLE_BAD, 0, p->width, fault, (struct subject){0});
    else
        lines_put(&p->lines, ROLE_DIM, "Loading the table …");
    for (size_t i = 0; i < v->choices->picks.n && i < (size_t)pane_rows(p); i++)
        add_stray(p, v, i, 1);
    return OK;
}

static void table_status(const struct pane *p, const struct view *v, struct buf *out)
{
    char n[32];
    const struct table *t = view_table(v);
    (void)p;
    if (v->table_view)
        table_view_status(v->table_view, out);
    if (columns_count_hidden(&v->choices->columns))
        buf_addf(out, "%zu hidden, ", columns_count_hidden(&v->choices->columns));
    if (t) {
        const struct column *key = table_column(t, table_key(t));
        buf_add_text(out, "key ");
        if (text_add_safe(out, key->name, key->name_len))
            return;
        buf_add_text(out, ", ");
    }
    buf_addf(out, "%s picked", text_count(v->choices->picks.n, n));
}

int table_width_seen(const struct pane *p, size_t column)
{
    const struct shown_columns *c = &((const struct table_state *)p->state)->columns;
    return column < c->n && c->seen[column] > 0 ? c->seen[column] : 1;
}

int table_width(const struct pane *p, size_t column)
{
    const struct shown_columns *c = &((const struct table_state *)p->state)->columns;
    return column < c->n ? shown_columns_width(c, column) : 1;
}

const struct pane_ops pane_table_ops = {
    .name = "table",
    .title = "Table",
    .brief = "Table",
    .hints = (const char *const[]){"pick", "add", "all", "invert", "filter", "frequency", "save", NULL},
    .state_size = sizeof(struct table_state),
    .close = table_close,
    .sync = table_sync,
    .status = table_status,
};
