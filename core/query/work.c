/* SPDX-License-Identifier: MIT
 * Answering a query: a call on the engine for each type. */
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/query/private.h"

enum { DISTINCT_MAX = 100000, CODES_BYTES_MAX = 32 << 20 };

/* A query, and where its answer goes. */
struct work {
    struct query_server_state *server;
    const struct query *query;
    const int *fds;
    int nfds;
    struct query_answer *out;
    int *out_fds, *out_nfds;
    struct problem *problem;
};

static enum err work_table(struct work *w)
{
    struct table *t = NULL;
    int own[TABLE_FDS];
    if (w->nfds < TABLE_FDS)
        return ERR_USAGE;
    enum err err = io_dup_all(w->fds, TABLE_FDS, own);
    if (err)
        return err;
    if (!w->server->progress && w->nfds > TABLE_FDS && table_progress_map(w->fds[TABLE_FDS], &w->server->progress))
        w->server->progress = NULL; /* then no progress is shown */
    err = table_import(own, &t, w->problem);
    if (err)
        return err;
    table_free(w->server->table);
    w->server->table = t;
    return OK;
}

/* The next table replaces the current one, and its fds are the answer. */
static enum err give_table(struct work *w, enum err err, struct table *next)
{
    int fds[TABLE_FDS];
    if (err)
        return err;
    table_free(w->server->table);
    w->server->table = next;
    table_fds(next, fds);
    err = io_dup_all(fds, TABLE_FDS, w->out_fds);
    if (err)
        return err;
    *w->out_nfds = TABLE_FDS;
    w->out->rows = (int64_t)table_rows(next);
    return OK;
}

static enum err work_index(struct work *w)
{
    struct table *next = NULL;
    enum err err = engine_index(w->server->engine, w->server->table, w->server->progress, &next, w->problem);
    return give_table(w, err, next);
}

static enum err work_learn(struct work *w)
{
    struct table *next = NULL;
    enum err err = engine_learn(w->server->engine, w->server->table, w->server->progress, &next, w->problem);
    return give_table(w, err, next);
}

static enum err work_grow(struct work *w)
{
    struct table *next = NULL;
    enum err err = engine_grow(w->server->engine, w->server->table, w->server->progress, &next, w->problem);
    return give_table(w, err, next);
}

static enum err work_grow_spool(struct work *w)
{
    struct table *next = NULL;
    struct table_runner runner = engine_runner(w->server->engine);
    struct table_spool spool = {.size = (uint64_t)w->query->size, .growing = w->query->growing};
    if (w->nfds < 1)
        return ERR_USAGE;
    spool.fd = w->fds[0];
    enum err err = table_grow_spool(w->server->table, &spool, &runner, w->server->progress, &next, w->problem);
    return give_table(w, err, next);
}

/* The list is the answer. */
static enum err give_list(struct work *w, enum err err, struct row_list *l)
{
    if (!err)
        err = row_list_share(l);
    if (!err)
        err = io_dup(l->fd, &w->out_fds[0]);
    if (!err) {
        w->out->n = (int64_t)l->n;
        w->out->wide = l->wide;
        *w->out_nfds = 1;
    }
    row_list_done(l);
    return err;
}

static struct find find_of(const struct query *a)
{
    return (struct find){.what = (enum find_what)a->what,
                         .column = a->column < 0 ? FIND_ANY_COLUMN : (size_t)a->column,
                         .text = a->text ? a->text : "",
                         .len = a->text ? strlen(a->text) : 0,
                         .any_case = a->any_case,
                         .inverted = a->inverted};
}

static enum err work_find(struct work *w)
{
    struct row_list found = {0}, within = {0}, both = {0};
    struct find f = find_of(w->query);
    enum err err = engine_find(w->server->engine, w->server->table, &f, w->server->progress, &found, w->problem);
    if (err || w->query->within < 0)
        return give_list(w, err, &found);
    err = query_list_within(w->query, w->fds, w->nfds, &within);
    if (!err)
        err = row_list_both(&found, &within, &both);
    row_list_done(&found);
    row_list_done(&within);
    return give_list(w, err, &both);
}

static enum err work_next(struct work *w)
{
    uint64_t row = UINT64_MAX;
    struct find f = find_of(w->query);
    enum err err = engine_find_next(w->server->engine, w->server->table, &f, (uint64_t)w->query->from,
                                    w->query->backwards, w->server->progress, &row, w->problem);
    w->out->row = row == UINT64_MAX ? -1 : (int64_t)row;
    return err;
}

static enum err work_sort(struct work *w)
{
    struct row_list sorted = {0};
    enum err err = engine_sort(w->server->engine, w->server->table, (size_t)w->query->column, w->query->descending,
                               w->server->progress, &sorted);
    return give_list(w, err, &sorted);
}

static enum err work_narrow(struct work *w)
{
    struct row_list sorted = {0}, within = {0}, some = {0};
    uint64_t rows = table_rows(w->server->table);
    int fd;
    enum err err = w->nfds > 1 ? io_dup(w->fds[1], &fd) : ERR_USAGE;
    if (err)
        return err;
    row_list_take(&sorted, fd, (uint64_t)w->query->size, rows > UINT32_MAX);
    err = query_list_within(w->query, w->fds, w->nfds, &within);
    if (!err)
        err = query_sorted_within(&sorted, &within, rows, &some);
    row_list_done(&sorted);
    row_list_done(&within);
    return give_list(w, err, &some);
}

static enum err work_frequency(struct work *w)
{
    struct frequency f = {0};
    int fd = -1;
    enum err err = engine_frequency(w->server->engine, w->server->table, (size_t)w->query->column, DISTINCT_MAX,
                                    w->server->progress, &f);
    if (!err)
        err = query_texts_write(&f.texts, &fd);
    if (!err) {
        w->out->n = (int64_t)f.texts.n;
        w->out->nulls = (int64_t)f.nulls;
        w->out->others = (int64_t)f.others;
        w->out->complete = f.complete;
        w->out_fds[0] = fd;
        *w->out_nfds = 1;
    }
    frequency_done(&f);
    return err;
}

static enum err work_statistics(struct work *w)
{
    struct statistics s = {0};
    struct query_answer *out = w->out;
    enum err err = engine_statistics(w->server->engine, w->server->table, (size_t)w->query->column, w->server->progress,
                                     &s);
    if (err)
        return err;
    out->rows = (int64_t)s.rows;
    out->nulls = (int64_t)s.nulls;
    out->odd = (int64_t)s.odd;
    out->distinct = (int64_t)s.distinct;
    out->complete = s.distinct_exact;
    out->least = text_dup(buf_text(&s.least));
    out->greatest = text_dup(buf_text(&s.greatest));
    out->sum = s.sum;
    out->mean = s.mean;
    out->deviation = s.deviation;
    out->shortest = (int64_t)s.shortest;
    out->longest = (int64_t)s.longest;
    statistics_done(&s);
    return out->least && out->greatest ? OK : ERR_NOMEM;
}

static enum err work_codes(struct work *w)
{
    struct row_list rows = {0};
    struct table_set codes;
    bool all = w->query->within < 0;
    uint64_t nulls = 0;
    int fd = -1;
    table_set_init(&codes, DISTINCT_MAX, CODES_BYTES_MAX);
    enum err err = all ? OK : query_list_within(w->query, w->fds, w->nfds, &rows);
    if (!err)
        err = query_codes(w->server, all ? NULL : &rows, &codes, &nulls);
    if (!err)
        err = query_texts_write(&codes, &fd);
    if (!err) {
        w->out->n = (int64_t)codes.n;
        w->out->nulls = (int64_t)nulls;
        w->out->complete = !codes.full;
        w->out_fds[0] = fd;
        *w->out_nfds = 1;
    }
    row_list_done(&rows);
    table_set_done(&codes);
    return err;
}

static enum err work_save(struct work *w)
{
    struct row_list rows = {0};
    bool all = w->query->within < 0;
    enum err err = all ? OK : query_list_within(w->query, w->fds, w->nfds, &rows);
    if (!err)
        err = query_save(w->server, w->query, all ? NULL : &rows, w->out, w->problem);
    row_list_done(&rows);
    return err;
}

static enum err (*const works[QUERY_TYPE_COUNT])(struct work *w) = {
    [QUERY_TABLE] = work_table,
    [QUERY_INDEX] = work_index,
    [QUERY_LEARN] = work_learn,
    [QUERY_GROW] = work_grow,
    [QUERY_GROW_SPOOL] = work_grow_spool,
    [QUERY_FIND] = work_find,
    [QUERY_NEXT] = work_next,
    [QUERY_SORT] = work_sort,
    [QUERY_NARROW] = work_narrow,
    [QUERY_FREQUENCY] = work_frequency,
    [QUERY_STATISTICS] = work_statistics,
    [QUERY_CODES] = work_codes,
    [QUERY_SAVE] = work_save,
};

static bool has_column(const struct query_server_state *d, const struct query *a)
{
    bool needed = a->type == QUERY_SORT || a->type == QUERY_FREQUENCY || a->type == QUERY_STATISTICS;
    return a->column < (int64_t)table_columns(d->table) && (a->column >= 0 || !needed);
}

enum err query_perform(struct query_server_state *d, const struct query *a, const int *fds, int nfds,
                       struct query_answer *out, int out_fds[QUERY_ANSWER_FDS], int *out_nfds, struct problem *problem)
{
    struct work w = {d, a, fds, nfds, out, out_fds, out_nfds, problem};
    *out_nfds = 0;
    if (a->type < 0 || a->type >= QUERY_TYPE_COUNT)
        return ERR_USAGE;
    if (a->type != QUERY_TABLE && (!d->table || !has_column(d, a)))
        return problem_set(problem, ERR_USAGE, "there is no such table or column");
    enum err err = works[a->type](&w);
    malloc_trim(0); /* memory of a large query is returned while the query server is idle */
    return err;
}
