/* SPDX-License-Identifier: MIT
 * The table's life: source → index → scan → schema, and the same table opened from the fds of another process. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/private.h"

enum { FD_SOURCE, FD_INDEX, FD_SCHEMA };

enum err table_pick_key(const struct table_header *h, const struct table_options *o, const char *path, size_t *key,
                        struct problem *problem)
{
    *key = 0;
    if (table_header_find(h, o->key ? o->key : "code", key) || !o->key)
        return OK;
    return table_header_missing(h, path, o->key, problem);
}

enum err table_apply_overrides(struct table_header *h, const struct table_options *o, const char *path,
                               struct problem *problem)
{
    for (size_t i = 0; i < o->noverrides; i++) {
        size_t column;
        if (!table_header_find(h, o->overrides[i].column, &column))
            return table_header_missing(h, path, o->overrides[i].column, problem);
        h->columns[column].dtype = o->overrides[i].dtype;
        h->columns[column].given = true;
    }
    return OK;
}

enum err table_describe(struct table *t, struct table_header *h, const struct table_scan_options *o, bool no_header,
                        struct problem *problem)
{
    struct table_found found = {0};
    int fd = -1;
    enum err err = table_scan(t, h, o, &found, problem);
    if (!err) {
        struct table_schema schema = {.body = &t->body,
                                      .header = h,
                                      .found = &found,
                                      .key = o->key,
                                      .path = o->path,
                                      .no_header = no_header,
                                      .learned = t->body.index.facts->complete};
        err = table_schema_write(&schema, &fd);
        if (!err)
            err = table_schema_open(fd, t);
        if (err)
            table_problem(problem, err, o->path);
    }
    table_found_done(&found);
    return err;
}

struct table *table_new(void)
{
    struct table *t = calloc(1, sizeof *t);
    if (t)
        t->schema_fd = t->body.source.fd = t->body.index.fd = -1;
    return t;
}

static enum err load(struct table *t, int fd, const struct table_options *options, const struct table_runner *runner,
                     struct table_header *header, struct problem *problem)
{
    const char *path = options->path ? options->path : "(input)";
    struct table_parse how = {.path = path, .no_header = options->no_header, .strict = true};
    struct table_scan_options scan = {.path = path, .strict = true, .runner = runner};
    enum err err = table_open_source(t, fd, options, problem);
    if (!err)
        err = table_open_first(t, options, true, header, problem);
    if (!err)
        err = table_apply_overrides(header, options, path, problem);
    if (!err)
        err = table_pick_key(header, options, path, &scan.key, problem);
    how.delimiter = t->body.delimiter;
    if (!err)
        err = table_index_rest(&t->body, &how, &(struct table_tuning){0}, runner, problem);
    return err ? err : table_describe(t, header, &scan, options->no_header, problem);
}

enum err table_load(int fd, const struct table_options *options, const struct table_runner *runner, struct table **out,
                    struct problem *problem)
{
    struct table_header header = {0};
    struct table *t = table_new();
    if (!t)
        return table_problem(problem, ERR_NOMEM, options->path ? options->path : "(input)");
    enum err err = load(t, fd, options, runner, &header, problem);
    table_header_done(&header);
    if (err)
        table_free(t);
    else
        *out = t;
    return err;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    free(t->columns);
    free(t->day_first);
    free(t->codes);
    if (t->map)
        munmap(t->map, t->map_len);
    io_close(&t->schema_fd);
    table_index_close(&t->body.index);
    table_source_close(&t->body.source);
    free(t);
}

void table_fds(const struct table *t, int fds[TABLE_FDS])
{
    fds[FD_SOURCE] = t->body.source.fd;
    fds[FD_INDEX] = t->body.index.fd;
    fds[FD_SCHEMA] = t->schema_fd;
}

/* Each part is owned by `t` as soon as it was tried, so that table_free closes every fd whatever fails. */
static enum err import_parts(struct table *t, const int fds[TABLE_FDS])
{
    t->body.source.fd = fds[FD_SOURCE];
    t->body.source.sealed = table_is_sealed(fds[FD_SOURCE]);
    enum err index = table_index_open(fds[FD_INDEX], &t->body.index);
    enum err err = table_schema_open(fds[FD_SCHEMA], t);
    if (index || err)
        return index ? index : err;
    return table_source_check(&t->body.source);
}

enum err table_import(const int fds[TABLE_FDS], struct table **out, struct problem *problem)
{
    struct table *t = table_new();
    if (!t) {
        for (int i = 0; i < TABLE_FDS; i++)
            close(fds[i]);
        return problem_set(problem, ERR_NOMEM, "the table: %s", err_text(ERR_NOMEM));
    }
    enum err err = import_parts(t, fds);
    if (err) {
        problem_set(problem, err, "%s: %s", t->path ? t->path : "the table", err_text(err));
        table_free(t);
        return err;
    }
    *out = t;
    return OK;
}

uint64_t table_rows(const struct table *t)
{
    return t->body.index.facts->rows;
}

size_t table_columns(const struct table *t)
{
    return t->body.ncolumns;
}

const struct column *table_column(const struct table *t, size_t i)
{
    return &t->columns[i];
}

size_t table_key(const struct table *t)
{
    return t->key;
}

const char *table_path(const struct table *t)
{
    return t->path;
}

char table_delimiter(const struct table *t)
{
    return t->body.delimiter;
}

uint64_t table_bytes(const struct table *t)
{
    return t->body.index.facts->end - t->body.index.facts->start;
}

uint64_t table_size(const struct table *t)
{
    return t->body.source.size;
}

size_t table_codes(const struct table *t)
{
    return table_schema_codes(t) ? t->ncodes : 0;
}

const struct table_code *table_code(const struct table *t, size_t i)
{
    return &table_schema_codes(t)[i];
}

bool table_codes_complete(const struct table *t)
{
    return t->codes_complete;
}
