/* SPDX-License-Identifier: MIT
 * The queries of tasks; their results are ranges of rows. */
#include <stdatomic.h>

#include "core/engine/engine.h"
#include "core/engine/table.h"
#include "core/table/index/walk.h"

enum { SPAN = 1024 * 1024 }; /* bytes */

enum err engine_filter(struct engine *e, const struct table *t, const char *code, size_t len, struct rows *out)
{
    struct find f = {.what = FIND_TEXT, .column = table_key(t), .text = code, .len = len};
    struct row_list list;
    enum err err = engine_find(e, t, &f, NULL, &list, NULL);
    if (!err)
        err = row_list_ranges(&list, SIZE_MAX, out);
    row_list_done(&list);
    if (err)
        rows_done(out);
    return err;
}

struct scan {
    const struct table *table;
    atomic_uint_fast64_t rows;
};

static enum err scan_begin(void *arg, void **own)
{
    static const size_t none;
    const struct scan *s = arg;
    struct table_walk *walk = NULL;
    enum err err = table_walk_new(s->table, &none, 0, NULL, &walk);
    *own = walk;
    return err;
}

static enum err scan_span(void *arg, void *own, size_t i)
{
    struct scan *s = arg;
    struct table_batch batch;
    enum err err = table_walk_begin(own, table_span(s->table, SPAN, i));
    while (!err && !(err = table_walk_next(own, &batch)) && batch.rows > 0)
        atomic_fetch_add(&s->rows, batch.rows);
    return err;
}

static enum err scan_end(void *arg, void *own, enum err err)
{
    (void)arg;
    table_walk_free(own);
    return err;
}

enum err engine_scan(struct engine *e, const struct table *t, struct rows *out)
{
    struct scan s = {.table = t};
    struct table_runner runner = engine_runner(e);
    struct table_loop loop = {
        .items = table_spans(t, SPAN), .arg = &s, .begin = scan_begin, .item = scan_span, .end = scan_end};
    enum err err = table_parallel_for(&loop, &runner);
    if (!err && s.rows != table_rows(t))
        err = ERR_CHANGED; /* the table was loaded with other rows */
    if (!err)
        err = rows_add(out, 0, table_rows(t));
    if (err)
        rows_done(out);
    return err;
}
