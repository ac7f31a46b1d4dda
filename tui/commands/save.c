/* SPDX-License-Identifier: MIT
 * The command that saves the rows and columns in view. It asks for a file name, and before it replaces a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/commands/command_list.h"
#include "core/table_view/table_view.h"

static enum err save(struct app *a, bool replace)
{
    const struct table *t = app_table(a);
    struct problem problem = {""};
    size_t frozen, *shown = t ? calloc(table_columns(t) + 1, sizeof *shown) : NULL;
    if (!shown)
        return t ? ERR_NOMEM : OK;
    size_t n = columns_shown(&a->choices.columns, t, shown, &frozen);
    enum err err = table_view_save(a->table_view, a->save_path, shown, n, replace, &problem);
    if (err && err != ERR_NOMEM)
        app_say(a, ROLE_WARN, "%s", problem.text);
    free(shown);
    return err == ERR_NOMEM ? err : OK;
}

static enum err save_over(struct app *a, int64_t id)
{
    (void)id;
    return save(a, true);
}

/* Suggests a name in the working directory that is not the table's own: people-rows.csv for dir/people.csv. */
static enum err ask_name(struct app *a)
{
    char name[160];
    const char *path = table_path(app_table(a)), *slash = strrchr(path, '/');
    path = strcmp(path, "-") == 0 ? "table" : slash ? slash + 1 : path;
    int stem = (int)strcspn(path, ".");
    snprintf(name, sizeof name, "%.*s-rows.csv", stem, path);
    return app_prompt(a, "save", "Save as (.csv or .jsonl): ", name);
}

enum err do_save(struct app *a, const char *arg)
{
    if (!a->table_view || !app_table(a)) {
        app_say(a, ROLE_DIM, "No table is open");
        return OK;
    }
    if (!arg)
        return ask_name(a);
    if (!*arg)
        return OK;
    if (table_view_reads(a->table_view, arg)) {
        app_say(a, ROLE_WARN, "%.100s is the open table. Choose another name", arg);
        return OK;
    }
    free(a->save_path);
    a->save_path = strdup(arg);
    if (!a->save_path)
        return ERR_NOMEM;
    if (access(arg, F_OK) != 0)
        return save(a, false);
    app_ask(a, save_over, 0, "The file %.100s exists. Replace it?", arg);
    return OK;
}
