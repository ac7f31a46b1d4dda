/* SPDX-License-Identifier: MIT
 * Reads as many bytes as there are, and takes one key at a time from them. */
#include "tui/term/input.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PASTE_MAX = 1 << 16, ESC_DELAY_MS = 25 };

void input_reader_init(struct input_reader *in, int fd, keyboard_lookup *lookup)
{
    *in = (struct input_reader){.fd = fd, .lookup = lookup};
    buf_init(&in->paste, PASTE_MAX);
}

void input_reader_done(struct input_reader *in)
{
    buf_done(&in->paste);
}

/* Waits up to `wait` milliseconds for bytes. False if none came. */
static bool read_more(struct input_reader *in, int wait)
{
    struct pollfd fd = {in->fd, POLLIN, 0};
    memmove(in->bytes, in->bytes + in->at, in->n - in->at);
    in->n -= in->at;
    in->at = 0;
    if (wait > 0 && poll(&fd, 1, wait) <= 0)
        return false;
    ssize_t got = read(in->fd, in->bytes + in->n, sizeof in->bytes - in->n);
    if (got <= 0)
        return false;
    in->n += (size_t)got;
    return true;
}

static size_t first_key(const struct input_reader *in, bool all, key_code *key)
{
    return keyboard_first(in->bytes + in->at, in->n - in->at, all, in->lookup, key);
}

/* An incomplete key is given ESC_DELAY_MS to be completed; within a paste, it waits for the next call. False if there
 * is no key. */
static bool next_key(struct input_reader *in, key_code *key)
{
    if (in->at == in->n && !read_more(in, 0))
        return false;
    size_t len = first_key(in, false, key);
    while (len == 0 && read_more(in, in->pasting ? 0 : ESC_DELAY_MS))
        len = first_key(in, false, key);
    if (len == 0 && (!in->pasting || in->n == sizeof in->bytes))
        len = first_key(in, true, key);
    in->at += len;
    return len > 0;
}

/* True once the paste is complete. C-c abandons a paste whose end never comes. */
static bool add_to_paste(struct input_reader *in, key_code key)
{
    char text[5];
    if (key == KEYBOARD_PASTE_END || key == (PRESS_CTRL | 'c'))
        in->pasting = false;
    else if (key == PRESS_ENTER || key == PRESS_TAB)
        buf_add_char(&in->paste, key == PRESS_TAB ? '\t' : '\n');
    else if (key_utf8(key, text) > 0)
        buf_add_text(&in->paste, text);
    return key == KEYBOARD_PASTE_END;
}

void input_reader_next(struct input_reader *in, struct input *out)
{
    key_code key;
    while (out->kind == INPUT_NONE && next_key(in, &key))
        if (in->pasting) {
            if (add_to_paste(in, key))
                *out = (struct input){.kind = INPUT_PASTE, .text = buf_text(&in->paste), .len = in->paste.len};
        } else if (key == KEYBOARD_PASTE_BEGIN) {
            in->pasting = true;
            buf_clear(&in->paste);
        } else if (key != KEYBOARD_PASTE_END)
            *out = (struct input){.kind = INPUT_KEY, .key = key};
}

bool input_reader_has_more(const struct input_reader *in)
{
    return in->at < in->n && !in->pasting;
}
