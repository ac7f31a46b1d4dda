/* SPDX-License-Identifier: MIT
 * A list of fields describes a struct once. Freeing, copying, the encoding between processes and JSON are all derived
 * from it. To add a field, add a line to its list (event.c, request.c). */
#ifndef EVENT_SHAPE_H
#define EVENT_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct texts {
    char **v; /* owned, each too */
    size_t n;
};

struct ints {
    int64_t *v; /* owned */
    size_t n;
};

enum field_kind {
    FIELD_END,   /* ends a list: {0} */
    FIELD_INT,   /* int64_t */
    FIELD_REAL,  /* double */
    FIELD_ENUM,  /* int64_t; JSON has names[value] */
    FIELD_BOOL,  /* int64_t; JSON has true or false */
    FIELD_TEXT,  /* char *, owned, NULL allowed */
    FIELD_TEXTS, /* struct texts */
    FIELD_INTS   /* struct ints */
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    const char *const *names; /* of FIELD_ENUM: names of the values, then NULL */
};

/* Frees what the fields own and zeroes them. */
void shape_done(const struct field *fields, void *record);

/* Makes a deep copy of the fields of `from` in `to`, which owns nothing before. On ERR_NOMEM `to` is empty. */
enum err shape_copy(const struct field *fields, const void *from, void *to) MUST_CHECK;

/* Appends the fields of `record` in binary, in order and in host byte order (both ends are on one machine). */
enum err shape_encode(const struct field *fields, const void *record, struct buf *out) MUST_CHECK;

/* Decodes a record from untrusted bytes: every length is checked. *used is how many bytes it took. `record` owns
 * nothing before; on error (ERR_PARSE, ERR_NOMEM) it is empty. */
enum err shape_decode(const struct field *fields, const void *data, size_t len, void *record, size_t *used) MUST_CHECK;

/* Append a copy to the list, which owns it. On ERR_NOMEM the list is unchanged. */
enum err texts_add(struct texts *t, const char *text) MUST_CHECK;
enum err texts_addf(struct texts *t, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
enum err ints_add(struct ints *t, int64_t value) MUST_CHECK;
void texts_done(struct texts *t);
void ints_done(struct ints *t);

/* strdup(3), but NULL for NULL. A NULL for other text means out of memory. */
char *text_dup(const char *text);

#endif
