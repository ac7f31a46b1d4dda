/* SPDX-License-Identifier: MIT
 * Search in the active pane. The lines of a pane are searched at once. A table is searched some rows at a time, so
 * that the screen keeps reacting. */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/commands/command_list.h"
#include "tui/commands/steps.h"

enum { ROWS_A_STEP = 4000 };

static bool row_matches(const struct table *t, const struct row *row, const char *needle)
{
    for (size_t i = 0; i < table_columns(t); i++)
        if (row->cells[i].len > 0 && text_find(row->cells[i].text, row->cells[i].len, 0, needle) < row->cells[i].len)
            return true;
    return false;
}

/* Looks at rows from … from + n - 1. *found is the first that matches (the last if backwards), or from + n. */
static enum err look_at(const struct table *t, const struct search *s, uint64_t from, uint64_t n, uint64_t *found)
{
    struct table_reader *r;
    *found = from + n;
    enum err err = table_reader_new(t, &r);
    if (err)
        return err;
    err = table_seek(r, from);
    for (uint64_t i = 0; i < n && !err && (s->backwards || *found == from + n); i++) {
        const struct row *row;
        err = table_next(r, &row);
        if (err || !row)
            break;
        if (row_matches(t, row, s->text))
            *found = from + i;
    }
    table_reader_free(r);
    return err;
}

static void report_end(struct app *a, bool found)
{
    a->search.running = false;
    a->message[0] = '\0';
    a->dirty = true;
    if (!found)
        app_say(a, ROLE_WARN, "Not found: %.60s", a->search.text);
}

enum err search_step(struct app *a)
{
    struct search *s = &a->search;
    const struct table *t = a->model->table;
    uint64_t rows = t ? table_rows(t) : 0, found, from, n = s->left < ROWS_A_STEP ? s->left : ROWS_A_STEP;
    if (n == 0 || s->at >= rows) {
        report_end(a, false);
        return OK;
    }
    if (!s->backwards && n > rows - s->at)
        n = rows - s->at;
    if (s->backwards && n > s->at + 1)
        n = s->at + 1;
    from = s->backwards ? s->at + 1 - n : s->at;
    enum err err = look_at(t, s, from, n, &found);
    if (err == ERR_NOMEM)
        return err;
    if (err) {
        app_say(a, ROLE_BAD, "The search ended: %s", err_text(err));
        s->running = false;
        return OK;
    }
    s->left -= n;
    s->at = s->backwards ? (from > 0 ? from - 1 : rows - 1) : (from + n) % rows;
    if (found < from + n) {
        a->panes[PANE_TABLE]->count = a->panes[PANE_TABLE]->count > found ? a->panes[PANE_TABLE]->count : found + 1;
        pane_go(a->panes[PANE_TABLE], found);
        report_end(a, true);
    } else if (s->left == 0) {
        report_end(a, false);
    } else {
        char at[32];
        app_say(a, ROLE_DIM, "Searching row %s … (%s stops)", text_count(s->at + 1, at),
                command_key(a->commands, "back"));
    }
    return OK;
}

/* The query server searches; app_table_view_step takes its answer. */
static void search_table_view(struct app *a, const struct pane *p)
{
    struct problem problem;
    if (table_view_search(a->table_view, a->search.text, p->cursor, a->search.backwards, &problem))
        app_say(a, ROLE_WARN, "%s", problem.text);
}

static void search_table(struct app *a, const struct pane *p)
{
    struct search *s = &a->search;
    uint64_t rows = table_rows(a->model->table), at = p->cursor < rows ? p->cursor : 0;
    if (rows == 0)
        return;
    s->at = s->backwards ? (at > 0 ? at - 1 : rows - 1) : (at + 1) % rows;
    s->left = rows;
    s->running = true;
}

static enum err text_of_line(struct pane *p, uint64_t line, struct buf *out)
{
    if (p->ops->text)
        return p->ops->text(p, line, out);
    if (line < p->first || line - p->first >= p->lines.n)
        return OK;
    return lines_text(&p->lines, (size_t)(line - p->first), out);
}

static void search_lines(struct app *a, struct pane *p)
{
    struct search *s = &a->search;
    bool found = false;
    for (uint64_t i = 1; i <= p->count && !found; i++) {
        uint64_t at = (s->backwards ? p->cursor + p->count - i : p->cursor + i) % p->count;
        struct buf text;
        buf_init(&text, 1 << 20);
        found = !text_of_line(p, at, &text) && text.len > 0 && text_find(text.data, text.len, 0, s->text) < text.len;
        buf_done(&text);
        if (found)
            pane_go(p, at);
    }
    report_end(a, found);
}

enum err do_search_again(struct app *a, int how)
{
    struct pane *p = app_active(a);
    if (!a->search.text) {
        app_say(a, ROLE_DIM, "There is no search to repeat; %s starts one", command_key(a->commands, "search"));
        return OK;
    }
    a->search.backwards = how;
    if (p == a->panes[PANE_TABLE] && a->table_view && table_view_table(a->table_view))
        search_table_view(a, p);
    else if (p == a->panes[PANE_TABLE] && a->model->table)
        search_table(a, p);
    else
        search_lines(a, p);
    return OK;
}

enum err do_search(struct app *a, const char *arg)
{
    if (!arg)
        return app_prompt(a, "search", "/", "");
    char *text = *arg ? strdup(arg) : NULL;
    if (*arg && !text)
        return ERR_NOMEM;
    free(a->search.text);
    a->search.text = text;
    return text ? do_search_again(a, 0) : OK;
}
