/* SPDX-License-Identifier: MIT
 * Finds rows: by hits if matching rows contain the text as raw bytes, else by a walk. Workers search spans of the
 * table; the rows of a span are appended to the result as soon as all spans before it are done. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/engine/match.h"
#include "core/engine/table.h"
#include "core/table/parallel_for.h"
#include "core/table/index/walk.h"

enum { SPAN = 1024 * 1024 }; /* bytes */

struct found {
    uint64_t *rows; /* owned */
    size_t n, cap;
    bool done;
};

struct job {
    const struct table *table;
    struct match match;
    struct table_progress *progress;
    enum err (*take)(struct job *j, struct found *found, size_t span, uint64_t row, bool *enough);

    pthread_mutex_t lock; /* guards the next three lines; never held while rows are read */
    struct found *spans;  /* the result of each span, until it is appended to `out` */
    size_t n, given;      /* given: how many spans are appended */
    struct row_list *out;

    uint64_t from; /* where engine_find_next starts */
    bool backwards;
    size_t first_span;
    atomic_size_t best; /* the first item that found a row */
    uint64_t *rows;     /* the row that each item found */
};

/* The resources of a worker. */
struct worker {
    struct matcher matcher;
    struct table_walk *walk;
    struct table_hits *hits;
};

static enum err worker_end(void *arg, void *own, enum err err)
{
    struct worker *h = own;
    (void)arg;
    matcher_done(&h->matcher);
    table_walk_free(h->walk);
    table_hits_free(h->hits);
    free(h);
    return err;
}

static enum err worker_new(void *arg, void **own)
{
    struct job *j = arg;
    const struct find *f = j->match.find;
    struct worker *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_NOMEM;
    struct table_hits_options o = {.text = f->text,
                                   .len = f->len,
                                   .any_case = f->any_case && f->what == FIND_PART,
                                   .whole_cell = f->what != FIND_PART,
                                   .cells = !j->match.sure,
                                   .progress = j->progress};
    enum err err = matcher_init(&h->matcher, &j->match);
    if (!err && j->match.raw)
        err = table_hits_new(j->table, &o, &h->hits);
    else if (!err)
        err = table_walk_new(j->table, f->column == FIND_ANY_COLUMN ? NULL : &f->column, 1, j->progress, &h->walk);
    if (err)
        return worker_end(j, h, err);
    *own = h;
    return OK;
}

/* A pattern may take long for a single cell, so the progress is checked at each row. */
static enum err go_on(const struct job *j)
{
    return j->match.pattern != NULL && table_progress_stopped(j->progress) ? ERR_CANCELLED : OK;
}

/* Asks the matcher about a hit. A hit without cells is certain to match. */
static enum err ask_row(struct worker *h, const struct row *row, size_t column, bool *out)
{
    *out = true;
    if (!row->cells)
        return OK;
    if (column == FIND_ANY_COLUMN)
        return matcher_ask(&h->matcher, row->cells, row->ncells, out);
    return matcher_ask(&h->matcher, &row->cells[column], 1, out);
}

static enum err find_by_hits(struct job *j, struct worker *h, size_t span, struct table_span where, struct found *found)
{
    const struct row *row;
    bool yes, enough = false;
    enum err err = table_hits_begin(h->hits, where);
    while (!err && !enough) {
        err = table_hits_next(h->hits, &row);
        if (err || !row)
            break;
        err = ask_row(h, row, j->match.find->column, &yes);
        if (!err && yes)
            err = j->take(j, found, span, row->number, &enough);
    }
    return err;
}

static enum err find_by_walk(struct job *j, struct worker *h, size_t span, struct table_span where, struct found *found)
{
    struct table_batch batch;
    bool yes, enough = false;
    enum err err = table_walk_begin(h->walk, where);
    while (!err && !enough) {
        err = table_walk_next(h->walk, &batch);
        if (err || batch.rows == 0)
            break;
        for (size_t i = 0; !err && !enough && i < batch.rows; i++) {
            if ((err = go_on(j)))
                break;
            err = matcher_ask(&h->matcher, batch.cells + i * batch.width, batch.width, &yes);
            if (!err && yes)
                err = j->take(j, found, span, batch.row + i, &enough);
        }
    }
    return err;
}

static enum err find_in(struct job *j, struct worker *h, size_t item, size_t span, struct found *found)
{
    struct table_span where = table_span(j->table, SPAN, span);
    return h->hits ? find_by_hits(j, h, item, where, found) : find_by_walk(j, h, item, where, found);
}

/* --- all rows --- */

static enum err keep_row(struct job *j, struct found *found, size_t span, uint64_t row, bool *enough)
{
    (void)j, (void)span, (void)enough;
    if (found->n == found->cap) {
        size_t cap = found->cap ? found->cap * 2 : 64;
        uint64_t *rows = reallocarray(found->rows, cap, sizeof *rows);
        if (!rows)
            return ERR_NOMEM;
        found->rows = rows;
        found->cap = cap;
    }
    found->rows[found->n++] = row;
    return OK;
}

static void found_done(struct found *f)
{
    free(f->rows);
    *f = (struct found){0};
}

/* Appends the results of all spans up to the first that is not done. */
static enum err give_found(struct job *j, size_t span, const struct found *found)
{
    enum err err = OK;
    pthread_mutex_lock(&j->lock);
    j->spans[span] = *found;
    j->spans[span].done = true;
    while (!err && j->given < j->n && j->spans[j->given].done) {
        struct found *next = &j->spans[j->given++];
        err = row_list_append(j->out, next->rows, next->n);
        found_done(next);
    }
    pthread_mutex_unlock(&j->lock);
    return err;
}

static enum err find_span(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    struct found found = {0};
    enum err err = find_in(j, own, i, i, &found);
    if (!err)
        return give_found(j, i, &found);
    found_done(&found);
    return err;
}

static enum err run(struct engine *e, struct job *j, size_t items, enum err (*item)(void *, void *, size_t))
{
    struct table_runner runner = engine_runner(e);
    struct table_loop loop = {.items = items, .arg = j, .begin = worker_new, .item = item, .end = worker_end};
    return table_parallel_for(&loop, &runner);
}

enum err engine_find(struct engine *e, const struct table *t, const struct find *f, struct table_progress *progress,
                     struct row_list *out, struct problem *problem)
{
    struct job j = {.table = t, .progress = progress, .take = keep_row, .n = table_spans(t, SPAN), .out = out};
    row_list_init(out, table_rows(t));
    enum err err = match_init(&j.match, t, f, problem);
    if (err)
        return err;
    table_progress_begin(progress, table_bytes(t));
    pthread_mutex_init(&j.lock, NULL);
    j.spans = calloc(j.n, sizeof *j.spans);
    err = j.spans ? run(e, &j, j.n, find_span) : ERR_NOMEM;
    for (size_t i = 0; j.spans && i < j.n; i++)
        found_done(&j.spans[i]);
    free(j.spans);
    pthread_mutex_destroy(&j.lock);
    match_done(&j.match);
    if (err)
        row_list_done(out);
    return err;
}

/* --- the next row --- */

static enum err choose_row(struct job *j, struct found *found, size_t item, uint64_t row, bool *enough)
{
    if (j->backwards ? row > j->from : row < j->from)
        return OK;
    j->rows[item] = row;
    found->n = 1;
    *enough = !j->backwards;
    return OK;
}

/* Items are spans in the direction of the search. Those after one that found a row are skipped. */
static enum err seek_span(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    struct found found = {0};
    if (i > atomic_load(&j->best))
        return OK;
    enum err err = find_in(j, own, i, j->backwards ? j->first_span - i : j->first_span + i, &found);
    size_t best = atomic_load(&j->best);
    while (found.n > 0 && i < best && !atomic_compare_exchange_weak(&j->best, &best, i))
        continue;
    return err;
}

enum err engine_find_next(struct engine *e, const struct table *t, const struct find *f, uint64_t from, bool backwards,
                          struct table_progress *progress, uint64_t *out, struct problem *problem)
{
    struct job j = {
        .table = t, .progress = progress, .take = choose_row, .from = from, .backwards = backwards, .best = SIZE_MAX};
    *out = UINT64_MAX;
    if (backwards && from >= table_rows(t))
        j.from = from = table_rows(t) ? table_rows(t) - 1 : 0;
    j.first_span = table_span_of(t, SPAN, from);
    size_t items = backwards ? j.first_span + 1 : table_spans(t, SPAN) - j.first_span;
    enum err err = match_init(&j.match, t, f, problem);
    if (err)
        return err;
    table_progress_begin(progress, table_bytes(t));
    j.rows = calloc(items, sizeof *j.rows);
    err = j.rows ? run(e, &j, items, seek_span) : ERR_NOMEM;
    if (!err && j.best != SIZE_MAX)
        *out = j.rows[j.best];
    free(j.rows);
    match_done(&j.match);
    return err;
}
