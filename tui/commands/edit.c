/* SPDX-License-Identifier: MIT
 * Commands of the prompt, the palette in it, and of a question. */
#include <string.h>

#include "tui/commands/command_list.h"

static bool in_palette(const struct app *a)
{
    return a->prompt.command && strcmp(a->prompt.command->name, "palette") == 0;
}

/* The prompt is closed first: what runs may open it again. */
enum err do_accept(struct app *a, const char *arg)
{
    struct buf typed;
    const struct command *command = a->prompt.command;
    bool palette = in_palette(a);
    (void)arg;
    buf_init(&typed, PROMPT_BYTES_MAX);
    const struct command *chosen =
        palette ? palette_match(a->commands, a->scope, buf_text(&a->prompt.text), a->prompt.chosen) : NULL;
    bool exact = palette && a->prompt.chosen == 0 && palette_is_exact(a->commands, a->scope, buf_text(&a->prompt.text));
    enum err err = buf_add_text(&typed, chosen && !exact ? chosen->name : buf_text(&a->prompt.text));
    prompt_close(&a->prompt);
    if (!err)
        err = palette ? palette_run(a, buf_text(&typed)) : app_command(a, command, buf_text(&typed));
    buf_done(&typed);
    return err;
}

enum err do_cancel(struct app *a, const char *arg)
{
    (void)arg;
    prompt_close(&a->prompt);
    return OK;
}

enum err do_complete(struct app *a, const char *arg)
{
    const struct command *c = in_palette(a)
                                  ? palette_match(a->commands, a->scope, buf_text(&a->prompt.text), a->prompt.chosen)
                                  : NULL;
    (void)arg;
    if (!c)
        return OK;
    prompt_set(&a->prompt, c->name);
    if (c->args)
        prompt_insert(&a->prompt, " ", 1);
    a->prompt.chosen = 0;
    return OK;
}

enum err do_choose_next(struct app *a, const char *arg)
{
    (void)arg;
    if (in_palette(a) && palette_match(a->commands, a->scope, buf_text(&a->prompt.text), a->prompt.chosen + 1))
        a->prompt.chosen++;
    return OK;
}

enum err do_choose_previous(struct app *a, const char *arg)
{
    (void)arg;
    if (a->prompt.chosen > 0)
        a->prompt.chosen--;
    return OK;
}

static enum err edit(struct app *a, enum prompt_edit how)
{
    prompt_edit(&a->prompt, how);
    a->prompt.chosen = 0;
    return OK;
}

enum err do_edit_left(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_LEFT);
}

enum err do_edit_right(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_RIGHT);
}

enum err do_edit_home(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_HOME);
}

enum err do_edit_end(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_END);
}

enum err do_backspace(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_BACKSPACE);
}

enum err do_delete(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_DELETE);
}

enum err do_kill_line(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_KILL_LINE);
}

enum err do_kill_word(struct app *a, const char *arg)
{
    (void)arg;
    return edit(a, EDIT_KILL_WORD);
}

enum err do_yes(struct app *a, const char *arg)
{
    (void)arg;
    a->question.open = false;
    return a->question.yes(a, a->question.id);
}

enum err do_no(struct app *a, const char *arg)
{
    (void)arg;
    a->question.open = false;
    return OK;
}
