/* SPDX-License-Identifier: MIT
 * Rows that the user marked with a letter to go back to them. The mark ' is the row before the last jump. Plain data.
 */
#ifndef TUI_PANES_MARKS_H
#define TUI_PANES_MARKS_H

#include <stdbool.h>
#include <stdint.h>

enum { MARKS = 27 };

struct marks {
    uint64_t rows[MARKS]; /* row numbers in the table */
    bool set[MARKS];
};

/* The index of a mark by its name; -1: no mark has that name. */
int mark_by_name(const char *name);

/* The letter that a row is marked with; a blank if it has none. */
char marks_letter(const struct marks *m, uint64_t row);

#endif
