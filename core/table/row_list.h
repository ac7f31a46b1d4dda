/* SPDX-License-Identifier: MIT
 * A list of row numbers in any order, such as the result of a filter or a sort. A short list is in memory; a long one
 * is in a file without a name, so that memory stays small. Written by one thread; then any thread may read it. */
#ifndef TABLE_ROW_LIST_H
#define TABLE_ROW_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/table/rows.h"

/* A file without a name, close-on-exec, for data too large for memory; -1 and errno on error. */
int table_nameless_file(void);

struct row_list {
    uint64_t n;
    bool wide;        /* numbers of 8 bytes; else of 4 */
    int fd;           /* owned; holds the numbers before `tail`; 0: no file */
    uint64_t written; /* numbers in the file */
    void *tail;       /* owned; the numbers that are not in the file */
    size_t cap;       /* bytes of the tail */
};

/* All numbers will be less than `rows`. A zeroed struct is an empty list for numbers of 4 bytes. */
void row_list_init(struct row_list *l, uint64_t rows);
void row_list_done(struct row_list *l);
enum err row_list_add(struct row_list *l, uint64_t row) MUST_CHECK;
enum err row_list_append(struct row_list *l, const uint64_t *rows, size_t n) MUST_CHECK;

/* Makes a list of n numbers; row_list_put then sets them, in any order and from any threads (each number once). */
enum err row_list_make(struct row_list *l, uint64_t rows, uint64_t n) MUST_CHECK;
enum err row_list_put(const struct row_list *l, uint64_t at, const uint64_t *rows, size_t n) MUST_CHECK;

/* Reads the numbers at … at+n-1; ERR_USAGE if the list is shorter. */
enum err row_list_read(const struct row_list *l, uint64_t at, size_t n, uint64_t *out) MUST_CHECK;

/* An iterator over a list; initialize it as {.list = l}. */
struct row_list_walk {
    const struct row_list *list;
    uint64_t taken; /* numbers of the list read into `piece` so far */
    size_t i, n;    /* of `piece`: the next number, and how many there are */
    uint64_t piece[1024];
};
enum err row_list_walk_on(struct row_list_walk *w) MUST_CHECK; /* reads the next piece; empty at the end */

/* The next number; UINT64_MAX after the last one. */
MUST_CHECK static inline enum err row_list_next(struct row_list_walk *w, uint64_t *out)
{
    enum err err = w->i < w->n ? OK : row_list_walk_on(w);
    *out = !err && w->i < w->n ? w->piece[w->i++] : UINT64_MAX;
    return err;
}

/* row_list_share writes all numbers to the list's file; its fd, `n` and `wide` are then all that another process needs
 * for row_list_take, which takes the fd. */
enum err row_list_share(struct row_list *l) MUST_CHECK;
void row_list_take(struct row_list *l, int fd, uint64_t n, bool wide);

/* In a list in rising order, the position of the first number >= row. */
enum err row_list_find(const struct row_list *l, uint64_t row, uint64_t *out) MUST_CHECK;

/* The numbers that are in both of two lists in rising order. */
enum err row_list_both(const struct row_list *a, const struct row_list *b, struct row_list *out) MUST_CHECK;

/* Converts a list in rising order to at most this many ranges; ERR_TOO_BIG if there are more. */
enum err row_list_ranges(const struct row_list *l, size_t most, struct rows *out) MUST_CHECK;

#endif
