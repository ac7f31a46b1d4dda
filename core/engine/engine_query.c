/* SPDX-License-Identifier: MIT
 * Queries: a table's rows are cut into ranges, each range is a part that reads its rows with a reader of its own, and
 * the answers are put together in the order of the ranges. */
#include "core/engine/engine.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_PER_THREAD = 4 }; /* more than one, so that a thread that falls behind is not waited for */

struct query {
    const struct table *table;
    const char *code; /* NULL: every row */
    size_t len;
    size_t parts;
    struct rows *found; /* one set for each part */
};

static struct row_range query_range(const struct query *q, size_t part)
{
    uint64_t rows = table_rows(q->table), each = rows / q->parts, rest = rows % q->parts;
    return (struct row_range){ .first = part * each + (part < rest ? part : rest), .count = each + (part < rest) };
}

static bool query_matches(const struct query *q, const struct row *row)
{
    if (q->code == NULL)
        return true;
    const struct cell *cell = &row->cells[table_key(q->table)];
    return !cell->null && cell->len == q->len && memcmp(cell->text, q->code, q->len) == 0;
}

static enum err query_part(void *arg, size_t i)
{
    struct query *q = arg;
    struct row_range range = query_range(q, i);
    struct table_reader *reader = NULL;

    enum err err = table_reader_new(q->table, &reader);
    if (err == OK && range.count > 0)
        err = table_seek(reader, range.first);
    for (uint64_t n = 0; err == OK && n < range.count; n++) {
        const struct row *row;
        err = table_next(reader, &row);
        if (err == OK && row == NULL)
            err = ERR_CHANGED; /* it had more rows when it was loaded */
        if (err == OK && query_matches(q, row))
            err = rows_add(&q->found[i], range.first + n, 1);
    }
    table_reader_free(reader);
    return err;
}

static size_t query_parts(const struct engine *e, const struct table *t)
{
    size_t parts = engine_threads(e) == 1 ? 1 : (size_t)engine_threads(e) * PARTS_PER_THREAD;
    uint64_t rows = table_rows(t);
    if (rows < parts)
        parts = rows > 0 ? (size_t)rows : 1;
    return parts;
}

static enum err query_run(struct engine *e, struct query *q, struct rows *out)
{
    q->parts = query_parts(e, q->table);
    q->found = calloc(q->parts, sizeof *q->found);
    if (q->found == NULL)
        return ERR_NOMEM;
    enum err err = engine_each(e, q->parts, query_part, q);
    for (size_t i = 0; i < q->parts; i++) {
        if (err == OK)
            err = rows_append(out, &q->found[i]);
        rows_done(&q->found[i]);
    }
    free(q->found);
    return err;
}

enum err engine_filter(struct engine *e, const struct table *t, const char *code, size_t len, struct rows *out)
{
    struct query q = { .table = t, .code = code, .len = len };
    enum err err = query_run(e, &q, out);
    if (err != OK)
        rows_done(out);
    return err;
}

enum err engine_scan(struct engine *e, const struct table *t, struct rows *out)
{
    struct query q = { .table = t };
    enum err err = query_run(e, &q, out);
    if (err != OK)
        rows_done(out);
    return err;
}

static enum err runner_each(void *ctx, size_t parts, enum err (*part)(void *arg, size_t i), void *arg)
{
    return engine_each(ctx, parts, part, arg);
}

enum err engine_load(struct engine *e, int fd, const struct table_options *options, struct table **out,
                     struct problem *problem)
{
    struct table_runner runner = { .each = runner_each, .ctx = e, .width = (size_t)engine_threads(e) };
    return table_load(fd, options, &runner, out, problem);
}
