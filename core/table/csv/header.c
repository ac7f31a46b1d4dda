/* SPDX-License-Identifier: MIT
 * Column names from the first record. A repeated name gets "_duplicated_0", "_duplicated_1" … as in Polars. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/table/csv/csv.h"
#include "core/table/values/set.h"

void table_header_done(struct table_header *h)
{
    free(h->columns);
    buf_done(&h->text);
    *h = (struct table_header){0};
}

/* Sets the names of the columns, now that the text does not move any more. */
static void point_to_names(struct table_header *h)
{
    const char *at = buf_text(&h->text);
    for (size_t i = 0; i < h->n; at += h->columns[i++].name_len)
        h->columns[i].name = at;
}

/* Appends the name of a column; `before` earlier columns have the same text. */
static enum err add_name(struct buf *b, const struct cell *cell, uint64_t before)
{
    buf_add(b, cell->text, cell->len);
    if (before)
        buf_addf(b, "_duplicated_%llu", (unsigned long long)before - 1);
    return b->err;
}

static enum err name_columns(struct table_header *h, const struct table_csv *csv, struct table_set *raw,
                             struct table_set *unique, size_t *twice)
{
    enum err err = OK;
    for (size_t i = 0; !err && i < h->n; i++) {
        uint64_t before = 0, same = 0;
        size_t at = h->text.len;
        err = table_set_count(raw, csv->cells[i].text, csv->cells[i].len, 1, &before);
        if (!err)
            err = add_name(&h->text, &csv->cells[i], before);
        h->columns[i].name_len = h->text.len - at;
        if (!err)
            err = table_set_count(unique, h->text.data + at, h->columns[i].name_len, 1, &same);
        if (!err && same) {
            *twice = i;
            return ERR_PARSE;
        }
    }
    return err;
}

/* A lone CR in a name means that the file uses it as its line end. */
static bool has_lone_cr(const struct cell *cell)
{
    const char *cr = cell->len ? memchr(cell->text, '\r', cell->len) : NULL;
    return cr && (cr + 1 == cell->text + cell->len || cr[1] != '\n');
}

static enum err check_cells(const struct table_csv *csv, const char *path, uint64_t line, struct problem *problem)
{
    if (csv->ncells > TABLE_COLUMNS_MAX)
        return problem_set(problem, ERR_TOO_BIG, "%s:%llu: has %zu columns; at most %d are supported", path,
                           (unsigned long long)line, csv->ncells, TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < csv->ncells; i++)
        if (has_lone_cr(&csv->cells[i]))
            return problem_set(problem, ERR_PARSE,
                               "%s:%llu: some lines end with a lone carriage return; convert them: tr '\\r' '\\n'",
                               path, (unsigned long long)line);
    return OK;
}

enum err table_header_read(struct table_header *h, const struct table_csv *csv, const char *path, uint64_t line,
                           struct problem *problem)
{
    struct table_set raw, unique;
    size_t twice = 0;
    *h = (struct table_header){.n = csv->ncells};
    buf_init(&h->text, TABLE_RECORD_MAX);
    enum err err = check_cells(csv, path, line, problem);
    if (err)
        return err;
    table_set_init(&raw, TABLE_COLUMNS_MAX, TABLE_RECORD_MAX);
    table_set_init(&unique, TABLE_COLUMNS_MAX, TABLE_RECORD_MAX);
    h->columns = calloc(h->n, sizeof *h->columns);
    err = h->columns ? name_columns(h, csv, &raw, &unique, &twice) : ERR_NOMEM;
    if (err == ERR_PARSE)
        problem_set(problem, err, "%s:%llu: two columns would be called \"%.*s\"; rename one of them", path,
                    (unsigned long long)line, (int)h->columns[twice].name_len,
                    h->text.data + h->text.len - h->columns[twice].name_len);
    if (!err)
        point_to_names(h);
    table_set_done(&raw);
    table_set_done(&unique);
    return err;
}

enum err table_header_number(struct table_header *h, const struct table_csv *csv, const char *path, uint64_t line,
                             struct problem *problem)
{
    *h = (struct table_header){.n = csv->ncells};
    buf_init(&h->text, TABLE_RECORD_MAX);
    enum err err = check_cells(csv, path, line, problem);
    if (err)
        return err;
    h->columns = calloc(h->n, sizeof *h->columns);
    if (!h->columns)
        return table_problem(problem, ERR_NOMEM, path);
    for (size_t i = 0; i < h->n; i++) {
        size_t at = h->text.len;
        buf_addf(&h->text, "column_%zu", i + 1);
        h->columns[i].name_len = h->text.len - at;
    }
    point_to_names(h);
    return h->text.err ? table_problem(problem, h->text.err, path) : OK;
}

bool table_header_find(const struct table_header *h, const char *name, size_t *out)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < h->n; i++) {
        if (h->columns[i].name_len == len && memcmp(h->columns[i].name, name, len) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

enum err table_header_missing(const struct table_header *h, const char *path, const char *name, struct problem *problem)
{
    struct buf list;
    buf_init(&list, sizeof problem->text);
    for (size_t i = 0; i < h->n && !list.err; i++) {
        buf_add_text(&list, i ? ", " : "");
        text_add_safe(&list, h->columns[i].name, h->columns[i].name_len);
    }
    problem_set(problem, ERR_NOT_FOUND, "%s: no column \"%s\"; the columns are: %s%s", path, name, buf_text(&list),
                list.err ? " …" : "");
    buf_done(&list);
    return ERR_NOT_FOUND;
}
