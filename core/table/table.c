/* SPDX-License-Identifier: MIT
 * A table's memory and fds, what is known of it, and the same table opened from the fds of another process. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/private.h"

enum { FD_SOURCE, FD_INDEX, FD_SCHEMA };
static_assert(FD_SCHEMA + 1 == TABLE_FDS, "table_fds fills all of them");

struct table *table_new(void)
{
    struct table *t = calloc(1, sizeof *t);
    if (t)
        t->schema_fd = t->body.source.fd = t->body.index.fd = -1;
    return t;
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

enum err table_give(struct table *t, enum err err, struct table **out)
{
    if (err)
        table_free(t);
    else
        *out = t;
    return err;
}

void table_fds(const struct table *t, int fds[TABLE_FDS])
{
    fds[FD_SOURCE] = t->body.source.fd;
    fds[FD_INDEX] = t->body.index.fd;
    fds[FD_SCHEMA] = t->schema_fd;
}

/* Both parts are opened even if the first fails: `t` then owns all fds, and table_free closes them. */
static enum err import_parts(struct table *t, const int fds[TABLE_FDS])
{
    t->body.source.fd = fds[FD_SOURCE];
    t->body.source.sealed = table_is_sealed(fds[FD_SOURCE]);
    enum err first = table_index_open(fds[FD_INDEX], &t->body.index);
    enum err err = table_schema_open(fds[FD_SCHEMA], t);
    if (first || err)
        return first ? first : err;
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
    if (err)
        problem_set(problem, err, "%s: %s", t->path ? t->path : "the table", err_text(err));
    return table_give(t, err, out);
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
    return t->body.index.facts->ragged;
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
