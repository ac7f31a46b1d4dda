/* SPDX-License-Identifier: MIT
 * The command that compares the start methods over the picked codes. */
#include <string.h>

#include "tui/app/comparison.h"
#include "tui/commands/command_list.h"

static enum err show(struct app *a)
{
    struct pane *p;
    enum err err = pane_new(&pane_comparison_ops, &p);
    if (!err)
        app_show(a, p);
    return err;
}

static enum err renew(struct app *a)
{
    const struct comparison *before = a->comparison;
    enum err err = comparison_renew(a);
    return err || a->comparison == before ? err : show(a);
}

/* Shows what there is; measures anew where that is seen already. */
enum err do_compare(struct app *a, const char *arg)
{
    bool shown = a->overlay && a->overlay->ops == &pane_comparison_ops;
    (void)arg;
    if (a->comparison && !shown)
        return show(a);
    if (comparison_goes_on(a))
        return OK;
    if (a->model->table_error || !a->model->table)
        app_say(a, ROLE_WARN, "There is no table to measure with%s", a->model->table_error ? "" : " yet");
    else if (strcmp(a->path, "-") == 0)
        app_say(a, ROLE_WARN, "A comparison reads the file once more, which stdin cannot be: save it first");
    else if (model_run_active(a->model) && !model_worst_finding(a->model))
        app_say(a, ROLE_WARN, "A run is going on, and would be measured with it: wait, or %s stops it",
                command_key(a->commands, "stop"));
    else
        return renew(a);
    return OK;
}
