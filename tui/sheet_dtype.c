/* SPDX-License-Identifier: MIT
 * A dtype that is changed while the table is open: the table is opened anew with it, as at its start. */
#include <stdlib.h>
#include <string.h>

#include "tui/sheet_priv.h"

static size_t find_override(const struct sheet *s, const struct column *c)
{
    size_t i = 0;
    while (i < s->noverrides && (strlen(s->overrides[i].column) != c->name_len ||
                                 memcmp(s->overrides[i].column, c->name, c->name_len) != 0))
        i++;
    return i;
}

static enum err add_override(struct sheet *s, const struct column *c, enum dtype dtype)
{
    struct dtype_override *overrides = realloc(s->overrides, (s->noverrides + 1) * sizeof *overrides);
    if (overrides)
        s->overrides = overrides;
    char **names = realloc(s->names, (s->nnames + 1) * sizeof *names);
    if (names)
        s->names = names;
    char *name = strndup(c->name, c->name_len);
    if (!overrides || !names || !name) {
        free(name);
        return ERR_NOMEM;
    }
    s->names[s->nnames++] = name;
    s->overrides[s->noverrides++] = (struct dtype_override){name, dtype};
    return OK;
}

static enum err override(struct sheet *s, const struct column *c, enum dtype dtype)
{
    size_t i = find_override(s, c);
    if (i == s->noverrides)
        return dtype == DTYPE_COUNT ? OK : add_override(s, c, dtype);
    if (dtype == DTYPE_COUNT)
        s->overrides[i] = s->overrides[--s->noverrides];
    else
        s->overrides[i].dtype = dtype;
    return OK;
}

enum err sheet_set_dtype(struct sheet *s, size_t column, enum dtype dtype)
{
    const struct column *c = table_column(s->table, column);
    if (c->name_len == 0 || memchr(c->name, '\0', c->name_len))
        return ERR_USAGE; /* what has no name cannot be told */
    enum err e = override(s, c, dtype);
    if (e)
        return e;
    sheet_part_from_desk(s, "a dtype was changed");
    s->grown = s->ended; /* the end of a stream is told once more */
    e = sheet_open_table(s);
    sheet_forget_views(s);
    sheet_arm(s, 0);
    return e;
}
