/* SPDX-License-Identifier: MIT
 * An ordered set of codes: those picked for the next run, or those that a table has. Plain data. */
#ifndef TUI_PANES_PICKS_H
#define TUI_PANES_PICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* One code. Small, because there may be a million of them. */
struct pick {
    const char *text; /* NUL-terminated too */
    uint32_t len;
    bool typed; /* by the user, here or on the command line, so it need not occur in the table */
};

struct pick_block; /* memory for the texts; freed when the set is cleared */

struct picks {
    struct pick *v;
    size_t n, cap; /* v is in the order in which they were added */
    uint32_t *slots;
    size_t nslots; /* a hash table with open addressing: index in v + 1, 0 is free; nslots is a power of two */
    struct pick_block *blocks; /* owned */
    uint64_t changes;          /* grows with each change */
};

/* A zeroed struct is an empty set. */
void picks_done(struct picks *p);
void picks_clear(struct picks *p);

bool picks_has(const struct picks *p, const char *text, size_t len);
enum err picks_add(struct picks *p, const char *text, size_t len, bool typed)
    MUST_CHECK; /* OK if it is in the set already */

/* The same without a copy: the text must outlive the set. */
enum err picks_add_borrowed(struct picks *p, const char *text, size_t len, bool typed) MUST_CHECK;
void picks_remove(struct picks *p, const char *text, size_t len);

#endif
