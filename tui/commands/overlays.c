/* SPDX-License-Identifier: MIT
 * Opens a pane over all others. */
#include "tui/commands/command_list.h"

enum err help_open(struct app *a)
{
    struct pane *p;
    enum err err = pane_new(&pane_help_ops, &p);
    if (!err)
        app_show(a, p);
    return err;
}

enum err record_open(struct app *a, int64_t row)
{
    struct pane *p;
    enum err err = pane_new(&pane_record_ops, &p);
    if (err)
        return err;
    record_show_row(p, row);
    app_show(a, p);
    return OK;
}
