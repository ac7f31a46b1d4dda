/* SPDX-License-Identifier: MIT
 * A list of row numbers in any order: what a filter finds, what a sort makes. A short one lies in memory, a long one in
 * a file without a name, so that its length does not count. Written by one thread; then read by any. */
#ifndef TABLE_ROW_LIST_H
#define TABLE_ROW_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/table/rows.h"

/* A file without a name, close-on-exec, for what is too large for memory; -1 and errno. */
int table_nameless_file(void);

struct row_list {
    uint64_t n;
    bool wide;        /* numbers of 8 bytes; else of 4 */
    int fd;           /* owned; the numbers before `tail`; 0: there is no file */
    uint64_t written; /* numbers in the file */
    void *tail;       /* owned; the others */
    size_t cap;       /* bytes of the tail */
};

/* `rows`: every number is less. A zeroed struct is an empty list of small numbers. */
void row_list_init(struct row_list *l, uint64_t rows);
void row_list_done(struct row_list *l);
enum err row_list_add(struct row_list *l, uint64_t row) MUST_CHECK;
enum err row_list_append(struct row_list *l, const uint64_t *rows, size_t n) MUST_CHECK;

/* A list of n numbers that are then put in any order, by any threads (each place by one). */
enum err row_list_make(struct row_list *l, uint64_t rows, uint64_t n) MUST_CHECK;
enum err row_list_put(const struct row_list *l, uint64_t at, const uint64_t *rows, size_t n) MUST_CHECK;

/* The numbers at … at+n-1, all of them below l->n. */
enum err row_list_read(const struct row_list *l, uint64_t at, size_t n, uint64_t *out) MUST_CHECK;

/* A walk over a list from its first number to its last; begins as {.list = l}. */
struct row_list_walk {
    const struct row_list *list;
    uint64_t read; /* numbers of it that are, or were, in `piece` */
    size_t i, n;   /* of `piece`: the next one, and how many there are */
    uint64_t piece[1024];
};
enum err row_list_walk_on(struct row_list_walk *w) MUST_CHECK; /* the next piece; empty behind the last */

/* The next number; UINT64_MAX behind the last one. */
MUST_CHECK static inline enum err row_list_next(struct row_list_walk *w, uint64_t *out)
{
    enum err err = w->i < w->n ? OK : row_list_walk_on(w);
    *out = !err && w->i < w->n ? w->piece[w->i++] : UINT64_MAX;
    return err;
}

/* Puts all numbers into its file, so that its fd with `n` and `wide` is all that another process needs; and a list of
 * such a file. Takes the fd. */
enum err row_list_share(struct row_list *l) MUST_CHECK;
void row_list_take(struct row_list *l, int fd, uint64_t n, bool wide);

/* Where `row` is in a list that rises: the first place with a number >= row. */
enum err row_list_find(const struct row_list *l, uint64_t row, uint64_t *out) MUST_CHECK;

/* Both of two rising lists: filters in view together. */
enum err row_list_both(const struct row_list *a, const struct row_list *b, struct row_list *out) MUST_CHECK;

/* A rising list as ranges, at most so many (ERR_TOO_BIG). */
enum err row_list_ranges(const struct row_list *l, size_t most, struct rows *out) MUST_CHECK;

#endif
