/* SPDX-License-Identifier: MIT
 * What commands leave to do after they have returned. The loop calls these. */
#ifndef TUI_COMMANDS_STEPS_H
#define TUI_COMMANDS_STEPS_H

#include "tui/app/app.h"

/* Call when table_view_fd is readable: takes the answers of the table view (a match, counts, a saved file), and gives
 * the table to the observer once it is complete. */
enum err app_table_view_step(struct app *a) MUST_CHECK;

#endif
