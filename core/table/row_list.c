/* SPDX-License-Identifier: MIT
 * Row numbers of 4 or 8 bytes. The tail is in memory; when it is full, it is written to the file. */
#include "core/table/row_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"

enum {
    TAIL_MAX = 64 * 1024, /* bytes */
    PIECE = sizeof((struct row_list_walk *)0)->piece / sizeof(uint64_t)
};

static size_t width(const struct row_list *l)
{
    return l->wide ? sizeof(uint64_t) : sizeof(uint32_t);
}

void row_list_init(struct row_list *l, uint64_t rows)
{
    *l = (struct row_list){.wide = rows > UINT32_MAX};
}

void row_list_done(struct row_list *l)
{
    if (l->fd > 0)
        close(l->fd);
    free(l->tail);
    *l = (struct row_list){0};
}

/* The fd is never 0, because 0 in a zeroed list means no file. */
static enum err open_file(struct row_list *l)
{
    l->fd = table_nameless_file();
    return l->fd < 0 ? err_from_errno(errno) : OK;
}

static enum err flush(struct row_list *l)
{
    enum err err = l->fd > 0 ? OK : open_file(l);
    if (!err)
        err = io_write_at(l->fd, l->tail, (size_t)(l->n - l->written) * width(l), l->written * width(l));
    if (!err)
        l->written = l->n;
    return err;
}

enum err row_list_share(struct row_list *l)
{
    return l->fd > 0 && l->written == l->n ? OK : flush(l);
}

void row_list_take(struct row_list *l, int fd, uint64_t n, bool wide)
{
    *l = (struct row_list){.n = n, .written = n, .wide = wide, .fd = fd};
}

static enum err reserve(struct row_list *l)
{
    size_t used = (size_t)(l->n - l->written) * width(l);
    if (used < l->cap)
        return OK;
    if (l->cap == TAIL_MAX)
        return flush(l);
    size_t cap = l->cap ? l->cap * 4 : TAIL_MAX / 256;
    void *tail = realloc(l->tail, cap);
    if (!tail)
        return ERR_NOMEM;
    l->tail = tail;
    l->cap = cap;
    return OK;
}

static void store(const struct row_list *l, void *to, size_t i, uint64_t row)
{
    if (l->wide)
        ((uint64_t *)to)[i] = row;
    else
        ((uint32_t *)to)[i] = (uint32_t)row;
}

static uint64_t load(const struct row_list *l, const void *from, size_t i)
{
    return l->wide ? ((const uint64_t *)from)[i] : ((const uint32_t *)from)[i];
}

enum err row_list_add(struct row_list *l, uint64_t row)
{
    enum err err = reserve(l);
    if (err)
        return err;
    store(l, l->tail, (size_t)(l->n - l->written), row);
    l->n++;
    return OK;
}

enum err row_list_append(struct row_list *l, const uint64_t *rows, size_t n)
{
    enum err err = OK;
    for (size_t i = 0; !err && i < n; i++)
        err = row_list_add(l, rows[i]);
    return err;
}

enum err row_list_make(struct row_list *l, uint64_t rows, uint64_t n)
{
    row_list_init(l, rows);
    enum err err = open_file(l);
    if (!err && ftruncate(l->fd, (off_t)(n * width(l))) < 0)
        err = err_from_errno(errno);
    l->n = l->written = n;
    if (err)
        row_list_done(l);
    return err;
}

enum err row_list_put(const struct row_list *l, uint64_t at, const uint64_t *rows, size_t n)
{
    uint64_t piece[PIECE];
    enum err err = OK;
    for (size_t done = 0; !err && done < n;) {
        size_t k = n - done < PIECE ? n - done : PIECE;
        for (size_t i = 0; i < k; i++)
            store(l, piece, i, rows[done + i]);
        err = io_write_at(l->fd, piece, k * width(l), (at + done) * width(l));
        done += k;
    }
    return err;
}

enum err row_list_read(const struct row_list *l, uint64_t at, size_t n, uint64_t *out)
{
    uint64_t piece[PIECE];
    size_t done = 0;
    if (at > l->n || n > l->n - at)
        return ERR_USAGE;
    while (done < n && at + done < l->written) {
        size_t k = n - done < PIECE ? n - done : PIECE;
        k = l->written - at - done < k ? (size_t)(l->written - at - done) : k;
        enum err err = io_read_at(l->fd, piece, k * width(l), (at + done) * width(l));
        if (err)
            return err;
        for (size_t i = 0; i < k; i++)
            out[done + i] = load(l, piece, i);
        done += k;
    }
    for (; done < n; done++)
        out[done] = load(l, l->tail, (size_t)(at + done - l->written));
    return OK;
}

enum err row_list_find(const struct row_list *l, uint64_t row, uint64_t *out)
{
    uint64_t low = 0, high = l->n, here;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        enum err err = row_list_read(l, middle, 1, &here);
        if (err)
            return err;
        if (here < row)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return OK;
}

enum err row_list_walk_on(struct row_list_walk *w)
{
    uint64_t left = w->list->n - w->taken;
    w->i = 0;
    w->n = left < PIECE ? (size_t)left : PIECE;
    enum err err = row_list_read(w->list, w->taken, w->n, w->piece);
    if (err)
        w->n = 0;
    w->taken += w->n;
    return err;
}

enum err row_list_both(const struct row_list *a, const struct row_list *b, struct row_list *out)
{
    struct row_list_walk x = {.list = a}, y = {.list = b};
    uint64_t p, q = UINT64_MAX;
    row_list_init(out, a->wide || b->wide ? UINT64_MAX : 0);
    enum err err = row_list_next(&x, &p);
    if (!err)
        err = row_list_next(&y, &q);
    while (!err && p != UINT64_MAX && q != UINT64_MAX) {
        bool first = p <= q, second = q <= p;
        if (first && second)
            err = row_list_add(out, p);
        if (!err && first)
            err = row_list_next(&x, &p);
        if (!err && second)
            err = row_list_next(&y, &q);
    }
    if (err)
        row_list_done(out);
    return err;
}

enum err row_list_ranges(const struct row_list *l, size_t most, struct rows *out)
{
    struct row_list_walk w = {.list = l};
    uint64_t row;
    enum err err;
    while (!(err = row_list_next(&w, &row)) && row != UINT64_MAX)
        if ((err = out->n >= most ? ERR_TOO_BIG : rows_add(out, row, 1)))
            break;
    return err;
}
