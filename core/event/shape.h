/* SPDX-License-Identifier: MIT
 * One description of a struct's fields, from which all that must know them is derived: freeing, the wire between
 * processes, and JSON lines. A new field is one line in a table (event.c, request.c). */
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
    FIELD_END,
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
    const char *const *names; /* of FIELD_ENUM: ends with NULL */
};

/* Frees what the fields own and leaves them empty. */
void shape_done(const struct field *fields, void *record);

/* A deep copy of the fields of `from` into `to` (which owns nothing before). On ERR_NOMEM `to` is left empty. */
enum err shape_copy(const struct field *fields, const void *from, void *to) MUST_CHECK;

/* Binary, in host byte order (both ends are one machine): appends the fields of `record` in order. */
enum err shape_encode(const struct field *fields, const void *record, struct buf *out) MUST_CHECK;

/* The reverse, from a stranger's bytes: every length is checked. *used is how many bytes it took. `record` owns nothing
 * before; on error (ERR_PARSE, ERR_NOMEM) it is left empty. */
enum err shape_decode(const struct field *fields, const void *data, size_t len, void *record, size_t *used) MUST_CHECK;

/* Small helpers that own their result. texts_add copies; both keep the old list on ERR_NOMEM. */
enum err texts_add(struct texts *t, const char *text) MUST_CHECK;
enum err texts_addf(struct texts *t, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
enum err ints_add(struct ints *t, int64_t value) MUST_CHECK;
void texts_done(struct texts *t);
void ints_done(struct ints *t);

/* strdup that takes NULL for NULL, and reports through the result only: NULL means out of memory or NULL. */
char *text_dup(const char *text);

#endif
