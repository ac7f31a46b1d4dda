/* SPDX-License-Identifier: MIT
 * The palette: finds the commands that match what is typed. */
#include <string.h>

#include "tui/keys/keymap.h"

enum { SUMMARY_FROM = 4 }; /* summaries are searched from this many letters on: fewer match nearly all of them */

static size_t first_word(const char *typed)
{
    return strcspn(typed, " ");
}

/* 0 is the best match; -1: no match. */
static int rank_of(enum scope scope, const struct command *c, const char *typed)
{
    size_t n = first_word(typed);
    if (command_groups[c->group].where != WHERE_PANES || !command_is_in(c, scope) || strcmp(c->name, "palette") == 0)
        return -1;
    if (strncmp(c->name, typed, n) == 0)
        return strlen(c->name) == n ? 0 : 1;
    if (typed[n]) /* an argument follows, so the name is complete */
        return -1;
    return strstr(c->name, typed) ? 2 : n >= SUMMARY_FROM && strstr(c->summary, typed) ? 3 : -1;
}

const struct command *palette_match(const struct command_table *t, enum scope scope, const char *typed, size_t n)
{
    for (int rank = 0; rank <= 3; rank++)
        for (size_t i = 0; i < t->n; i++)
            if (rank_of(scope, &t->v[i], typed) == rank && n-- == 0)
                return &t->v[i];
    return NULL;
}

bool palette_is_exact(const struct command_table *t, enum scope scope, const char *typed)
{
    const struct command *best = palette_match(t, scope, typed, 0);
    return best && strlen(best->name) == first_word(typed);
}
