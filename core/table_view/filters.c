/* SPDX-License-Identifier: MIT
 * The filters and the order of the rows in view, and a list of their changes, so that each can be undone. The rows of a
 * filter depend on all filters before it: when one changes, those after it are asked for once more. */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table_view/private.h"

static void filter_done(struct filter *f)
{
    free(f->words);
    table_view_query_done(&f->query);
    row_list_done(&f->rows);
}

void table_view_filters_done(struct table_view *s)
{
    while (s->nfilters > 0)
        filter_done(&s->filters[--s->nfilters]);
    while (s->nchanges > 0)
        filter_done(&s->changes[--s->nchanges].filter);
    free(s->filters);
    free(s->changes);
}

/* Forgets the rows of the filters from the i-th on, and of the order, which follows from them. */
static void forget_from(struct table_view *s, size_t i)
{
    struct filter *asked = table_view_unready_filter(s);
    if (asked && asked >= s->filters + i)
        table_view_drop_job(s, JOB_FILTER);
    table_view_drop_job(s, JOB_NARROW);
    for (; i < s->nfilters; i++) {
        row_list_done(&s->filters[i].rows);
        s->filters[i].ready = false;
    }
    row_list_done(&s->narrowed);
    s->narrow_ready = false;
    table_view_wake(s);
}

static void set_order(struct table_view *s, size_t column, bool descending)
{
    table_view_drop_job(s, JOB_SORT);
    table_view_drop_job(s, JOB_NARROW);
    row_list_done(&s->sorted);
    row_list_done(&s->narrowed);
    s->sort_ready = s->narrow_ready = false;
    s->sort_column = column;
    s->descending = descending;
    table_view_wake(s);
}

/* Makes room for one more filter and one more change, and for all removed filters that undo may bring back, so that no
 * change can fail half-way. */
static bool make_room(struct table_view *s)
{
    struct filter *filters = realloc(s->filters, (s->nfilters + s->nchanges + 1) * sizeof *filters);
    if (filters)
        s->filters = filters;
    struct change *changes = realloc(s->changes, (s->nchanges + 1) * sizeof *changes);
    if (changes)
        s->changes = changes;
    return filters && changes;
}

static void note(struct table_view *s, struct change change)
{
    s->changes[s->nchanges++] = change;
}

static void put_in(struct table_view *s, size_t i, struct filter f)
{
    forget_from(s, i);
    memmove(s->filters + i + 1, s->filters + i, (s->nfilters++ - i) * sizeof f);
    s->filters[i] = f;
}

static struct filter take_out(struct table_view *s, size_t i)
{
    forget_from(s, i);
    struct filter f = s->filters[i];
    memmove(s->filters + i, s->filters + i + 1, (--s->nfilters - i) * sizeof f);
    return f;
}

static void switch_over(struct table_view *s, size_t i)
{
    forget_from(s, i);
    s->filters[i].off = !s->filters[i].off;
}

/* Takes the query. */
static enum err add_filter(struct table_view *s, const char *words, struct query *a)
{
    struct filter f = {.words = strdup(words), .query = *a};
    if (!f.words || !make_room(s)) {
        filter_done(&f);
        return ERR_NOMEM;
    }
    note(s, (struct change){.what = CHANGE_ADD, .at = s->nfilters});
    put_in(s, s->nfilters, f);
    return OK;
}

enum err table_view_filter(struct table_view *s, const char *words, struct problem *problem)
{
    struct query a = {.within = -1};
    if (!s->table)
        return problem_set(problem, ERR_USAGE, "no table is open");
    enum err err = table_view_words_parse(s->table, words, &a, problem);
    return err ? err : add_filter(s, words, &a);
}

enum err table_view_filter_text(struct table_view *s, size_t column, const char *text, size_t len)
{
    struct buf words;
    struct query a = {.type = QUERY_FIND, .what = len ? FIND_TEXT : FIND_NULL, .column = (int64_t)column, .within = -1};
    const struct column *c = table_column(s->table, column);
    buf_init(&words, 1 << 20);
    text_add_safe(&words, c->name, c->name_len);
    buf_add_text(&words, "==");
    enum err err = text_add_safe(&words, text, len);
    a.text = strndup(text, len);
    if (!err && !a.text)
        err = ERR_NOMEM;
    if (err)
        table_view_query_done(&a);
    else
        err = add_filter(s, buf_text(&words), &a);
    buf_done(&words);
    return err;
}

enum err table_view_filter_remove(struct table_view *s, size_t i)
{
    if (i >= s->nfilters)
        return OK;
    if (!make_room(s))
        return ERR_NOMEM;
    note(s, (struct change){.what = CHANGE_REMOVE, .at = i, .filter = take_out(s, i)});
    return OK;
}

enum err table_view_filter_switch(struct table_view *s, size_t i)
{
    if (i >= s->nfilters)
        return OK;
    if (!make_room(s))
        return ERR_NOMEM;
    note(s, (struct change){.what = CHANGE_SWITCH, .at = i});
    switch_over(s, i);
    return OK;
}

enum err table_view_sort(struct table_view *s, size_t column, bool descending)
{
    if (!make_room(s))
        return ERR_NOMEM;
    note(s, (struct change){.what = CHANGE_SORT, .at = s->sort_column, .descending = s->descending});
    set_order(s, column, descending);
    return OK;
}

/* make_room has kept room for a filter that comes back. */
bool table_view_undo(struct table_view *s)
{
    if (s->nchanges == 0)
        return false;
    struct change c = s->changes[--s->nchanges];
    struct filter f;
    switch (c.what) {
    case CHANGE_ADD:
        f = take_out(s, c.at);
        filter_done(&f);
        break;
    case CHANGE_REMOVE: put_in(s, c.at, c.filter); break;
    case CHANGE_SWITCH: switch_over(s, c.at); break;
    case CHANGE_SORT: set_order(s, c.at, c.descending); break;
    }
    return true;
}

static bool was_added_last(const struct table_view *s, const struct filter *f)
{
    const struct change *last = s->nchanges ? &s->changes[s->nchanges - 1] : NULL;
    return last && last->what == CHANGE_ADD && f == s->filters + last->at;
}

/* A filter that was added last is removed; any other is switched off, so that it can be tried again. */
void table_view_give_up_filter(struct table_view *s)
{
    struct filter *f = table_view_unready_filter(s);
    if (f && was_added_last(s, f))
        table_view_undo(s);
    else if (f)
        switch_over(s, (size_t)(f - s->filters));
}

void table_view_give_up_order(struct table_view *s)
{
    set_order(s, SIZE_MAX, false);
}

size_t table_view_filters(const struct table_view *s)
{
    return s->nfilters;
}

struct table_view_filter table_view_filter_at(const struct table_view *s, size_t i)
{
    const struct filter *f = &s->filters[i];
    return (struct table_view_filter){f->words, !f->off, f->ready, f->rows.n};
}

size_t table_view_sorted_by(const struct table_view *s, bool *descending)
{
    *descending = s->descending;
    return s->sort_column;
}
