/* SPDX-License-Identifier: MIT
 * Parts of the table pane that have files of their own. For this room only. */
#ifndef TUI_PANES_PRIVATE_H
#define TUI_PANES_PRIVATE_H

#include "tui/panes/pane.h"

enum {
    COLUMN_MAX = 32,  /* as wide as a column gets unless the user wants it wider */
    COLUMN_FIT = 400, /* as wide as "fit the column" makes it at most */
    COLUMN_GAP = 2
};

/* How wide the columns of a table are drawn, and which of them are on the screen. A zeroed struct fits no table. */
struct shown_columns {
    const struct table *table; /* the one that the widths belong to; only compared, never dereferenced */
    const int *wanted;         /* borrowed during a sync: the widths that the user chose, 0: none; or NULL */
    int *seen;                 /* owned: the widest text seen in each column; never shrinks, so that nothing jumps */
    size_t n;
    bool widened;                /* a column became wider since this was last set to false */
    size_t *shown;               /* owned: the visible columns in their order; the first `frozen` do not scroll */
    size_t nshown, frozen, from; /* `from`: index in `shown` of the leftmost column after the frozen ones */
};

/* Makes the struct fit table `t`, which is borrowed. *renewed: nothing of an earlier table was kept. */
enum err shown_columns_fit(struct shown_columns *c, const struct table *t, bool *renewed) MUST_CHECK;
void shown_columns_done(struct shown_columns *c);

/* Notes a text that was seen in a column, and counts at most `most` columns of its width. */
void shown_columns_see(struct shown_columns *c, size_t column, int most, const char *text, size_t len);
void shown_columns_see_cell(struct shown_columns *c, size_t column, int most, const struct cell *cell);

/* The width that a column is drawn with. */
int shown_columns_width(const struct shown_columns *c, size_t column);

/* Chooses the columns for `room` screen columns so that the current one is among them, scrolling as little as it can.
 */
void shown_columns_choose(struct shown_columns *c, const struct columns *chosen, const struct table *t, int room);

/* The column at place k on the screen, from the left. False: there is none. */
bool shown_columns_at(const struct shown_columns *c, size_t k, size_t *column);

/* Adds to the head of the pane what the user should know about the table: its filters, why the rows end early, rows
 * that are too short or too long, cells that are not of their column's dtype. */
void table_add_notes(struct pane *p, const struct table_view *table_view);

#endif
