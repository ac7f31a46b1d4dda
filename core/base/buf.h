/* SPDX-License-Identifier: MIT
 * A growing byte buffer with a ceiling given at birth: what strangers write may not eat all memory.
 * The first error sticks, so a long sequence of adds is checked once, at its end. Not thread-safe. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

#include "core/base/err.h"

struct buf {
    char *data;   /* owned; NUL-terminated whenever it is not NULL (the NUL is not counted in len) */
    size_t len;   /* bytes in use */
    size_t cap;   /* bytes allocated */
    size_t max;   /* len never passes this */
    enum err err; /* the first error; further adds do nothing */
};

/* In place; nothing is allocated yet. `max` in bytes. Pair with buf_done. */
void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);

/* Forget the content and the error, keep the memory. */
void buf_clear(struct buf *b);

/* Append. Each returns b->err: ERR_NOMEM, ERR_TOO_BIG or OK. */
enum err buf_add(struct buf *b, const void *data, size_t len);
enum err buf_add_text(struct buf *b, const char *text);
enum err buf_add_char(struct buf *b, char c);
enum err buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Make room for `more` bytes behind len and return where they start (the caller then adds to len); NULL on error. */
char *buf_reserve(struct buf *b, size_t more);

/* Hands the memory over: NUL-terminated, freed by the caller with free(); never NULL unless b->err is set.
 * The buffer is empty afterwards. */
char *buf_take(struct buf *b);

/* The text so far, "" if nothing was added; borrowed until the next add. */
const char *buf_text(const struct buf *b);

#endif
