/* SPDX-License-Identifier: MIT
 * Finds commands in the command table by name or key. */
#include "tui/keys/keymap.h"

#include <string.h>

const struct command_group command_groups[COMMAND_GROUPS] = {
    [MOVING] = {"Moving", WHERE_PANES},
    [CHOOSING] = {"Choosing what to run", WHERE_PANES},
    [TABULAR] = {"The table", WHERE_PANES},
    [RUNNING] = {"Running", WHERE_PANES},
    [LOOKING] = {"Inspecting", WHERE_PANES},
    [PROGRAM] = {"poolscope", WHERE_PANES},
    [TYPING] = {"Editing a line", WHERE_PROMPT},
    [ASKED] = {"Answering a question", WHERE_QUESTION},
    [WATCHED] = {"The watched program", WHERE_PANES},
    [PASSING] = {"Typing into the program", WHERE_INPUT},
};

const struct command *command_by_name(const struct command_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i].name, name) == 0)
            return &t->v[i];
    return NULL;
}

bool command_is_in(const struct command *c, enum scope scope)
{
    return !c->scopes || c->scopes & 1u << scope;
}

const struct command *command_by_key(const struct command_table *t, enum scope scope, enum where where, key_code key)
{
    char label[24];
    key_label(key, label);
    for (size_t i = 0; i < t->n; i++) {
        const struct command *c = &t->v[i];
        if (command_groups[c->group].where == where && command_is_in(c, scope) &&
            (key_is_in(label, c->key) || key_is_in(label, c->also)))
            return c;
    }
    return NULL;
}

const char *command_key(const struct command_table *t, const char *name)
{
    const struct command *c = command_by_name(t, name);
    return c && c->key ? c->key : "";
}
