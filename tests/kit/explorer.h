/* SPDX-License-Identifier: MIT
 * What tests of the explorer do again and again: start it, run, quit, and see that the terminal is as it was. */
#ifndef TESTS_KIT_EXPLORER_H
#define TESTS_KIT_EXPLORER_H

#include "tests/kit/pty.h"

/* r, and yes if it asks whether the run that goes on may be stopped. */
void explorer_run(struct pty *p);

/* q until it has quit, and yes if it asks; then its exit status is 0 and the terminal is restored. Frees `p`. */
void explorer_quit(struct pty *p);

/* The same where the table could not be read, or not to its end: the exit status is 3. */
void explorer_quit_failed(struct pty *p);

/* The exit status; fails if a signal ended it. */
int explorer_status(struct pty *p);

#endif
