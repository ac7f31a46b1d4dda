/* SPDX-License-Identifier: MIT
 * JSON from a field list and back. */
#include "core/report/private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

json_t *report_json_text(const char *text)
{
    if (!text)
        return json_null();
    size_t len = strlen(text);
    if (text_is_utf8(text, len))
        return json_stringn_nocheck(text, len);
    struct buf safe;
    buf_init(&safe, len * TEXT_GLYPH_MAX + 1);
    json_t *result = text_add_safe(&safe, text, len) ? NULL : json_stringn_nocheck(buf_text(&safe), safe.len);
    buf_done(&safe);
    return result;
}

/* Takes `item`. After a failure *list is NULL. */
static void append(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item) < 0) {
        json_decref(*list);
        *list = NULL;
    }
}

static json_t *json_texts(const struct texts *t)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < t->n; i++)
        append(&list, report_json_text(t->v[i]));
    return list;
}

static json_t *json_ints(const struct ints *t)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < t->n; i++)
        append(&list, json_integer(t->v[i]));
    return list;
}

static json_t *json_field(const struct field *f, const void *at)
{
    int64_t value;
    switch (f->kind) {
    case FIELD_TEXT: return report_json_text(*(char *const *)at);
    case FIELD_TEXTS: return json_texts(at);
    case FIELD_INTS: return json_ints(at);
    case FIELD_REAL: return json_real(*(const double *)at);
    case FIELD_BOOL: return json_boolean(*(const int64_t *)at);
    case FIELD_ENUM:
        value = *(const int64_t *)at;
        for (int64_t i = 0; f->names[i]; i++)
            if (i == value)
                return json_string(f->names[i]);
        return json_null();
    default: return json_integer(*(const int64_t *)at);
    }
}

json_t *shape_new_json(const struct field *fields, const void *record)
{
    json_t *o = json_object();
    for (const struct field *f = fields; o && f->kind != FIELD_END; f++)
        if (json_object_set_new(o, f->name, json_field(f, (const char *)record + f->offset)) < 0) {
            json_decref(o);
            o = NULL;
        }
    return o;
}

static enum err read_enum(const struct field *f, const json_t *value, int64_t *out)
{
    const char *text = json_string_value(value);
    for (int64_t i = 0; text && f->names[i]; i++)
        if (strcmp(f->names[i], text) == 0) {
            *out = i;
            return OK;
        }
    return json_is_null(value) ? OK : ERR_PARSE;
}

static enum err read_texts(const json_t *value, struct texts *out)
{
    size_t i;
    json_t *item;
    enum err err = json_is_array(value) ? OK : ERR_PARSE;
    if (!err)
        json_array_foreach((json_t *)value, i, item) if (!err)
            err = json_is_string(item) ? texts_add(out, json_string_value(item)) : ERR_PARSE;
    return err;
}

static enum err read_ints(const json_t *value, struct ints *out)
{
    size_t i;
    json_t *item;
    enum err err = json_is_array(value) ? OK : ERR_PARSE;
    if (!err)
        json_array_foreach((json_t *)value, i, item) if (!err)
            err = json_is_integer(item) ? ints_add(out, json_integer_value(item)) : ERR_PARSE;
    return err;
}

static enum err read_text(const json_t *value, char **out)
{
    if (json_is_null(value))
        return OK;
    if (!json_is_string(value))
        return ERR_PARSE;
    *out = strdup(json_string_value(value));
    return *out ? OK : ERR_NOMEM;
}

static enum err read_field(const struct field *f, const json_t *value, void *at)
{
    switch (f->kind) {
    case FIELD_TEXT: return read_text(value, at);
    case FIELD_TEXTS: return read_texts(value, at);
    case FIELD_INTS: return read_ints(value, at);
    case FIELD_ENUM: return read_enum(f, value, at);
    case FIELD_REAL: *(double *)at = json_number_value(value); return json_is_number(value) ? OK : ERR_PARSE;
    case FIELD_BOOL: *(int64_t *)at = json_is_true(value); return json_is_boolean(value) ? OK : ERR_PARSE;
    default: *(int64_t *)at = json_integer_value(value); return json_is_integer(value) ? OK : ERR_PARSE;
    }
}

enum err shape_from_json(const struct field *fields, const json_t *object, void *record, const char **wrong)
{
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        const json_t *value = json_object_get(object, f->name);
        enum err err = value ? read_field(f, value, (char *)record + f->offset) : OK;
        if (err) {
            *wrong = f->name;
            shape_done(fields, record);
            return err;
        }
    }
    return OK;
}
