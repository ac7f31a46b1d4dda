/* SPDX-License-Identifier: MIT
 * The terminal guard is a tiny process that restores the terminal if poolscope is killed or crashes and cannot do so
 * itself. It has been sent the settings and bytes to restore, and waits for the end of its socket, which comes when
 * poolscope ends. If the terminal had not been given back by then, the guard restores it. Main thread only. */
#ifndef TUI_TERM_GUARD_H
#define TUI_TERM_GUARD_H

#include <stdbool.h>

#include "core/base/err.h"
#include "tui/term/term.h"

struct guard;

enum err guard_new(struct guard **out) MUST_CHECK; /* no process yet */
void guard_free(struct guard *g);                  /* kills the process; nothing is restored */

/* Says how to restore the terminal from now on (`restore` is copied); NULL: it was given back. Starts the process if
 * there is none. If that fails, poolscope goes on without a guard. */
void guard_set(struct guard *g, const struct term_restore *restore);

/* The pid of the guard process; 0 if there is none. */
pid_t guard_pid(const struct guard *g);

/* Becomes readable when the guard process has died: then call guard_revive, which starts another. -1: there is none. */
int guard_fd(const struct guard *g);
void guard_revive(struct guard *g);

#endif
