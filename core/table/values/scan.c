/* SPDX-License-Identifier: MIT
 * Scans all rows once, in parallel, for the dtypes of the columns and the codes of the key. Each part walks its own
 * span of the table; the results are merged in the order of the rows. */
#include <stdlib.h>

#include "core/table/private.h"
#include "core/table/index/walk.h"

enum { PARTS_PER_THREAD = 4 }; /* several, so that no thread waits long for the last part of another */

struct part {
    struct table_infer *infer; /* of each column */
    struct table_set codes;
    uint64_t *counts; /* of each code, in the recount */
};

struct scan {
    const struct table *table;
    const struct table_header *header;
    const struct table_scan_options *options;
    struct part *parts;
    size_t n;
    struct table_found *found;
};

static enum err each_part(struct scan *s, enum err (*part)(void *arg, void *own, size_t i))
{
    return table_parallel_for(&(struct table_loop){.items = s->n, .arg = s, .item = part}, s->options->runner);
}

typedef enum err batch_visitor(const struct scan *s, struct part *p, const struct table_batch *batch);

/* Visits all rows of part i, with all cells or only the key. */
static enum err visit_rows(const struct scan *s, size_t i, bool all, batch_visitor *visit)
{
    struct table_walk *walk;
    struct table_batch batch;
    uint64_t seen = 0;
    struct table_span span = table_part(s->table, s->n, i);
    enum err err = table_walk_new(s->table, all ? NULL : &s->options->key, 1, s->options->progress, &walk);
    if (err)
        return err;
    err = table_walk_begin(walk, span);
    while (!err) {
        err = table_walk_next(walk, &batch);
        if (err || batch.rows == 0)
            break;
        err = visit(s, &s->parts[i], &batch);
        seen += batch.rows;
    }
    table_walk_free(walk);
    return !err && seen != table_span_rows(s->table, span) ? ERR_CHANGED : err;
}

static enum err learn_batch(const struct scan *s, struct part *p, const struct table_batch *batch)
{
    uint64_t nulls = 0;
    for (size_t c = 0; c < s->header->n; c++)
        for (size_t k = 0; k < batch->rows && table_infer_wants(&p->infer[c], &s->header->columns[c]); k++)
            table_infer_cell(&p->infer[c], &s->header->columns[c], batch->row + k, &batch->cells[k * batch->width + c]);
    return table_set_count_cells(&p->codes, batch->cells + s->options->key, batch->width, batch->rows, &nulls);
}

static enum err learn_part(void *arg, void *own, size_t i)
{
    (void)own;
    return visit_rows(arg, i, true, learn_batch);
}

static enum err count_batch(const struct scan *s, struct part *p, const struct table_batch *batch)
{
    size_t at[TABLE_BATCH_ROWS];
    table_set_find_cells(&s->found->codes, batch->cells, batch->rows, at);
    for (size_t k = 0; k < batch->rows; k++)
        if (at[k] != SIZE_MAX)
            p->counts[at[k]]++;
    return OK;
}

static enum err count_part(void *arg, void *own, size_t i)
{
    struct scan *s = arg;
    (void)own;
    s->parts[i].counts = calloc(s->found->codes.n ? s->found->codes.n : 1, sizeof *s->parts[i].counts);
    return s->parts[i].counts ? visit_rows(s, i, false, count_batch) : ERR_NOMEM;
}

static enum err merge_codes(struct scan *s)
{
    struct table_set *all = &s->found->codes;
    enum err err = OK;
    s->found->codes_complete = true;
    for (size_t i = 0; !err && i < s->n; i++) {
        const struct table_set *part = &s->parts[i].codes;
        for (size_t k = 0; !err && k < part->n; k++)
            err = table_set_count(all, table_set_text(part, k), part->entries[k].len, part->entries[k].count, NULL);
        if (part->full)
            s->found->codes_complete = false;
    }
    if (all->full)
        s->found->codes_complete = false;
    return err;
}

/* A part whose set was full counted only the codes that it kept. Now that the codes are known, counts all rows again.
 */
static enum err recount(struct scan *s)
{
    struct table_set *all = &s->found->codes;
    enum err err = each_part(s, count_part);
    for (size_t k = 0; !err && k < all->n; k++) {
        all->entries[k].count = 0;
        for (size_t i = 0; i < s->n; i++)
            all->entries[k].count += s->parts[i].counts[k];
    }
    return err;
}

/* Reports the place of a cell that is not of the dtype given for its column. */
static enum err refuse_cell(const struct scan *s, size_t c, uint64_t number, const char *path, struct problem *problem)
{
    const struct table_body *body = &s->table->body;
    struct table_reader *reader;
    const struct row *row = NULL;
    struct buf text;
    uint64_t line = 1, column = 1;
    buf_init(&text, 1024);
    enum err err = table_reader_open(body, &reader);
    if (err)
        return table_problem(problem, err, path);
    err = table_seek(reader, number);
    uint64_t record = table_reader_offset(reader);
    if (!err)
        err = table_next(reader, &row);
    if (!err && !row)
        err = ERR_CHANGED;
    if (!err)
        err = table_add_short(&text, row->cells[c].text, row->cells[c].len, NULL);
    if (!err)
        err = table_count_lines(&body->source, record, &line);
    if (!err)
        err = table_csv_locate(&body->source, body->delimiter, record, c, &line, &column);
    if (err)
        table_problem(problem, err, path);
    else
        err = problem_set(
            problem, ERR_PARSE, "%s:%llu:%llu: \"%s\" is not a valid %s, the dtype given for column \"%.*s\"", path,
            (unsigned long long)line, (unsigned long long)column, buf_text(&text),
            dtype_names[s->header->columns[c].dtype], (int)s->header->columns[c].name_len, s->header->columns[c].name);
    buf_done(&text);
    table_reader_free(reader);
    return err;
}

/* Of all given dtypes the first row that breaks one, the leftmost column of that row. */
static enum err check_given(const struct scan *s, const struct table_infer *all, const char *path,
                            struct problem *problem)
{
    uint64_t first = UINT64_MAX;
    size_t column = 0;
    for (size_t c = 0; c < s->header->n; c++) {
        uint64_t bad = table_infer_bad_row(&all[c], s->header->columns[c].dtype);
        if (s->header->columns[c].given && bad < first) {
            first = bad;
            column = c;
        }
    }
    return first == UINT64_MAX ? OK : refuse_cell(s, column, first, path, problem);
}

static enum err merge_dtypes(struct scan *s, struct table_header *header, const char *path, struct problem *problem)
{
    struct table_infer *all = s->parts[0].infer;
    for (size_t c = 0; c < header->n; c++) {
        for (size_t i = 1; i < s->n; i++)
            table_infer_merge(&all[c], &s->parts[i].infer[c]);
        if (!header->columns[c].given)
            header->columns[c].dtype = table_infer_dtype(&all[c]);
        s->found->day_first[c] = all[c].first_is_day_first;
    }
    return s->options->strict ? check_given(s, all, path, problem) : OK;
}

static enum err prepare(struct scan *s, size_t width)
{
    size_t most = width > 1 ? width * PARTS_PER_THREAD : 1, entries = (size_t)s->table->body.index.facts->n;
    s->n = entries < most ? entries : most;
    s->n = s->n ? s->n : 1;
    s->parts = calloc(s->n, sizeof *s->parts);
    s->found->day_first = calloc(s->header->n, sizeof *s->found->day_first);
    if (!s->parts || !s->found->day_first)
        return ERR_NOMEM;
    for (size_t i = 0; i < s->n; i++) {
        struct part *p = &s->parts[i];
        table_set_init(&p->codes, TABLE_CODES_MAX, TABLE_CODES_BYTES_MAX);
        p->infer = calloc(s->header->n, sizeof *p->infer);
        if (!p->infer)
            return ERR_NOMEM;
        for (size_t c = 0; c < s->header->n; c++)
            table_infer_init(&p->infer[c]);
    }
    return OK;
}

static void scan_done(struct scan *s)
{
    for (size_t i = 0; s->parts && i < s->n; i++) {
        free(s->parts[i].infer);
        free(s->parts[i].counts);
        table_set_done(&s->parts[i].codes);
    }
    free(s->parts);
}

enum err table_scan(const struct table *t, struct table_header *header, const struct table_scan_options *o,
                    struct table_found *out, struct problem *problem)
{
    struct scan s = {.table = t, .header = header, .options = o, .found = out};
    *out = (struct table_found){0};
    table_set_init(&out->codes, TABLE_CODES_MAX, TABLE_CODES_BYTES_MAX);
    enum err err = prepare(&s, o->runner ? o->runner->width : 1);
    if (!err)
        err = each_part(&s, learn_part);
    if (!err)
        err = merge_codes(&s);
    if (!err && !out->codes_complete)
        err = recount(&s);
    err = err ? table_problem(problem, err, o->path) : merge_dtypes(&s, header, o->path, problem);
    scan_done(&s);
    return err;
}

void table_found_done(struct table_found *f)
{
    table_set_done(&f->codes);
    free(f->day_first);
    *f = (struct table_found){0};
}
