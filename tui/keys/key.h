/* SPDX-License-Identifier: MIT
 * Keys as numbers and as names: "a", "Space", "S-Tab", "C-l", "PgUp". A character is its code point. */
#ifndef TUI_KEYS_KEY_H
#define TUI_KEYS_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t key_code; /* a code point, or one of these */

enum {
    PRESS_CTRL = 0x01000000, /* with a lower-case letter or one of \ ] ^ _: C-l */
    PRESS_ALT = 0x02000000,  /* with a character */
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

/* The key of a control byte as a terminal in raw mode sends it (9: Tab, 12: C-l). */
key_code key_from_byte(unsigned char c);

/* Its name for people. Returns out. */
char *key_label(key_code key, char out[24]);

/* True if a key of this label is one of the names in `names`, which are separated by blanks. */
bool key_is_in(const char *label, const char *names);

/* The UTF-8 bytes of a key that is a character; 0 if it is none. */
size_t key_utf8(key_code key, char out[5]);

#endif
