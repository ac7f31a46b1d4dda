/* SPDX-License-Identifier: MIT
 * The table and its codes: rows with the key column first, picks beside them, and below them the picked codes that
 * match no row. Only the rows and columns that are seen are read. Above them what one should know: filters that hold,
 * rows that are too short or too long, why they end early. */
#include "tui/panes/pane.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table/table.h"
#include "core/table_view/table_view.h"

enum {
    WIDTH_MAX = 32,
    FIT_MAX = 400,
    SAMPLE_ROWS = 100,
    SAMPLE_COLUMNS = 400,
    BOX_WIDTH = 4,
    GAP = 2,
    TAIL_MAX = 10000
};

struct table_state {
    const struct table *table; /* that the widths are of; compared, never followed */
    const int *wanted;         /* widths that the user wants, 0: none; during a sync, borrowed */
    int *widths;               /* of what was seen of each column: grow, never shrink, so nothing jumps */
    size_t nwidths;
    bool widened;  /* while it was drawn */
    size_t *shown; /* columns as they are seen: `frozen` stand still, then those from `from` on */
    size_t nshown, frozen, from;
    bool tail;      /* among rows that are counted from the end, for their numbers are not known yet */
    uint64_t guess; /* how many rows there seemed to be then */
    uint64_t picks_changes, known_changes, strays; /* how many strays there were as of these changes */
};

static void table_close(struct pane *p)
{
    struct table_state *s = p->state;
    free(s->widths);
    free(s->shown);
}

static bool is_number(enum dtype d)
{
    return d == DTYPE_I64 || d == DTYPE_F64;
}

static void widen(struct table_state *s, size_t column, int most, const char *text, size_t len)
{
    int width = text_width(text, len < 4 * (size_t)most ? len : 4 * (size_t)most);
    if (width > most)
        width = most;
    if (width <= s->widths[column])
        return;
    s->widths[column] = width;
    s->widened = true;
}

/* Without being asked, a column takes so much and no more. */
static int width_at(const struct table_state *s, size_t column)
{
    int own = s->widths[column] < WIDTH_MAX ? s->widths[column] : WIDTH_MAX;
    return s->wanted && s->wanted[column] ? s->wanted[column] : own;
}

static void widen_by_cell(struct table_state *s, size_t i, int most, const struct cell *c)
{
    widen(s, i, most, c->null ? "null" : c->text, c->null ? 4 : c->len);
}

/* Rows without a table view: of the model's table, as they stand. */
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

/* Of very many columns only the first are looked at here; the others widen as they are seen. */
static void widen_by_row(void *ctx, uint64_t i, const struct row *row)
{
    struct table_state *s = ctx;
    (void)i;
    for (size_t c = 0; c < s->nwidths && c < SAMPLE_COLUMNS; c++)
        widen_by_cell(s, c, WIDTH_MAX, &row->cells[c]);
}

static enum err new_widths(struct table_state *s, const struct table *t)
{
    size_t n = table_columns(t);
    if (s->table == t && s->nwidths == n)
        return OK;
    bool same = s->nwidths == n && s->widths;
    s->table = t;
    if (same)
        return OK; /* the same with more rows, or with dtypes that are known now */
    int *widths = calloc(n + 1, sizeof *widths);
    size_t *shown = calloc(n + 1, sizeof *shown);
    if (!widths || !shown) {
        free(widths);
        free(shown);
        return ERR_NOMEM;
    }
    free(s->widths);
    free(s->shown);
    *s = (struct table_state){.table = t, .widths = widths, .nwidths = n, .shown = shown};
    for (size_t i = 0; i < n; i++) {
        const struct column *c = table_column(t, i);
        widen(s, i, FIT_MAX, c->name, c->name_len);
        widen(s, i, WIDTH_MAX, dtype_names[c->dtype], strlen(dtype_names[c->dtype]));
    }
    return read_plain(t, 0, SAMPLE_ROWS, widen_by_row, s);
}

/* --- which columns ------------------------------------------------------------------------------------------------ */

static int width_of(const struct table_state *s, size_t from, size_t to)
{
    int width = 0;
    for (size_t i = from; i < to; i++)
        width += width_at(s, s->shown[i]) + GAP;
    return width;
}

/* The current column is seen: what scrolls begins so far to the left as it can. */
static void choose_columns(struct pane *p, const struct columns *c, const struct table *t)
{
    struct table_state *s = p->state;
    size_t at = 0;
    s->nshown = columns_shown(c, t, s->shown, &s->frozen);
    while (at < s->nshown && s->shown[at] != c->at)
        at++;
    int room = p->width - BOX_WIDTH - width_of(s, 0, s->frozen) + GAP;
    if (s->from < s->frozen || s->from >= s->nshown)
        s->from = s->frozen;
    if (at == s->nshown || at < s->frozen)
        return;
    if (at < s->from)
        s->from = at;
    while (s->from < at && width_of(s, s->from, at + 1) > room)
        s->from++;
}

/* The k-th column on the screen: a place in `shown`. False behind the last. */
static bool column_on_screen(const struct table_state *s, size_t k, size_t *out)
{
    *out = k < s->frozen ? k : k - s->frozen + s->from;
    return *out < s->nshown;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

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

static bool beyond(const struct pane *p, const struct lines *l)
{
    return l->column > p->width;
}

/* Cells that the header has no name for are not hidden. */
static void add_surplus(struct pane *p, const struct row *row, size_t columns)
{
    for (size_t i = columns; i < row->ncells && !beyond(p, &p->lines); i++) {
        const struct cell *c = &row->cells[i];
        int width = text_width(c->text, c->len < 4 * WIDTH_MAX ? c->len : 4 * WIDTH_MAX);
        lines_add_left(&p->lines, ROLE_WARN, width < WIDTH_MAX ? width : WIDTH_MAX, c->text, c->len);
        lines_pad(&p->lines, p->lines.column + GAP);
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
    for (size_t k = 0, at; column_on_screen(s, k, &at) && !beyond(x->p, l); k++) {
        const struct cell *c = &row->cells[s->shown[at]];
        widen_by_cell(s, s->shown[at], FIT_MAX, c);
        enum role role = c->null ? ROLE_DIM : s->shown[at] == table_key(x->t) && picked ? ROLE_PICK : ROLE_TEXT;
        add_cell(l, table_column(x->t, s->shown[at]), width_at(s, s->shown[at]), role, c->null ? "null" : c->text,
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
    widen(s, at, FIT_MAX, buf_text(&name), name.len);
    add_cell(&p->head, c, width_at(s, at), role, buf_text(&name), name.len);
    buf_done(&name);
}

static void add_head(struct pane *p, const struct view *v, const struct table *t)
{
    struct table_state *s = p->state;
    lines_pad(&p->head, BOX_WIDTH);
    for (size_t k = 0, at; column_on_screen(s, k, &at) && !beyond(p, &p->head); k++)
        add_name(p, v, table_column(t, s->shown[at]), s->shown[at]);
    lines_end(&p->head, (struct subject){0});
    lines_pad(&p->head, BOX_WIDTH);
    for (size_t k = 0, at; column_on_screen(s, k, &at) && !beyond(p, &p->head); k++) {
        const struct column *c = table_column(t, s->shown[at]);
        const char *dtype = dtype_names[c->dtype];
        add_cell(&p->head, c, width_at(s, s->shown[at]), ROLE_DIM, dtype, strlen(dtype));
    }
    lines_end(&p->head, (struct subject){0});
}

static void add_filters(struct pane *p, const struct table_view *table_view)
{
    char n[32], all[32];
    if (table_view_filters(table_view) == 0)
        return;
    lines_addf(&p->head, ROLE_WARN, "%s of %s rows ", text_count(table_view_extent(table_view).rows, n),
               text_count(table_rows(table_view_table(table_view)), all));
    for (size_t i = 0; i < table_view_filters(table_view); i++) {
        struct table_view_filter f = table_view_filter_at(table_view, i);
        lines_add(&p->head, ROLE_DIM, f.on ? "& " : "(off: ");
        lines_add(&p->head, f.on ? ROLE_TEXT : ROLE_DIM, f.words);
        lines_add(&p->head, ROLE_DIM, f.on ? " " : ") ");
    }
    lines_end(&p->head, (struct subject){0});
}

static void add_odd(struct pane *p, const struct table_view *table_view)
{
    char n[32], first[32];
    struct table_view_odd odd;
    for (size_t i = 0; table_view_odd_at(table_view, i, &odd); i++) {
        const struct column *c = table_column(table_view_table(table_view), odd.column);
        struct buf words;
        buf_init(&words, 1 << 20);
        if (!text_add_safe(&words, c->name, c->name_len < FIT_MAX ? c->name_len : FIT_MAX)) {
            buf_addf(&words, ": %s cell%s no %s, first row %s", text_count(odd.cells, n),
                     odd.cells == 1 ? " is" : "s are", dtype_names[c->dtype], text_count(odd.first + 1, first));
            lines_wrap(&p->head, ROLE_WARN, 2, p->width, buf_text(&words), (struct subject){0});
        }
        buf_done(&words);
    }
}

static void add_warnings(struct pane *p, const struct table_view *table_view)
{
    char n[32], first[32];
    struct table_ragged r = table_ragged(table_view_table(table_view));
    const char *fault = table_view_fault(table_view);
    if (fault && p->height > 4)
        lines_wrap(&p->head, ROLE_BAD, 2, p->width, fault, (struct subject){0});
    if (r.short_rows) {
        lines_addf(&p->head, ROLE_WARN, "%s row%s too short, the first is row %s", text_count(r.short_rows, n),
                   r.short_rows == 1 ? " is" : "s are", text_count(r.first_short + 1, first));
        lines_end(&p->head, (struct subject){0});
    }
    if (r.long_rows) {
        lines_addf(&p->head, ROLE_WARN, "%s row%s too long, the first is row %s", text_count(r.long_rows, n),
                   r.long_rows == 1 ? " is" : "s are", text_count(r.first_long + 1, first));
        lines_end(&p->head, (struct subject){0});
    }
    add_odd(p, table_view);
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
    if (v->model->rows < 0)
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

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* Whoever stood so far from the end still does when the rows are counted. */
static void keep_place(struct pane *p, struct table_view_extent x)
{
    struct table_state *s = p->state;
    if (s->tail && x.guess != s->guess) {
        uint64_t left = s->guess > p->cursor ? s->guess - p->cursor : 1;
        p->cursor = x.guess > left ? x.guess - left : 0;
        p->top = p->cursor; /* settling puts it where it belongs */
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
    enum err err = new_widths(s, t);
    if (err)
        return err;
    s->widened = false;
    s->wanted = v->choices->columns.n == s->nwidths ? v->choices->columns.widths : NULL;
    struct table_view_extent x = extent_of(v, t);
    uint64_t strays = x.guess == x.rows ? count_strays(s, v->choices) : 0;
    p->left = 0;
    choose_columns(p, &v->choices->columns, t);
    if (has_table_view(v)) {
        add_filters(p, v->table_view);
        add_warnings(p, v->table_view);
    }
    add_head(p, v, t);
    keep_place(p, x);
    pane_settle(p, x.guess + strays);
    p->first = p->top;
    err = add_rows(p, v, t, x);
    if (table_view_unread(err)) {
        lines_put(&p->lines, ROLE_BAD, table_view_unread(err));
        return OK;
    }
    add_strays(p, v, x.guess, s->nwidths ? width_at(s, table_key(t)) : 1);
    return err;
}

/* Until no column turns out wider than what stands above it has been drawn for: then others may be seen. */
static enum err sync_widened(struct pane *p, const struct view *v, const struct table *t)
{
    enum { TRIES = 20 };
    enum err err = OK;
    for (int i = 0; i < TRIES && !err; i++) {
        lines_clear(&p->head);
        lines_clear(&p->lines);
        err = sync_loaded(p, v, t);
        if (!((const struct table_state *)p->state)->widened)
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
        lines_put(&p->lines, ROLE_DIM, "The table is being loaded …");
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
    const struct table_state *s = p->state;
    return column < s->nwidths && s->widths[column] > 0 ? s->widths[column] : 1;
}

int table_width(const struct pane *p, size_t column)
{
    const struct table_state *s = p->state;
    return column < s->nwidths ? width_at(s, column) : 1;
}

static const char *const hints[] = {"pick", "add", "all", "invert", "filter", "frequency", "save", NULL};

const struct pane_ops pane_table_ops = {
    .name = "table",
    .title = "Table",
    .brief = "Table",
    .hints = hints,
    .state_size = sizeof(struct table_state),
    .close = table_close,
    .sync = table_sync,
    .status = table_status,
};
