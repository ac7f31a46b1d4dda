/* SPDX-License-Identifier: MIT
 * Shown over the panes: how often each text occurs in a column, and the statistics of a column. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/base/text.h"
#include "tui/panes/pane.h"
#include "core/table_view/table_view.h"

enum { COUNT_WIDTH = 14, BAR_WIDTH = 20, TEXT_MAX = 256, NAME_WIDTH = 20 };

static void add_name_of(const struct view *v, size_t column, struct buf *out)
{
    const struct table *t = view_table(v);
    if (t && column < table_columns(t) &&
        text_add_safe(out, table_column(t, column)->name, table_column(t, column)->name_len))
        buf_add_text(out, "?");
}

static void add_share(struct lines *l, uint64_t count, uint64_t most, uint64_t all)
{
    char n[32];
    const char *number = text_count(count, n);
    lines_add_right(l, ROLE_TEXT, COUNT_WIDTH, number, strlen(number));
    lines_addf(l, ROLE_DIM, " %5.1f %%  ", all ? 100.0 * (double)count / (double)all : 0);
    int end = l->column + BAR_WIDTH;
    for (uint64_t i = 0; most && i < count * BAR_WIDTH / most; i++)
        lines_add(l, ROLE_GOOD, "█");
    lines_pad(l, end + 1);
}

static void add_text_line(struct lines *l, const struct table_view_texts *texts, uint64_t i, uint64_t most)
{
    struct query_text at;
    char text[TEXT_MAX];
    if (query_text_read(texts->fd, i, &at))
        return;
    size_t len = at.len < sizeof text ? (size_t)at.len : sizeof text;
    if (io_read_at(texts->fd, text, len, at.at))
        return;
    add_share(l, at.count, most, texts->rows);
    lines_add_bytes(l, ROLE_TEXT, text, len);
    lines_end(l, (struct subject){SUBJECT_VALUE, (int64_t)i});
}

static enum err texts_sync(struct pane *p, const struct view *v)
{
    const struct table_view_texts *texts = v->table_view ? table_view_texts(v->table_view) : NULL;
    struct query_text first = {0};
    if (!texts || texts->fd < 0)
        return OK;
    if (texts->n > 0 && query_text_read(texts->fd, 0, &first))
        return OK;
    uint64_t extra = (texts->nulls > 0) + (texts->others > 0), most = first.count;
    pane_settle(p, texts->n + extra);
    p->first = p->top;
    uint64_t end = p->top + (uint64_t)pane_rows(p);
    for (uint64_t i = p->top; i < end && i < texts->n; i++)
        add_text_line(&p->lines, texts, i, most);
    if (texts->nulls > 0 && end > texts->n) {
        add_share(&p->lines, texts->nulls, most, texts->rows);
        lines_put(&p->lines, ROLE_DIM, "null");
    }
    if (texts->others > 0 && end > texts->n + (texts->nulls > 0)) {
        add_share(&p->lines, texts->others, most, texts->rows);
        lines_put(&p->lines, ROLE_WARN, "other texts: there are too many to count each");
    }
    return OK;
}

static void texts_status(const struct pane *p, const struct view *v, struct buf *out)
{
    char n[32];
    const struct table_view_texts *texts = v->table_view ? table_view_texts(v->table_view) : NULL;
    (void)p;
    if (!texts)
        return;
    add_name_of(v, texts->column, out);
    buf_addf(out, ": %s%s distinct", texts->complete ? "" : "more than ", text_count(texts->n, n));
}

const struct pane_ops pane_texts_ops = {
    .name = "frequency",
    .title = "Frequency",
    .brief = "Frequency",
    .hints = (const char *const[]){"open", "pick", "back", NULL},
    .sync = texts_sync,
    .status = texts_status,
};

/* --- statistics --------------------------------------------------------------------------------------------------- */

static void add_fact(struct lines *l, int width, const char *name, const char *value)
{
    lines_head(l, NAME_WIDTH, name);
    lines_wrap(l, ROLE_TEXT, NAME_WIDTH, width, value, (struct subject){0});
}

static void add_number(struct lines *l, int width, const char *name, double value)
{
    char text[40];
    snprintf(text, sizeof text, "%.10g", value);
    add_fact(l, width, name, text);
}

static void add_count(struct lines *l, int width, const char *name, int64_t n)
{
    char text[32];
    add_fact(l, width, name, text_count((unsigned long long)n, text));
}

static enum err sums_sync(struct pane *p, const struct view *v)
{
    size_t column;
    const struct query_answer *a = v->table_view ? table_view_sums(v->table_view, &column) : NULL;
    const struct table *t = view_table(v);
    struct lines *l = &p->lines;
    if (!a || !t || column >= table_columns(t))
        return OK;
    enum dtype dtype = table_column(t, column)->dtype;
    add_fact(l, p->width, "dtype", dtype_names[dtype]);
    add_count(l, p->width, "rows", a->rows);
    add_count(l, p->width, "null", a->nulls);
    if (a->odd)
        add_count(l, p->width, "not of the dtype", a->odd);
    add_count(l, p->width, a->complete ? "distinct" : "distinct, at least", a->distinct);
    add_fact(l, p->width, "least", a->least ? a->least : "");
    add_fact(l, p->width, "greatest", a->greatest ? a->greatest : "");
    if (dtype == DTYPE_I64 || dtype == DTYPE_F64) {
        add_number(l, p->width, "sum", a->sum);
        add_number(l, p->width, "mean", a->mean);
        add_number(l, p->width, "standard deviation", a->deviation);
    }
    add_count(l, p->width, "shortest, bytes", a->shortest);
    add_count(l, p->width, "longest, bytes", a->longest);
    return OK;
}

static void sums_status(const struct pane *p, const struct view *v, struct buf *out)
{
    size_t column;
    (void)p;
    if (v->table_view && table_view_sums(v->table_view, &column))
        add_name_of(v, column, out);
}

const struct pane_ops pane_sums_ops = {
    .name = "statistics",
    .title = "Statistics",
    .brief = "Statistics",
    .hints = (const char *const[]){"back", NULL},
    .sync = sums_sync,
    .status = sums_status,
};
