/* SPDX-License-Identifier: MIT
 * Editing one line. */
#include "tui/app/prompt.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

void prompt_init(struct prompt *p)
{
    *p = (struct prompt){0};
    buf_init(&p->text, PROMPT_BYTES_MAX);
}

void prompt_done(struct prompt *p)
{
    buf_done(&p->text);
}

void prompt_open(struct prompt *p, const struct command *command, const char *label, const char *text)
{
    p->open = true;
    p->command = command;
    p->chosen = 0;
    p->letter = false;
    snprintf(p->label, sizeof p->label, "%s", label);
    prompt_set(p, text);
    p->suggested = p->text.len > 0;
}

void prompt_close(struct prompt *p)
{
    p->open = false;
    prompt_set(p, "");
}

void prompt_set(struct prompt *p, const char *text)
{
    buf_clear(&p->text);
    p->cursor = 0;
    p->suggested = false;
    prompt_insert(p, text, strlen(text));
}

static void cut(struct prompt *p, size_t from, size_t to)
{
    if (to <= from)
        return;
    memmove(p->text.data + from, p->text.data + to, p->text.len - to);
    p->text.len -= to - from;
    p->text.data[p->text.len] = '\0';
    p->cursor = from;
}

void prompt_insert(struct prompt *p, const char *text, size_t len)
{
    if (p->suggested)
        prompt_set(p, "");
    if (p->text.len + len > p->text.max || !buf_reserve(&p->text, len))
        return;
    memmove(p->text.data + p->cursor + len, p->text.data + p->cursor, p->text.len - p->cursor);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        p->text.data[p->cursor + i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    p->text.len += len;
    p->text.data[p->text.len] = '\0';
    p->cursor += len;
}

/* The start of the cluster before `at`. */
static size_t before(const struct prompt *p, size_t at)
{
    size_t edge = 0;
    for (size_t next = 0; next < at;) {
        struct text_glyph g;
        edge = next;
        next += text_next(p->text.data + next, p->text.len - next, &g);
    }
    return edge;
}

static size_t after(const struct prompt *p, size_t at)
{
    struct text_glyph g;
    return at < p->text.len ? at + text_next(p->text.data + at, p->text.len - at, &g) : at;
}

static size_t word_before(const struct prompt *p)
{
    size_t at = p->cursor;
    while (at > 0 && p->text.data[at - 1] == ' ')
        at--;
    while (at > 0 && p->text.data[at - 1] != ' ')
        at--;
    return at;
}

void prompt_edit(struct prompt *p, enum prompt_edit edit)
{
    p->suggested = false;
    switch (edit) {
    case EDIT_LEFT: p->cursor = before(p, p->cursor); break;
    case EDIT_RIGHT: p->cursor = after(p, p->cursor); break;
    case EDIT_HOME: p->cursor = 0; break;
    case EDIT_END: p->cursor = p->text.len; break;
    case EDIT_BACKSPACE: cut(p, before(p, p->cursor), p->cursor); break;
    case EDIT_DELETE: cut(p, p->cursor, after(p, p->cursor)); break;
    case EDIT_KILL_LINE: cut(p, 0, p->cursor); break;
    case EDIT_KILL_WORD: cut(p, word_before(p), p->cursor); break;
    }
}
