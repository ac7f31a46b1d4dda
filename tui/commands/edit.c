/* SPDX-License-Identifier: MIT
 * Commands of the prompt, of the palette (the prompt in which a command is typed), and of a question. */
#include <string.h>

#include "tui/commands/command_list.h"

static bool in_palette(const struct app *a)
{
    return a->prompt.command && strcmp(a->prompt.command->name, "palette") == 0;
}

/* The `more`-th command after the selected one of the palette's list; NULL: there is none, or this is no palette. */
static const struct command *selected(const struct app *a, size_t more)
{
    return in_palette(a) ? palette_match(a->commands, a->scope, buf_text(&a->prompt.text), a->prompt.chosen + more)
                         : NULL;
}

/* Closes the prompt first, because the command may open another one. */
enum err do_accept(struct app *a)
{
    struct buf typed;
    const struct command *command = a->prompt.command, *match = selected(a, 0);
    const char *text = buf_text(&a->prompt.text);
    bool palette = in_palette(a);
    bool exact = palette && a->prompt.chosen == 0 && palette_is_exact(a->commands, a->scope, text);
    buf_init(&typed, PROMPT_BYTES_MAX);
    enum err err = buf_add_text(&typed, match && !exact ? match->name : text);
    prompt_close(&a->prompt);
    if (!err)
        err = palette ? palette_run(a, buf_text(&typed)) : app_command(a, command, buf_text(&typed));
    buf_done(&typed);
    return err;
}

enum err do_cancel(struct app *a)
{
    prompt_close(&a->prompt);
    return OK;
}

enum err do_complete(struct app *a)
{
    const struct command *c = selected(a, 0);
    if (!c)
        return OK;
    prompt_set(&a->prompt, c->name);
    if (c->args)
        prompt_insert(&a->prompt, " ", 1);
    a->prompt.chosen = 0;
    return OK;
}

enum err do_choose(struct app *a, int how)
{
    if (how < 0 && a->prompt.chosen > 0)
        a->prompt.chosen--;
    else if (how > 0 && selected(a, 1))
        a->prompt.chosen++;
    return OK;
}

enum err do_edit(struct app *a, int how)
{
    prompt_edit(&a->prompt, (enum prompt_edit)how);
    a->prompt.chosen = 0;
    return OK;
}

enum err do_answer(struct app *a, int how)
{
    a->question.open = false;
    return how ? a->question.yes(a, a->question.id) : OK;
}
