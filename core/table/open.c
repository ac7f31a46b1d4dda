/* SPDX-License-Identifier: MIT
 * Opening a table: its header and its first rows, in a time that does not depend on its size. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/io.h"
#include "core/table/private.h"

enum {
    SMALL = 64 * 1024,    /* all rows of a file of at most this many bytes are shown at once, … */
    FIRST = 16 * 1024,    /* … of a larger file about this many bytes, … */
    FIRST_ROWS_MAX = 256, /* … or this many rows, which fill any screen */
};

const char *table_input_name(const struct table_options *o)
{
    return o->path ? o->path : "(input)";
}

/* Reads a stream to its end. */
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
    const char *path = table_input_name(o);
    bool stream;
    enum err err = table_stream_needed(fd, &stream);
    if (err == ERR_SYS && fcntl(fd, F_GETFD) < 0)
        return problem_errno(problem, "%s", path);
    if (err)
        return table_problem(problem, err, path);
    return stream ? spool_all(t, fd, o, path, problem) : table_source_open(fd, path, &t->body.source, problem);
}

static enum err pick_key(const struct table_header *h, const struct table_options *o, size_t *key,
                         struct problem *problem)
{
    *key = 0;
    if (table_header_find(h, o->key ? o->key : "code", key) || !o->key)
        return OK;
    return table_header_missing(h, table_input_name(o), o->key, problem);
}

static enum err apply_overrides(struct table_header *h, const struct table_options *o, struct problem *problem)
{
    for (size_t i = 0; i < o->noverrides; i++) {
        size_t column;
        if (!table_header_find(h, o->overrides[i].column, &column))
            return table_header_missing(h, table_input_name(o), o->overrides[i].column, problem);
        h->columns[column].dtype = o->overrides[i].dtype;
        h->columns[column].given = true;
    }
    return OK;
}

enum err table_open_first(struct table *t, const struct table_options *o, bool strict, struct table_header *header,
                          size_t *key, struct problem *problem)
{
    bool small = t->body.source.size <= SMALL;
    struct table_parse how = {.path = table_input_name(o),
                              .delimiter = o->delimiter ? o->delimiter : ',',
                              .no_header = o->no_header,
                              .strict = strict,
                              .limit = small ? SMALL : FIRST,
                              .limit_rows = small ? 0 : FIRST_ROWS_MAX};
    enum err err = table_source_find_ends(&t->body.source);
    if (err)
        return table_problem(problem, err, how.path);
    err = table_index_csv(&how, &t->body.source, header, &t->body.index, problem);
    t->body.ncolumns = header->n;
    t->body.delimiter = how.delimiter;
    if (!err)
        err = apply_overrides(header, o, problem);
    return err ? err : pick_key(header, o, key, problem);
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

static enum err open_with(struct table *t, const struct table_options *o, struct problem *problem)
{
    struct table_header header = {0};
    struct table_scan_options scan = {.path = table_input_name(o)};
    enum err err = table_open_first(t, o, false, &header, &scan.key, problem);
    if (!err)
        err = table_describe(t, &header, &scan, o->no_header, problem);
    table_header_done(&header);
    return err;
}

enum err table_open(int fd, const struct table_options *o, struct table **out, struct problem *problem)
{
    struct table *t = table_new();
    if (!t)
        return table_problem(problem, ERR_NOMEM, table_input_name(o));
    enum err err = table_open_source(t, fd, o, problem);
    return table_give(t, err ? err : open_with(t, o, problem), out);
}

enum err table_stream_open_table(const struct table_stream *s, const struct table_options *o, struct table **out,
                                 struct problem *problem)
{
    struct table *t = table_new();
    if (!t)
        return table_problem(problem, ERR_NOMEM, table_input_name(o));
    struct table_spool spool = table_stream_spool(s);
    enum err err = table_spool_source(&spool, &t->body.source);
    err = err ? table_problem(problem, err, table_input_name(o)) : open_with(t, o, problem);
    return table_give(t, err, out);
}

bool table_is_same(const struct table *a, const struct table *b)
{
    int of_a[TABLE_FDS], of_b[TABLE_FDS];
    struct stat in_a, in_b;
    bool same = true;
    table_fds(a, of_a);
    table_fds(b, of_b);
    for (int i = 0; i < TABLE_FDS && same; i++)
        same = fstat(of_a[i], &in_a) == 0 && fstat(of_b[i], &in_b) == 0 && in_a.st_dev == in_b.st_dev &&
               in_a.st_ino == in_b.st_ino;
    return same;
}
