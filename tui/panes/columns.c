/* SPDX-License-Identifier: MIT
 * The order of the columns, and which are hidden or frozen. */
#include "tui/panes/columns.h"

#include <stdlib.h>

enum { HIDDEN = 1, FROZEN = 2 };

enum err columns_fit(struct columns *c, const struct table *t)
{
    size_t n = table_columns(t);
    if (c->flags && c->n == n)
        return OK;
    struct columns next = {.flags = calloc(n + 1, 1),
                           .order = calloc(n + 1, sizeof *next.order),
                           .widths = calloc(n + 1, sizeof *next.widths),
                           .n = n,
                           .at = table_key(t)};
    if (!next.flags || !next.order || !next.widths) {
        columns_done(&next);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        next.order[i] = i;
    columns_done(c);
    *c = next;
    return OK;
}

void columns_done(struct columns *c)
{
    free(c->flags);
    free(c->order);
    free(c->widths);
    *c = (struct columns){0};
}

static bool is_hidden(const struct columns *c, size_t i)
{
    return i < c->n && c->flags[i] & HIDDEN;
}

bool columns_frozen(const struct columns *c, const struct table *t, size_t i)
{
    return i == table_key(t) || (i < c->n && c->flags[i] & FROZEN);
}

static void set_flag(struct columns *c, size_t i, unsigned char flag, bool on)
{
    if (i < c->n)
        c->flags[i] = (unsigned char)(on ? c->flags[i] | flag : c->flags[i] & ~flag);
}

void columns_freeze(struct columns *c, size_t i, bool frozen)
{
    set_flag(c, i, FROZEN, frozen);
}

void columns_hide(struct columns *c, size_t i, bool hidden)
{
    set_flag(c, i, HIDDEN, hidden);
}

size_t columns_count_hidden(const struct columns *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += is_hidden(c, i);
    return n;
}

static size_t at_place(const struct columns *c, size_t place)
{
    return place < c->n ? c->order[place] : place;
}

size_t columns_shown(const struct columns *c, const struct table *t, size_t *out, size_t *nfrozen)
{
    size_t n = 0, all = table_columns(t), key = table_key(t);
    if (!is_hidden(c, key))
        out[n++] = key;
    for (size_t k = 0, i; k < all; k++)
        if ((i = at_place(c, k)) != key && columns_frozen(c, t, i) && !is_hidden(c, i))
            out[n++] = i;
    *nfrozen = n;
    for (size_t k = 0, i; k < all; k++)
        if (!columns_frozen(c, t, i = at_place(c, k)) && !is_hidden(c, i))
            out[n++] = i;
    return n;
}

/* The visible columns (to be freed by the caller; NULL: out of memory), and where the current one is among them: at *n
 * if it is hidden. */
static size_t *shown_and_at(const struct columns *c, const struct table *t, size_t *n, size_t *at)
{
    size_t frozen, *shown = malloc((table_columns(t) + 1) * sizeof *shown);
    *n = shown ? columns_shown(c, t, shown, &frozen) : 0;
    for (*at = 0; *at < *n && shown[*at] != c->at; ++*at)
        ;
    return shown;
}

static size_t place_of(const struct columns *c, size_t column)
{
    size_t place = 0;
    while (place < c->n && c->order[place] != column)
        place++;
    return place;
}

bool columns_shift(struct columns *c, const struct table *t, int by)
{
    size_t n, at, *shown = shown_and_at(c, t, &n, &at), key = table_key(t);
    bool some = at < n && (by < 0 ? at > 0 : at + 1 < n);
    size_t other = some ? shown[by < 0 ? at - 1 : at + 1] : key;
    free(shown);
    if (!some || other == key || c->at == key || columns_frozen(c, t, other) != columns_frozen(c, t, c->at))
        return false;
    size_t from = place_of(c, c->at), to = place_of(c, other);
    for (; from != to; from += by < 0 ? (size_t)-1 : 1) /* skips hidden columns */
        c->order[from] = c->order[by < 0 ? from - 1 : from + 1];
    c->order[to] = c->at;
    return true;
}

enum err columns_move(struct columns *c, const struct table *t, int by)
{
    size_t n, at, *shown = shown_and_at(c, t, &n, &at);
    if (!shown)
        return ERR_NOMEM;
    if (at == n) /* the current column is hidden */
        at = 0;
    else if (by < 0 ? at > 0 : at + 1 < n)
        at = by < 0 ? at - 1 : at + 1;
    if (n > 0)
        c->at = shown[at];
    free(shown);
    return OK;
}
