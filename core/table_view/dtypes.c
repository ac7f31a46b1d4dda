/* SPDX-License-Identifier: MIT
 * The dtypes that the user gives to columns. The table is opened again when one changes, and the query server checks in
 * the background whether all cells are of these dtypes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/text.h"
#include "core/table_view/private.h"

enum err table_view_read_overrides(struct table_view *s)
{
    size_t n = s->options.ndtypes;
    s->overrides = calloc(n + 1, sizeof *s->overrides);
    s->names = calloc(n + 1, sizeof *s->names);
    s->checks = calloc(n + 1, sizeof *s->checks);
    for (size_t i = 0; s->overrides && s->names && s->checks && i < n; i++) {
        if (!(s->names[i] = strdup(s->options.dtypes[i])))
            return ERR_NOMEM;
        s->nnames++;
        size_t len;
        if (dtype_override_parse(s->names[i], &len, &s->overrides[i].dtype))
            return ERR_USAGE;
        s->names[i][len] = '\0';
        s->overrides[i].column = s->names[i];
        s->noverrides++;
    }
    return s->overrides && s->names && s->checks ? OK : ERR_NOMEM;
}

static size_t find_override(const struct table_view *s, const struct column *c)
{
    size_t i = 0;
    while (i < s->noverrides &&
           (strlen(s->overrides[i].column) != c->name_len || memcmp(s->overrides[i].column, c->name, c->name_len) != 0))
        i++;
    return i;
}

static enum err add_override(struct table_view *s, const struct column *c, enum dtype dtype)
{
    struct dtype_check *checks = realloc(s->checks, (s->noverrides + 1) * sizeof *checks);
    if (checks)
        s->checks = checks;
    struct dtype_override *overrides = realloc(s->overrides, (s->noverrides + 1) * sizeof *overrides);
    if (overrides)
        s->overrides = overrides;
    char **names = realloc(s->names, (s->nnames + 1) * sizeof *names);
    if (names)
        s->names = names;
    char *name = strndup(c->name, c->name_len);
    if (!checks || !overrides || !names || !name) {
        free(name);
        return ERR_NOMEM;
    }
    s->names[s->nnames++] = name;
    s->checks[s->noverrides] = (struct dtype_check){0};
    s->overrides[s->noverrides++] = (struct dtype_override){name, dtype};
    return OK;
}

static enum err override(struct table_view *s, const struct column *c, enum dtype dtype)
{
    size_t i = find_override(s, c);
    if (i == s->noverrides)
        return dtype == DTYPE_COUNT ? OK : add_override(s, c, dtype);
    if (dtype == DTYPE_COUNT) {
        s->overrides[i] = s->overrides[--s->noverrides];
        s->checks[i] = s->checks[s->noverrides];
    } else {
        s->overrides[i].dtype = dtype;
        s->checks[i] = (struct dtype_check){0};
    }
    return OK;
}

enum err table_view_set_dtype(struct table_view *s, size_t column, enum dtype dtype)
{
    const struct column *c = table_column(s->table, column);
    if (c->name_len == 0 || memchr(c->name, '\0', c->name_len))
        return ERR_USAGE; /* an override needs the name of a column */
    enum err err = override(s, c, dtype);
    if (err)
        return err;
    table_view_drop_server(s, "a dtype was changed");
    s->grown = s->input.ended; /* the new query server is to be told of the end of a stream */
    err = table_view_open_table(s);
    table_view_forget_views(s);
    table_view_arm(s, 0);
    return err;
}

/* --- checking the cells ------------------------------------------------------------------------------------------- */

static bool has_column(const struct table *t, const char *name, size_t *out)
{
    for (*out = 0; *out < table_columns(t); ++*out) {
        const struct column *c = table_column(t, *out);
        if (strlen(name) == c->name_len && memcmp(name, c->name, c->name_len) == 0)
            return true;
    }
    return false;
}

size_t table_view_unchecked(const struct table_view *s, size_t *column)
{
    for (size_t i = 0; i < s->noverrides; i++)
        if (!s->checks[i].known && s->overrides[i].dtype != DTYPE_STR &&
            has_column(s->table, s->overrides[i].column, column))
            return i;
    return SIZE_MAX;
}

static void say_odd(struct table_view *s, const struct table_view_odd *odd)
{
    char cells[32], first[32];
    struct buf b;
    buf_init(&b, 4096);
    const struct column *c = table_column(s->table, odd->column);
    buf_addf(&b, "%s cell%s of ", text_count(odd->cells, cells), odd->cells == 1 ? "" : "s");
    if (!text_add_safe(&b, c->name, c->name_len))
        buf_addf(&b, " %s not %s; the first is in row %s", odd->cells == 1 ? "is" : "are", dtype_names[c->dtype],
                 text_count(odd->first + 1, first));
    table_view_tell(s, TABLE_VIEW_SAYS, 0, buf_text(&b));
    buf_done(&b);
}

enum err table_view_take_check(struct table_view *s, struct job *job, struct answer *a)
{
    struct row_list rows = {0};
    struct dtype_check *check = &s->checks[job->override];
    struct table_view_odd odd = {.cells = (uint64_t)a->query.n};
    int fd = -1;
    enum err err = a->nfds > 0 ? io_dup(a->fds[0], &fd) : OK;
    if (err)
        return err;
    row_list_take(&rows, fd, odd.cells, a->query.wide);
    err = odd.cells > 0 ? row_list_read(&rows, 0, 1, &odd.first) : OK;
    row_list_done(&rows);
    if (err || !has_column(s->table, s->overrides[job->override].column, &odd.column))
        return err;
    bool news = odd.cells > 0 && odd.cells != check->odd.cells;
    *check = (struct dtype_check){.known = true, .odd = odd};
    if (news)
        say_odd(s, &odd);
    return OK;
}

bool table_view_odd_at(const struct table_view *s, size_t i, struct table_view_odd *out)
{
    for (size_t k = 0; k < s->noverrides; k++)
        if (s->checks[k].odd.cells > 0 && i-- == 0) {
            *out = s->checks[k].odd;
            return has_column(s->table, s->overrides[k].column, &out->column);
        }
    return false;
}
