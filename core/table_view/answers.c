/* SPDX-License-Identifier: MIT
 * What becomes of the answers of the query server. */
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/text.h"
#include "core/table_view/private.h"

static enum err take_table(struct table_view *s, struct job *job, struct answer *a)
{
    struct table *t;
    struct problem problem;
    int own[TABLE_FDS];
    if (job->kind == JOB_GROW) {
        if (s->nfilters > 0 || s->sort_column != SIZE_MAX)
            table_view_forget_views(s);
        table_view_check_again(s);
    }
    if (a->nfds != TABLE_FDS)
        return ERR_PARSE;
    enum err err = io_dup_all(a->fds, TABLE_FDS, own);
    if (!err)
        err = table_import(own, &t, &problem);
    if (!err)
        table_view_take_table(s, t);
    return err;
}

/* On error the list is empty. */
static enum err take_list(struct row_list *to, struct answer *a)
{
    int fd = -1;
    row_list_done(to);
    enum err err = a->nfds > 0 ? io_dup(a->fds[0], &fd) : OK;
    if (!err)
        row_list_take(to, fd, (uint64_t)a->query.n, a->query.wide);
    return err;
}

/* The place in the view of the next match from a place on; UINT64_MAX: there is none. */
static enum err next_in_list(const struct row_list *view, const struct row_list *matches, uint64_t from, bool backwards,
                             uint64_t *out)
{
    uint64_t number;
    *out = UINT64_MAX;
    for (uint64_t k = 0; k < view->n; k++) {
        uint64_t i = backwards ? (from + view->n - k) % view->n : (from + k) % view->n, at, found;
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

/* The same where the rows of the view are in the order of the file: the match is found first, then its place. */
static enum err next_in_rising(const struct row_list *view, const struct row_list *matches, uint64_t from,
                               bool backwards, uint64_t *out)
{
    uint64_t number, at;
    enum err err = row_list_read(view, from, 1, &number);
    if (!err)
        err = row_list_find(matches, number, &at);
    if (err)
        return err;
    uint64_t there = 0;
    bool here = at < matches->n && !row_list_read(matches, at, 1, &there) && there == number;
    if (backwards && !here)
        at = at > 0 ? at - 1 : matches->n - 1;
    err = row_list_read(matches, at % matches->n, 1, &number);
    return err ? err : row_list_find(view, number, out);
}

static enum err found_in_view(struct table_view *s, const struct job *job, struct answer *a)
{
    struct row_list matches = {0};
    const struct row_list *view = table_view_list(s);
    bool backwards = job->search.query.backwards;
    uint64_t at = UINT64_MAX;
    enum err err = OK;
    if (a->query.n > 0 && view && view->n > 0) {
        uint64_t step = backwards ? view->n - 1 : 1, from = (job->search.from % view->n + step) % view->n;
        err = take_list(&matches, a);
        if (!err)
            err = (table_view_is_reordered(s, view) ? next_in_list : next_in_rising)(view, &matches, from, backwards,
                                                                                     &at);
        row_list_done(&matches);
    }
    if (!err)
        table_view_tell(s, at == UINT64_MAX ? TABLE_VIEW_NOT_FOUND : TABLE_VIEW_FOUND, at, job->search.query.text);
    return err;
}

/* A search that comes to the end of the table goes on from its other end. */
static enum err take_search(struct table_view *s, struct job *job, struct answer *a)
{
    if (a->query.type == QUERY_FIND)
        return found_in_view(s, job, a);
    uint64_t rows = table_rows(s->table), other = job->search.query.backwards ? 0 : rows - 1;
    if (a->query.row >= 0) {
        table_view_tell(s, TABLE_VIEW_FOUND, (uint64_t)a->query.row, job->search.query.text);
    } else if (rows == 0 || job->search.from == other || job->search.from == UINT64_MAX) {
        table_view_tell(s, TABLE_VIEW_NOT_FOUND, 0, job->search.query.text);
    } else {
        job->search.from = other;
        table_view_want(s, *job);
        *job = (struct job){0};
    }
    return OK;
}

static enum err take_texts(struct table_view *s, struct job *job, struct answer *a)
{
    bool codes = job->kind == JOB_CODES;
    struct table_view_texts *to = codes ? &s->codes : &s->texts;
    int fd = -1;
    io_close(&to->fd);
    enum err err = a->nfds > 0 ? io_dup(a->fds[0], &fd) : OK;
    if (err)
        return err;
    *to = (struct table_view_texts){.column = codes ? table_key(s->table) : job->column,
                                    .fd = fd,
                                    .n = (uint64_t)a->query.n,
                                    .rows = table_rows(s->table),
                                    .nulls = (uint64_t)a->query.nulls,
                                    .others = (uint64_t)a->query.others,
                                    .complete = a->query.complete};
    table_view_tell(s, codes ? TABLE_VIEW_CODES : TABLE_VIEW_COUNTED, 0, NULL);
    return OK;
}

/* Takes the answer's texts. */
static enum err take_sums(struct table_view *s, struct job *job, struct answer *a)
{
    query_answer_done(&s->sums);
    s->sums = a->query;
    s->sums_column = job->column;
    a->query.problem = a->query.least = a->query.greatest = NULL;
    table_view_tell(s, TABLE_VIEW_SUMMED, 0, NULL);
    return OK;
}

static enum err take_saved(struct table_view *s, struct job *job, struct answer *a)
{
    struct problem words;
    char rows[32], bytes[24];
    problem_set(&words, OK, "Saved %s: %s row%s, %s", job->save.text,
                text_count((unsigned long long)a->query.rows, rows), a->query.rows == 1 ? "" : "s",
                text_bytes((double)a->query.size, bytes));
    table_view_tell(s, TABLE_VIEW_SAVED, 0, words.text);
    return OK;
}

static enum err take_filter(struct table_view *s, struct job *job, struct answer *a)
{
    struct filter *f = table_view_unready_filter(s);
    (void)job;
    if (!f)
        return OK;
    enum err err = take_list(&f->rows, a);
    f->ready = !err;
    s->narrow_ready = false;
    return err;
}

static enum err take_order(struct table_view *s, struct job *job, struct answer *a)
{
    bool sorted = job->kind == JOB_SORT;
    enum err err = take_list(sorted ? &s->sorted : &s->narrowed, a);
    *(sorted ? &s->sort_ready : &s->narrow_ready) = !err;
    return err;
}

static enum err (*const takes[JOB_COUNT])(struct table_view *s, struct job *job, struct answer *a) = {
    [JOB_GROW] = take_table,      [JOB_INDEX] = take_table,     [JOB_LEARN] = take_table,
    [JOB_FILTER] = take_filter,   [JOB_SEARCH] = take_search,   [JOB_SORT] = take_order,
    [JOB_NARROW] = take_order,    [JOB_SAVE] = take_saved,      [JOB_CODES] = take_texts,
    [JOB_FREQUENCY] = take_texts, [JOB_STATISTICS] = take_sums, [JOB_CHECK] = table_view_take_check,
};

/* What failed is not asked again. If the file has changed, it is looked at soon. */
void table_view_take_failure(struct table_view *s, const struct job *job, enum err err, const char *why)
{
    why = why ? why : err_text(err);
    if (job->kind == JOB_FILTER)
        table_view_give_up_filter(s);
    if (job->kind == JOB_SORT || job->kind == JOB_NARROW)
        s->sort_column = SIZE_MAX;
    if (job->kind == JOB_CHECK)
        s->checks[job->override].known = true;
    if (job->kind == JOB_INDEX || job->kind == JOB_LEARN || job->kind == JOB_GROW)
        s->unlearnable = true;
    if (job->kind == JOB_INDEX && err != ERR_CHANGED) {
        s->deaths = DEATHS_MAX; /* nothing else can be asked about a table whose rows are not known */
        problem_set(&s->fault, err, "%s", why);
    }
    if (err == ERR_CHANGED) {
        s->rewritten = true;
        table_view_arm(s, 0.05);
    }
    table_view_drop_wanted(s, why);
    table_view_tell(s, TABLE_VIEW_FAILED, 0, why);
}

/* An answer that cannot be used, as when the file has changed since, is a failure like any other. A file that was saved
 * is there even if the user has cancelled saving it. */
static enum err take_answer(struct table_view *s, struct answer *a)
{
    bool is_of_job = a->query.id == (int64_t)s->doing.kind; /* else of a table that could not be taken */
    struct job job = is_of_job ? s->doing : (struct job){0};
    bool used = !s->dropped || job.kind == JOB_SAVE;
    enum err failed = (enum err)a->query.error, err = OK;
    if (is_of_job)
        s->doing = (struct job){0};
    s->version++;
    if (failed == ERR_CANCELLED && job.kind == JOB_SAVE)
        table_view_tell(s, TABLE_VIEW_SAYS, 0, "Cancelled: nothing was saved");
    if (!failed && used && takes[job.kind])
        failed = err = takes[job.kind](s, &job, a);
    if (failed && failed != ERR_CANCELLED && err != ERR_NOMEM)
        table_view_take_failure(s, &job, failed, err ? NULL : a->query.problem);
    table_view_job_done(&job);
    return err == ERR_NOMEM ? err : OK;
}

enum err table_view_take_answers(struct table_view *s)
{
    enum err err = OK;
    while (s->server && !err) {
        struct answer a = {.nfds = 0};
        err = query_server_receive(s->server, &a.query, a.fds, &a.nfds);
        if (!err)
            err = take_answer(s, &a);
        while (a.nfds > 0)
            close(a.fds[--a.nfds]);
        query_answer_done(&a.query);
    }
    if (err && err != ERR_AGAIN && err != ERR_NOMEM) /* the query server died, or its answers cannot be read */
        table_view_server_died(s);
    return err == ERR_NOMEM ? err : OK;
}
