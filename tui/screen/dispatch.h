/* SPDX-License-Identifier: MIT
 * What a key or a paste does. */
#ifndef TUI_SCREEN_DISPATCH_H
#define TUI_SCREEN_DISPATCH_H

#include "tui/app/app.h"

/* Runs the key's command; without one, the key goes to the prompt or to the watched program if the user is typing
 * there, and else a message says that it does nothing. ERR_NOMEM is the only error. */
enum err dispatch_key(struct app *a, key_code key) MUST_CHECK;

/* The text is borrowed for the call. A paste never acts as keys. */
void dispatch_paste(struct app *a, const char *text, size_t len);

#endif
