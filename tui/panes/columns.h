/* SPDX-License-Identifier: MIT
 * What the user has chosen about the columns of the table: their order, widths, which are hidden or frozen, and which
 * is the current one. Plain data; columns are named by their index in the table. */
#ifndef TUI_PANES_COLUMNS_H
#define TUI_PANES_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/table/table.h"

struct columns {
    unsigned char *flags; /* owned */
    size_t *order;        /* owned; indices in the table, in the order in which they are shown */
    int *widths;          /* owned; 0: the user has not chosen one */
    size_t n;
    size_t at; /* the current column: commands act on it */
};

/* A zeroed struct fits no table. If the table has another number of columns, all choices are reset. */
enum err columns_fit(struct columns *c, const struct table *t) MUST_CHECK;
void columns_done(struct columns *c);

bool columns_frozen(const struct columns *c, const struct table *t, size_t i); /* the key column always is */
void columns_freeze(struct columns *c, size_t i, bool frozen);
void columns_hide(struct columns *c, size_t i, bool hidden);
size_t columns_count_hidden(const struct columns *c);

/* Puts the visible columns into `out`, which has room for n: the key, the frozen columns, then the others. The first
 * *nfrozen of them do not scroll. Returns how many there are. */
size_t columns_shown(const struct columns *c, const struct table *t, size_t *out, size_t *nfrozen);

/* Swaps the current column with the next visible one (by 1) or the one before it (by -1). False: there is none on that
 * side, or only one of the two is frozen. */
bool columns_shift(struct columns *c, const struct table *t, int by);

/* Makes the next visible column (by 1) or the one before it (by -1) the current one. */
enum err columns_move(struct columns *c, const struct table *t, int by) MUST_CHECK;

#endif
