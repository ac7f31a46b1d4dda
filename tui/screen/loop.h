/* SPDX-License-Identifier: MIT
 * The main loop. */
#ifndef TUI_SCREEN_LOOP_H
#define TUI_SCREEN_LOOP_H

#include "tui/app/app.h"

/* Waits for keys, signals, the observer and the table, and draws, until app.quit is set. `signal_fd` is a signalfd(2)
 * that does not block. Returns ERR_NOMEM, or the error of poll(2); no other error. */
enum err loop_run(struct app *a, int signal_fd) MUST_CHECK;

#endif
