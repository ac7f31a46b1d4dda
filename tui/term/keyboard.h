/* SPDX-License-Identifier: MIT
 * Bytes that a terminal sends → keys. Which sequences stand for keys is the terminal's to say (terminfo(5)); a sequence
 * that it does not know is taken to its end, so that its letters do not act as keys. Pure: no terminal, no state. */
#ifndef TUI_TERM_KEYBOARD_H
#define TUI_TERM_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/keys/key.h"

enum { KEYBOARD_SEQUENCE_MAX = 31 }; /* bytes of the longest that is looked up */

/* The key of a sequence; KEYBOARD_NONE: it is none; KEYBOARD_PART: a longer one begins with it. */
enum { KEYBOARD_NONE = 0, KEYBOARD_PART = PRESS_UNKNOWN + 1, KEYBOARD_PASTE_BEGIN, KEYBOARD_PASTE_END };
typedef key_code keyboard_lookup(const char *sequence);

/* The first key of the n > 0 bytes, characters in the locale's encoding. Returns how many bytes it takes; 0: more may
 * belong to it (never if they are `all`). */
size_t keyboard_first(const char *bytes, size_t n, bool all, keyboard_lookup *lookup, key_code *key);

#endif
