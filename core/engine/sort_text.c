/* SPDX-License-Identifier: MIT
 * Sorts by a column of many distinct texts. A run has distinct texts in natural order, each with its rows. Runs are
 * written to a file without a name and merged by one thread. So a text that occurs often is compared once in a run, not
 * once for each row. The first eight bytes of a text are compared as a number, and the rest only if these are equal. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/engine/sort.h"
#include "core/table/parallel_for.h"
#include "core/table/index/walk.h"

enum {
    SPAN = 1024 * 1024,
    ROWS = 128 * 1024,       /* in a run at most */
    BYTES = 4 * 1024 * 1024, /* of the distinct texts in a run at most */
    AHEAD = 32 * 1024,       /* bytes of a run that the merge reads at once */
    PREFIX = 8,
};
#define NULLS UINT32_MAX /* in place of the number of a text */

/* In the file it is followed by its text and its rows in rising order. */
struct group {
    uint64_t class, len, count;
};

struct run {
    uint64_t begin, end; /* bytes in the file */
};

struct job {
    const struct table *table;
    size_t column;
    bool descending;
    struct table_progress *progress;
    pthread_mutex_t lock; /* guards the rest */
    int fd;
    struct run *runs;
    size_t n, cap;
    uint64_t end, rows;
};

/* A distinct text: where its sort key is in `natural`, and where its rows are in `sorted`. */
struct text {
    size_t at, len;
    uint32_t first, count;
};

/* The resources of a worker. */
struct worker {
    const struct job *job;
    struct table_walk *walk;
    struct table_set set;    /* the run's distinct texts */
    uint64_t *rows, *sorted; /* in file order; grouped by text */
    uint32_t *of;            /* the number of each row's text */
    size_t n, nulls;
    struct sort_item *items, *spare; /* distinct texts; `key` has their first bytes, `row` their number */
    struct text *texts;
    struct buf natural;
};

static uint64_t prefix_of(const char *text, size_t len)
{
    unsigned char bytes[PREFIX] = {0};
    uint64_t key = 0;
    memcpy(bytes, text, len < PREFIX ? len : PREFIX);
    for (int i = 0; i < PREFIX; i++)
        key = key << 8 | bytes[i];
    return key;
}

/* Compares the sort keys of two texts with the same prefix. */
static int compare_items(const void *a, const void *b, void *arg)
{
    const struct worker *h = arg;
    const struct text *x = &h->texts[((const struct sort_item *)a)->row];
    const struct text *y = &h->texts[((const struct sort_item *)b)->row];
    const char *bytes = buf_text(&h->natural);
    int order = table_order_compare(bytes + x->at, x->len, bytes + y->at, y->len);
    return h->job->descending ? -order : order;
}

static void sort_texts(struct worker *h)
{
    size_t n = h->set.n;
    sort_items(h->items, h->spare, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && h->items[to].key == h->items[from].key;)
            to++;
        if (to - from > 1)
            qsort_r(&h->items[from], to - from, sizeof *h->items, compare_items, h);
    }
}

static enum err order_texts(struct worker *h)
{
    enum err err = OK;
    buf_clear(&h->natural);
    for (size_t i = 0; !err && i < h->set.n; i++) {
        size_t at = h->natural.len;
        err = table_order_text(table_set_text(&h->set, i), h->set.entries[i].len, &h->natural);
        h->texts[i] = (struct text){.at = at, .len = h->natural.len - at};
    }
    for (size_t i = 0; !err && i < h->set.n; i++) {
        uint64_t key = prefix_of(buf_text(&h->natural) + h->texts[i].at, h->texts[i].len);
        h->items[i] = (struct sort_item){h->job->descending ? ~key : key, i};
    }
    if (!err)
        sort_texts(h);
    return err;
}

/* Groups the rows by their texts, in file order within each. */
static void gather_rows(struct worker *h)
{
    uint32_t first = (uint32_t)h->nulls, null = 0;
    for (size_t i = 0; i < h->n; i++)
        if (h->of[i] != NULLS)
            h->texts[h->of[i]].count++;
    for (size_t i = 0; i < h->set.n; i++) {
        struct text *t = &h->texts[i];
        t->first = first;
        first += t->count;
        t->count = 0;
    }
    for (size_t i = 0; i < h->n; i++) {
        struct text *t = h->of[i] != NULLS ? &h->texts[h->of[i]] : NULL;
        h->sorted[t != NULL ? t->first + t->count++ : null++] = h->rows[i];
    }
}

static void add_group(struct worker *h, struct buf *all, enum table_class class, const struct text *t)
{
    struct group g = {class, t->len, t->count};
    buf_add(all, &g, sizeof g);
    buf_add(all, buf_text(&h->natural) + t->at, t->len);
    buf_add(all, h->sorted + t->first, t->count * sizeof *h->sorted);
}

static enum err add_run(struct job *j, const struct buf *all, size_t rows)
{
    enum err err = OK;
    pthread_mutex_lock(&j->lock);
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 64;
        struct run *runs = reallocarray(j->runs, cap, sizeof *runs);
        err = runs ? OK : ERR_NOMEM;
        j->runs = runs ? runs : j->runs;
        j->cap = runs ? cap : j->cap;
    }
    if (!err)
        err = io_write_all(j->fd, all->data, all->len);
    if (!err) {
        j->runs[j->n++] = (struct run){j->end, j->end + all->len};
        j->end += all->len;
        j->rows += rows;
    }
    pthread_mutex_unlock(&j->lock);
    return err;
}

static enum err flush(struct job *j, struct worker *h)
{
    struct buf all;
    if (h->n == 0)
        return OK;
    buf_init(&all, SIZE_MAX / 2);
    enum err err = order_texts(h);
    if (!err) {
        gather_rows(h);
        if (h->nulls > 0)
            add_group(h, &all, TABLE_CLASS_NULL, &(struct text){.count = (uint32_t)h->nulls});
        for (size_t i = 0; i < h->set.n; i++)
            add_group(h, &all, TABLE_CLASS_VALUE, &h->texts[h->items[i].row]);
        err = all.err ? all.err : add_run(j, &all, h->n);
    }
    buf_done(&all);
    table_set_done(&h->set);
    table_set_init(&h->set, ROWS, SIZE_MAX / 2);
    h->n = h->nulls = 0;
    return err;
}

static void worker_done(struct worker *h)
{
    table_walk_free(h->walk);
    table_set_done(&h->set);
    free(h->rows);
    free(h->sorted);
    free(h->of);
    free(h->items);
    free(h->spare);
    free(h->texts);
    buf_done(&h->natural);
    free(h);
}

static enum err worker_new(void *arg, void **own)
{
    struct job *j = arg;
    struct worker *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_NOMEM;
    h->job = j;
    buf_init(&h->natural, SIZE_MAX / 2);
    table_set_init(&h->set, ROWS, SIZE_MAX / 2);
    h->rows = malloc(ROWS * sizeof *h->rows);
    h->sorted = malloc(ROWS * sizeof *h->sorted);
    h->of = malloc(ROWS * sizeof *h->of);
    h->items = malloc(ROWS * sizeof *h->items);
    h->spare = malloc(ROWS * sizeof *h->spare);
    h->texts = malloc(ROWS * sizeof *h->texts);
    enum err err = h->rows && h->sorted && h->of && h->items && h->spare && h->texts ? OK : ERR_NOMEM;
    if (!err)
        err = table_walk_new(j->table, &j->column, 1, j->progress, &h->walk);
    if (err)
        worker_done(h);
    else
        *own = h;
    return err;
}

static enum err worker_end(void *arg, void *own, enum err err)
{
    if (!err)
        err = flush(arg, own);
    worker_done(own);
    return err;
}

static enum err add_batch(struct job *j, struct worker *h, const struct table_batch *batch)
{
    size_t at[TABLE_BATCH_ROWS];
    uint64_t nulls = 0;
    enum err err = table_set_count_cells(&h->set, batch->cells, 1, batch->rows, &nulls);
    if (err)
        return err;
    table_set_find_cells(&h->set, batch->cells, batch->rows, at);
    for (size_t k = 0; k < batch->rows; k++) {
        h->of[h->n] = at[k] == SIZE_MAX ? NULLS : (uint32_t)at[k];
        h->rows[h->n++] = batch->row + k;
    }
    h->nulls += (size_t)nulls;
    return h->n + TABLE_BATCH_ROWS > ROWS || h->set.text.len >= BYTES ? flush(j, h) : OK;
}

static enum err take_span(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    struct worker *h = own;
    struct table_batch batch;
    enum err err = table_walk_begin(h->walk, table_span(j->table, SPAN, i));
    while (!err && !(err = table_walk_next(h->walk, &batch)) && batch.rows > 0)
        err = add_batch(j, h, &batch);
    return err;
}

/* --- the merge --- */

struct stream {
    uint64_t at, end; /* bytes of the file that are not read yet */
    struct buf piece;
    size_t used;
    struct group now; /* the current group; `count` is its remaining rows, of which `row` is the first */
    struct buf text;
    uint64_t row;
};

struct merge {
    const struct job *job;
    struct stream *streams; /* those that have groups left; a heap, the least first */
    size_t n;
};

/* Reads until `want` bytes follow `used`. ERR_PARSE if the run is shorter. */
static enum err fill(const struct job *j, struct stream *s, size_t want)
{
    size_t have = s->piece.len - s->used;
    if (have >= want)
        return OK;
    uint64_t left = s->end - s->at, more = want - have > AHEAD ? want - have : AHEAD;
    more = more < left ? more : left;
    if (have + more < want)
        return ERR_PARSE;
    if (have > 0)
        memmove(s->piece.data, s->piece.data + s->used, have);
    s->piece.len = have;
    s->used = 0;
    char *to = buf_reserve(&s->piece, (size_t)more);
    enum err err = to ? io_read_at(j->fd, to, (size_t)more, s->at) : s->piece.err;
    s->piece.len += (size_t)more;
    s->at += more;
    return err;
}

static enum err next_row(const struct job *j, struct stream *s)
{
    enum err err = s->now.count > 0 ? fill(j, s, sizeof s->row) : OK;
    if (err || s->now.count == 0)
        return err;
    memcpy(&s->row, s->piece.data + s->used, sizeof s->row);
    s->used += sizeof s->row;
    return OK;
}

/* Reads the next group; *over: there is none. */
static enum err next_group(const struct job *j, struct stream *s, bool *over)
{
    *over = s->at == s->end && s->used == s->piece.len;
    if (*over)
        return OK;
    enum err err = fill(j, s, sizeof s->now);
    if (err)
        return err;
    memcpy(&s->now, s->piece.data + s->used, sizeof s->now);
    s->used += sizeof s->now;
    if ((err = fill(j, s, (size_t)s->now.len)))
        return err;
    buf_clear(&s->text);
    err = buf_add(&s->text, s->piece.data + s->used, (size_t)s->now.len);
    s->used += (size_t)s->now.len;
    return err ? err : next_row(j, s);
}

/* Compares two streams by class and text. */
static int compare_streams(const struct job *j, const struct stream *a, const struct stream *b)
{
    if (a->now.class != b->now.class)
        return a->now.class < b->now.class ? -1 : 1;
    int order = table_order_compare(buf_text(&a->text), a->text.len, buf_text(&b->text), b->text.len);
    return j->descending ? -order : order;
}

static bool stream_before(const struct job *j, const struct stream *a, const struct stream *b)
{
    int order = compare_streams(j, a, b);
    return order != 0 ? order < 0 : a->row < b->row;
}

static void sink(struct merge *m, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < m->n && stream_before(m->job, &m->streams[child], &m->streams[least]))
                least = child;
        if (least == i)
            return;
        struct stream other = m->streams[i];
        m->streams[i] = m->streams[least];
        m->streams[least] = other;
        i = least;
    }
}

static enum err merge_init(struct merge *m, const struct job *j)
{
    enum err err = OK;
    *m = (struct merge){.job = j, .streams = calloc(j->n + 1, sizeof *m->streams)};
    if (!m->streams)
        return ERR_NOMEM;
    for (size_t k = 0; !err && k < j->n; k++) {
        struct stream *s = &m->streams[m->n++];
        bool over;
        *s = (struct stream){.at = j->runs[k].begin, .end = j->runs[k].end};
        buf_init(&s->piece, SIZE_MAX / 2);
        buf_init(&s->text, SIZE_MAX / 2);
        err = next_group(j, s, &over);
    }
    for (size_t k = m->n; !err && k-- > 0;)
        sink(m, k);
    return err;
}

static void stream_done(struct stream *s)
{
    buf_done(&s->piece);
    buf_done(&s->text);
}

static void merge_done(struct merge *m)
{
    for (size_t k = 0; k < m->n; k++)
        stream_done(&m->streams[k]);
    free(m->streams);
}

/* The first row of another stream with the same text. The first stream's rows before it come first. */
static uint64_t turn_ends(const struct merge *m)
{
    uint64_t end = UINT64_MAX;
    for (size_t child = 1; child <= 2 && child < m->n; child++)
        if (compare_streams(m->job, &m->streams[0], &m->streams[child]) == 0 && m->streams[child].row < end)
            end = m->streams[child].row;
    return end;
}

static enum err take_turn(struct merge *m, struct row_list *out)
{
    struct stream *s = &m->streams[0];
    uint64_t end = turn_ends(m);
    enum err err = OK;
    while (!err && s->now.count > 0 && s->row < end) {
        err = row_list_add(out, s->row);
        s->now.count--;
        if (!err)
            err = next_row(m->job, s);
    }
    return err;
}

static enum err merge_all(const struct job *j, struct row_list *out)
{
    struct merge m;
    enum err err = merge_init(&m, j);
    while (!err && m.n > 0) {
        bool over = false;
        err = take_turn(&m, out);
        if (!err && m.streams[0].now.count == 0)
            err = next_group(j, &m.streams[0], &over);
        if (!err && over) {
            stream_done(&m.streams[0]);
            m.streams[0] = m.streams[--m.n];
        }
        if (!err && m.n > 0)
            sink(&m, 0);
        if (!err && table_progress_stopped(j->progress))
            err = ERR_CANCELLED;
    }
    merge_done(&m);
    return err;
}

enum err sort_by_text(struct engine *e, const struct table *t, size_t column, bool descending,
                      struct table_progress *progress, struct row_list *out)
{
    struct job j = {.table = t, .column = column, .descending = descending, .progress = progress};
    struct table_runner runner = engine_runner(e);
    struct table_loop loop = {
        .items = table_spans(t, SPAN), .arg = &j, .begin = worker_new, .item = take_span, .end = worker_end};
    row_list_init(out, table_rows(t));
    j.fd = table_nameless_file();
    if (j.fd < 0)
        return err_from_errno(errno);
    pthread_mutex_init(&j.lock, NULL);
    table_progress_begin(progress, table_bytes(t));
    enum err err = table_parallel_for(&loop, &runner);
    if (!err && j.rows != table_rows(t))
        err = ERR_CHANGED;
    if (!err)
        err = merge_all(&j, out);
    pthread_mutex_destroy(&j.lock);
    close(j.fd);
    free(j.runs);
    if (err)
        row_list_done(out);
    return err;
}
