/* SPDX-License-Identifier: MIT
 * A comparison as one JSON object, schema poolscope.bench/1. Seconds, tasks a second, KiB. Keys are only ever added. */
#include "core/report/bench.h"

#include <stdlib.h>

#include "core/report/private.h"

static json_t *stat_json(const struct bench_stat *s)
{
    json_t *values = json_array();
    for (int i = 0; i < s->n && values; i++)
        json_array_append_new(values, json_real(s->v[i]));
    return json_pack("{s:f, s:f, s:f, s:o}", "min", bench_min(s), "median", bench_median(s), "spread", bench_spread(s),
                     "rounds", values);
}

static json_t *row_json(const struct bench_row *r)
{
    json_t *measures = json_object();
    for (int i = 0; i < MEASURES && measures; i++)
        if (r->stats[i].n)
            json_object_set_new(measures, measure_names[i], stat_json(&r->stats[i]));
    json_t *o = json_pack("{s:s, s:s, s:s?, s:b, s:s, s:o}", "name", r->name, "method", r->method, "at_fork",
                          r->at_fork, "pool", (int)r->is_pool, "state", bench_state_names[r->state], "measures",
                          measures);
    if (o && r->state == BENCH_HUNG)
        json_object_set_new(o, "finding", shape_new_json(finding_fields, &r->finding));
    if (o && r->why)
        json_object_set_new(o, "error", report_json_text(r->why));
    return o;
}

static json_t *growth_json(const struct bench_growth *g)
{
    return json_pack("{s:f, s:o, s:o}", "parent_mib", g->mib, "fork", stat_json(&g->fork), "spawn",
                     stat_json(&g->spawn));
}

static json_t *verdict_json(const struct bench *b)
{
    struct buf words;
    buf_init(&words, 64 << 10);
    json_t *o = bench_verdict(b, &words) ? NULL : report_json_text(buf_text(&words));
    buf_done(&words);
    return o;
}

enum err bench_json(const struct bench *b, struct buf *out)
{
    json_t *rows = json_array(), *growth = json_array();
    bool lost = false; /* there was no memory for a part of it */
    for (int i = 0; i < b->nrows && rows; i++)
        lost |= json_array_append_new(rows, row_json(&b->rows[i])) < 0;
    for (int i = 0; i < b->ngrowth && growth; i++)
        lost |= json_array_append_new(growth, growth_json(&b->growth[i])) < 0;
    json_t *o = json_pack("{s:s, s:o, s:I, s:I, s:i, s:i, s:i, s:b, s:o, s:o, s:o}", "schema", "poolscope.bench/1",
                          "file", report_json_text(b->path), "rows", (json_int_t)b->table_rows, "codes",
                          (json_int_t)b->codes, "workers", b->workers, "threads", b->threads, "rounds", b->rounds,
                          "cancelled", (int)b->cancelled, "compared", rows, "growth", growth, "verdict",
                          verdict_json(b));
    if (o && b->problem)
        lost |= json_object_set_new(o, "error", report_json_text(b->problem)) < 0;
    char *text = o && !lost ? json_dumps(o, JSON_INDENT(2)) : NULL;
    json_decref(o);
    if (!text)
        return ERR_NOMEM;
    buf_add_text(out, text);
    free(text);
    return buf_add_char(out, '\n');
}
