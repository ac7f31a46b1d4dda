/* SPDX-License-Identifier: MIT
 * The comparison in the explorer: measured by a host of its own while the panes go on, shown over them. */
#ifndef TUI_COMMANDS_COMPARE_H
#define TUI_COMMANDS_COMPARE_H

#include "tui/app/app.h"

struct compare; /* opaque */

void compare_free(struct compare *c); /* ends it */
int compare_fd(const struct compare *c); /* to poll for compare_step; -1: nothing goes on */
enum err compare_step(struct app *a) MUST_CHECK;
bool compare_goes_on(const struct app *a);

/* Ends it; what was measured stays. */
void compare_cancel(struct app *a);
const struct bench *compare_result(const struct compare *c); /* NULL: there is none */

#endif
