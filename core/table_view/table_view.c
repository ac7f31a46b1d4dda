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

void sheet_tell(struct sheet *s, enum sheet_news news, uint64_t row, const char *words)
{
    bool aside = news == SHEET_SAYS || news == SHEET_RELOADED; /* what was asked for is not lost by it */
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

void sheet_arm(struct sheet *s, double seconds)
{
    struct itimerspec when = {.it_value = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) + 1}};
    timerfd_settime(s->timer, 0, &when, NULL);
}

static enum err watch_fd(struct sheet *s, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &interest) < 0 ? err_from_errno(errno) : OK;
}

static enum err read_overrides(struct sheet *s)
{
    size_t n = s->options.ndtypes;
    s->overrides = calloc(n + 1, sizeof *s->overrides);
    s->names = calloc(n + 1, sizeof *s->names);
    s->checks = calloc(n + 1, sizeof *s->checks);
    for (size_t i = 0; s->overrides && s->names && s->checks && i < n; i++) {
        if (!(s->names[i] = strdup(s->options.dtypes[i])))
            return ERR_NOMEM;
        s->nnames++;
        char *equals = strrchr(s->names[i], '=');
        if (!equals || dtype_from_name(equals + 1, &s->overrides[i].dtype))
            return ERR_USAGE;
        *equals = '\0';
        s->overrides[i].column = s->names[i];
        s->noverrides++;
    }
    return s->overrides && s->names && s->checks ? OK : ERR_NOMEM;
}

struct table_options sheet_table_options(const struct sheet *s)
{
    return (struct table_options){.path = s->options.path, .key = s->options.key, .overrides = s->overrides,
                                  .noverrides = s->noverrides, .delimiter = s->options.delimiter,
                                  .no_header = s->options.no_header, .unpacker = &table_unpacker};
}

static enum err open_parts(struct sheet *s, struct problem *problem)
{
    enum err e = read_overrides(s);
    if (e)
        return problem_set(problem, e, "%s", err_text(e));
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->epoll < 0 || s->timer < 0 || watch_fd(s, s->timer))
        return problem_errno(problem, "cannot wait for the table");
    return sheet_open_file(s, problem);
}

enum err sheet_open(const struct sheet_options *options, struct sheet **out, struct problem *problem)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (!s)
        return problem_set(problem, ERR_NOMEM, "out of memory");
    *s = (struct sheet){.options = *options, .fd = -1, .epoll = -1, .timer = -1, .inotify = -1, .spool = -1,
                        .input = await_none(-1),
                        .sort_column = SIZE_MAX, .texts = {.fd = -1}, .codes = {.fd = -1}};
    enum err e = open_parts(s, problem);
    if (e)
        sheet_free(s);
    else
        *out = s;
    return e;
}

void sheet_free(struct sheet *s)
{
    if (!s)
        return;
    query_server_free(s->server);
    sheet_filters_done(s);
    row_list_done(&s->sorted);
    row_list_done(&s->narrowed);
    sheet_ask_done(&s->search);
    sheet_ask_done(&s->save);
    query_answer_done(&s->sums);
    io_close(&s->texts.fd);
    io_close(&s->codes.fd);
    table_free(s->table);
    table_stream_free(s->stream);
    for (size_t i = 0; s->names && i < s->nnames; i++)
        free(s->names[i]);
    free(s->names);
    free(s->overrides);
    free(s->checks);
    io_close(&s->fd);
    io_close(&s->inotify);
    io_close(&s->timer);
    io_close(&s->epoll);
    free(s);
}

int sheet_fd(const struct sheet *s)
{
    return s->epoll;
}

enum err sheet_step(struct sheet *s)
{
    uint64_t times;
    if (read(s->timer, &times, sizeof times) > 0 && s->job)
        s->version++; /* how far it is */
    enum err e = sheet_pump(s);
    if (!e)
        e = sheet_take_answers(s);
    if (!e)
        e = sheet_look(s);
    return e ? e : sheet_ask_due(s);
}

uint64_t sheet_version(const struct sheet *s)
{
    return s->version;
}

const struct table *sheet_table(const struct sheet *s)
{
    return s->table;
}

const char *sheet_unread(enum err e)
{
    switch (e) {
    case ERR_CHANGED: return "the file changed after it was loaded";
    case ERR_IO: return "the file cannot be read here: input/output error";
    default: return NULL;
    }
}

const char *sheet_fault(const struct sheet *s)
{
    if (s->fault.text[0])
        return s->fault.text;
    return s->table ? table_fault(s->table) : NULL;
}

bool sheet_streams(const struct sheet *s)
{
    return s->streaming && !s->ended;
}

bool sheet_settled(const struct sheet *s)
{
    bool known = s->table && (table_stage(s->table) == TABLE_LEARNED || (s->unlearnable && !s->job));
    return !sheet_streams(s) && !sheet_lacks_rows(s) && (known || s->fault.text[0]);
}

int sheet_source(const struct sheet *s)
{
    return s->fd;
}

/* A table takes the place of the one before. */
enum err sheet_take_table(struct sheet *s, struct table *t)
{
    table_free(s->table);
    s->table = t;
    s->generation++;
    s->version++;
    return OK;
}

uint64_t sheet_generation(const struct sheet *s)
{
    return s->generation;
}

void sheet_forget_views(struct sheet *s)
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
const struct row_list *sheet_list(const struct sheet *s)
{
    const struct row_list *some = sheet_filtered(s, s->nfilters);
    if (s->sort_column == SIZE_MAX || !s->sort_ready)
        return some;
    return !some ? &s->sorted : s->narrow_ready ? &s->narrowed : some;
}

struct sheet_extent sheet_extent(const struct sheet *s)
{
    const struct row_list *l = sheet_list(s);
    uint64_t rows = l ? l->n : s->table ? table_rows(s->table) : 0;
    struct sheet_extent x = {rows, rows};
    if (l || !s->table || table_stage(s->table) != TABLE_FIRST_ROWS || rows == 0 || table_bytes(s->table) == 0)
        return x;
    double each = (double)table_bytes(s->table) / (double)rows;
    x.guess = (uint64_t)((double)table_size(s->table) / each);
    x.guess = x.guess > rows ? x.guess : rows;
    return x;
}

enum err sheet_row_number(const struct sheet *s, uint64_t i, uint64_t *out)
{
    const struct row_list *l = sheet_list(s);
    *out = i;
    return l ? row_list_read(l, i, 1, out) : OK;
}

/* In an order of its own a list is looked through. */
static enum err place_in_list(const struct row_list *l, uint64_t number, uint64_t *out)
{
    struct row_list_walk w = {.list = l};
    uint64_t row;
    enum err e;
    for (uint64_t at = 0; !(e = row_list_next(&w, &row)) && row != UINT64_MAX; at++)
        if (row == number) {
            *out = at;
            break;
        }
    return e;
}

enum err sheet_place(const struct sheet *s, uint64_t number, uint64_t *out)
{
    const struct row_list *l = sheet_list(s);
    uint64_t at, found;
    *out = !l && number < sheet_extent(s).guess ? number : UINT64_MAX;
    if (l == &s->sorted || l == &s->narrowed)
        return place_in_list(l, number, out);
    enum err e = l ? row_list_find(l, number, &at) : OK;
    if (!e && l && at < l->n && !(e = row_list_read(l, at, 1, &found)) && found == number)
        *out = at;
    return e;
}

static enum err read_list(struct table_reader *r, const struct row_list *l, uint64_t i, uint64_t n, sheet_visit *visit,
                          void *ctx)
{
    enum err e = OK;
    for (uint64_t k = 0, number; !e && k < n; k++) {
        const struct row *row = NULL;
        e = row_list_read(l, i + k, 1, &number);
        if (!e)
            e = table_seek(r, number);
        if (!e)
            e = table_next(r, &row);
        if (e || !row)
            break;
        visit(ctx, i + k, row);
    }
    return e;
}

static enum err read_on(struct table_reader *r, uint64_t i, uint64_t n, sheet_visit *visit, void *ctx)
{
    enum err e = OK;
    for (uint64_t k = 0; !e && k < n; k++) {
        const struct row *row = NULL;
        e = table_next(r, &row);
        if (e || !row)
            break;
        visit(ctx, i + k, row);
    }
    return e;
}

enum err sheet_read(const struct sheet *s, uint64_t i, uint64_t n, sheet_visit *visit, void *ctx)
{
    const struct row_list *l = sheet_list(s);
    uint64_t rows = sheet_extent(s).rows;
    struct table_reader *r;
    if (!s->table || i >= rows)
        return OK;
    n = n < rows - i ? n : rows - i;
    enum err e = table_reader_new(s->table, &r);
    if (e)
        return e;
    if (l)
        e = read_list(r, l, i, n, visit, ctx);
    else if (!(e = table_seek(r, i)))
        e = read_on(r, i, n, visit, ctx);
    table_reader_free(r);
    return e;
}

enum err sheet_read_end(const struct sheet *s, uint64_t n, sheet_visit *visit, void *ctx)
{
    struct table_reader *r;
    bool exact;
    enum err e = s->table ? table_reader_new(s->table, &r) : ERR_GONE;
    if (e)
        return e == ERR_GONE ? OK : e;
    e = table_seek_end(r, n, &exact);
    if (!e)
        e = read_on(r, 0, n, visit, ctx);
    table_reader_free(r);
    return e;
}

void sheet_follow(struct sheet *s, bool follow)
{
    s->follow = follow;
    if (follow)
        sheet_arm(s, 0); /* what came before is taken in now */
    s->version++;
}

bool sheet_follows(const struct sheet *s)
{
    return s->follow;
}

enum sheet_news sheet_news(struct sheet *s, uint64_t *row, struct problem *words)
{
    enum sheet_news news = s->news;
    *row = s->news_row;
    *words = news ? s->news_words : s->aside_words;
    if (news == SHEET_NOTHING) {
        news = s->aside;
        s->aside = SHEET_NOTHING;
    }
    s->news = SHEET_NOTHING;
    return news;
}

const struct sheet_texts *sheet_texts(const struct sheet *s)
{
    return &s->texts;
}

const struct sheet_texts *sheet_codes(const struct sheet *s)
{
    return &s->codes;
}

const struct query_answer *sheet_sums(const struct sheet *s, size_t *column)
{
    *column = s->sums_column;
    return &s->sums;
}
