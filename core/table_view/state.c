/* SPDX-License-Identifier: MIT
 * Small changes of the state of a table view, which the other files of the room use. They use no other file. */
#include <stdlib.h>
#include <sys/timerfd.h>

#include "core/table_view/private.h"

void table_view_tell(struct table_view *s, enum table_view_news news, uint64_t row, const char *words)
{
    bool aside = news == TABLE_VIEW_SAYS || news == TABLE_VIEW_RELOADED; /* kept apart, so that no answer is lost */
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

void table_view_take_table(struct table_view *s, struct table *t)
{
    table_free(s->table);
    s->table = t;
    s->version++;
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

/* The cells that were found before are shown until there is a new answer. */
void table_view_check_again(struct table_view *s)
{
    for (size_t i = 0; i < s->noverrides; i++)
        s->checks[i].known = false;
}

struct filter *table_view_unready_filter(const struct table_view *s)
{
    for (size_t i = 0; i < s->nfilters; i++)
        if (!s->filters[i].ready && !s->filters[i].off)
            return &s->filters[i];
    return NULL;
}

bool table_view_stream_has_more(const struct table_view *s)
{
    return s->input.stream && (table_stream_size(s->input.stream) > s->spooled || (s->input.ended && s->grown));
}

bool table_view_lacks_rows(const struct table_view *s)
{
    return s->table && s->deaths < DEATHS_MAX && (s->doing.kind == JOB_GROW || table_view_stream_has_more(s));
}

void table_view_query_done(struct query *q)
{
    free(q->text);
    free(q->columns);
    *q = (struct query){.within = -1};
}

void table_view_job_done(struct job *job)
{
    if (job->kind == JOB_SEARCH)
        table_view_query_done(&job->search.query);
    if (job->kind == JOB_SAVE)
        table_view_query_done(&job->save);
    *job = (struct job){0};
}

void table_view_wake(struct table_view *s)
{
    if ((s->doing.kind == JOB_LEARN || s->doing.kind == JOB_CHECK) && !s->stopped) {
        s->stopped = true;
        query_server_cancel(s->server);
    }
    table_view_arm(s, 0);
    s->version++;
}

void table_view_drop_job(struct table_view *s, enum job_kind kind)
{
    if (s->doing.kind != kind || s->dropped)
        return;
    s->stopped = s->dropped = true;
    query_server_cancel(s->server);
}

void table_view_want(struct table_view *s, struct job job)
{
    table_view_drop_job(s, job.kind);
    table_view_job_done(&s->wanted[job.kind]);
    s->wanted[job.kind] = job;
    table_view_wake(s);
}

static void say_unsaved(struct table_view *s, const struct job *job, const char *why)
{
    struct problem words;
    if (job->kind != JOB_SAVE)
        return;
    problem_set(&words, OK, "%s was not saved: %s", job->save.text, why);
    table_view_tell(s, TABLE_VIEW_FAILED, 0, words.text);
}

void table_view_drop_wanted(struct table_view *s, const char *why)
{
    for (int i = 0; i < JOB_COUNT; i++) {
        say_unsaved(s, &s->wanted[i], why);
        table_view_job_done(&s->wanted[i]);
    }
}

static void lose_server(struct table_view *s, const char *why)
{
    query_server_free(s->server);
    s->server = NULL;
    say_unsaved(s, &s->doing, why);
    table_view_job_done(&s->doing);
    table_view_drop_wanted(s, why);
}

void table_view_drop_server(struct table_view *s, const char *why)
{
    lose_server(s, why);
    s->deaths = 0;
    s->unlearnable = false;
}

void table_view_server_died(struct table_view *s)
{
    lose_server(s, "the process that reads the table died");
    if (++s->deaths >= DEATHS_MAX)
        table_view_tell(s, TABLE_VIEW_FAILED, 0,
                        "The process that reads the table died several times; it is not started again");
    else
        table_view_tell(s, TABLE_VIEW_SAYS, 0, "The process that reads the table died; another is started");
    table_view_arm(s, 0.1);
}
