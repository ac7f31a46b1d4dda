/* SPDX-License-Identifier: MIT
 * The open table: its life, and what of it is seen. */
#include "core/table_view/table_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/table_view/private.h"

void table_view_tell(struct table_view *s, enum table_view_news news, uint64_t row, const char *words)
{
    bool aside = news == TABLE_VIEW_SAYS || news == TABLE_VIEW_RELOADED; /* what was asked for is not lost by it */
    s->version++;
    if (aside) {
        s->aside = news;
        problem_set(&s->aside_words, OK, "%s", words);
        return;
    }
    s->news = news;
    s->news_row = row;
    problem_set(&s->news_words, OK, "%s", words ? words : "");
}

void table_view_arm(struct table_view *s, double seconds)
{
    struct itimerspec when = {.it_value = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) + 1}};
    timerfd_settime(s->timer, 0, &when, NULL);
}

static enum err watch_fd(struct table_view *s, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &interest) < 0 ? err_from_errno(errno) : OK;
}

static enum err read_overrides(struct table_view *s)
{
    size_t n = s->options.ndtypes;
    s->overrides = calloc(n + 1, sizeof *s->overrides);
    s->names = calloc(n + 1, sizeof *s->names);
    s->checks = calloc(n + 1, sizeof *s->checks);
    for (size_t i = 0; s->overrides && s->names && s->checks && i < n; i++) {
        if (!(s->names[i] = strdup(s->options.dtypes[i])))
            return ERR_NOMEM;
        s->nnames++;
        size_t len;
        if (dtype_override_parse(s->names[i], &len, &s->overrides[i].dtype))
            return ERR_USAGE;
        s->names[i][len] = '\0';
        s->overrides[i].column = s->names[i];
        s->noverrides++;
    }
    return s->overrides && s->names && s->checks ? OK : ERR_NOMEM;
}

struct table_options table_view_table_options(const struct table_view *s)
{
    return (struct table_options){.path = s->options.path,
                                  .key = s->options.key,
                                  .overrides = s->overrides,
                                  .noverrides = s->noverrides,
                                  .delimiter = s->options.delimiter,
                                  .no_header = s->options.no_header,
                                  .unpacker = &table_unpacker};
}

static enum err open_parts(struct table_view *s, struct problem *problem)
{
    enum err err = read_overrides(s);
    if (err)
        return problem_set(problem, err, "%s", err_text(err));
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->epoll < 0 || s->timer < 0 || watch_fd(s, s->timer))
        return problem_errno(problem, "cannot wait for the table");
    return table_view_open_file(s, problem);
}

enum err table_view_open(const struct table_view_options *options, struct table_view **out, struct problem *problem)
{
    struct table_view *s = calloc(1, sizeof *s);
    if (!s)
        return problem_set(problem, ERR_NOMEM, "out of memory");
    *s = (struct table_view){.options = *options,
                             .epoll = -1,
                             .timer = -1,
                             .inotify = -1,

                             .input = table_input_none(),
                             .sort_column = SIZE_MAX,
                             .texts = {.fd = -1},
                             .codes = {.fd = -1}};
    enum err err = open_parts(s, problem);
    if (err)
        table_view_free(s);
    else
        *out = s;
    return err;
}

void table_view_free(struct table_view *s)
{
    if (!s)
        return;
    query_server_free(s->server);
    table_view_filters_done(s);
    row_list_done(&s->sorted);
    row_list_done(&s->narrowed);
    table_view_ask_done(&s->search);
    table_view_ask_done(&s->save);
    query_answer_done(&s->sums);
    io_close(&s->texts.fd);
    io_close(&s->codes.fd);
    table_free(s->table);
    table_input_close(&s->input);
    for (size_t i = 0; s->names && i < s->nnames; i++)
        free(s->names[i]);
    free(s->names);
    free(s->overrides);
    free(s->checks);
    io_close(&s->inotify);
    io_close(&s->timer);
    io_close(&s->epoll);
    free(s);
}

int table_view_fd(const struct table_view *s)
{
    return s->epoll;
}

enum err table_view_step(struct table_view *s)
{
    uint64_t times;
    if (read(s->timer, &times, sizeof times) > 0 && s->job)
        s->version++; /* how far it is */
    enum err err = table_view_pump(s);
    if (!err)
        err = table_view_take_answers(s);
    if (!err)
        err = table_view_look(s);
    return err ? err : table_view_ask_due(s);
}

uint64_t table_view_version(const struct table_view *s)
{
    return s->version;
}

const struct table *table_view_table(const struct table_view *s)
{
    return s->table;
}

const char *table_view_unread(enum err err)
{
    switch (err) {
    case ERR_CHANGED: return "the file changed after it was loaded";
    case ERR_IO: return "the file cannot be read here: input/output error";
    default: return NULL;
    }
}

const char *table_view_fault(const struct table_view *s)
{
    if (s->fault.text[0])
        return s->fault.text;
    return s->table ? table_fault(s->table) : NULL;
}

bool table_view_streams(const struct table_view *s)
{
    return table_input_has_more(&s->input);
}

bool table_view_settled(const struct table_view *s)
{
    bool known = s->table && (table_stage(s->table) == TABLE_LEARNED || (s->unlearnable && !s->job));
    return !table_view_streams(s) && !table_view_lacks_rows(s) && (known || s->fault.text[0]);
}

/* A table takes the place of the one before. */
enum err table_view_take_table(struct table_view *s, struct table *t)
{
    table_free(s->table);
    s->table = t;
    s->generation++;
    s->version++;
    return OK;
}

uint64_t table_view_generation(const struct table_view *s)
{
    return s->generation;
}

void table_view_forget_views(struct table_view *s)
{
    for (size_t i = 0; i < s->nfilters; i++) {
        row_list_done(&s->filters[i].rows);
        s->filters[i].ready = false;
    }
    row_list_done(&s->sorted);
    row_list_done(&s->narrowed);
    s->sort_ready = s->narrow_ready = false;
    s->version++;
}

/* Filters that are answered hold; one that is not yet changes nothing so far. */
const struct row_list *table_view_list(const struct table_view *s)
{
    const struct row_list *some = table_view_filtered(s, s->nfilters);
    if (s->sort_column == SIZE_MAX || !s->sort_ready)
        return some;
    return !some ? &s->sorted : s->narrow_ready ? &s->narrowed : some;
}

struct table_view_extent table_view_extent(const struct table_view *s)
{
    const struct row_list *l = table_view_list(s);
    uint64_t rows = l ? l->n : s->table ? table_rows(s->table) : 0;
    struct table_view_extent x = {rows, rows};
    if (l || !s->table || table_stage(s->table) != TABLE_FIRST_ROWS || rows == 0 || table_bytes(s->table) == 0)
        return x;
    double each = (double)table_bytes(s->table) / (double)rows;
    x.guess = (uint64_t)((double)table_size(s->table) / each);
    x.guess = x.guess > rows ? x.guess : rows;
    return x;
}

/* In an order of its own a list is looked through. */
static enum err place_in_list(const struct row_list *l, uint64_t number, uint64_t *out)
{
    struct row_list_walk w = {.list = l};
    uint64_t row;
    enum err err;
    for (uint64_t at = 0; !(err = row_list_next(&w, &row)) && row != UINT64_MAX; at++)
        if (row == number) {
            *out = at;
            break;
        }
    return err;
}

enum err table_view_place(const struct table_view *s, uint64_t number, uint64_t *out)
{
    const struct row_list *l = table_view_list(s);
    uint64_t at, found;
    *out = !l && number < table_view_extent(s).guess ? number : UINT64_MAX;
    if (l == &s->sorted || l == &s->narrowed)
        return place_in_list(l, number, out);
    enum err err = l ? row_list_find(l, number, &at) : OK;
    if (!err && l && at < l->n && !(err = row_list_read(l, at, 1, &found)) && found == number)
        *out = at;
    return err;
}

static enum err read_list(struct table_reader *r, const struct row_list *l, uint64_t i, uint64_t n,
                          table_view_visit *visit, void *ctx)
{
    enum err err = OK;
    for (uint64_t k = 0, number; !err && k < n; k++) {
        const struct row *row = NULL;
        err = row_list_read(l, i + k, 1, &number);
        if (!err)
            err = table_seek(r, number);
        if (!err)
            err = table_next(r, &row);
        if (err || !row)
            break;
        visit(ctx, i + k, row);
    }
    return err;
}

static enum err read_on(struct table_reader *r, uint64_t i, uint64_t n, table_view_visit *visit, void *ctx)
{
    enum err err = OK;
    for (uint64_t k = 0; !err && k < n; k++) {
        const struct row *row = NULL;
        err = table_next(r, &row);
        if (err || !row)
            break;
        visit(ctx, i + k, row);
    }
    return err;
}

enum err table_view_read(const struct table_view *s, uint64_t i, uint64_t n, table_view_visit *visit, void *ctx)
{
    const struct row_list *l = table_view_list(s);
    uint64_t rows = table_view_extent(s).rows;
    struct table_reader *r;
    if (!s->table || i >= rows)
        return OK;
    n = n < rows - i ? n : rows - i;
    enum err err = table_reader_new(s->table, &r);
    if (err)
        return err;
    if (l)
        err = read_list(r, l, i, n, visit, ctx);
    else if (!(err = table_seek(r, i)))
        err = read_on(r, i, n, visit, ctx);
    table_reader_free(r);
    return err;
}

enum err table_view_read_end(const struct table_view *s, uint64_t n, table_view_visit *visit, void *ctx)
{
    struct table_reader *r;
    bool exact;
    enum err err = s->table ? table_reader_new(s->table, &r) : ERR_GONE;
    if (err)
        return err == ERR_GONE ? OK : err;
    err = table_seek_end(r, n, &exact);
    if (!err)
        err = read_on(r, 0, n, visit, ctx);
    table_reader_free(r);
    return err;
}

void table_view_follow(struct table_view *s, bool follow)
{
    s->follow = follow;
    if (follow)
        table_view_arm(s, 0); /* what came before is taken in now */
    s->version++;
}

bool table_view_follows(const struct table_view *s)
{
    return s->follow;
}

enum table_view_news table_view_news(struct table_view *s, uint64_t *row, struct problem *words)
{
    enum table_view_news news = s->news;
    *row = s->news_row;
    *words = news ? s->news_words : s->aside_words;
    if (news == TABLE_VIEW_NOTHING) {
        news = s->aside;
        s->aside = TABLE_VIEW_NOTHING;
    }
    s->news = TABLE_VIEW_NOTHING;
    return news;
}

const struct table_view_texts *table_view_texts(const struct table_view *s)
{
    return &s->texts;
}

const struct table_view_texts *table_view_codes(const struct table_view *s)
{
    return &s->codes;
}

const struct query_answer *table_view_sums(const struct table_view *s, size_t *column)
{
    *column = s->sums_column;
    return &s->sums;
}
