/* SPDX-License-Identifier: MIT
 * The comparison of the start methods, the engine's own threads and one thread, as the explorer has it: started over
 * the picked codes, measured by a host of its own, kept until the next one. One thread. */
#ifndef TUI_APP_COMPARISON_H
#define TUI_APP_COMPARISON_H

#include "tui/app/app.h"

struct comparison; /* opaque */

/* Starts a comparison over the picked codes in place of the one that is there. If it cannot be started, the app says
 * why and the old one stays. */
enum err comparison_renew(struct app *a) MUST_CHECK;
void comparison_free(struct comparison *c); /* ends it; NULL is fine */

int comparison_fd(const struct comparison *c); /* to poll for comparison_step; -1: none is running */
enum err comparison_step(struct app *a) MUST_CHECK;
bool comparison_goes_on(const struct app *a);

/* Ends the measuring; what was measured stays. */
void comparison_cancel(struct app *a);
const struct bench *comparison_result(const struct comparison *c); /* NULL: there is none */

#endif
