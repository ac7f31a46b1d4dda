/* SPDX-License-Identifier: MIT
 * The terminal guard: a tiny process that puts the terminal right when the explorer is killed or crashes and cannot do
 * so itself. It blocks on a socket, knows what to write and which settings to put back, and ends with the explorer: at
 * the end of its socket it restores what had not been given back before. */
#ifndef TUI_TERM_GUARD_H
#define TUI_TERM_GUARD_H

#include <stdbool.h>

#include "core/base/err.h"
#include "tui/term/term.h"

struct guard;

enum err guard_new(struct guard **out) MUST_CHECK; /* no process yet */
void guard_free(struct guard *g);                  /* ends the process, which restores nothing any more */

/* The terminal is ours from now on, as `restore` says (copied); NULL: it was given back. Starts the process if there is
 * none. A guard that cannot be started is not fatal: the terminal is merely unguarded. */
void guard_set(struct guard *g, const struct term_restore *restore);

/* The pid of the guard process; 0 if there is none. */
pid_t guard_pid(const struct guard *g);

/* Readable (poll) when the guard process has died: then guard_revive starts another. -1 if there is none. */
int guard_fd(const struct guard *g);
void guard_revive(struct guard *g);

#endif
