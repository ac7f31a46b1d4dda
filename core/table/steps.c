/* SPDX-License-Identifier: MIT
 * The steps after opening: first rows → all rows → what their cells hold, and rows that were appended since. Each step
 * makes a new table that shares the bytes, and whatever did not change, with the one before. */
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/table/private.h"

static void replace_index(struct table_body *body, const struct table_index *made)
{
    table_index_close(&body->index);
    body->index = *made;
}

static enum err index_by_libcsv(struct table_body *body, const struct table_parse *how, struct problem *problem)
{
    struct table_header header = {0};
    struct table_index made = {.fd = -1};
    table_progress_begin(how->progress, body->source.size);
    enum err err = table_index_csv(how, &body->source, &header, &made, problem);
    if (!err && header.n != body->ncolumns)
        err = table_problem(problem, ERR_CHANGED, how->path);
    if (err)
        table_index_close(&made);
    else
        replace_index(body, &made);
    table_header_done(&header);
    return err;
}

static enum err index_by(struct table_body *body, const struct table_plan *plan, const struct table_parse *how,
                         struct problem *problem)
{
    struct table_index made = {.fd = -1};
    bool strange = false;
    table_progress_begin(plan->progress, plan->source->size - plan->from.offset);
    enum err err = table_index_raw(plan, &made, &strange);
    bool unreadable = err == ERR_IO && !how->strict; /* libcsv then indexes the rows before the unreadable part */
    if (err && !unreadable)
        return table_problem(problem, err, how->path);
    if (!unreadable && !strange && !(how->strict && made.facts->ragged.long_rows)) {
        replace_index(body, &made);
        return OK;
    }
    table_index_close(&made);
    return index_by_libcsv(body, how, problem);
}

static struct table_plan plan_for(const struct table_body *body, const struct table_tuning *tuning,
                                  const struct table_runner *runner, struct table_progress *progress)
{
    const struct table_index_facts *f = body->index.facts;
    return (struct table_plan){
        .source = &body->source,
        .raw = tuning->raw ? tuning->raw : raw_best(),
        .delimiter = body->delimiter,
        .ncolumns = body->ncolumns,
        .start = f->start,
        .window = tuning->window ? tuning->window : table_index_window(body->source.size - f->start),
        .chunk = tuning->chunk,
        .from = {.offset = f->start},
        .runner = runner,
        .progress = progress,
    };
}

enum err table_index_rest(struct table_body *body, const struct table_parse *how, const struct table_tuning *tuning,
                          const struct table_runner *runner, struct problem *problem)
{
    const struct table_index_facts *f = body->index.facts;
    if (f->complete && !tuning->even_if_complete)
        return OK;
    struct table_plan plan = plan_for(body, tuning, runner, how->progress);
    return index_by(body, &plan, how, problem);
}

/* Gives `copy` the source and the index of `t`. */
static enum err share_body(const struct table *t, struct table *copy)
{
    copy->body.ncolumns = t->body.ncolumns;
    copy->body.delimiter = t->body.delimiter;
    enum err err = table_source_again(&t->body.source, &copy->body.source);
    return err ? err : table_index_again(&t->body.index, &copy->body.index);
}

static enum err share_schema(const struct table *t, struct table *copy)
{
    int fd;
    enum err err = io_dup(t->schema_fd, &fd);
    return err ? err : table_schema_open(fd, copy);
}

static struct table_parse parse_of(const struct table *t, struct table_progress *progress)
{
    return (struct table_parse){
        .path = t->path, .delimiter = t->body.delimiter, .no_header = t->no_header, .progress = progress};
}

enum err table_index_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                           struct table_progress *progress, struct table **out, struct problem *problem)
{
    struct table_parse how = parse_of(t, progress);
    struct table *all = table_new();
    enum err err = all ? share_body(t, all) : ERR_NOMEM;
    if (!err)
        err = share_schema(t, all);
    if (err)
        table_problem(problem, err, t->path);
    else
        err = table_index_rest(&all->body, &how, tuning, runner, problem);
    return table_give(all, err, out);
}

enum err table_index(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem)
{
    return table_index_tuned(t, &(struct table_tuning){0}, runner, progress, out, problem);
}

/* Copies the columns into a header that can be changed; it borrows the names. */
static enum err header_of(const struct table *t, struct table_header *out)
{
    *out = (struct table_header){.n = t->body.ncolumns};
    buf_init(&out->text, 1);
    out->columns = malloc(out->n * sizeof *out->columns);
    if (!out->columns)
        return ERR_NOMEM;
    memcpy(out->columns, t->columns, out->n * sizeof *out->columns);
    return OK;
}

enum err table_learn(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem)
{
    struct table_header header = {0};
    struct table_scan_options scan = {.path = t->path, .key = t->key, .runner = runner, .progress = progress};
    struct table *all = table_new();
    enum err err = all ? header_of(t, &header) : ERR_NOMEM;
    if (!err)
        err = share_body(t, all);
    if (err) {
        table_problem(problem, err, t->path);
    } else {
        table_progress_begin(progress, t->body.index.facts->end - t->body.index.facts->start);
        err = table_describe(all, &header, &scan, t->no_header, problem);
    }
    table_header_done(&header);
    return table_give(all, err, out);
}

/* Writes the schema of `t` again, for a source that grew. */
static enum err rewrite_schema(const struct table *t, struct table *grown)
{
    struct table_header header = {0};
    struct table_found found = {.day_first = t->day_first, .codes_complete = false};
    struct table_schema schema = {.body = &grown->body,
                                  .header = &header,
                                  .found = &found,
                                  .key = t->key,
                                  .path = t->path,
                                  .no_header = t->no_header};
    int fd = -1;
    table_set_init(&found.codes, TABLE_CODES_MAX, TABLE_CODES_BYTES_MAX);
    const struct table_code *codes = table_schema_codes(t);
    enum err err = codes ? header_of(t, &header) : ERR_NOMEM;
    for (size_t i = 0; !err && i < t->ncodes; i++)
        err = table_set_count(&found.codes, codes[i].text, codes[i].len, codes[i].count, NULL);
    if (!err)
        err = table_schema_write(&schema, &fd);
    if (!err)
        err = table_schema_open(fd, grown);
    table_set_done(&found.codes);
    table_header_done(&header);
    return err;
}

/* If the index so far was made by raw structure, reading begins at the last record that it knows. */
static struct table_plan plan_growth(const struct table *t, const struct table_body *body,
                                     const struct table_tuning *tuning, const struct table_runner *runner,
                                     struct table_progress *progress)
{
    const struct table_index *x = &t->body.index;
    struct table_plan plan = plan_for(body, tuning, runner, progress);
    uint64_t step = plan.window / x->facts->window;
    if (!x->facts->complete || !x->facts->regular || x->facts->rows == 0 || x->facts->ragged.short_rows ||
        x->facts->ragged.long_rows || step * x->facts->window != plan.window)
        return plan;
    size_t last = table_index_at_row(x, x->facts->rows - 1) / step;
    plan.keep = last;
    plan.kept = x->entries;
    plan.kept_step = step;
    plan.from = x->entries[last * step];
    return plan;
}

/* Takes `source`, also on failure. */
static enum err grow_to(const struct table *t, struct table_source source, const struct table_tuning *tuning,
                        const struct table_runner *runner, struct table_progress *progress, struct table **out,
                        struct problem *problem)
{
    struct table *grown = table_new();
    if (!grown) {
        table_source_close(&source);
        return table_problem(problem, ERR_NOMEM, t->path);
    }
    grown->body.source = source;
    grown->body.ncolumns = t->body.ncolumns;
    grown->body.delimiter = t->body.delimiter;
    struct table_parse how = parse_of(t, progress);
    enum err err = table_source_find_ends(&grown->body.source);
    if (!err && grown->body.source.lone_crs != t->body.source.lone_crs)
        err = ERR_CHANGED;
    if (!err)
        err = table_index_again(&t->body.index, &grown->body.index);
    if (err) {
        table_problem(problem, err, t->path);
    } else {
        struct table_plan plan = plan_growth(t, &grown->body, tuning, runner, progress);
        err = index_by(&grown->body, &plan, &how, problem);
    }
    if (!err) {
        err = rewrite_schema(t, grown);
        if (err)
            table_problem(problem, err, t->path);
    }
    return table_give(grown, err, out);
}

enum err table_grow_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                          struct table_progress *progress, struct table **out, struct problem *problem)
{
    struct table_source source;
    enum table_change change = table_source_change(&t->body.source);
    if (change != TABLE_SAME && change != TABLE_GROWN)
        return table_problem(problem, ERR_CHANGED, t->path);
    enum err err = table_source_open(t->body.source.fd, t->path, &source, problem);
    return err ? err : grow_to(t, source, tuning, runner, progress, out, problem);
}

enum err table_grow(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                    struct table **out, struct problem *problem)
{
    return table_grow_tuned(t, &(struct table_tuning){0}, runner, progress, out, problem);
}

enum err table_grow_spool(const struct table *t, const struct table_spool *spool, const struct table_runner *runner,
                          struct table_progress *progress, struct table **out, struct problem *problem)
{
    struct table_source source;
    enum err err = table_spool_source(spool, &source);
    if (err)
        return table_problem(problem, err, t->path);
    return grow_to(t, source, &(struct table_tuning){0}, runner, progress, out, problem);
}
