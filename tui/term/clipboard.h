/* SPDX-License-Identifier: MIT
 * The sequence OSC 52 sets the clipboard of a terminal (xterm, "Control Sequences"). */
#ifndef TUI_TERM_CLIPBOARD_H
#define TUI_TERM_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum { CLIPBOARD_MAX = 74000 }; /* bytes of text; xterm and others accept no more */

bool clipboard_is_known(const char *term); /* false: terminals of this type (TERM) have no clipboard */

/* Appends the sequence that sets the clipboard to the text. */
enum err clipboard_add(const char *text, size_t len, struct buf *out) MUST_CHECK;

#endif
