/* SPDX-License-Identifier: MIT
 * Sorts a table: each row becomes a key and its number. A number is its own key. Distinct texts are numbered in their
 * order, and these numbers are the keys; if there are too many, sort_text.c sorts them. */
#include "core/engine/sort.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/table/parallel_for.h"
#include "core/table/index/walk.h"

enum { SPAN = 1024 * 1024, RUN = 512 * 1024, RANKS_MAX = 100 * 1000 }; /* bytes; items; distinct texts */

struct job {
    const struct table *table;
    size_t column;
    bool descending;
    struct table_progress *progress;
    const struct table_set *texts; /* NULL: keys are values */
    const uint32_t *ranks;         /* of each text: its number in their order */
    pthread_mutex_t lock;          /* guards the runs */
    struct sort_runs runs;
};

/* The resources of a worker. */
struct worker {
    struct table_walk *walk;
    struct sort_item *items, *spare; /* RUN of each */
    size_t n;
};

static enum err flush(struct job *j, struct worker *h)
{
    if (h->n == 0)
        return OK;
    sort_items(h->items, h->spare, h->n);
    pthread_mutex_lock(&j->lock);
    enum err err = sort_runs_add(&j->runs, h->items, h->n);
    pthread_mutex_unlock(&j->lock);
    h->n = 0;
    return err;
}

static void worker_done(struct worker *h)
{
    table_walk_free(h->walk);
    free(h->items);
    free(h->spare);
    free(h);
}

static enum err worker_new(void *arg, void **own)
{
    struct job *j = arg;
    struct worker *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_NOMEM;
    uint64_t rows = table_rows(j->table);
    size_t n = rows < RUN ? (size_t)rows + 1 : RUN;
    h->items = malloc(n * sizeof *h->items);
    h->spare = malloc(n * sizeof *h->spare);
    enum err err = h->items != NULL && h->spare ? OK : ERR_NOMEM;
    if (!err)
        err = table_walk_new(j->table, &j->column, 1, j->progress, &h->walk);
    if (err)
        worker_done(h);
    else
        *own = h;
    return err;
}

static struct sort_item item_of(const struct job *j, const struct cell *cell, size_t text, uint64_t row)
{
    uint64_t key = 0;
    enum table_class class = cell->null ? TABLE_CLASS_NULL : TABLE_CLASS_VALUE;
    if (!j->texts)
        class = table_order_value(j->table, j->column, cell, &key);
    else if (text != SIZE_MAX)
        key = j->ranks[text];
    if (j->descending && class == TABLE_CLASS_VALUE)
        key = ~key;
    return (struct sort_item){key, sort_row(row, class)};
}

static enum err take_batch(struct job *j, struct worker *h, const struct table_batch *batch)
{
    size_t texts[TABLE_BATCH_ROWS];
    enum err err = OK;
    if (j->texts)
        table_set_find_cells(j->texts, batch->cells, batch->rows, texts);
    for (size_t k = 0; !err && k < batch->rows; k++) {
        h->items[h->n++] = item_of(j, &batch->cells[k], j->texts ? texts[k] : SIZE_MAX, batch->row + k);
        if (h->n == RUN)
            err = flush(j, h);
    }
    return err;
}

static enum err key_span(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    struct worker *h = own;
    struct table_batch batch;
    enum err err = table_walk_begin(h->walk, table_span(j->table, SPAN, i));
    while (!err && !(err = table_walk_next(h->walk, &batch)) && batch.rows > 0)
        err = take_batch(j, h, &batch);
    return err;
}

/* Makes a run of the remaining items. */
static enum err worker_end(void *arg, void *own, enum err err)
{
    struct worker *h = own;
    if (!err)
        err = flush(arg, h);
    worker_done(h);
    return err;
}

static enum err sort_by_keys(struct engine *e, struct job *j, struct row_list *out)
{
    struct table_runner runner = engine_runner(e);
    struct table_loop loop = {
        .items = table_spans(j->table, SPAN), .arg = j, .begin = worker_new, .item = key_span, .end = worker_end};
    enum err err = sort_runs_init(&j->runs);
    if (err)
        return err;
    pthread_mutex_init(&j->lock, NULL);
    table_progress_begin(j->progress, table_bytes(j->table));
    err = table_parallel_for(&loop, &runner);
    if (!err && j->runs.items != table_rows(j->table))
        err = ERR_CHANGED;
    if (!err)
        err = sort_merge(e, &j->runs, table_rows(j->table), j->progress, out);
    pthread_mutex_destroy(&j->lock);
    sort_runs_done(&j->runs);
    return err;
}

/* --- texts by number --- */

struct named {
    struct buf natural;
    uint32_t at;
};

static int compare_named(const void *a, const void *b)
{
    const struct buf *x = &((const struct named *)a)->natural, *y = &((const struct named *)b)->natural;
    return table_order_compare(x->data, x->len, y->data, y->len);
}

static enum err rank_texts(const struct table_set *texts, uint32_t *ranks)
{
    struct named *named = calloc(texts->n + 1, sizeof *named);
    enum err err = named ? OK : ERR_NOMEM;
    for (size_t i = 0; !err && i < texts->n; i++) {
        named[i].at = (uint32_t)i;
        buf_init(&named[i].natural, SIZE_MAX / 2);
        err = table_order_text(table_set_text(texts, i), texts->entries[i].len, &named[i].natural);
    }
    if (!err)
        qsort(named, texts->n, sizeof *named, compare_named);
    for (size_t i = 0; named && i < texts->n; i++) {
        if (!err)
            ranks[named[i].at] = (uint32_t)i;
        buf_done(&named[i].natural);
    }
    free(named);
    return err;
}

static enum err sort_by_rank(struct engine *e, struct job *j, const struct frequency *f, struct row_list *out)
{
    uint32_t *ranks = malloc((f->texts.n + 1) * sizeof *ranks);
    enum err err = ranks ? rank_texts(&f->texts, ranks) : ERR_NOMEM;
    j->texts = &f->texts;
    j->ranks = ranks;
    if (!err)
        err = sort_by_keys(e, j, out);
    free(ranks);
    return err;
}

enum err engine_sort(struct engine *e, const struct table *t, size_t column, bool descending,
                     struct table_progress *progress, struct row_list *out)
{
    struct job j = {.table = t, .column = column, .descending = descending, .progress = progress};
    struct frequency f;
    *out = (struct row_list){0};
    if (column >= table_columns(t) || table_rows(t) >> 62 != 0)
        return ERR_USAGE;
    if (table_column(t, column)->dtype != DTYPE_STR)
        return sort_by_keys(e, &j, out);
    enum err err = frequency_of_few(e, t, column, RANKS_MAX, progress, &f);
    if (err)
        return err;
    err = f.complete ? sort_by_rank(e, &j, &f, out) : OK;
    bool many = !f.complete;
    frequency_done(&f);
    return many ? sort_by_text(e, t, column, descending, progress, out) : err;
}
