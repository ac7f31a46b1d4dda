/* SPDX-License-Identifier: MIT
 * An ordered set of codes as bytes: what is picked for the next run, and which codes a table has. Plain data. */
#ifndef TUI_PANES_PICKS_H
#define TUI_PANES_PICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Small: there may be a million of them. */
struct pick {
    const char *text; /* NUL-terminated too */
    uint32_t len;
    bool typed; /* by hand or on the command line: it need not be in the table */
};

struct pick_block; /* where their texts lie, until all of them go */

struct picks {
    struct pick *v;
    size_t n, cap; /* in the order they were added */
    uint32_t *slots;
    size_t nslots;             /* open addressing: index + 1, 0 is free; nslots is a power of two */
    struct pick_block *blocks; /* owned */
    uint64_t changes;          /* grows with each */
};

/* A zeroed struct is an empty set. */
void picks_done(struct picks *p);
void picks_clear(struct picks *p);

bool picks_has(const struct picks *p, const char *text, size_t len);
enum err picks_add(struct picks *p, const char *text, size_t len, bool typed) MUST_CHECK; /* OK if it is there */

/* The same for a text that outlives the set: it is not copied. */
enum err picks_add_borrowed(struct picks *p, const char *text, size_t len, bool typed) MUST_CHECK;
void picks_remove(struct picks *p, const char *text, size_t len);

#endif
