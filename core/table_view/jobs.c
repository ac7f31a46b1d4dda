/* SPDX-License-Identifier: MIT
 * Asking the query server, one job at a time and the most urgent one first. */
#include <sys/epoll.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/table_view/private.h"

static const double tick = 0.1; /* seconds between two looks at the progress of a job */

/* --- asking ------------------------------------------------------------------------------------------------------- */

static enum err ask(struct table_view *s, struct query *q, const int *fds, int nfds)
{
    q->id = (int64_t)s->doing.kind;
    return query_server_send(s->server, q, fds, nfds);
}

/* About these rows; NULL: all. */
static enum err ask_within(struct table_view *s, struct query q, const struct row_list *rows)
{
    q.within = rows ? (int64_t)rows->n : -1;
    q.within_wide = rows && rows->wide;
    return ask(s, &q, rows ? &rows->fd : NULL, rows ? 1 : 0);
}

static enum err ask_index(struct table_view *s)
{
    return ask(s, &(struct query){.type = QUERY_INDEX, .within = -1}, NULL, 0);
}

static enum err ask_learn(struct table_view *s)
{
    return ask(s, &(struct query){.type = QUERY_LEARN, .within = -1}, NULL, 0);
}

static enum err ask_grow(struct table_view *s)
{
    s->grown = false;
    if (!s->input.stream)
        return ask(s, &(struct query){.type = QUERY_GROW, .within = -1}, NULL, 0);
    struct table_spool spool = table_stream_spool(s->input.stream);
    struct query q = {.type = QUERY_GROW_SPOOL, .within = -1, .size = (int64_t)spool.size, .growing = spool.growing};
    s->spooled = spool.size;
    return ask(s, &q, &spool.fd, 1);
}

/* A filter looks only at the rows that those before it leave. */
static enum err ask_filter(struct table_view *s)
{
    const struct filter *f = table_view_unready_filter(s);
    return ask_within(s, f->query, table_view_filtered(s, (size_t)(f - s->filters)));
}

/* Among all rows the query server finds the next one. In a view it finds all of them, and the answer is looked through
 * for the next one; in one that is reordered, among all rows of the table. */
static enum err ask_search(struct table_view *s)
{
    const struct row_list *l = table_view_list(s);
    struct query q = s->doing.search.query;
    uint64_t rows = table_view_extent(s).rows, step = q.backwards ? rows - 1 : 1;
    q.type = l ? QUERY_FIND : QUERY_NEXT;
    q.from = rows ? (int64_t)((s->doing.search.from % rows + step) % rows) : 0;
    return ask_within(s, q, l && table_view_is_reordered(s, l) ? NULL : l);
}

static enum err ask_sort(struct table_view *s)
{
    struct query q = {.type = QUERY_SORT, .within = -1, .column = (int64_t)s->sort_column, .descending = s->descending};
    return ask(s, &q, NULL, 0);
}

static enum err ask_narrow(struct table_view *s)
{
    const struct row_list *some = table_view_filtered(s, s->nfilters);
    struct query q = {
        .type = QUERY_NARROW, .within = (int64_t)some->n, .within_wide = some->wide, .size = (int64_t)s->sorted.n};
    int fds[] = {some->fd, s->sorted.fd};
    return ask(s, &q, fds, 2);
}

static enum err ask_save(struct table_view *s)
{
    return ask_within(s, s->doing.save, table_view_list(s));
}

static enum err ask_codes(struct table_view *s)
{
    return ask_within(s, (struct query){.type = QUERY_CODES}, table_view_list(s));
}

static enum err ask_frequency(struct table_view *s)
{
    struct query q = {.type = QUERY_FREQUENCY, .within = -1, .column = (int64_t)s->doing.column};
    return ask(s, &q, NULL, 0);
}

static enum err ask_statistics(struct table_view *s)
{
    struct query q = {.type = QUERY_STATISTICS, .within = -1, .column = (int64_t)s->doing.column};
    return ask(s, &q, NULL, 0);
}

static enum err ask_check(struct table_view *s)
{
    size_t column = 0;
    s->doing.override = table_view_unchecked(s, &column);
    struct query q = {.type = QUERY_FIND, .what = FIND_ODD, .column = (int64_t)column, .within = -1};
    return ask(s, &q, NULL, 0);
}

/* --- what is due -------------------------------------------------------------------------------------------------- */

static bool grow_is_due(const struct table_view *s)
{
    bool file_grew = !s->input.streaming && s->grown && s->follow && table_stage(s->table) != TABLE_FIRST_ROWS;
    return file_grew || table_view_stream_has_more(s);
}

static bool index_is_due(const struct table_view *s)
{
    return table_stage(s->table) == TABLE_FIRST_ROWS;
}

static bool filter_is_due(const struct table_view *s)
{
    return table_view_unready_filter(s) != NULL;
}

static bool sort_is_due(const struct table_view *s)
{
    return s->sort_column != SIZE_MAX && !s->sort_ready;
}

static bool narrow_is_due(const struct table_view *s)
{
    return s->sort_column != SIZE_MAX && !s->narrow_ready && table_view_filtered(s, s->nfilters);
}

static bool check_is_due(const struct table_view *s)
{
    size_t column;
    return !table_input_has_more(&s->input) && table_view_unchecked(s, &column) != SIZE_MAX;
}

static bool learn_is_due(const struct table_view *s)
{
    return table_stage(s->table) == TABLE_INDEXED && !table_input_has_more(&s->input) && !s->unlearnable;
}

/* Nothing after the index is asked before all rows are known. */
static const struct job_type {
    bool (*is_due)(const struct table_view *s); /* NULL: when the user has asked for it */
    enum err (*ask)(struct table_view *s);      /* asks for s->doing */
    const char *words;                          /* for the status */
} types[JOB_COUNT] = {
    [JOB_GROW] = {grow_is_due, ask_grow, "reading on"},
    [JOB_INDEX] = {index_is_due, ask_index, "finding all rows"},
    [JOB_FILTER] = {filter_is_due, ask_filter, "filtering"},
    [JOB_SEARCH] = {NULL, ask_search, "searching"},
    [JOB_SORT] = {sort_is_due, ask_sort, "sorting"},
    [JOB_NARROW] = {narrow_is_due, ask_narrow, "sorting"},
    [JOB_SAVE] = {NULL, ask_save, "saving"},
    [JOB_CODES] = {NULL, ask_codes, "collecting codes"},
    [JOB_FREQUENCY] = {NULL, ask_frequency, "counting"},
    [JOB_STATISTICS] = {NULL, ask_statistics, "summing up"},
    [JOB_CHECK] = {check_is_due, ask_check, "checking the dtype"},
    [JOB_LEARN] = {learn_is_due, ask_learn, "learning dtypes and codes"},
};

static enum job_kind due(const struct table_view *s)
{
    for (enum job_kind kind = JOB_NONE + 1; kind < JOB_COUNT; kind++)
        if (types[kind].is_due ? types[kind].is_due(s) : s->wanted[kind].kind != JOB_NONE)
            return kind;
    return JOB_NONE;
}

/* --- the query server --------------------------------------------------------------------------------------------- */

static enum err tell_table(struct table_view *s)
{
    struct query q = {.type = QUERY_TABLE, .within = -1};
    int fds[TABLE_FDS];
    table_fds(s->table, fds);
    enum err err = query_server_send(s->server, &q, fds, TABLE_FDS);
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

/* What was wanted is being done now. */
static enum err start(struct table_view *s, enum job_kind kind)
{
    s->doing = s->wanted[kind];
    s->doing.kind = kind;
    s->wanted[kind] = (struct job){0};
    s->since = clock_now();
    s->stopped = s->dropped = false;
    return types[kind].ask(s);
}

enum err table_view_ask_due(struct table_view *s)
{
    if (!s->table || s->deaths >= DEATHS_MAX)
        return OK;
    if (s->doing.kind) {
        table_view_arm(s, tick);
        return OK;
    }
    enum job_kind kind = due(s);
    if (!kind || have_server(s))
        return OK; /* why there is no query server has been told */
    enum err err = s->told ? OK : tell_table(s);
    if (!err)
        err = start(s, kind);
    if (err == ERR_CLOSED || (err != ERR_NOMEM && !s->told)) {
        table_view_server_died(s);
        return OK;
    }
    table_view_arm(s, tick);
    if (!err)
        return OK;
    struct job failed = s->doing;
    s->doing = (struct job){0};
    if (err != ERR_NOMEM)
        table_view_take_failure(s, &failed, err, NULL);
    table_view_job_done(&failed);
    return err == ERR_NOMEM ? err : OK;
}

void table_view_status(const struct table_view *s, struct buf *out)
{
    const char *words = types[s->doing.kind].words;
    if (table_input_has_more(&s->input)) {
        char bytes[24];
        buf_addf(out, "%s so far, ",
                 text_bytes(s->input.stream ? (double)table_stream_size(s->input.stream) : 0, bytes));
    }
    if (s->follow)
        buf_add_text(out, "following, ");
    if (words && s->dropped)
        buf_addf(out, "stopping: %s, ", words);
    else if (words && clock_now() - s->since > 0.09)
        buf_addf(out, "%s %.0f %%, ", words, 100 * query_server_progress(s->server));
}
