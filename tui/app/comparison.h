/* SPDX-License-Identifier: MIT
 * The explorer's comparison of the start methods, the engine's own threads and a single thread. It runs the picked
 * codes in a host process of its own, and its result is kept until the next comparison. Main thread only. */
#ifndef TUI_APP_COMPARISON_H
#define TUI_APP_COMPARISON_H

#include "tui/app/app.h"

struct comparison; /* opaque */

/* Starts a comparison over the picked codes, in place of the last one. If that fails with another error than ERR_NOMEM,
 * app_say says why and the last one is kept. */
enum err comparison_renew(struct app *a) MUST_CHECK;
void comparison_free(struct comparison *c); /* ends the host; NULL is fine */

int comparison_fd(const struct comparison *c); /* readable: call comparison_step; -1: none is running */
enum err comparison_step(struct app *a) MUST_CHECK;
bool comparison_is_running(const struct app *a);

/* Stops measuring; what was measured is kept. */
void comparison_cancel(struct app *a);
const struct bench *comparison_result(const struct comparison *c); /* NULL: there is none */

#endif
