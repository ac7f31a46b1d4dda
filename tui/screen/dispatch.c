/* SPDX-License-Identifier: MIT
 * Finds the command of a key and runs it, or passes the key on to the prompt or the watched program. */
#include "tui/screen/dispatch.h"

#include "tui/screen/program.h"

static enum err key_in_prompt(struct app *a, key_code key)
{
    char text[5];
    const struct command *c = command_by_key(a->commands, a->scope, WHERE_PROMPT, key);
    a->dirty = true;
    if (c)
        return app_command(a, c, NULL);
    size_t n = key_utf8(key, text);
    if (n > 0) {
        prompt_insert(&a->prompt, text, n);
        a->prompt.chosen = 0;
    }
    return n > 0 && a->prompt.letter ? app_command(a, command_by_name(a->commands, "accept"), NULL) : OK;
}

enum err dispatch_key(struct app *a, key_code key)
{
    char label[24], digit[2] = {(char)key, '\0'};
    a->dirty |= a->message[0] != '\0';
    a->message[0] = '\0';
    if (a->prompt.open)
        return key_in_prompt(a, key);
    bool passing = a->typing && !a->question.open;
    enum where where = a->question.open ? WHERE_QUESTION : passing ? WHERE_INPUT : WHERE_PANES;
    const struct command *c = command_by_key(a->commands, a->scope, where, key);
    if (c) /* the keys 1 to 7 are the argument of the command `pane` */
        return app_command(a, c, c->args && key >= '0' && key <= '9' ? digit : NULL);
    a->dirty = true;
    if (passing)
        program_type_key(a, key);
    else if (!a->question.open)
        app_say(a, ROLE_DIM, "%s does nothing here; %s shows all keys", key_label(key, label),
                command_key(a->commands, "help"));
    return OK;
}

void dispatch_paste(struct app *a, const char *text, size_t len)
{
    a->dirty = true;
    if (a->prompt.open)
        prompt_insert(&a->prompt, text, len);
    else if (a->typing && !a->question.open)
        program_type_paste(a, text, len);
    else if (a->scope == SCOPE_WATCH)
        app_say(a, ROLE_DIM, "To paste into the program, start typing into it first (%s)",
                command_key(a->commands, "type"));
    else if (a->scope == SCOPE_ATTACH)
        app_say(a, ROLE_DIM, "Text can be pasted into a prompt only; %s opens one to search",
                command_key(a->commands, "search"));
    else
        app_say(a, ROLE_DIM, "Text can be pasted into a prompt only; %s opens one for a code, %s one to search",
                command_key(a->commands, "add"), command_key(a->commands, "search"));
}
