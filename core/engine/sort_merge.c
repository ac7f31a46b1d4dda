/* SPDX-License-Identifier: MIT
 * Merges the runs in parallel. Sampled items divide the sorted order into shares. A share is a part of every run; one
 * worker merges it, and knows the position of its rows in the result. */
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/engine/sort.h"
#include "core/table/parallel_for.h"
#include "core/table/index/walk.h"

enum { AHEAD = 1024, SAMPLES = 32, SHARES_PER_THREAD = 2, OUT = 4096 }; /* items */

/* The part of one run in a share, read a piece at a time. */
struct stream {
    uint64_t at, end;        /* items in the file that are not read yet */
    struct sort_item *piece; /* AHEAD of them */
    size_t i, n;
};

struct share {
    struct stream *streams; /* those that have items left; a heap, the least first */
    size_t n;
    struct sort_item *pieces;
};

struct job {
    const struct sort_runs *runs;
    struct row_list *out;
    struct table_progress *progress;
    struct sort_item *cuts; /* the items at which shares begin, except the first */
    size_t nshares;
};

static enum err item_at(const struct sort_runs *r, uint64_t i, struct sort_item *out)
{
    return io_read_at(r->fd, out, sizeof *out, i * sizeof *out);
}

/* The first item of a run that is not before `cut`. */
static enum err find_cut(const struct sort_runs *r, const struct sort_run *run, const struct sort_item *cut,
                         uint64_t *out)
{
    uint64_t low = run->first, high = run->first + run->n;
    struct sort_item item;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        enum err err = item_at(r, middle, &item);
        if (err)
            return err;
        if (sort_before(&item, cut))
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return OK;
}

static enum err share_of_run(const struct job *j, size_t share, const struct sort_run *run, uint64_t *begin,
                             uint64_t *end)
{
    enum err err = OK;
    *begin = run->first;
    *end = run->first + run->n;
    if (share > 0)
        err = find_cut(j->runs, run, &j->cuts[share - 1], begin);
    if (!err && share + 1 < j->nshares)
        err = find_cut(j->runs, run, &j->cuts[share], end);
    return err;
}

static enum err refill(const struct job *j, struct stream *s)
{
    s->n = s->end - s->at < AHEAD ? (size_t)(s->end - s->at) : AHEAD;
    s->i = 0;
    if (s->n == 0)
        return OK;
    enum err err = io_read_at(j->runs->fd, s->piece, s->n * sizeof *s->piece, s->at * sizeof *s->piece);
    s->at += s->n;
    return err;
}

static bool stream_before(const struct stream *a, const struct stream *b)
{
    return sort_before(&a->piece[a->i], &b->piece[b->i]);
}

static void sink(struct share *s, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < s->n && stream_before(&s->streams[child], &s->streams[least]))
                least = child;
        if (least == i)
            return;
        struct stream other = s->streams[i];
        s->streams[i] = s->streams[least];
        s->streams[least] = other;
        i = least;
    }
}

/* *place is how many items of all runs precede this share. */
static enum err share_init(const struct job *j, size_t i, struct share *s, uint64_t *place)
{
    const struct sort_runs *r = j->runs;
    enum err err = OK;
    *place = 0;
    *s = (struct share){.streams = calloc(r->n, sizeof *s->streams)};
    s->pieces = malloc(r->n * AHEAD * sizeof *s->pieces);
    if (!s->streams || !s->pieces)
        return ERR_NOMEM;
    for (size_t k = 0; !err && k < r->n; k++) {
        struct stream *one = &s->streams[s->n];
        one->piece = s->pieces + s->n * AHEAD;
        err = share_of_run(j, i, &r->runs[k], &one->at, &one->end);
        *place += one->at - r->runs[k].first;
        if (!err && one->at < one->end) {
            err = refill(j, one);
            s->n++;
        }
    }
    for (size_t k = s->n; !err && k-- > 0;)
        sink(s, k);
    return err;
}

static void share_done(struct share *s)
{
    free(s->streams);
    free(s->pieces);
}

/* Takes items of the first stream while they precede those of all other streams; the least of these is one of the two
 * children of the first in the heap. */
static enum err drain(const struct job *j, struct share *s, uint64_t *rows, size_t *n)
{
    struct stream *first = &s->streams[0], *next = s->n > 1 ? &s->streams[1] : NULL;
    if (s->n > 2 && stream_before(&s->streams[2], next))
        next = &s->streams[2];
    while (first->i < first->n && *n < OUT) {
        const struct sort_item *item = &first->piece[first->i];
        if (next && sort_before(&next->piece[next->i], item))
            break;
        rows[(*n)++] = item->row & (UINT64_MAX >> 2);
        first->i++;
    }
    enum err err = first->i == first->n ? refill(j, first) : OK;
    if (first->n == 0)
        s->streams[0] = s->streams[--s->n];
    if (!err && s->n > 0)
        sink(s, 0);
    return err;
}

static enum err merge_share(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    uint64_t *rows = own, place;
    struct share s;
    enum err err = share_init(j, i, &s, &place);
    while (!err && s.n > 0) {
        size_t n = 0;
        while (!err && s.n > 0 && n < OUT)
            err = drain(j, &s, rows, &n);
        if (!err)
            err = row_list_put(j->out, place, rows, n);
        if (!err && table_progress_stopped(j->progress))
            err = ERR_CANCELLED;
        place += n;
    }
    share_done(&s);
    return err;
}

static enum err begin_worker(void *arg, void **own)
{
    (void)arg;
    *own = malloc(OUT * sizeof(uint64_t));
    return *own ? OK : ERR_NOMEM;
}

static enum err end_worker(void *arg, void *own, enum err err)
{
    (void)arg;
    free(own);
    return err;
}

static int compare_items(const void *a, const void *b)
{
    return sort_before(a, b) ? -1 : sort_before(b, a);
}

/* Samples items of all runs, sorts them, and cuts them into parts of equal size. */
static enum err choose_cuts(struct job *j, size_t shares)
{
    const struct sort_runs *r = j->runs;
    enum err err = OK;
    size_t n = 0;
    struct sort_item *samples = malloc((r->n * SAMPLES + 1) * sizeof *samples);
    j->cuts = calloc(shares, sizeof *j->cuts);
    if (!samples || !j->cuts)
        err = ERR_NOMEM;
    for (size_t k = 0; !err && k < r->n; k++)
        for (uint64_t i = 0; !err && i < SAMPLES && i < r->runs[k].n; i++)
            err = item_at(r, r->runs[k].first + r->runs[k].n * i / SAMPLES, &samples[n++]);
    if (!err) {
        qsort(samples, n, sizeof *samples, compare_items);
        j->nshares = shares < n ? shares : n;
        for (size_t i = 1; i < j->nshares; i++)
            j->cuts[i - 1] = samples[n * i / j->nshares];
    }
    free(samples);
    return err;
}

enum err sort_merge(struct engine *e, const struct sort_runs *runs, uint64_t rows, struct table_progress *progress,
                    struct row_list *out)
{
    struct job j = {.runs = runs, .out = out, .progress = progress};
    struct table_runner runner = engine_runner(e);
    enum err err = row_list_make(out, rows, runs->items);
    if (!err && runs->n > 0)
        err = choose_cuts(&j, (size_t)engine_threads(e) * SHARES_PER_THREAD);
    struct table_loop loop = {
        .items = j.nshares, .arg = &j, .begin = begin_worker, .item = merge_share, .end = end_worker};
    if (!err)
        err = table_parallel_for(&loop, &runner);
    free(j.cuts);
    if (err)
        row_list_done(out);
    return err;
}
