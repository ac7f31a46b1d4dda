/* SPDX-License-Identifier: MIT
 * Which columns of the table are seen, in which order, and the one that commands are about. Plain data; by their places
 * in the table. */
#ifndef TUI_PANES_COLUMNS_H
#define TUI_PANES_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/table/table.h"

struct columns {
    unsigned char *flags; /* owned; n of them */
    size_t *order;        /* owned: their places in the table, as they follow each other */
    int *widths;          /* owned: as the user wants them; 0: as it fits */
    size_t n;
    size_t at; /* the current one */
};

/* A zeroed struct fits no table. Fitting another number of columns forgets what was hidden, frozen, moved and sized. */
enum err columns_fit(struct columns *c, const struct table *t) MUST_CHECK;
void columns_done(struct columns *c);

bool columns_hidden(const struct columns *c, size_t i);
bool columns_frozen(const struct columns *c, const struct table *t, size_t i); /* the key always is */
void columns_freeze(struct columns *c, size_t i, bool frozen);
void columns_hide(struct columns *c, size_t i, bool hidden);
size_t columns_count_hidden(const struct columns *c);

/* The columns that are seen, as they are: the key, frozen ones, the others. *nfrozen of them stand still. `out` has
 * room for n; returns how many. */
size_t columns_shown(const struct columns *c, const struct table *t, size_t *out, size_t *nfrozen);

/* The current one changes places with the next (by 1) or the one before (by -1) of those that are seen. False: there is
 * none to that side, or the one stands still and the other does not. */
bool columns_shift(struct columns *c, const struct table *t, int by);

/* To the one `by` places further among those that are seen. */
enum err columns_move(struct columns *c, const struct table *t, int by) MUST_CHECK;

#endif
