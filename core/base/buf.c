/* SPDX-License-Identifier: MIT
 * A growing byte buffer that keeps its first error. */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->err = OK;
    if (b->data)
        b->data[0] = '\0';
}

/* Makes room for `more` bytes and the NUL after them. */
static enum err make_room(struct buf *b, size_t more)
{
    if (b->err)
        return b->err;
    if (more > b->max || b->len > b->max - more || more > SIZE_MAX - 1 - b->len)
        return b->err = ERR_TOO_BIG;
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return OK;
    size_t cap = b->cap ? b->cap : 64;
    while (cap < need)
        cap = cap > (size_t)-1 / 2 ? need : cap * 2;
    char *data = realloc(b->data, cap);
    if (!data)
        return b->err = ERR_NOMEM;
    b->data = data;
    b->cap = cap;
    return OK;
}

char *buf_reserve(struct buf *b, size_t more)
{
    return make_room(b, more) ? NULL : b->data + b->len;
}

enum err buf_add(struct buf *b, const void *data, size_t len)
{
    if (make_room(b, len))
        return b->err;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return OK;
}

enum err buf_add_text(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

enum err buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

static enum err buf_addv(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        return b->err = b->err ? b->err : ERR_SYS;
    if (make_room(b, (size_t)n))
        return b->err;
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
    return OK;
}

enum err buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    enum err err = buf_addv(b, fmt, ap);
    va_end(ap);
    return err;
}

char *buf_take(struct buf *b)
{
    if (b->err || make_room(b, 0))
        return NULL;
    char *data = b->data;
    data[b->len] = '\0';
    *b = (struct buf){.max = b->max};
    return data;
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}
