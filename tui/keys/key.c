/* SPDX-License-Identifier: MIT
 * Labels of keys, and keys of control bytes. */
#include "tui/keys/key.h"

#include <stdio.h>
#include <string.h>

static const struct {
    key_code key;
    const char *name;
} names[] = {
    {PRESS_UP, "Up"},
    {PRESS_DOWN, "Down"},
    {PRESS_LEFT, "Left"},
    {PRESS_RIGHT, "Right"},
    {PRESS_PGUP, "PgUp"},
    {PRESS_PGDN, "PgDn"},
    {PRESS_HOME, "Home"},
    {PRESS_END, "End"},
    {PRESS_TAB, "Tab"},
    {PRESS_BACKTAB, "S-Tab"},
    {PRESS_ENTER, "Enter"},
    {PRESS_ESC, "Esc"},
    {PRESS_BACKSPACE, "Backspace"},
    {PRESS_DELETE, "Delete"},
    {PRESS_INSERT, "Insert"},
    {' ', "Space"},
};

static const struct {
    unsigned char byte;
    key_code key;
} bytes[] = {
    {'\t', PRESS_TAB}, {'\r', PRESS_ENTER},     {'\n', PRESS_ENTER},
    {0x1b, PRESS_ESC}, {0x08, PRESS_BACKSPACE}, {0x7f, PRESS_BACKSPACE},
};

key_code key_from_byte(unsigned char c)
{
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        if (bytes[i].byte == c)
            return bytes[i].key;
    if (c == 0)
        return PRESS_CTRL | ' ';
    if (c < 0x1b)
        return PRESS_CTRL | (key_code)(c | 0x60);
    return c < 0x20 ? PRESS_CTRL | (key_code)(c | 0x40) : c;
}

size_t key_utf8(key_code key, char out[5])
{
    size_t n = 0;
    if (key < 0x20 || key == 0x7f || key >= PRESS_UP || (key >= 0xd800 && key < 0xe000)) {
        out[0] = '\0';
        return 0;
    }
    if (key < 0x80)
        out[n++] = (char)key;
    else if (key < 0x800)
        out[n++] = (char)(0xc0 | key >> 6);
    else if (key < 0x10000)
        out[n++] = (char)(0xe0 | key >> 12);
    else
        out[n++] = (char)(0xf0 | key >> 18);
    for (int shift = key < 0x80 ? -1 : key < 0x800 ? 0 : key < 0x10000 ? 6 : 12; shift >= 0; shift -= 6)
        out[n++] = (char)(0x80 | (key >> shift & 0x3f));
    out[n] = '\0';
    return n;
}

/* The label of a key without C- or M-; "" if it has none. */
static const char *plain_name(key_code key, char text[8])
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].key == key)
            return names[i].name;
    key_utf8(key, text);
    if (key >= PRESS_F1 && key <= PRESS_F12)
        snprintf(text, 8, "F%d", (int)(key - PRESS_F1) + 1);
    return text;
}

char *key_label(key_code key, char out[24])
{
    char text[8] = "";
    const char *prefix = key & PRESS_CTRL ? "C-" : key & PRESS_ALT ? "M-" : "";
    const char *name = plain_name(key & ~(key_code)(PRESS_CTRL | PRESS_ALT), text);
    strcpy(out, name[0] ? prefix : "an unknown key");
    return strcat(out, name);
}

bool key_is_in(const char *label, const char *list)
{
    size_t len = strlen(label);
    while (list && *list) {
        size_t n = strcspn(list, " ");
        if (n == len && memcmp(list, label, n) == 0)
            return true;
        list += n + (list[n] == ' ');
    }
    return false;
}
