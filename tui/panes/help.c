/* SPDX-License-Identifier: MIT
 * Shown over the panes: the help, generated from the command table. */
#include "tui/panes/pane.h"

enum { KEYS_WIDTH = 15, NAME_WIDTH = 18 };

static void add_command(struct lines *l, const struct command *c, int width)
{
    lines_add(l, ROLE_KEY, c->key);
    if (c->also)
        lines_addf(l, ROLE_KEY, " %s", c->also);
    lines_pad(l, l->column < KEYS_WIDTH ? KEYS_WIDTH : l->column + 1);
    int indent = width >= 60 ? KEYS_WIDTH + NAME_WIDTH : KEYS_WIDTH;
    if (width >= 60) {
        lines_add(l, ROLE_TEXT, c->name);
        if (c->args)
            lines_addf(l, ROLE_DIM, " %s", c->args);
        lines_pad(l, indent);
    }
    lines_wrap(l, ROLE_TEXT, indent, width, c->summary, (struct subject){0});
}

static void add_title(struct lines *l, const char *title)
{
    lines_put(l, ROLE_TEXT, "");
    lines_put(l, ROLE_TITLE, title);
}

static enum err help_sync(struct pane *p, const struct view *v)
{
    struct lines *l = &p->lines;
    lines_add(l, ROLE_DIM, "To type a command by its name, press ");
    lines_add(l, ROLE_KEY, command_key(v->commands, "palette"));
    lines_end(l, (struct subject){0});
    for (int group = 0; group < COMMAND_GROUPS; group++) {
        bool titled = false;
        for (size_t i = 0; i < v->commands->n; i++) {
            const struct command *c = &v->commands->v[i];
            if ((int)c->group != group || !command_is_in(c, v->scope))
                continue;
            if (!titled)
                add_title(l, command_groups[group].title);
            titled = true;
            add_command(l, c, p->width);
        }
    }
    return OK;
}

const struct pane_ops pane_help_ops = {
    .name = "help",
    .title = "Help",
    .brief = "Help",
    .hints = (const char *const[]){"down", "page-down", "search", "back", NULL},
    .sync = help_sync,
};
