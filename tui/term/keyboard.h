/* SPDX-License-Identifier: MIT
 * Turns the bytes that a terminal sends into keys. The sequences of keys come from terminfo(5), through a function of
 * the caller. An unknown sequence is read to its end, so that its letters do not act as keys. Pure; any thread. */
#ifndef TUI_TERM_KEYBOARD_H
#define TUI_TERM_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/keys/key.h"

enum { KEYBOARD_SEQUENCE_MAX = 31 }; /* bytes of the longest sequence that is looked up */

/* Returns the key of a sequence; KEYBOARD_NONE: it is none; KEYBOARD_PART: it is the beginning of one. */
enum { KEYBOARD_NONE = 0, KEYBOARD_PART = PRESS_UNKNOWN + 1, KEYBOARD_PASTE_BEGIN, KEYBOARD_PASTE_END };
typedef key_code keyboard_lookup(const char *sequence);

/* Reads the first key of n > 0 bytes; characters are in the encoding of the locale. Returns how many bytes it takes; 0
 * if the bytes may be an incomplete key, which is never returned if `all` says that no more will follow. */
size_t keyboard_first(const char *bytes, size_t n, bool all, keyboard_lookup *lookup, key_code *key);

#endif
