/* SPDX-License-Identifier: MIT
 * Statistics of a column. Each worker sums up the spans that it takes; the sums are merged at the end. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/table.h"
#include "core/table/parallel_for.h"
#include "core/table/values/order.h"
#include "core/table/index/walk.h"

enum { SPAN = 1024 * 1024, DISTINCT_MAX = 100 * 1000, DISTINCT_BYTES_MAX = 8 * 1024 * 1024 };

/* The least or the greatest cell so far. */
struct extreme {
    bool some;
    uint64_t order;
    struct buf natural; /* sort key of a text */
    struct buf text;
};

struct worker {
    struct table_walk *walk;
    struct statistics s;
    struct extreme least, greatest;
    struct buf natural;
    double squares; /* sum of squared differences from the mean */
    uint64_t numbers;
    struct table_set distinct;
};

struct job {
    const struct table *table;
    size_t column;
    bool text;
    struct table_progress *progress;
    pthread_mutex_t lock; /* guards `all` */
    struct worker all;
};

static void worker_init(struct worker *h)
{
    h->s.shortest = UINT64_MAX;
    buf_init(&h->least.natural, SIZE_MAX / 2);
    buf_init(&h->least.text, SIZE_MAX / 2);
    buf_init(&h->greatest.natural, SIZE_MAX / 2);
    buf_init(&h->greatest.text, SIZE_MAX / 2);
    buf_init(&h->natural, SIZE_MAX / 2);
    table_set_init(&h->distinct, DISTINCT_MAX, DISTINCT_BYTES_MAX);
}

static void worker_done(struct worker *h)
{
    buf_done(&h->least.natural);
    buf_done(&h->least.text);
    buf_done(&h->greatest.natural);
    buf_done(&h->greatest.text);
    buf_done(&h->natural);
    table_set_done(&h->distinct);
    table_walk_free(h->walk);
}

/* Keeps the greatest cell if `sign` is 1, the least if it is -1. */
static void offer(struct extreme *x, int sign, uint64_t order, const struct buf *natural, const char *text, size_t len)
{
    int more = natural->len > 0 || x->natural.len > 0
                   ? table_order_compare(natural->data, natural->len, x->natural.data, x->natural.len)
                   : (order > x->order) - (order < x->order);
    if (x->some && more * sign <= 0)
        return;
    x->some = true;
    x->order = order;
    buf_clear(&x->natural);
    buf_clear(&x->text);
    buf_add(&x->natural, natural->data, natural->len);
    buf_add(&x->text, text, len);
}

/* Welford's algorithm: one pass, without large sums of squares. */
static void add_number(struct worker *h, double v)
{
    double before = v - h->s.mean;
    h->numbers++;
    h->s.sum += v;
    h->s.mean += before / (double)h->numbers;
    h->squares += before * (v - h->s.mean);
}

static enum err add_cell(const struct job *j, struct worker *h, const struct cell *cell)
{
    uint64_t order = 0;
    double number;
    enum table_class class = cell->null ? TABLE_CLASS_NULL : TABLE_CLASS_VALUE;
    h->s.rows++;
    if (!j->text)
        class = table_order_value(j->table, j->column, cell, &order);
    h->s.nulls += class == TABLE_CLASS_NULL;
    h->s.odd += class == TABLE_CLASS_ODD;
    if (class != TABLE_CLASS_VALUE)
        return OK;
    buf_clear(&h->natural);
    if (j->text) {
        table_order_text(cell->text, cell->len, &h->natural);
        h->s.shortest = cell->len < h->s.shortest ? cell->len : h->s.shortest;
        h->s.longest = cell->len > h->s.longest ? cell->len : h->s.longest;
    } else if (table_number(j->table, j->column, cell, &number) == TABLE_CLASS_VALUE) {
        add_number(h, number);
    }
    offer(&h->least, -1, order, &h->natural, cell->text, cell->len);
    offer(&h->greatest, 1, order, &h->natural, cell->text, cell->len);
    if (h->natural.err || h->least.text.err || h->greatest.text.err)
        return ERR_NOMEM;
    return table_set_count(&h->distinct, cell->text, cell->len, 1, NULL);
}

static enum err worker_new(void *arg, void **own)
{
    struct job *j = arg;
    struct worker *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_NOMEM;
    worker_init(h);
    enum err err = table_walk_new(j->table, &j->column, 1, j->progress, &h->walk);
    if (err) {
        worker_done(h);
        free(h);
        return err;
    }
    *own = h;
    return OK;
}

static enum err look_at_span(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    struct worker *h = own;
    struct table_batch batch;
    enum err err = table_walk_begin(h->walk, table_span(j->table, SPAN, i));
    while (!err && !(err = table_walk_next(h->walk, &batch)) && batch.rows > 0)
        for (size_t k = 0; !err && k < batch.rows; k++)
            err = add_cell(j, h, &batch.cells[k]);
    return err;
}

static void add_numbers(struct worker *all, const struct worker *h)
{
    double na = (double)all->numbers, nb = (double)h->numbers, difference = h->s.mean - all->s.mean;
    if (h->numbers == 0)
        return;
    all->squares += h->squares + difference * difference * na * nb / (na + nb);
    all->s.mean += difference * nb / (na + nb);
    all->s.sum += h->s.sum;
    all->numbers += h->numbers;
}

static enum err add_worker(struct worker *all, const struct worker *h)
{
    enum err err = OK;
    all->s.rows += h->s.rows;
    all->s.nulls += h->s.nulls;
    all->s.odd += h->s.odd;
    all->s.shortest = h->s.shortest < all->s.shortest ? h->s.shortest : all->s.shortest;
    all->s.longest = h->s.longest > all->s.longest ? h->s.longest : all->s.longest;
    add_numbers(all, h);
    const struct extreme *x = &h->least, *y = &h->greatest;
    if (x->some)
        offer(&all->least, -1, x->order, &x->natural, x->text.data, x->text.len);
    if (y->some)
        offer(&all->greatest, 1, y->order, &y->natural, y->text.data, y->text.len);
    for (size_t k = 0; !err && k < h->distinct.n; k++)
        err = table_set_count(&all->distinct, table_set_text(&h->distinct, k), h->distinct.entries[k].len, 1, NULL);
    all->distinct.full |= h->distinct.full;
    return err;
}

static enum err worker_end(void *arg, void *own, enum err err)
{
    struct job *j = arg;
    struct worker *h = own;
    pthread_mutex_lock(&j->lock);
    if (!err)
        err = add_worker(&j->all, h);
    pthread_mutex_unlock(&j->lock);
    worker_done(h);
    free(h);
    return err;
}

static void take_result(struct worker *all, struct statistics *out)
{
    *out = all->s;
    out->distinct = all->distinct.n;
    out->distinct_exact = !all->distinct.full;
    out->deviation = all->numbers > 1 ? sqrt(all->squares / (double)(all->numbers - 1)) : 0;
    out->shortest = all->s.shortest == UINT64_MAX ? 0 : all->s.shortest;
    out->least = all->least.text; /* handed over */
    out->greatest = all->greatest.text;
    buf_init(&all->least.text, 0);
    buf_init(&all->greatest.text, 0);
}

enum err engine_statistics(struct engine *e, const struct table *t, size_t column, struct table_progress *progress,
                           struct statistics *out)
{
    struct job j = {.table = t, .column = column, .progress = progress};
    struct table_runner runner = engine_runner(e);
    struct table_loop loop = {
        .items = table_spans(t, SPAN), .arg = &j, .begin = worker_new, .item = look_at_span, .end = worker_end};
    *out = (struct statistics){0};
    if (column >= table_columns(t))
        return ERR_USAGE;
    j.text = table_column(t, column)->dtype == DTYPE_STR;
    worker_init(&j.all);
    pthread_mutex_init(&j.lock, NULL);
    table_progress_begin(progress, table_bytes(t));
    enum err err = table_parallel_for(&loop, &runner);
    if (!err)
        take_result(&j.all, out);
    pthread_mutex_destroy(&j.lock);
    worker_done(&j.all);
    return err;
}

void statistics_done(struct statistics *s)
{
    buf_done(&s->least);
    buf_done(&s->greatest);
    *s = (struct statistics){0};
}
