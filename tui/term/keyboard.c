/* SPDX-License-Identifier: MIT
 * Tries known sequences first, then other sequences that begin with ESC (ECMA-48, section 5.4, has the form of a
 * control sequence), then characters. */
#include "tui/term/keyboard.h"

#include <string.h>
#include <wchar.h>

enum { ESC = 27, DEL = 0x7f };

/* Looks for a sequence that the terminal knows. Returns 0 with KEYBOARD_PART if all bytes may be the beginning of one.
 */
static size_t first_known(const char *bytes, size_t n, keyboard_lookup *lookup, key_code *key)
{
    char sequence[KEYBOARD_SEQUENCE_MAX + 1];
    for (size_t len = 1; len <= n && len <= KEYBOARD_SEQUENCE_MAX; len++) {
        memcpy(sequence, bytes, len);
        sequence[len] = '\0';
        *key = lookup(sequence);
        if (*key != KEYBOARD_PART)
            return *key == KEYBOARD_NONE ? 0 : len;
    }
    return 0;
}

static size_t first_character(const char *bytes, size_t n, bool all, key_code *key)
{
    wchar_t c;
    mbstate_t state = {0};
    if ((unsigned char)bytes[0] < 0x80) {
        *key = key_from_byte((unsigned char)bytes[0]);
        return 1;
    }
    size_t len = mbrtowc(&c, bytes, n, &state);
    if (len == (size_t)-2 && !all)
        return 0;
    bool valid = len != (size_t)-2 && len != (size_t)-1;
    *key = valid ? (key_code)c : PRESS_UNKNOWN;
    return valid ? len : 1;
}

/* Skips ESC [ or ESC O, parameters, and a final byte. Any other byte ends the sequence but is not part of it. */
static size_t control_sequence(const char *bytes, size_t n, bool all, key_code *key)
{
    size_t len = 2;
    *key = PRESS_UNKNOWN;
    while (len < n && bytes[len] >= 0x20 && bytes[len] < 0x40)
        len++;
    if (len == n)
        return all ? n : 0;
    return bytes[len] >= 0x40 && bytes[len] < DEL ? len + 1 : len;
}

/* ESC alone is the key Esc; before a character it stands for Alt. */
static size_t first_escape(const char *bytes, size_t n, bool all, key_code *key)
{
    *key = PRESS_ESC;
    if (n == 1)
        return all;
    if (bytes[1] == '[' || bytes[1] == 'O')
        return control_sequence(bytes, n, all, key);
    if ((unsigned char)bytes[1] < 0x20)
        return 1;
    size_t len = first_character(bytes + 1, n - 1, all, key);
    *key = *key == PRESS_BACKSPACE || *key == PRESS_UNKNOWN ? PRESS_UNKNOWN : PRESS_ALT | *key;
    return len ? 1 + len : 0;
}

size_t keyboard_first(const char *bytes, size_t n, bool all, keyboard_lookup *lookup, key_code *key)
{
    size_t len = first_known(bytes, n, lookup, key);
    if (len > 0 || (*key == KEYBOARD_PART && !all && n < KEYBOARD_SEQUENCE_MAX))
        return len;
    return bytes[0] == ESC ? first_escape(bytes, n, all, key) : first_character(bytes, n, all, key);
}
