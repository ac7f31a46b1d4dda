/* SPDX-License-Identifier: MIT
 * What the user asks of the open table: search, counts, a file. Each is only noted here; table_view_jobs.c asks. */
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/table_view/private.h"

void table_view_ask_done(struct query *a)
{
    free(a->text);
    free(a->columns);
    *a = (struct query){.within = -1};
}

/* What is learned behind steps aside; the next step asks. */
void table_view_wake(struct table_view *s)
{
    if ((s->job == JOB_LEARN || s->job == JOB_CHECK) && !s->stopped) {
        s->stopped = true;
        query_server_cancel(s->server);
    }
    table_view_arm(s, 0);
    s->version++;
}

enum err table_view_search(struct table_view *s, const char *words, uint64_t i, bool backwards, struct problem *problem)
{
    if (!s->table)
        return problem_set(problem, ERR_USAGE, "there is no table to search");
    bool pattern = words[0] == '~' && words[1];
    char *text = strdup(words + pattern);
    if (!text)
        return problem_set(problem, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    table_view_ask_done(&s->search);
    s->search = (struct query){.what = pattern ? FIND_PATTERN : FIND_PART,
                               .column = NO_COLUMN,
                               .text = text,
                               .any_case = find_any_case(text, strlen(text)),
                               .backwards = backwards,
                               .within = -1};
    s->search_from = i;
    s->searching = true;
    table_view_wake(s);
    return OK;
}

enum err table_view_ask_codes(struct table_view *s)
{
    s->picking = true;
    table_view_wake(s);
    return OK;
}

enum err table_view_frequency(struct table_view *s, size_t column)
{
    s->counting = true;
    s->column = column;
    table_view_wake(s);
    return OK;
}

enum err table_view_statistics(struct table_view *s, size_t column)
{
    s->summing = true;
    s->column = column;
    table_view_wake(s);
    return OK;
}

/* "0 3 2 ": columns by their places. */
static char *column_words(const size_t *columns, size_t n)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%zu ", columns[i]);
    char *words = buf_take(&b);
    buf_done(&b);
    return words;
}

enum err table_view_save(struct table_view *s, const char *path, const size_t *columns, size_t n, bool replace,
                         struct problem *problem)
{
    if (s->saving)
        return problem_set(problem, ERR_USAGE, "%s is being saved", s->save.text);
    table_view_ask_done(&s->save);
    s->save = (struct query){.type = QUERY_SAVE,
                             .what = save_format_of(path),
                             .text = strdup(path),
                             .replace = replace,
                             .columns = column_words(columns, n),
                             .within = -1};
    if (!s->save.text || !s->save.columns)
        return problem_set(problem, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    s->saving = true;
    table_view_wake(s);
    return OK;
}

void table_view_drop_asks(struct table_view *s, const char *why)
{
    struct problem words;
    if (s->saving) {
        problem_set(&words, OK, "%s was not saved: %s", s->save.text, why);
        table_view_tell(s, TABLE_VIEW_FAILED, 0, words.text);
    }
    s->searching = s->saving = s->picking = s->counting = s->summing = false;
}

static bool of_user(enum job job)
{
    return job >= JOB_SEARCH && job <= JOB_STATISTICS;
}

bool table_view_view_ready(const struct table_view *s)
{
    return !table_view_unready_filter(s) && (s->sort_column == SIZE_MAX || s->sort_ready);
}

bool table_view_busy(const struct table_view *s)
{
    bool waits = s->searching || s->saving || s->picking || s->counting || s->summing;
    return of_user(s->job) || waits || !table_view_view_ready(s);
}

/* What was asked for and is not there yet is not wanted any more. */
void table_view_cancel(struct table_view *s)
{
    if (of_user(s->job)) {
        s->stopped = s->dropped = true;
        query_server_cancel(s->server);
    }
    s->searching = s->saving = s->picking = s->counting = s->summing = false;
    while (table_view_unready_filter(s))
        table_view_give_up_filter(s);
    if (s->sort_column != SIZE_MAX && !s->sort_ready)
        table_view_give_up_order(s);
    s->version++;
}

static const char *const words_of[] = {
    [JOB_INDEX] = "finding all rows",
    [JOB_GROW] = "reading on",
    [JOB_SEARCH] = "searching",
    [JOB_FILTER] = "filtering",
    [JOB_SORT] = "sorting",
    [JOB_NARROW] = "sorting",
    [JOB_SAVE] = "saving",
    [JOB_CODES] = "collecting codes",
    [JOB_FREQUENCY] = "counting",
    [JOB_STATISTICS] = "summing up",
    [JOB_CHECK] = "checking the dtype",
    [JOB_LEARN] = "learning dtypes and codes",
};

void table_view_status(const struct table_view *s, struct buf *out)
{
    if (table_view_streams(s)) {
        char bytes[24];
        buf_addf(out, "%s so far, ",
                 text_bytes(s->input.stream ? (double)table_stream_size(s->input.stream) : 0, bytes));
    }
    if (s->follow)
        buf_add_text(out, "following, ");
    if (s->job && s->dropped)
        buf_addf(out, "stopping: %s, ", words_of[s->job]);
    else if (s->job && clock_now() - s->since > 0.09)
        buf_addf(out, "%s %.0f %%, ", words_of[s->job], 100 * query_server_progress(s->server));
}
