/* SPDX-License-Identifier: MIT
 * Writes a record as one line of JSON, straight into a buffer: recording a run of a million tasks must not slow it
 * down. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/report/private.h"

static void add_int(struct buf *out, int64_t value)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    buf_add(out, at, (size_t)(digits + sizeof digits - at));
}

/* The number has a point or an exponent, so that it is read back as a real number. */
static void add_real(struct buf *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        buf_add_text(out, "null");
        return;
    }
    snprintf(text, sizeof text, "%.9g", value);
    buf_add_text(out, text);
    if (!strpbrk(text, ".e"))
        buf_add_text(out, ".0");
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text == '"' || *text == '\\' || *text == 0x7f)
            return false;
    return true;
}

/* Most texts are plain; jansson(3) writes the others. */
static void add_text(struct buf *out, const char *text)
{
    if (text && is_plain(text)) {
        buf_add_char(out, '"');
        buf_add_text(out, text);
        buf_add_char(out, '"');
        return;
    }
    json_t *value = report_json_text(text);
    char *dumped = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    buf_add_text(out, dumped ? dumped : "null");
    if (!dumped && !out->err)
        out->err = ERR_NOMEM;
    free(dumped);
    json_decref(value);
}

static void add_ints(struct buf *out, const struct ints *t)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < t->n; i++) {
        if (i)
            buf_add_char(out, ',');
        add_int(out, t->v[i]);
    }
    buf_add_char(out, ']');
}

static void add_texts(struct buf *out, const struct texts *t)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < t->n; i++) {
        if (i)
            buf_add_char(out, ',');
        add_text(out, t->v[i]);
    }
    buf_add_char(out, ']');
}

static void add_enum(struct buf *out, const char *const *names, int64_t value)
{
    for (int64_t i = 0; names[i]; i++)
        if (i == value) {
            add_text(out, names[i]);
            return;
        }
    buf_add_text(out, "null");
}

static void add_field(struct buf *out, const struct field *f, const void *at)
{
    switch (f->kind) {
    case FIELD_TEXT: add_text(out, *(char *const *)at); break;
    case FIELD_TEXTS: add_texts(out, at); break;
    case FIELD_INTS: add_ints(out, at); break;
    case FIELD_REAL: add_real(out, *(const double *)at); break;
    case FIELD_BOOL: buf_add_text(out, *(const int64_t *)at ? "true" : "false"); break;
    case FIELD_ENUM: add_enum(out, f->names, *(const int64_t *)at); break;
    default: add_int(out, *(const int64_t *)at); break;
    }
}

enum err report_add_line(struct buf *out, double time, const char *event, const struct field *fields,
                         const void *record)
{
    buf_add_text(out, "{\"t\":");
    add_real(out, time);
    buf_add_text(out, ",\"event\":");
    add_text(out, event);
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        buf_add_text(out, ",\"");
        buf_add_text(out, f->name);
        buf_add_text(out, "\":");
        add_field(out, f, (const char *)record + f->offset);
    }
    return buf_add_text(out, "}\n");
}
