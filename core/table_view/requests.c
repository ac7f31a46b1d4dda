/* SPDX-License-Identifier: MIT
 * What the user asks for: searching, counting, saving. It is only noted here; jobs.c asks the query server. */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table_view/private.h"

enum err table_view_search(struct table_view *s, const char *words, uint64_t i, bool backwards, struct problem *problem)
{
    if (!s->table)
        return problem_set(problem, ERR_USAGE, "no table is open");
    bool pattern = words[0] == '~' && words[1];
    char *text = strdup(words + pattern);
    if (!text)
        return problem_set(problem, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    struct query query = {.what = pattern ? FIND_PATTERN : FIND_PART,
                          .column = NO_COLUMN,
                          .text = text,
                          .any_case = find_any_case(text, strlen(text)),
                          .backwards = backwards,
                          .within = -1};
    table_view_want(s, (struct job){.kind = JOB_SEARCH, .search = {query, i}});
    return OK;
}

enum err table_view_ask_codes(struct table_view *s)
{
    table_view_want(s, (struct job){.kind = JOB_CODES});
    return OK;
}

enum err table_view_frequency(struct table_view *s, size_t column)
{
    table_view_want(s, (struct job){.kind = JOB_FREQUENCY, .column = column});
    return OK;
}

enum err table_view_statistics(struct table_view *s, size_t column)
{
    table_view_want(s, (struct job){.kind = JOB_STATISTICS, .column = column});
    return OK;
}

/* As in "0 3 2 ": see struct query. */
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
    const struct job *other = s->doing.kind == JOB_SAVE ? &s->doing : &s->wanted[JOB_SAVE];
    if (other->kind)
        return problem_set(problem, ERR_USAGE, "%s is still being saved", other->save.text);
    struct query query = {.type = QUERY_SAVE,
                          .what = save_format_of(path),
                          .text = strdup(path),
                          .replace = replace,
                          .columns = column_words(columns, n),
                          .within = -1};
    if (!query.text || !query.columns) {
        table_view_query_done(&query);
        return problem_set(problem, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    }
    table_view_want(s, (struct job){.kind = JOB_SAVE, .save = query});
    return OK;
}

static bool of_user(enum job_kind kind)
{
    return kind >= JOB_FILTER && kind <= JOB_STATISTICS;
}

static bool wants_something(const struct table_view *s)
{
    for (int i = 0; i < JOB_COUNT; i++)
        if (s->wanted[i].kind)
            return true;
    return false;
}

bool table_view_view_ready(const struct table_view *s)
{
    return !table_view_unready_filter(s) && (s->sort_column == SIZE_MAX || s->sort_ready);
}

bool table_view_busy(const struct table_view *s)
{
    return of_user(s->doing.kind) || wants_something(s) || !table_view_view_ready(s);
}

void table_view_cancel(struct table_view *s)
{
    if (of_user(s->doing.kind))
        table_view_drop_job(s, s->doing.kind);
    for (int i = 0; i < JOB_COUNT; i++)
        table_view_job_done(&s->wanted[i]);
    while (table_view_unready_filter(s))
        table_view_give_up_filter(s);
    if (s->sort_column != SIZE_MAX && !s->sort_ready)
        table_view_give_up_order(s);
    s->version++;
}
