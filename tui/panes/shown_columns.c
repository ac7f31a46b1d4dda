/* SPDX-License-Identifier: MIT
 * The widths of the table pane's columns, and which of them are on the screen. */
#include "tui/panes/private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

enum err shown_columns_fit(struct shown_columns *c, const struct table *t, bool *renewed)
{
    size_t n = table_columns(t);
    *renewed = !c->seen || c->n != n;
    c->table = t;
    if (!*renewed) /* the same table, or the same with more rows or with dtypes that are known now */
        return OK;
    struct shown_columns next = {.table = t, .n = n};
    next.seen = calloc(n + 1, sizeof *next.seen);
    next.shown = calloc(n + 1, sizeof *next.shown);
    if (!next.seen || !next.shown) {
        shown_columns_done(&next);
        return ERR_NOMEM;
    }
    shown_columns_done(c);
    *c = next;
    for (size_t i = 0; i < n; i++) {
        const struct column *column = table_column(t, i);
        shown_columns_see(c, i, COLUMN_FIT, column->name, column->name_len);
        shown_columns_see(c, i, COLUMN_MAX, dtype_names[column->dtype], strlen(dtype_names[column->dtype]));
    }
    return OK;
}

void shown_columns_done(struct shown_columns *c)
{
    free(c->seen);
    free(c->shown);
    *c = (struct shown_columns){0};
}

void shown_columns_see(struct shown_columns *c, size_t column, int most, const char *text, size_t len)
{
    int width = text_width(text, len < 4 * (size_t)most ? len : 4 * (size_t)most);
    if (width > most)
        width = most;
    if (width <= c->seen[column])
        return;
    c->seen[column] = width;
    c->widened = true;
}

void shown_columns_see_cell(struct shown_columns *c, size_t column, int most, const struct cell *cell)
{
    shown_columns_see(c, column, most, cell->null ? "null" : cell->text, cell->null ? 4 : cell->len);
}

int shown_columns_width(const struct shown_columns *c, size_t column)
{
    int own = c->seen[column] < COLUMN_MAX ? c->seen[column] : COLUMN_MAX;
    return c->wanted && c->wanted[column] ? c->wanted[column] : own;
}

static int width_of(const struct shown_columns *c, size_t from, size_t to)
{
    int width = 0;
    for (size_t i = from; i < to; i++)
        width += shown_columns_width(c, c->shown[i]) + COLUMN_GAP;
    return width;
}

void shown_columns_choose(struct shown_columns *c, const struct columns *chosen, const struct table *t, int room)
{
    size_t at = 0;
    c->nshown = columns_shown(chosen, t, c->shown, &c->frozen);
    while (at < c->nshown && c->shown[at] != chosen->at)
        at++;
    room -= width_of(c, 0, c->frozen) - COLUMN_GAP;
    if (c->from < c->frozen || c->from >= c->nshown)
        c->from = c->frozen;
    if (at == c->nshown || at < c->frozen)
        return;
    if (at < c->from)
        c->from = at;
    while (c->from < at && width_of(c, c->from, at + 1) > room)
        c->from++;
}

bool shown_columns_at(const struct shown_columns *c, size_t k, size_t *column)
{
    size_t place = k < c->frozen ? k : k - c->frozen + c->from;
    if (place >= c->nshown)
        return false;
    *column = c->shown[place];
    return true;
}
