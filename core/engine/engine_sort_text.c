/* SPDX-License-Identifier: MIT
 * Sorting a column of many different texts: runs of texts by their natural order, in a file without a name, merged by one
 * thread. The first eight bytes of a text are a key like any other; only where they are the same, all of it is compared. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/engine/engine_sort.h"
#include "core/table/crew.h"
#include "core/table/table_walk.h"

enum {
    SPAN = 1024 * 1024,
    TEXTS = 128 * 1024,        /* in a run at most */
    BYTES = 4 * 1024 * 1024,   /* of its texts, after which it is full */
    AHEAD = 32 * 1024,         /* bytes of a run that the merge reads at once */
    PREFIX = 8,
};

/* In the file its text follows. */
struct text {
    uint64_t row; /* with its class */
    uint64_t len;
};

struct run {
    uint64_t begin, end; /* bytes in the file */
};

struct job {
    const struct table *table;
    size_t column;
    bool descending;
    struct table_progress *progress;
    pthread_mutex_t lock; /* over what follows */
    int fd;
    struct run *runs;
    size_t n, cap;
    uint64_t end, rows;
};

/* A worker's own things. */
struct hand {
    const struct job *job;
    struct table_walk *walk;
    struct sort_item *items, *spare; /* by the first bytes; `row` is the place in texts */
    struct text *texts;
    size_t *at;                      /* of the texts in `bytes` */
    size_t n;
    struct buf bytes;
};

static uint64_t prefix_of(const char *text, size_t len)
{
    unsigned char bytes[PREFIX] = { 0 };
    uint64_t key = 0;
    memcpy(bytes, text, len < PREFIX ? len : PREFIX);
    for (int i = 0; i < PREFIX; i++)
        key = key << 8 | bytes[i];
    return key;
}

static int compare_texts(const char *a, size_t alen, const char *b, size_t blen)
{
    size_t len = alen < blen ? alen : blen;
    int order = len > 0 ? memcmp(a, b, len) : 0;
    return order != 0 ? order : (alen > blen) - (alen < blen);
}

/* Of two items with the same prefix: the rest, then the place in the file. */
static int compare_items(const void *a, const void *b, void *arg)
{
    const struct hand *h = arg;
    uint64_t i = ((const struct sort_item *)a)->row & (UINT64_MAX >> 2);
    uint64_t k = ((const struct sort_item *)b)->row & (UINT64_MAX >> 2);
    const char *bytes = buf_text(&h->bytes);
    int order = compare_texts(bytes + h->at[i], h->texts[i].len, bytes + h->at[k], h->texts[k].len);
    if (order == 0)
        return (i > k) - (i < k);
    return h->job->descending ? -order : order;
}

static void sort_hand(struct hand *h)
{
    sort_items(h->items, h->spare, h->n);
    for (size_t from = 0, to; from < h->n; from = to) {
        for (to = from + 1; to < h->n && h->items[to].key == h->items[from].key &&
                            h->items[to].row >> 62 == h->items[from].row >> 62;)
            to++;
        if (to - from > 1)
            qsort_r(&h->items[from], to - from, sizeof *h->items, compare_items, h);
    }
}

static enum err add_run(struct job *j, const struct buf *all, size_t rows)
{
    enum err err = OK;
    pthread_mutex_lock(&j->lock);
    if (j->n == j->cap) {
        size_t cap = j->cap ? j->cap * 2 : 64;
        struct run *runs = reallocarray(j->runs, cap, sizeof *runs);
        err = runs != NULL ? OK : ERR_NOMEM;
        j->runs = runs != NULL ? runs : j->runs;
        j->cap = runs != NULL ? cap : j->cap;
    }
    if (err == OK)
        err = io_write_all(j->fd, all->data, all->len);
    if (err == OK) {
        j->runs[j->n++] = (struct run){ j->end, j->end + all->len };
        j->end += all->len;
        j->rows += rows;
    }
    pthread_mutex_unlock(&j->lock);
    return err;
}

static enum err flush(struct job *j, struct hand *h)
{
    struct buf all;
    if (h->n == 0)
        return OK;
    sort_hand(h);
    buf_init(&all, SIZE_MAX / 2);
    for (size_t i = 0; i < h->n; i++) {
        uint64_t at = h->items[i].row & (UINT64_MAX >> 2);
        buf_add(&all, &h->texts[at], sizeof h->texts[at]);
        buf_add(&all, buf_text(&h->bytes) + h->at[at], h->texts[at].len);
    }
    enum err err = all.err != OK ? all.err : add_run(j, &all, h->n);
    buf_done(&all);
    buf_clear(&h->bytes);
    h->n = 0;
    return err;
}

static void hand_done(struct hand *h)
{
    table_walk_free(h->walk);
    free(h->items);
    free(h->spare);
    free(h->texts);
    free(h->at);
    buf_done(&h->bytes);
    free(h);
}

static enum err hand_new(void *arg, void **own)
{
    struct job *j = arg;
    struct hand *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->job = j;
    buf_init(&h->bytes, SIZE_MAX / 2);
    h->items = malloc(TEXTS * sizeof *h->items);
    h->spare = malloc(TEXTS * sizeof *h->spare);
    h->texts = malloc(TEXTS * sizeof *h->texts);
    h->at = malloc(TEXTS * sizeof *h->at);
    enum err err = h->items && h->spare && h->texts && h->at ? OK : ERR_NOMEM;
    if (err == OK)
        err = table_walk_new(j->table, &j->column, 1, j->progress, &h->walk);
    if (err != OK)
        hand_done(h);
    else
        *own = h;
    return err;
}

static enum err hand_end(void *arg, void *own, enum err err)
{
    if (err == OK)
        err = flush(arg, own);
    hand_done(own);
    return err;
}

static enum err add_text(struct job *j, struct hand *h, const struct cell *cell, uint64_t row)
{
    enum table_class class = cell->null ? TABLE_CLASS_NULL : TABLE_CLASS_VALUE;
    size_t at = h->bytes.len;
    enum err err = table_order_text(cell->text, cell->len, &h->bytes);
    if (err != OK)
        return err;
    size_t len = h->bytes.len - at;
    uint64_t key = prefix_of(buf_text(&h->bytes) + at, len);
    if (j->descending && class == TABLE_CLASS_VALUE)
        key = ~key;
    h->items[h->n] = (struct sort_item){ key, sort_row(h->n, class) };
    h->texts[h->n] = (struct text){ sort_row(row, class), len };
    h->at[h->n++] = at;
    return h->n == TEXTS || h->bytes.len >= BYTES ? flush(j, h) : OK;
}

static enum err take_span(void *arg, void *own, size_t i)
{
    struct job *j = arg;
    struct hand *h = own;
    struct table_batch batch;
    enum err err = table_walk_begin(h->walk, table_span(j->table, SPAN, i));
    while (err == OK && (err = table_walk_next(h->walk, &batch)) == OK && batch.rows > 0)
        for (size_t k = 0; err == OK && k < batch.rows; k++)
            err = add_text(j, h, &batch.cells[k], batch.row + k);
    return err;
}

/* --- the merge --- */

struct stream {
    uint64_t at, end;  /* bytes of the file that are still to be read */
    struct buf piece;
    size_t used;
    struct text now;   /* the text at hand, */
    const char *bytes; /* in `piece` */
};

struct merge {
    const struct job *job;
    struct stream *streams; /* those that are not over: a heap, the least first */
    size_t n;
};

/* At least `want` bytes behind `used`, if the run has them. */
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
    enum err err = to != NULL ? io_read_at(j->fd, to, (size_t)more, s->at) : s->piece.err;
    s->piece.len += (size_t)more;
    s->at += more;
    return err;
}

/* The next text; *over: there is none. */
static enum err advance(const struct job *j, struct stream *s, bool *over)
{
    *over = s->at == s->end && s->used == s->piece.len;
    if (*over)
        return OK;
    enum err err = fill(j, s, sizeof s->now);
    if (err != OK)
        return err;
    memcpy(&s->now, s->piece.data + s->used, sizeof s->now);
    err = fill(j, s, sizeof s->now + s->now.len);
    s->bytes = s->piece.data + s->used + sizeof s->now;
    s->used += sizeof s->now + s->now.len;
    return err;
}

static bool stream_before(const struct job *j, const struct stream *a, const struct stream *b)
{
    uint64_t x = a->now.row >> 62, y = b->now.row >> 62;
    if (x != y)
        return x < y;
    int order = compare_texts(a->bytes, a->now.len, b->bytes, b->now.len);
    if (order != 0)
        return j->descending ? order > 0 : order < 0;
    return a->now.row < b->now.row;
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
    *m = (struct merge){ .job = j, .streams = calloc(j->n + 1, sizeof *m->streams) };
    if (m->streams == NULL)
        return ERR_NOMEM;
    for (size_t k = 0; err == OK && k < j->n; k++) {
        struct stream *s = &m->streams[m->n++];
        bool over;
        *s = (struct stream){ .at = j->runs[k].begin, .end = j->runs[k].end };
        buf_init(&s->piece, SIZE_MAX / 2);
        err = advance(j, s, &over);
    }
    for (size_t k = m->n; err == OK && k-- > 0;)
        sink(m, k);
    return err;
}

static void merge_done(struct merge *m)
{
    for (size_t k = 0; k < m->n; k++)
        buf_done(&m->streams[k].piece);
    free(m->streams);
}

static enum err merge_all(const struct job *j, struct row_list *out)
{
    struct merge m;
    enum err err = merge_init(&m, j);
    while (err == OK && m.n > 0) {
        bool over;
        err = row_list_add(out, m.streams[0].now.row & (UINT64_MAX >> 2));
        if (err == OK)
            err = advance(j, &m.streams[0], &over);
        if (err == OK && over) {
            buf_done(&m.streams[0].piece);
            m.streams[0] = m.streams[--m.n];
        }
        if (err == OK && m.n > 0)
            sink(&m, 0);
        if (err == OK && out->n % 4096 == 0 && table_progress_stopped(j->progress))
            err = ERR_CANCELLED;
    }
    merge_done(&m);
    return err;
}

enum err sort_by_text(struct engine *e, const struct table *t, size_t column, bool descending,
                      struct table_progress *progress, struct row_list *out)
{
    struct job j = { .table = t, .column = column, .descending = descending, .progress = progress };
    struct table_runner runner = engine_runner(e);
    struct table_crew crew = { .items = table_spans(t, SPAN), .arg = &j, .begin = hand_new, .item = take_span,
                               .end = hand_end };
    row_list_init(out, table_rows(t));
    j.fd = table_nameless_file();
    if (j.fd < 0)
        return err_from_errno(errno);
    pthread_mutex_init(&j.lock, NULL);
    table_progress_begin(progress, table_bytes(t));
    enum err err = table_crew_run(&crew, &runner);
    if (err == OK && j.rows != table_rows(t))
        err = ERR_CHANGED;
    if (err == OK)
        err = merge_all(&j, out);
    pthread_mutex_destroy(&j.lock);
    close(j.fd);
    free(j.runs);
    if (err != OK)
        row_list_done(out);
    return err;
}
