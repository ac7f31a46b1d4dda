/* SPDX-License-Identifier: MIT
 * Commands of the open table: filters, order, columns, counts, going to a row; and showing the answers of the table
 * view. */
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/base/text.h"
#include "tui/commands/command_list.h"
#include "tui/commands/steps.h"
#include "core/table_view/table_view.h"

static bool no_table(struct app *a)
{
    if (app_table(a) && a->table_view && table_view_table(a->table_view))
        return false;
    app_say(a, ROLE_DIM, "No table is open");
    return true;
}

static void refused(struct app *a, const struct problem *problem)
{
    app_say(a, ROLE_WARN, "%s", problem->text);
}

enum err do_filter(struct app *a, const char *arg)
{
    struct problem problem;
    if (no_table(a))
        return OK;
    if (!arg)
        return app_prompt(a, "filter", "&", "");
    enum err err = *arg ? table_view_filter(a->table_view, arg, &problem) : OK;
    if (err && err != ERR_NOMEM)
        refused(a, &problem);
    return err == ERR_NOMEM ? err : OK;
}

enum err do_undo(struct app *a)
{
    if (!no_table(a) && !table_view_undo(a->table_view))
        app_say(a, ROLE_DIM, "Nothing to undo: no filter or order was changed");
    return OK;
}

enum err do_filters(struct app *a)
{
    return no_table(a) ? OK : app_show(a, &pane_filters_ops);
}

enum err do_remove(struct app *a)
{
    struct subject subject = pane_subject(app_active(a));
    if (subject.kind == SUBJECT_FILTER)
        return table_view_filter_remove(a->table_view, (size_t)subject.id);
    app_say(a, ROLE_DIM, "Nothing to remove here: %s lists the filters", command_key(a->commands, "filters"));
    return OK;
}

enum err switch_filter(struct app *a, int64_t i)
{
    return table_view_filter_switch(a->table_view, (size_t)i);
}

/* Choosing the order that is in effect removes it. */
enum err do_sort(struct app *a, int how)
{
    bool now, descending = how;
    size_t at = a->choices.columns.at;
    if (no_table(a))
        return OK;
    bool off = table_view_sorted_by(a->table_view, &now) == at && now == descending;
    return table_view_sort(a->table_view, off ? SIZE_MAX : at, descending);
}

enum err do_freeze(struct app *a)
{
    struct columns *c = &a->choices.columns;
    const struct table *t = app_table(a);
    if (!t)
        return OK;
    if (c->at == table_key(t))
        app_say(a, ROLE_DIM, "The key column is always frozen");
    else
        columns_freeze(c, c->at, !columns_frozen(c, t, c->at));
    return OK;
}

enum err do_hide(struct app *a)
{
    struct columns *c = &a->choices.columns;
    const struct table *t = app_table(a);
    size_t hidden = c->at;
    if (!t)
        return OK;
    if (columns_count_hidden(c) + 1 >= c->n) {
        app_say(a, ROLE_DIM, "Cannot hide the last column");
        return OK;
    }
    enum err err = columns_move(c, t, 1);
    if (!err && c->at == hidden)
        err = columns_move(c, t, -1);
    columns_hide(c, hidden, true);
    app_say(a, ROLE_TEXT, "Hidden; %s shows all columns again", command_key(a->commands, "show-all"));
    return err;
}

enum err do_show_all(struct app *a)
{
    for (size_t i = 0; i < a->choices.columns.n; i++)
        columns_hide(&a->choices.columns, i, false);
    return OK;
}

static enum err set_dtype(struct app *a, enum dtype dtype, const char *word)
{
    enum err err = table_view_set_dtype(a->table_view, a->choices.columns.at, dtype);
    if (err == ERR_NOMEM)
        return err;
    if (err)
        app_say(a, ROLE_WARN, "The dtype of this column cannot be changed: %s", err_text(err));
    else
        app_say(a, ROLE_TEXT,
                dtype == DTYPE_COUNT ? "The dtype of the column is inferred from its cells"
                                     : "The column is read as %s",
                word);
    return OK;
}

enum err do_dtype(struct app *a, const char *arg)
{
    enum dtype dtype = DTYPE_COUNT;
    if (no_table(a))
        return OK;
    if (!arg)
        return app_prompt(a, "dtype", "Read it as str, i64, f64, bool, date, auto: ", "");
    if (strcmp(arg, "auto") != 0 && dtype_from_name(arg, &dtype))
        app_say(a, ROLE_WARN, "A dtype is str, i64, f64, bool or date; auto infers it from the cells");
    else
        return set_dtype(a, dtype, arg);
    return OK;
}

enum err do_shift(struct app *a, int how)
{
    const struct table *t = app_table(a);
    if (t && !columns_shift(&a->choices.columns, t, how))
        app_say(a, ROLE_DIM, "Cannot move it there: the key column is first, then frozen columns, then all others");
    return OK;
}

enum err do_resize(struct app *a, int how)
{
    enum { WIDEST = 1000 };
    struct columns *c = &a->choices.columns;
    if (!app_table(a))
        return OK;
    int width = table_width(a->panes[PANE_TABLE], c->at) + how;
    c->widths[c->at] = width < 1 ? 1 : width < WIDEST ? width : WIDEST;
    return OK;
}

enum err do_fit(struct app *a)
{
    struct columns *c = &a->choices.columns;
    if (!app_table(a))
        return OK;
    int seen = table_width_seen(a->panes[PANE_TABLE], c->at);
    c->widths[c->at] = c->widths[c->at] == seen ? 0 : seen;
    return OK;
}

enum err do_frequency(struct app *a)
{
    return no_table(a) ? OK : table_view_frequency(a->table_view, a->choices.columns.at);
}

enum err do_statistics(struct app *a)
{
    return no_table(a) ? OK : table_view_statistics(a->table_view, a->choices.columns.at);
}

enum err do_follow(struct app *a)
{
    if (no_table(a))
        return OK;
    table_view_follow(a->table_view, !table_view_follows(a->table_view));
    app_say(a, ROLE_TEXT,
            table_view_follows(a->table_view) ? "The file is followed as it grows" : "The file is not followed");
    return OK;
}

enum err do_row(struct app *a, const char *arg)
{
    char *end;
    if (!app_table(a))
        return OK;
    if (!arg)
        return app_prompt(a, "row", "Row: ", "");
    unsigned long long n = strtoull(arg, &end, 10);
    if (end == arg || *end || n == 0) {
        app_say(a, ROLE_WARN, "Enter the number of a row, from 1");
        return OK;
    }
    app_focus(a, PANE_TABLE);
    table_go(a, n - 1 < a->panes[PANE_TABLE]->count ? n - 1 : a->panes[PANE_TABLE]->count - 1);
    return OK;
}

enum err do_column(struct app *a, const char *arg)
{
    const struct table *t = app_table(a);
    if (!t)
        return OK;
    if (!arg)
        return app_prompt(a, "column", "Column: ", "");
    for (size_t i = 0; i < table_columns(t); i++) {
        const struct column *c = table_column(t, i);
        if (c->name_len != strlen(arg) || memcmp(c->name, arg, c->name_len) != 0)
            continue;
        columns_hide(&a->choices.columns, i, false);
        a->choices.columns.at = i;
        app_focus(a, PANE_TABLE);
        return OK;
    }
    app_say(a, ROLE_WARN, "There is no column %s", arg);
    return OK;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* Reads the i-th text of an answer; the caller frees it. */
static enum err text_at(const struct table_view_texts *texts, int64_t i, char **out, size_t *len)
{
    struct query_text at;
    enum err err = texts->fd < 0 ? ERR_NOT_FOUND : query_text_read(texts->fd, (uint64_t)i, &at);
    if (err)
        return err;
    char *text = malloc((size_t)at.len + 1);
    err = text ? io_read_at(texts->fd, text, (size_t)at.len, at.at) : ERR_NOMEM;
    if (err) {
        free(text);
        return err;
    }
    text[at.len] = '\0';
    *out = text;
    *len = (size_t)at.len;
    return OK;
}

enum err filter_by_value(struct app *a, int64_t i)
{
    size_t len;
    char *text;
    enum err err = text_at(table_view_texts(a->table_view), i, &text, &len);
    if (err)
        return err;
    err = table_view_filter_text(a->table_view, table_view_texts(a->table_view)->column, text, len);
    free(text);
    app_focus(a, PANE_TABLE);
    return err;
}

enum err pick_value(struct app *a, int64_t i)
{
    size_t len;
    char *text;
    const struct table *t = app_table(a);
    if (!t || table_view_texts(a->table_view)->column != table_key(t)) {
        app_say(a, ROLE_DIM, "Only values of the key column can be picked");
        return OK;
    }
    enum err err = text_at(table_view_texts(a->table_view), i, &text, &len);
    if (err)
        return err;
    if (picks_has(&a->choices.picks, text, len))
        picks_remove(&a->choices.picks, text, len);
    else
        err = picks_add(&a->choices.picks, text, len, false);
    if (!err)
        app_say(a, ROLE_TEXT, "%s %.60s",
                picks_has(&a->choices.picks, text, len) ? "Picked" : "No longer picked:", text);
    free(text);
    return err;
}

enum err do_pick_view(struct app *a)
{
    return no_table(a) ? OK : table_view_ask_codes(a->table_view);
}

/* Picks the codes of the rows in view; other picks stay. */
static enum err pick_codes(struct app *a)
{
    char n[32];
    size_t len;
    const struct table_view_texts *codes = table_view_codes(a->table_view);
    enum err err = OK;
    for (uint64_t i = 0; !err && i < codes->n; i++) {
        char *text = NULL;
        err = text_at(codes, (int64_t)i, &text, &len);
        if (!err)
            err = picks_add(&a->choices.picks, text, len, false);
        free(text);
    }
    if (!err)
        app_say(a, codes->complete ? ROLE_TEXT : ROLE_WARN, "Picked the %s%s code%s of the rows in view",
                codes->complete ? "" : "first ", text_count(codes->n, n), codes->n == 1 ? "" : "s");
    return err;
}

static void go_to_found(struct app *a, uint64_t row)
{
    table_go(a, row);
    a->message[0] = '\0';
}

static enum err react_to(struct app *a, enum table_view_news news, uint64_t row, const struct problem *words)
{
    switch (news) {
    case TABLE_VIEW_FOUND: go_to_found(a, row); break;
    case TABLE_VIEW_NOT_FOUND: app_say(a, ROLE_WARN, "Not found: %.60s", words->text); break;
    case TABLE_VIEW_CODES: return pick_codes(a);
    case TABLE_VIEW_COUNTED: return app_show(a, &pane_texts_ops);
    case TABLE_VIEW_SUMMED: return app_show(a, &pane_sums_ops);
    case TABLE_VIEW_SAVED: app_say(a, ROLE_GOOD, "%s", words->text); break;
    case TABLE_VIEW_FAILED: app_say(a, ROLE_BAD, "%s", words->text); break;
    case TABLE_VIEW_RELOADED:
    case TABLE_VIEW_SAYS: app_say(a, ROLE_WARN, "%s", words->text); break;
    case TABLE_VIEW_NOTHING: break;
    }
    return OK;
}

static enum err react(struct app *a)
{
    uint64_t row;
    struct problem words;
    enum table_view_news news;
    enum err err = OK;
    while (!err && (news = table_view_news(a->table_view, &row, &words)) != TABLE_VIEW_NOTHING)
        err = react_to(a, news, row, &words);
    return err;
}

enum err app_set_run_table(struct app *a)
{
    const struct table *t = table_view_table(a->table_view), *now = observer_table(a->observer);
    if (!table_view_settled(a->table_view))
        return OK;
    if (!t)
        return a->model->table_error ? OK : observer_refuse_table(a->observer, table_view_fault(a->table_view));
    if (now && table_is_same(t, now))
        return OK;
    enum err err = observer_set_table(a->observer, t);
    return err ? err : app_learn_codes(a, t);
}

/* A followed file becomes a new table whenever it grows. Only the next run takes it, not each of these tables. */
static bool run_table_is_due(const struct app *a)
{
    bool follows = table_view_follows(a->table_view) && a->model->rows >= 0;
    return a->observer && !model_run_active(a->model) && !follows;
}

enum err app_table_view_step(struct app *a)
{
    uint64_t before = table_view_version(a->table_view);
    enum err err = table_view_step(a->table_view);
    if (!err)
        err = react(a);
    if (!err)
        err = table_go_on(a);
    if (!err && run_table_is_due(a))
        err = app_set_run_table(a);
    a->dirty |= table_view_version(a->table_view) != before;
    return err;
}
