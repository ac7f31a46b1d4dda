/* SPDX-License-Identifier: MIT
 * A growing byte buffer with a maximum size, so that untrusted input cannot use up all memory. The first error is kept:
 * a long sequence of adds is checked once, at its end. Not thread-safe. */
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

/* Nothing is allocated yet. `max` is in bytes. buf_done frees the memory. */
void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);

/* Empties the buffer and clears its error; the memory is kept. */
void buf_clear(struct buf *b);

/* Each appends and returns b->err: ERR_NOMEM, ERR_TOO_BIG or OK. */
enum err buf_add(struct buf *b, const void *data, size_t len);
enum err buf_add_text(struct buf *b, const char *text);
enum err buf_add_char(struct buf *b, char c);
enum err buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Makes room for `more` bytes after len and returns where they start; the caller then adds to len. NULL on error. */
char *buf_reserve(struct buf *b, size_t more);

/* Hands over the content as NUL-terminated text, which the caller frees with free(). NULL only if b->err is set.
 * The buffer is empty afterwards. */
char *buf_take(struct buf *b);

/* The text so far, "" if nothing was added; borrowed until the next add. */
const char *buf_text(const struct buf *b);

#endif
