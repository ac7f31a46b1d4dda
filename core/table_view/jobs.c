/* SPDX-License-Identifier: MIT
 * What is asked of the query server, one thing at a time and the most urgent first, and what becomes of its answers. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/base/text.h"
#include "core/table_view/private.h"

enum { DEATHS_MAX = 3 };

static const double tick = 0.1; /* how often it is looked how far something is */

/* --- asking ------------------------------------------------------------------------------------------------------- */

static bool stream_has_more(const struct table_view *s)
{
    return s->input.stream && (table_stream_size(s->input.stream) > s->spooled || (s->input.ended && s->grown));
}

bool table_view_lacks_rows(const struct table_view *s)
{
    return s->table && s->deaths < DEATHS_MAX && (s->job == JOB_GROW || stream_has_more(s));
}

static enum job due(struct table_view *s)
{
    struct query check;
    enum table_stage stage = table_stage(s->table);
    if (stream_has_more(s) || (!s->input.streaming && s->grown && s->follow && stage != TABLE_FIRST_ROWS))
        return JOB_GROW;
    if (stage == TABLE_FIRST_ROWS)
        return JOB_INDEX;
    if (table_view_unready_filter(s))
        return JOB_FILTER;
    if (s->searching)
        return JOB_SEARCH;
    if (s->sort_column != SIZE_MAX && !s->sort_ready)
        return JOB_SORT;
    if (s->sort_column != SIZE_MAX && table_view_filtered(s, s->nfilters) && !s->narrow_ready)
        return JOB_NARROW;
    if (s->saving)
        return JOB_SAVE;
    if (s->picking)
        return JOB_CODES;
    if (s->counting)
        return JOB_FREQUENCY;
    if (s->summing)
        return JOB_STATISTICS;
    if (!table_view_streams(s) && table_view_ask_check(s, &check))
        return JOB_CHECK;
    return stage == TABLE_INDEXED && !table_view_streams(s) && !s->unlearnable ? JOB_LEARN : JOB_NONE;
}

static enum err send(struct table_view *s, enum job job, struct query *a, const int *fds, int nfds)
{
    a->id = (int64_t)job;
    enum err err = query_server_send(s->server, a, fds, nfds);
    if (err)
        return err;
    s->job = job;
    s->since = clock_now();
    s->stopped = s->dropped = false;
    return OK;
}

static enum err ask_grow(struct table_view *s)
{
    struct query a = {.type = QUERY_GROW, .within = -1};
    s->grown = false;
    if (!s->input.stream)
        return send(s, JOB_GROW, &a, NULL, 0);
    struct table_spool spool = table_stream_spool(s->input.stream);
    a.type = QUERY_GROW_SPOOL;
    a.size = (int64_t)spool.size;
    a.growing = spool.growing;
    s->spooled = spool.size;
    return send(s, JOB_GROW, &a, &spool.fd, 1);
}

/* The one filter, within those before it. */
static enum err ask_filter(struct table_view *s)
{
    struct filter *f = table_view_unready_filter(s);
    struct query a = f->query;
    const struct row_list *some = table_view_filtered(s, (size_t)(f - s->filters));
    if (!some)
        return send(s, JOB_FILTER, &a, NULL, 0);
    a.within = (int64_t)some->n;
    a.within_wide = some->wide;
    return send(s, JOB_FILTER, &a, &some->fd, 1);
}

/* In all rows the next one; in a view all of them, of which the next is taken. */
static enum err ask_search(struct table_view *s)
{
    const struct row_list *l = table_view_list(s);
    uint64_t rows = table_view_extent(s).rows, step = s->search.backwards ? rows - 1 : 1;
    struct query a = s->search;
    a.type = l ? QUERY_FIND : QUERY_NEXT;
    a.from = rows ? (int64_t)((s->search_from % rows + step) % rows) : 0;
    if (!l)
        return send(s, JOB_SEARCH, &a, NULL, 0);
    a.within = (int64_t)l->n;
    a.within_wide = l->wide;
    bool rising = l != &s->sorted && l != &s->narrowed;
    if (!rising)
        a.within = -1;
    return send(s, JOB_SEARCH, &a, &l->fd, rising ? 1 : 0);
}

static enum err ask_narrow(struct table_view *s)
{
    const struct row_list *some = table_view_filtered(s, s->nfilters);
    struct query a = {
        .type = QUERY_NARROW, .within = (int64_t)some->n, .within_wide = some->wide, .size = (int64_t)s->sorted.n};
    int fds[] = {some->fd, s->sorted.fd};
    return send(s, JOB_NARROW, &a, fds, 2);
}

/* About the rows in view. */
static enum err ask_of_view(struct table_view *s, enum job job, struct query a)
{
    const struct row_list *l = table_view_list(s);
    a.within = l ? (int64_t)l->n : -1;
    a.within_wide = l && l->wide;
    return send(s, job, &a, l ? &l->fd : NULL, l ? 1 : 0);
}

static enum err query(struct table_view *s, enum job job)
{
    struct query a = {.within = -1, .column = (int64_t)s->column};
    switch (job) {
    case JOB_INDEX: a.type = QUERY_INDEX; break;
    case JOB_LEARN: a.type = QUERY_LEARN; break;
    case JOB_FREQUENCY: a.type = QUERY_FREQUENCY; break;
    case JOB_STATISTICS: a.type = QUERY_STATISTICS; break;
    case JOB_SORT:
        a.type = QUERY_SORT;
        a.column = (int64_t)s->sort_column;
        a.descending = s->descending;
        break;
    case JOB_CHECK:
        if (!table_view_ask_check(s, &a))
            return OK;
        break;
    case JOB_GROW: return ask_grow(s);
    case JOB_FILTER: return ask_filter(s);
    case JOB_SEARCH: return ask_search(s);
    case JOB_NARROW: return ask_narrow(s);
    case JOB_SAVE: return ask_of_view(s, job, s->save);
    case JOB_CODES: return ask_of_view(s, job, (struct query){.type = QUERY_CODES});
    default: return OK;
    }
    return send(s, job, &a, NULL, 0);
}

static enum err tell_table(struct table_view *s)
{
    struct query a = {.type = QUERY_TABLE, .within = -1};
    int fds[TABLE_FDS];
    table_fds(s->table, fds);
    enum err err = query_server_send(s->server, &a, fds, TABLE_FDS);
    s->told = !err;
    return err;
}

static enum err have_server(struct table_view *s)
{
    struct problem problem = {""};
    if (s->server)
        return OK;
    enum err err = query_server_start(&s->server, &problem);
    struct epoll_event interest = {.events = EPOLLIN};
    if (!err && epoll_ctl(s->epoll, EPOLL_CTL_ADD, query_server_fd(s->server), &interest) < 0) {
        err = problem_errno(&problem, "The process that reads the table cannot be watched");
        query_server_free(s->server);
        s->server = NULL;
    }
    if (err)
        table_view_tell(s, TABLE_VIEW_FAILED, 0, problem.text);
    s->told = false;
    return err;
}

static void server_died(struct table_view *s)
{
    query_server_free(s->server);
    s->server = NULL;
    s->job = JOB_NONE;
    table_view_drop_asks(s, "the process that reads the table died");
    if (++s->deaths >= DEATHS_MAX)
        table_view_tell(s, TABLE_VIEW_FAILED, 0,
                        "The process that reads the table died again and again; it is not started anew");
    else
        table_view_tell(s, TABLE_VIEW_SAYS, 0, "The process that reads the table died; another is started");
    table_view_arm(s, 0.1);
}

static void take_failure(struct table_view *s, const struct query_answer *a);

enum err table_view_ask_due(struct table_view *s)
{
    if (!s->table || s->deaths >= DEATHS_MAX)
        return OK;
    if (s->job) {
        table_view_arm(s, tick);
        return OK;
    }
    enum job job = due(s);
    if (!job)
        return OK;
    if (have_server(s))
        return OK; /* it was said */
    enum err err = s->told ? OK : tell_table(s);
    if (!err)
        err = query(s, job);
    if (err == ERR_CLOSED || (err != ERR_NOMEM && !s->told)) {
        server_died(s);
        return OK;
    }
    table_view_arm(s, tick);
    if (!err || err == ERR_NOMEM)
        return err;
    take_failure(s, &(struct query_answer){.id = (int64_t)job, .error = err});
    return OK;
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static enum err take_table(struct table_view *s, const int *fds, int nfds)
{
    struct table *t;
    struct problem problem;
    int own[TABLE_FDS];
    if (nfds != TABLE_FDS)
        return ERR_PARSE;
    enum err err = io_dup_all(fds, TABLE_FDS, own);
    if (!err)
        err = table_import(own, &t, &problem);
    return err ? err : table_view_take_table(s, t);
}

/* On error the list is empty. */
static enum err take_list(struct row_list *to, const struct query_answer *a, const int *fds, int nfds)
{
    int fd = -1;
    row_list_done(to);
    enum err err = nfds > 0 ? io_dup(fds[0], &fd) : OK;
    if (!err)
        row_list_take(to, fd, (uint64_t)a->n, a->wide);
    return err;
}

/* The place in the view of the match that comes next from where one searches, UINT64_MAX: there is none. */
static enum err next_in_list(const struct table_view *s, const struct row_list *view, const struct row_list *matches,
                             uint64_t from, uint64_t *out)
{
    uint64_t number;
    *out = UINT64_MAX;
    for (uint64_t k = 0; k < view->n; k++) {
        uint64_t i = s->search.backwards ? (from + view->n - k) % view->n : (from + k) % view->n, at, found;
        enum err err = row_list_read(view, i, 1, &number);
        if (!err)
            err = row_list_find(matches, number, &at);
        if (!err && at < matches->n && !(err = row_list_read(matches, at, 1, &found)) && found == number) {
            *out = i;
            return OK;
        }
        if (err)
            return err;
    }
    return OK;
}

/* In a rising view the match itself leads to its place. */
static enum err next_in_rising(const struct table_view *s, const struct row_list *view, const struct row_list *matches,
                               uint64_t from, uint64_t *out)
{
    uint64_t number, at;
    enum err err = row_list_read(view, from, 1, &number);
    if (!err)
        err = row_list_find(matches, number, &at);
    if (err)
        return err;
    uint64_t there = 0;
    bool here = at < matches->n && !row_list_read(matches, at, 1, &there) && there == number;
    if (s->search.backwards && !here)
        at = at > 0 ? at - 1 : matches->n - 1;
    err = row_list_read(matches, at % matches->n, 1, &number);
    return err ? err : row_list_find(view, number, out);
}

static enum err found_in_view(struct table_view *s, const struct query_answer *a, const int *fds, int nfds)
{
    struct row_list matches = {0};
    const struct row_list *view = table_view_list(s);
    uint64_t at = UINT64_MAX;
    enum err err = OK;
    if (a->n > 0 && view && view->n > 0) {
        uint64_t step = s->search.backwards ? view->n - 1 : 1, from = (s->search_from % view->n + step) % view->n;
        bool rising = view != &s->sorted && view != &s->narrowed;
        err = take_list(&matches, a, fds, nfds);
        if (!err)
            err = (rising ? next_in_rising : next_in_list)(s, view, &matches, from, &at);
        row_list_done(&matches);
    }
    if (!err)
        table_view_tell(s, at == UINT64_MAX ? TABLE_VIEW_NOT_FOUND : TABLE_VIEW_FOUND, at, s->search.text);
    return err;
}

static enum err take_search(struct table_view *s, const struct query_answer *a, const int *fds, int nfds)
{
    s->searching = false;
    if (a->type == QUERY_FIND)
        return found_in_view(s, a, fds, nfds);
    if (a->row >= 0) {
        table_view_tell(s, TABLE_VIEW_FOUND, (uint64_t)a->row, s->search.text);
        return OK;
    }
    /* once round: from the other end */
    uint64_t rows = table_rows(s->table), other = s->search.backwards ? 0 : rows - 1;
    if (rows == 0 || s->search_from == other || s->search_from == UINT64_MAX) {
        table_view_tell(s, TABLE_VIEW_NOT_FOUND, 0, s->search.text);
        return OK;
    }
    s->search_from = other;
    s->searching = true;
    return OK;
}

static enum err take_texts(struct table_view *s, struct table_view_texts *to, const struct query_answer *a,
                           const int *fds, int nfds)
{
    bool codes = to == &s->codes;
    int fd = -1;
    *(codes ? &s->picking : &s->counting) = false;
    io_close(&to->fd);
    enum err err = nfds > 0 ? io_dup(fds[0], &fd) : OK;
    if (err)
        return err;
    *to = (struct table_view_texts){.column = codes ? table_key(s->table) : s->column,
                                    .fd = fd,
                                    .n = (uint64_t)a->n,
                                    .rows = table_rows(s->table),
                                    .nulls = (uint64_t)a->nulls,
                                    .others = (uint64_t)a->others,
                                    .complete = a->complete};
    table_view_tell(s, codes ? TABLE_VIEW_CODES : TABLE_VIEW_COUNTED, 0, NULL);
    return OK;
}

/* Takes the answer's texts. */
static void take_sums(struct table_view *s, struct query_answer *a)
{
    s->summing = false;
    query_answer_done(&s->sums);
    s->sums = *a;
    s->sums_column = s->column;
    a->problem = a->least = a->greatest = NULL;
    table_view_tell(s, TABLE_VIEW_SUMMED, 0, NULL);
}

static void take_saved(struct table_view *s, const struct query_answer *a)
{
    struct problem words;
    char rows[32], bytes[24];
    s->saving = false;
    problem_set(&words, OK, "Saved %s: %s row%s, %s", s->save.text, text_count((unsigned long long)a->rows, rows),
                a->rows == 1 ? "" : "s", text_bytes((double)a->size, bytes));
    table_view_tell(s, TABLE_VIEW_SAVED, 0, words.text);
}

static enum err take_filter(struct table_view *s, const struct query_answer *a, const int *fds, int nfds)
{
    struct filter *f = table_view_unready_filter(s);
    if (!f)
        return OK;
    enum err err = take_list(&f->rows, a, fds, nfds);
    f->ready = !err;
    s->narrow_ready = false;
    return err;
}

static enum err take_answer(struct table_view *s, struct query_answer *a, const int *fds, int nfds)
{
    enum job job = (enum job)a->id;
    enum err err = OK;
    switch (job) {
    case JOB_GROW:
        if (s->nfilters > 0 || s->sort_column != SIZE_MAX)
            table_view_forget_views(s);
        table_view_check_anew(s);
        return take_table(s, fds, nfds);
    case JOB_INDEX:
    case JOB_LEARN: return take_table(s, fds, nfds);
    case JOB_FILTER: return take_filter(s, a, fds, nfds);
    case JOB_SEARCH: return take_search(s, a, fds, nfds);
    case JOB_SORT:
        err = take_list(&s->sorted, a, fds, nfds);
        s->sort_ready = !err;
        break;
    case JOB_NARROW:
        err = take_list(&s->narrowed, a, fds, nfds);
        s->narrow_ready = !err;
        break;
    case JOB_SAVE: take_saved(s, a); break;
    case JOB_CODES: return take_texts(s, &s->codes, a, fds, nfds);
    case JOB_FREQUENCY: return take_texts(s, &s->texts, a, fds, nfds);
    case JOB_STATISTICS: take_sums(s, a); break;
    case JOB_CHECK: return table_view_take_check(s, a, fds, nfds);
    default: break;
    }
    return err;
}

/* What failed is not asked again; the file's change is looked into. */
static void take_failure(struct table_view *s, const struct query_answer *a)
{
    enum job job = (enum job)a->id;
    if (job == JOB_FILTER)
        table_view_give_up_filter(s);
    if (job == JOB_SORT || job == JOB_NARROW)
        s->sort_column = SIZE_MAX;
    if (job == JOB_CHECK)
        s->checks[s->checking].known = true;
    s->searching = s->saving = s->picking = s->counting = s->summing = false;
    if (job == JOB_INDEX || job == JOB_LEARN || job == JOB_GROW)
        s->unlearnable = true;
    if (job == JOB_INDEX && a->error != ERR_CHANGED) {
        s->deaths = DEATHS_MAX; /* nothing else can be asked of a table without its rows */
        problem_set(&s->fault, (enum err)a->error, "%s", a->problem ? a->problem : err_text((enum err)a->error));
    }
    if (a->error == ERR_CHANGED) {
        s->rewritten = true;
        table_view_arm(s, 0.05);
    }
    table_view_tell(s, TABLE_VIEW_FAILED, 0, a->problem ? a->problem : err_text((enum err)a->error));
}

static enum err one_answer(struct table_view *s)
{
    struct query_answer a = {0};
    int fds[QUERY_ANSWER_FDS], nfds;
    enum err err = query_server_receive(s->server, &a, fds, &nfds);
    if (err)
        return err;
    bool dropped = s->dropped;
    s->job = JOB_NONE;
    s->version++; /* also when it was cancelled: it goes on no more */
    if (a.error == ERR_CANCELLED && a.id == JOB_SAVE)
        table_view_tell(s, TABLE_VIEW_SAYS, 0, "Cancelled: nothing was saved");
    if (!a.error && (!dropped || a.id == JOB_SAVE)) /* a file that is there is there */
        err = take_answer(s, &a, fds, nfds);
    if (err) /* an answer that cannot be used, as when the file has changed since, is a failure like any other */
        a.error = err;
    if (a.error && a.error != ERR_CANCELLED && err != ERR_NOMEM)
        take_failure(s, &a);
    while (nfds > 0)
        close(fds[--nfds]);
    query_answer_done(&a);
    return err == ERR_NOMEM ? err : OK;
}

enum err table_view_take_answers(struct table_view *s)
{
    enum err err = OK;
    while (s->server && !err)
        err = one_answer(s);
    if (err && err != ERR_AGAIN && err != ERR_NOMEM) /* closed, or what comes cannot be read: server_died ends it */
        server_died(s);
    return err == ERR_NOMEM ? err : OK;
}
