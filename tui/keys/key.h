/* SPDX-License-Identifier: MIT
 * A key is a number (key_code) and has a label for people: "a", "Space", "S-Tab", "C-l", "PgUp". Pure; any thread. */
#ifndef TUI_KEYS_KEY_H
#define TUI_KEYS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t key_code; /* the code point of a character, or one of these */

enum {
    PRESS_CTRL = 0x01000000, /* added to a lower-case letter, a blank, or one of \ ] ^ _ */
    PRESS_ALT = 0x02000000,  /* added to a character */
    PRESS_UP = 0x00110000,
    PRESS_DOWN,
    PRESS_LEFT,
    PRESS_RIGHT,
    PRESS_PGUP,
    PRESS_PGDN,
    PRESS_HOME,
    PRESS_END,
    PRESS_TAB,
    PRESS_BACKTAB,
    PRESS_ENTER,
    PRESS_ESC,
    PRESS_BACKSPACE,
    PRESS_DELETE,
    PRESS_INSERT,
    PRESS_F1,
    PRESS_F12 = PRESS_F1 + 11,
    PRESS_UNKNOWN
};

/* The key of a byte below 0x80 that a terminal in raw mode sends (9 is Tab, 12 is C-l). */
key_code key_from_byte(unsigned char c);

/* Writes the label of the key. Returns out. */
char *key_label(key_code key, char out[24]);

/* True if `label` is in a list of labels separated by blanks; the list may be NULL. */
bool key_is_in(const char *label, const char *list);

/* Writes the UTF-8 bytes of a key that is a character, and a 0. Returns how many bytes; 0: it is no character. */
size_t key_utf8(key_code key, char out[5]);

#endif
