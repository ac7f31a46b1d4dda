/* SPDX-License-Identifier: MIT
 * Opening, stepping and closing a table view, and reading its state. */
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

static enum err watch_fd(struct table_view *s, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &interest) < 0 ? err_from_errno(errno) : OK;
}

static enum err open_parts(struct table_view *s, struct problem *problem)
{
    enum err err = table_view_read_overrides(s);
    if (err)
        return problem_set(problem, err, "%s", err_text(err));
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->epoll < 0 || s->timer < 0 || watch_fd(s, s->timer))
        return problem_errno(problem, "cannot wait for events of the table");
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
    table_view_job_done(&s->doing);
    for (int i = 0; i < JOB_COUNT; i++)
        table_view_job_done(&s->wanted[i]);
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
    if (read(s->timer, &times, sizeof times) > 0 && s->doing.kind)
        s->version++; /* to show progress */
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
    bool known = s->table && (table_stage(s->table) == TABLE_LEARNED || (s->unlearnable && !s->doing.kind));
    return !table_view_streams(s) && !table_view_lacks_rows(s) && (known || s->fault.text[0]);
}

void table_view_follow(struct table_view *s, bool follow)
{
    s->follow = follow;
    if (follow)
        table_view_arm(s, 0); /* the file may have grown already */
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
