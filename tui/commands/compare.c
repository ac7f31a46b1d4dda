/* SPDX-License-Identifier: MIT
 * The command that compares the start methods over the picked codes. */
#include <string.h>

#include "tui/app/comparison.h"
#include "tui/commands/command_list.h"

static enum err renew(struct app *a)
{
    const struct comparison *before = a->comparison;
    enum err err = comparison_renew(a);
    return err || a->comparison == before ? err : app_show(a, &pane_comparison_ops);
}

/* Shows the last comparison; if that is already shown, starts another one. */
enum err do_compare(struct app *a)
{
    bool shown = a->overlay && a->overlay->ops == &pane_comparison_ops;
    if (a->comparison && !shown)
        return app_show(a, &pane_comparison_ops);
    if (comparison_is_running(a))
        return OK;
    if (a->model->rows < 0)
        app_say(a, ROLE_WARN, "A comparison needs a table, and none is open%s", a->model->table_error ? "" : " yet");
    else if (strcmp(a->path, "-") == 0)
        app_say(a, ROLE_WARN, "A comparison has to read the table again, which stdin does not allow: save it first");
    else if (model_run_active(a->model) && !model_worst_finding(a->model))
        app_say(a, ROLE_WARN, "A run is in progress and would distort the measurement: wait, or stop it with %s",
                command_key(a->commands, "stop"));
    else
        return renew(a);
    return OK;
}
