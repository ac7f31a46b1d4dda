/* SPDX-License-Identifier: MIT
 * Runs a line that was typed into the palette. */
#include <string.h>

#include "tui/commands/command_list.h"

enum err palette_run(struct app *a, const char *typed)
{
    size_t n = strcspn(typed, " ");
    const struct command *c = palette_match(a->commands, a->scope, typed, 0);
    if (n == 0)
        return OK;
    if (!c || strlen(c->name) != n) {
        app_say(a, ROLE_WARN, "No command is called %.*s; %s lists all commands", n < 40 ? (int)n : 40, typed,
                command_key(a->commands, "help"));
        return OK;
    }
    const char *arg = typed + n + strspn(typed + n, " ");
    return app_command(a, c, *arg ? arg : NULL);
}
