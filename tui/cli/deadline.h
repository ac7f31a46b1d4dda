/* SPDX-License-Identifier: MIT
 * The last resort of --timeout: ends the program even if it cannot end in order, for instance because it writes to a
 * pipe that nobody reads. */
#ifndef TUI_CLI_DEADLINE_H
#define TUI_CLI_DEADLINE_H

/* Ends this process with status 124 ten seconds after clock_now() reaches `deadline`, whatever it does then; 0: never.
 * Uses SIGALRM, which must not be blocked in the calling thread. A child made by fork(2) does not inherit the timer:
 * timer_create(2). */
void deadline_enforce(double deadline);

#endif
