/* SPDX-License-Identifier: MIT
 * Which columns of the table are seen. */
#include "tui/columns.h"

#include <stdlib.h>

enum { HIDDEN = 1, FROZEN = 2 };

enum err columns_fit(struct columns *c, const struct table *t)
{
    size_t n = table_columns(t);
    if (c->flags && c->n == n)
        return OK;
    unsigned char *flags = calloc(n ? n : 1, 1);
    if (!flags)
        return ERR_NOMEM;
    free(c->flags);
    *c = (struct columns){.flags = flags, .n = n, .at = table_key(t)};
    return OK;
}

void columns_done(struct columns *c)
{
    free(c->flags);
    *c = (struct columns){0};
}

bool columns_hidden(const struct columns *c, size_t i)
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
        n += columns_hidden(c, i);
    return n;
}

size_t columns_shown(const struct columns *c, const struct table *t, size_t *out, size_t *nfrozen)
{
    size_t n = 0, all = table_columns(t), key = table_key(t);
    if (!columns_hidden(c, key))
        out[n++] = key;
    for (size_t i = 0; i < all; i++)
        if (i != key && columns_frozen(c, t, i) && !columns_hidden(c, i))
            out[n++] = i;
    *nfrozen = n;
    for (size_t i = 0; i < all; i++)
        if (!columns_frozen(c, t, i) && !columns_hidden(c, i))
            out[n++] = i;
    return n;
}

enum err columns_move(struct columns *c, const struct table *t, int by)
{
    size_t frozen, at = 0, *shown = malloc((table_columns(t) + 1) * sizeof *shown);
    if (!shown)
        return ERR_NOMEM;
    size_t n = columns_shown(c, t, shown, &frozen);
    while (at < n && shown[at] != c->at)
        at++;
    if (at == n) /* it is hidden */
        at = 0;
    else if (by < 0 ? at > 0 : at + 1 < n)
        at = by < 0 ? at - 1 : at + 1;
    if (n > 0)
        c->at = shown[at];
    free(shown);
    return OK;
}
