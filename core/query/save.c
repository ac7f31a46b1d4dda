/* SPDX-License-Identifier: MIT
 * Writes the rows in view to a file that the user named. */
#include <stdlib.h>

#include "core/base/new_file.h"
#include "core/query/private.h"

/* Reads query.columns, as in "0 3 2 ". */
static enum err read_columns(const struct table *t, const char *words, size_t **out, size_t *n)
{
    size_t all = table_columns(t), *v = calloc(all + 1, sizeof *v);
    char *end;
    if (!v)
        return ERR_NOMEM;
    for (*n = 0; words && *words && *n < all; words = end + (*end == ' '))
        if ((v[(*n)++] = strtoul(words, &end, 10)) >= all || end == words) {
            free(v);
            return ERR_USAGE;
        }
    *out = v;
    return OK;
}

static enum err write_file(const struct query_server_state *d, const struct save *save, const struct query *a,
                           uint64_t *bytes, struct problem *problem)
{
    struct new_file f;
    enum err err = new_file_begin(a->text, 0, &f, problem);
    if (err)
        return err;
    err = table_save(d->table, save, f.fd, d->progress, bytes);
    if (!err)
        return new_file_commit(&f, a->replace, problem);
    if (err == ERR_SYS || err == ERR_DENIED)
        problem_errno(problem, "%s: cannot write", a->text);
    else
        problem_set(problem, err, "%s: not saved: %s", a->text, err_text(err));
    new_file_drop(&f);
    return err;
}

enum err query_save(const struct query_server_state *d, const struct query *a, const struct row_list *rows,
                    struct query_answer *out, struct problem *problem)
{
    struct save save = {.format = (enum save_format)a->what, .rows = rows};
    size_t *columns = NULL;
    uint64_t bytes = 0;
    if (!a->text || a->what < 0 || a->what >= SAVE_FORMATS)
        return ERR_USAGE;
    enum err err = read_columns(d->table, a->columns, &columns, &save.ncolumns);
    if (err)
        return err;
    save.columns = columns;
    err = write_file(d, &save, a, &bytes, problem);
    out->rows = (int64_t)(rows ? rows->n : table_rows(d->table));
    out->size = (int64_t)bytes;
    free(columns);
    return err;
}
