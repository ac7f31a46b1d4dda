/* SPDX-License-Identifier: MIT
 * The clipboard of a terminal, set by OSC 52 (xterm's ctlseqs). */
#ifndef TUI_TERM_CLIPBOARD_H
#define TUI_TERM_CLIPBOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum { CLIPBOARD_MAX = 74000 }; /* bytes; xterm and others take no more */

bool clipboard_is_known(const char *term); /* false: a terminal of this type (TERM) has none */

/* Appends the sequence that sets it. */
enum err clipboard_add(const char *text, size_t len, struct buf *out) MUST_CHECK;

#endif
