/* SPDX-License-Identifier: MIT
 * Steps that many tests of the explorer share: run, quit, and check the exit status and the terminal. */
#ifndef TESTS_KIT_EXPLORER_H
#define TESTS_KIT_EXPLORER_H

#include "tests/kit/pty.h"

/* Types r, and y if the explorer asks whether to stop the run that is going on. */
void explorer_run(struct pty *p);

/* Types q until the explorer has quit, and y if it asks. Fails unless its exit status is 0 and the terminal is
 * restored. Frees `p`. */
void explorer_quit(struct pty *p);

/* The same for a table that could not be read to its end: the exit status is 3. */
void explorer_quit_failed(struct pty *p);

/* Waits for the exit status. Fails if a signal ended the explorer. */
int explorer_status(struct pty *p);

#endif
