/* SPDX-License-Identifier: MIT
 * Distinct texts of a column with counts. Each part of the table counts into a set of its own. The sets are merged in
 * the order of the parts, so that texts are in the order of their first rows. */
#include <stdlib.h>

#include "core/engine/sort.h"
#include "core/engine/table.h"
#include "core/table/index/walk.h"

enum { PARTS_PER_THREAD = 2, BYTES_EACH = 256 }; /* bytes for each text, on average */

struct part {
    struct table_set texts;
    uint64_t nulls, others;
};

struct job {
    const struct table *table;
    size_t column, parts;
    struct table_progress *progress;
    struct part *found;
    bool few;                      /* give up if there are too many texts */
    const struct table_set *known; /* in the recount: only these are counted */
    uint64_t **counts;             /* of each part */
};

static void count_again(struct part *p, const struct table_set *known, uint64_t *counts,
                        const struct table_batch *batch)
{
    size_t at[TABLE_BATCH_ROWS];
    table_set_find_cells(known, batch->cells, batch->rows, at);
    for (size_t k = 0; k < batch->rows; k++) {
        if (at[k] != SIZE_MAX)
            counts[at[k]]++;
        else
            p->others += !batch->cells[k].null;
    }
}

static enum err count_part(void *arg, size_t i)
{
    struct job *j = arg;
    struct part *p = &j->found[i];
    struct table_walk *walk;
    struct table_batch batch;
    enum err err = table_walk_new(j->table, &j->column, 1, j->progress, &walk);
    if (err)
        return err;
    err = table_walk_begin(walk, table_part(j->table, j->parts, i));
    while (!err && !(err = table_walk_next(walk, &batch)) && batch.rows > 0) {
        if (j->known)
            count_again(p, j->known, j->counts[i], &batch);
        else
            err = table_set_count_cells(&p->texts, batch.cells, 1, batch.rows, &p->nulls);
        if (j->few && p->texts.full)
            break;
    }
    table_walk_free(walk);
    return err;
}

static enum err put_together(struct job *j, struct frequency *out)
{
    enum err err = OK;
    for (size_t i = 0; !err && i < j->parts; i++) {
        const struct table_set *part = &j->found[i].texts;
        out->nulls += j->found[i].nulls;
        out->complete = out->complete && !part->full;
        for (size_t k = 0; !err && k < part->n; k++)
            err = table_set_count(&out->texts, table_set_text(part, k), part->entries[k].len, part->entries[k].count,
                                  NULL);
    }
    out->complete = out->complete && !out->texts.full;
    return err;
}

/* A part whose set was full counted only the texts that it kept. Now that the texts are known, counts all rows again.
 */
static enum err recount(struct engine *e, struct job *j, struct frequency *out)
{
    enum err err = OK;
    j->known = &out->texts;
    j->counts = calloc(j->parts, sizeof *j->counts);
    if (!j->counts)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < j->parts; i++) {
        table_set_done(&j->found[i].texts);
        j->counts[i] = calloc(out->texts.n ? out->texts.n : 1, sizeof **j->counts);
        err = j->counts[i] ? OK : ERR_NOMEM;
    }
    table_progress_begin(j->progress, table_bytes(j->table));
    if (!err)
        err = engine_each(e, j->parts, count_part, j);
    for (size_t k = 0; !err && k < out->texts.n; k++) {
        out->texts.entries[k].count = 0;
        for (size_t i = 0; i < j->parts; i++)
            out->texts.entries[k].count += j->counts[i][k];
    }
    for (size_t i = 0; i < j->parts; i++) {
        out->others += j->found[i].others;
        free(j->counts[i]);
    }
    free(j->counts);
    return err;
}

static enum err count(struct engine *e, const struct table *t, size_t column, size_t most, bool few,
                      struct table_progress *progress, struct frequency *out)
{
    struct job j = {.table = t, .column = column, .progress = progress, .few = few};
    *out = (struct frequency){.complete = true};
    if (column >= table_columns(t))
        return ERR_USAGE;
    j.parts = (size_t)engine_threads(e) * PARTS_PER_THREAD;
    table_set_init(&out->texts, most, most * BYTES_EACH);
    j.found = calloc(j.parts, sizeof *j.found);
    for (size_t i = 0; j.found && i < j.parts; i++)
        table_set_init(&j.found[i].texts, most, most * BYTES_EACH);
    table_progress_begin(progress, table_bytes(t));
    enum err err = j.found ? engine_each(e, j.parts, count_part, &j) : ERR_NOMEM;
    if (!err)
        err = put_together(&j, out);
    if (!err && !out->complete && !few)
        err = recount(e, &j, out);
    for (size_t i = 0; j.found && i < j.parts; i++)
        table_set_done(&j.found[i].texts);
    free(j.found);
    if (err)
        frequency_done(out);
    return err;
}

enum err engine_frequency(struct engine *e, const struct table *t, size_t column, size_t most,
                          struct table_progress *progress, struct frequency *out)
{
    return count(e, t, column, most, false, progress, out);
}

enum err frequency_of_few(struct engine *e, const struct table *t, size_t column, size_t most,
                          struct table_progress *progress, struct frequency *out)
{
    return count(e, t, column, most, true, progress, out);
}

void frequency_done(struct frequency *f)
{
    table_set_done(&f->texts);
    *f = (struct frequency){0};
}
