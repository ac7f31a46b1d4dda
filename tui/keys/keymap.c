/* SPDX-License-Identifier: MIT
 * The key map: finds commands in the command table by place, name or key. */
#include "tui/keys/keymap.h"

#include <string.h>

const struct command_group command_groups[COMMAND_GROUPS] = {
    [MOVING] = {"Moving about", WHERE_PANES},         [CHOOSING] = {"Choosing", WHERE_PANES},
    [TABULAR] = {"The table", WHERE_PANES},           [RUNNING] = {"Running", WHERE_PANES},
    [LOOKING] = {"Looking closer", WHERE_PANES},      [PROGRAM] = {"The program", WHERE_PANES},
    [TYPING] = {"While typing", WHERE_PROMPT},        [ASKED] = {"When asked", WHERE_QUESTION},
    [WATCHED] = {"The watched program", WHERE_PANES}, [PASSING] = {"While typing into the program", WHERE_INPUT},
};

const struct command *command_at(size_t i)
{
    return i < command_count ? &command_table[i] : NULL;
}

const struct command *command_by_name(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(command_table[i].name, name) == 0)
            return &command_table[i];
    return NULL;
}

bool command_is_in(const struct command *c, enum scope scope)
{
    return !c->scopes || c->scopes & 1u << scope;
}

const struct command *command_by_key(enum scope scope, enum where where, key_code key)
{
    char label[24];
    key_label(key, label);
    for (size_t i = 0; i < command_count; i++)
        if (command_groups[command_table[i].group].where == where && command_is_in(&command_table[i], scope) &&
            (key_is_in(label, command_table[i].key) || key_is_in(label, command_table[i].also)))
            return &command_table[i];
    return NULL;
}

const char *command_key(const char *name)
{
    const struct command *c = command_by_name(name);
    return c && c->key ? c->key : "";
}
