/* SPDX-License-Identifier: MIT
 * Frees, copies, encodes and decodes a struct by its list of fields. */
#include "core/event/shape.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A NULL text is encoded as this length. */
static const uint32_t no_text = UINT32_MAX;

static void *place(const struct field *f, void *record)
{
    return (char *)record + f->offset;
}

static const void *look(const struct field *f, const void *record)
{
    return (const char *)record + f->offset;
}

char *text_dup(const char *text)
{
    return text ? strdup(text) : NULL;
}

void texts_done(struct texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->v[i]);
    free(t->v);
    *t = (struct texts){0};
}

void ints_done(struct ints *t)
{
    free(t->v);
    *t = (struct ints){0};
}

/* A list doubles when n is a power of two, so its capacity need not be stored. */
static bool at_power_of_two(size_t n)
{
    return (n & (n - 1)) == 0;
}

/* Appends `owned`; takes it also on error. */
static enum err texts_give(struct texts *t, char *owned)
{
    if (!owned)
        return ERR_NOMEM;
    if (at_power_of_two(t->n)) {
        char **v = realloc(t->v, (t->n ? t->n * 2 : 1) * sizeof *v);
        if (!v) {
            free(owned);
            return ERR_NOMEM;
        }
        t->v = v;
    }
    t->v[t->n++] = owned;
    return OK;
}

enum err texts_add(struct texts *t, const char *text)
{
    return texts_give(t, strdup(text));
}

enum err texts_addf(struct texts *t, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    return n < 0 ? ERR_NOMEM : texts_give(t, text);
}

enum err ints_add(struct ints *t, int64_t value)
{
    if (at_power_of_two(t->n)) {
        int64_t *v = realloc(t->v, (t->n ? t->n * 2 : 1) * sizeof *v);
        if (!v)
            return ERR_NOMEM;
        t->v = v;
    }
    t->v[t->n++] = value;
    return OK;
}

void shape_done(const struct field *fields, void *record)
{
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        switch (f->kind) {
        case FIELD_TEXT:
            free(*(char **)place(f, record));
            *(char **)place(f, record) = NULL;
            break;
        case FIELD_TEXTS: texts_done(place(f, record)); break;
        case FIELD_INTS: ints_done(place(f, record)); break;
        case FIELD_REAL: *(double *)place(f, record) = 0; break;
        default: *(int64_t *)place(f, record) = 0; break;
        }
    }
}

static void add_text(struct buf *out, const char *text)
{
    uint32_t len = text ? (uint32_t)strlen(text) : no_text;
    buf_add(out, &len, sizeof len);
    if (text)
        buf_add(out, text, len);
}

static void add_count(struct buf *out, size_t n)
{
    uint64_t count = n;
    buf_add(out, &count, sizeof count);
}

enum err shape_encode(const struct field *fields, const void *record, struct buf *out)
{
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        const void *at = look(f, record);
        switch (f->kind) {
        case FIELD_TEXT: add_text(out, *(char *const *)at); break;
        case FIELD_TEXTS: {
            const struct texts *t = at;
            add_count(out, t->n);
            for (size_t i = 0; i < t->n; i++)
                add_text(out, t->v[i]);
            break;
        }
        case FIELD_INTS: {
            const struct ints *t = at;
            add_count(out, t->n);
            buf_add(out, t->v, t->n * sizeof *t->v);
            break;
        }
        case FIELD_REAL: buf_add(out, at, sizeof(double)); break;
        default: buf_add(out, at, sizeof(int64_t)); break;
        }
    }
    return out->err;
}

/* The rest of the untrusted bytes. */
struct input {
    const char *at;
    size_t left;
};

static enum err take(struct input *in, void *out, size_t len)
{
    if (len > in->left)
        return ERR_PARSE;
    memcpy(out, in->at, len);
    in->at += len;
    in->left -= len;
    return OK;
}

static enum err take_text(struct input *in, char **out)
{
    uint32_t len;
    *out = NULL;
    if (take(in, &len, sizeof len))
        return ERR_PARSE;
    if (len == no_text)
        return OK;
    if (len > in->left)
        return ERR_PARSE;
    if (!(*out = malloc((size_t)len + 1)))
        return ERR_NOMEM;
    memcpy(*out, in->at, len);
    (*out)[len] = '\0';
    in->at += len;
    in->left -= len;
    return OK;
}

static enum err take_texts(struct input *in, struct texts *out)
{
    uint64_t n;
    if (take(in, &n, sizeof n) || n > in->left) /* each text takes at least one byte */
        return ERR_PARSE;
    for (uint64_t i = 0; i < n; i++) {
        char *text;
        enum err err = take_text(in, &text);
        if (!err)
            err = text ? texts_give(out, text) : ERR_PARSE;
        if (err)
            return err;
    }
    return OK;
}

static enum err take_ints(struct input *in, struct ints *out)
{
    uint64_t n;
    if (take(in, &n, sizeof n) || n > in->left / sizeof *out->v)
        return ERR_PARSE;
    size_t cap = 1;
    while (cap < n)
        cap *= 2; /* the capacity that ints_add assumes */
    if (n == 0)
        return OK;
    if (!(out->v = malloc(cap * sizeof *out->v)))
        return ERR_NOMEM;
    out->n = n;
    return take(in, out->v, n * sizeof *out->v);
}

static enum err take_field(const struct field *f, struct input *in, void *record)
{
    void *at = place(f, record);
    int64_t value;
    switch (f->kind) {
    case FIELD_TEXT: return take_text(in, at);
    case FIELD_TEXTS: return take_texts(in, at);
    case FIELD_INTS: return take_ints(in, at);
    case FIELD_REAL: return take(in, at, sizeof(double));
    case FIELD_ENUM:
        if (take(in, &value, sizeof value))
            return ERR_PARSE;
        for (int64_t i = 0; f->names[i]; i++)
            if (i == value) {
                *(int64_t *)at = value;
                return OK;
            }
        return ERR_PARSE;
    default: return take(in, at, sizeof(int64_t));
    }
}

enum err shape_decode(const struct field *fields, const void *data, size_t len, void *record, size_t *used)
{
    struct input in = {data, len};
    enum err err = OK;
    for (const struct field *f = fields; f->kind != FIELD_END && !err; f++)
        err = take_field(f, &in, record);
    if (err)
        shape_done(fields, record);
    *used = len - in.left;
    return err;
}

static_assert(sizeof(double) == sizeof(int64_t), "copy_field copies both alike");

static enum err copy_field(const struct field *f, const void *from, void *to)
{
    switch (f->kind) {
    case FIELD_TEXT: {
        const char *text = *(char *const *)look(f, from);
        char *copy = text_dup(text);
        *(char **)place(f, to) = copy;
        return text && !copy ? ERR_NOMEM : OK;
    }
    case FIELD_TEXTS: {
        const struct texts *t = look(f, from);
        enum err err = OK;
        for (size_t i = 0; i < t->n && !err; i++)
            err = texts_add(place(f, to), t->v[i]);
        return err;
    }
    case FIELD_INTS: {
        const struct ints *t = look(f, from);
        enum err err = OK;
        for (size_t i = 0; i < t->n && !err; i++)
            err = ints_add(place(f, to), t->v[i]);
        return err;
    }
    default: memcpy(place(f, to), look(f, from), sizeof(int64_t)); return OK;
    }
}

enum err shape_copy(const struct field *fields, const void *from, void *to)
{
    enum err err = OK;
    for (const struct field *f = fields; f->kind != FIELD_END && !err; f++)
        err = copy_field(f, from, to);
    if (err)
        shape_done(fields, to);
    return err;
}
