/* SPDX-License-Identifier: MIT
 * Opening at once, and the steps from there: first rows → all rows → what their cells hold; and what came behind. Each
 * step is a new table that shares the bytes, and whatever did not change, with the one before. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/io.h"
#include "core/table/private.h"

/* What is no plain file is pumped to its end. */
static enum err spool_all(struct table *t, int fd, const struct table_options *o, const char *path,
                          struct problem *problem)
{
    struct table_stream *s = NULL;
    bool done = false;
    enum err err = table_stream_open(fd, path, o->unpacker, &s, problem);
    while (!err && !done)
        err = table_stream_pump(s, TABLE_BLOCK, &done, problem);
    if (!err) {
        struct table_spool spool = table_stream_spool(s);
        err = table_spool_source(&spool, &t->body.source);
    }
    table_stream_free(s);
    return err;
}

enum err table_open_source(struct table *t, int fd, const struct table_options *o, struct problem *problem)
{
    const char *path = o->path ? o->path : "(input)";
    bool stream;
    enum err err = table_stream_needed(fd, &stream);
    if (err == ERR_SYS && fcntl(fd, F_GETFD) < 0)
        return problem_errno(problem, "%s", path);
    if (err)
        return table_problem(problem, err, path);
    return stream ? spool_all(t, fd, o, path, problem) : table_source_open(fd, path, &t->body.source, problem);
}

enum err table_open_first(struct table *t, const struct table_options *o, bool strict, struct table_header *header,
                          struct problem *problem)
{
    bool small = t->body.source.size <= TABLE_SMALL;
    struct table_parse how = {.path = o->path ? o->path : "(input)",
                              .delimiter = o->delimiter ? o->delimiter : ',',
                              .no_header = o->no_header,
                              .strict = strict,
                              .limit = small ? TABLE_SMALL : TABLE_FIRST,
                              .limit_rows = small ? 0 : TABLE_FIRST_MAX};
    enum err err = table_source_find_ends(&t->body.source);
    if (err)
        return table_problem(problem, err, how.path);
    err = table_index_csv(&how, &t->body.source, header, &t->body.index, problem);
    t->body.ncolumns = header->n;
    t->body.delimiter = how.delimiter;
    return err;
}

static enum err open_with(struct table *t, const struct table_options *o, struct problem *problem)
{
    struct table_header header = {0};
    struct table_scan_options scan = {.path = o->path ? o->path : "(input)"};
    enum err err = table_open_first(t, o, false, &header, problem);
    if (!err)
        err = table_apply_overrides(&header, o, scan.path, problem);
    if (!err)
        err = table_pick_key(&header, o, scan.path, &scan.key, problem);
    if (!err)
        err = table_describe(t, &header, &scan, o->no_header, problem);
    table_header_done(&header);
    return err;
}

static enum err give(struct table *t, enum err err, struct table **out)
{
    if (err)
        table_free(t);
    else
        *out = t;
    return err;
}

enum err table_open(int fd, const struct table_options *o, struct table **out, struct problem *problem)
{
    const char *path = o->path ? o->path : "(input)";
    struct table *t = table_new();
    if (!t)
        return table_problem(problem, ERR_NOMEM, path);
    enum err err = table_open_source(t, fd, o, problem);
    return give(t, err ? err : open_with(t, o, problem), out);
}

enum err table_stream_open_table(const struct table_stream *s, const struct table_options *o, struct table **out,
                                 struct problem *problem)
{
    const char *path = o->path ? o->path : "(input)";
    struct table *t = table_new();
    if (!t)
        return table_problem(problem, ERR_NOMEM, path);
    struct table_spool spool = table_stream_spool(s);
    enum err err = table_spool_source(&spool, &t->body.source);
    err = err ? table_problem(problem, err, path) : open_with(t, o, problem);
    return give(t, err, out);
}

/* A new index in the place of the one before. */
static void replace_index(struct table_body *body, struct table_index *index)
{
    table_index_close(&body->index);
    body->index = *index;
}

static enum err index_by_libcsv(struct table_body *body, const struct table_parse *how, struct problem *problem)
{
    struct table_header header = {0};
    struct table_index index = {.fd = -1};
    table_progress_begin(how->progress, body->source.size);
    enum err err = table_index_csv(how, &body->source, &header, &index, problem);
    if (!err && header.n != body->ncolumns)
        err = table_problem(problem, ERR_CHANGED, how->path);
    if (err)
        table_index_close(&index);
    else
        replace_index(body, &index);
    table_header_done(&header);
    return err;
}

static enum err index_by(struct table_body *body, const struct table_plan *plan, const struct table_parse *how,
                         struct problem *problem)
{
    struct table_index index = {.fd = -1};
    bool strange = false;
    table_progress_begin(plan->progress, plan->source->size - plan->from.offset);
    enum err err = table_index_raw(plan, &index, &strange);
    bool unreadable = err == ERR_IO && !how->strict; /* what comes before is shown: libcsv goes as far as it can */
    if (err && !unreadable)
        return table_problem(problem, err, how->path);
    if (!unreadable && !strange && !(how->strict && index.facts->ragged.long_rows)) {
        replace_index(body, &index);
        return OK;
    }
    table_index_close(&index);
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

/* The same source, index and schema, once more. */
static enum err copy_of(const struct table *t, struct table **out)
{
    struct table *copy = table_new();
    if (!copy)
        return ERR_NOMEM;
    enum err err = table_source_again(&t->body.source, &copy->body.source);
    if (!err)
        err = table_index_again(&t->body.index, &copy->body.index);
    int fd;
    if (!err)
        err = io_dup(t->schema_fd, &fd);
    if (!err)
        err = table_schema_open(fd, copy);
    return give(copy, err, out);
}

static struct table_parse parse_of(const struct table *t, struct table_progress *progress)
{
    return (struct table_parse){
        .path = t->path, .delimiter = t->body.delimiter, .no_header = t->no_header, .progress = progress};
}

enum err table_index_tuned(const struct table *t, const struct table_tuning *tuning, const struct table_runner *runner,
                           struct table_progress *progress, struct table **out, struct problem *problem)
{
    struct table *all = NULL;
    struct table_parse how = parse_of(t, progress);
    enum err err = copy_of(t, &all);
    if (err)
        return table_problem(problem, err, t->path);
    return give(all, table_index_rest(&all->body, &how, tuning, runner, problem), out);
}

enum err table_index(const struct table *t, const struct table_runner *runner, struct table_progress *progress,
                     struct table **out, struct problem *problem)
{
    return table_index_tuned(t, &(struct table_tuning){0}, runner, progress, out, problem);
}

/* The columns as a header that can be changed; names stay where they are. */
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
        err = table_source_again(&t->body.source, &all->body.source);
    if (!err)
        err = table_index_again(&t->body.index, &all->body.index);
    if (err) {
        table_problem(problem, err, t->path);
    } else {
        all->body.ncolumns = t->body.ncolumns;
        all->body.delimiter = t->body.delimiter;
        table_progress_begin(progress, t->body.index.facts->end - t->body.index.facts->start);
        err = table_describe(all, &header, &scan, t->no_header, problem);
    }
    table_header_done(&header);
    return give(all, err, out);
}

/* The schema of `t`, for a source that grew. */
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

/* Only what lies behind the last known record is read, if the index so far is one by raw structure. */
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

/* Takes `source` in every case. */
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
    return give(grown, err, out);
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

enum table_stage table_stage(const struct table *t)
{
    if (!t->body.index.facts->complete)
        return TABLE_FIRST_ROWS;
    return t->learned ? TABLE_LEARNED : TABLE_INDEXED;
}

const char *table_fault(const struct table *t)
{
    const char *text = t->body.index.facts->fault.text;
    return *text ? text : NULL;
}

struct table_ragged table_ragged(const struct table *t)
{
    const struct raw_ragged *r = &t->body.index.facts->ragged;
    return (struct table_ragged){r->short_rows, r->first_short, r->long_rows, r->first_long};
}

enum table_change table_changed(const struct table *t)
{
    return table_source_change(&t->body.source);
}

bool table_is_file(const struct table *t, const char *path)
{
    struct stat ours, named;
    return fstat(t->body.source.fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}
