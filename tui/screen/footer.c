/* SPDX-License-Identifier: MIT
 * The footer is the last line of the screen: hints, a message, a question or the prompt. The palette is above it. */
#include "tui/screen/screen.h"

#include <string.h>

#include "core/base/text.h"

static void draw_footer_hints(const struct app *a, struct canvas *c)
{
    const struct command *ranked[COMMAND_RANKS + 1] = {NULL}, *command;
    for (size_t i = 0; i < a->commands->n; i++) {
        command = &a->commands->v[i];
        if (command->rank && command_is_in(command, a->scope))
            ranked[command->rank] = command;
    }
    for (int rank = 1, x = 1; rank <= COMMAND_RANKS; rank++) {
        if (!(command = ranked[rank]))
            continue;
        const char *key = command->key, *hint = command->hint;
        int width = text_width(key, strlen(key)) + 1 + text_width(hint, strlen(hint));
        if (x + width > c->width)
            return;
        x = canvas_text(c, x, 0, ROLE_KEY, key);
        x = canvas_text(c, x + 1, 0, ROLE_DIM, hint) + 3;
    }
}

void screen_palette(struct app *a, int bottom)
{
    const struct command *match;
    enum scope scope = a->scope;
    const char *typed = buf_text(&a->prompt.text);
    struct canvas *c = &a->canvas;
    int shown = 0, most = bottom - 1 < 12 ? bottom - 1 : 12, first = 0;
    if ((int)a->prompt.chosen >= most)
        first = (int)a->prompt.chosen - most + 1;
    while (shown < most && palette_match(a->commands, scope, typed, (size_t)(first + shown)))
        shown++;
    canvas_repeat(c, 0, bottom - shown - 1, c->width, ROLE_FOCUS, "─");
    for (int i = 0; i < shown && (match = palette_match(a->commands, scope, typed, (size_t)(first + i))); i++) {
        int y = bottom - shown + i;
        canvas_repeat(c, 0, y, c->width, ROLE_TEXT, " ");
        bool on = (size_t)(first + i) == a->prompt.chosen;
        canvas_text(c, 0, y, ROLE_TEXT, on ? theme_cursor : " ");
        int x = canvas_text(c, 1, y, on ? ROLE_FOCUS : ROLE_TEXT, match->name);
        if (match->args)
            canvas_textf(c, x + 1, y, ROLE_DIM, "%s", match->args);
        canvas_text(c, 22, y, ROLE_KEY, match->key ? match->key : "");
        canvas_cut(c, 40, y, c->width - 41, ROLE_DIM, match->summary, strlen(match->summary));
    }
}

/* Scrolls so that the cursor stays in view. Returns its column. */
static int draw_prompt(const struct app *a, struct canvas *c)
{
    const struct prompt *p = &a->prompt;
    const char *text = buf_text(&p->text);
    int x = canvas_text(c, 0, 0, ROLE_KEY, p->label);
    int before = text_width(text, p->cursor), room = c->width - x - 1;
    size_t from = 0;
    while (before > room && from < p->cursor) {
        struct text_glyph g;
        from += text_next(text + from, p->text.len - from, &g);
        before -= g.width;
    }
    canvas_bytes(c, x, 0, p->suggested ? ROLE_REVERSED : ROLE_INPUT, text + from, p->text.len - from);
    return x + before;
}

/* Cuts the text, never the keys, on a narrow screen. */
static int draw_question(const struct app *a, struct canvas *c)
{
    const char *text = a->question.text;
    int keys = (int)(strlen(command_key(a->commands, "yes")) + 1 + strlen(command_key(a->commands, "no"))),
        room = c->width - keys - 3;
    int wide = text_width(text, strlen(text));
    int x = room > 0 ? canvas_cut(c, 1, 0, wide < room ? wide : room, ROLE_WARN, text, strlen(text)) + 2 : 0;
    x = canvas_text(c, x, 0, ROLE_KEY, command_key(a->commands, "yes"));
    x = canvas_text(c, x, 0, ROLE_TEXT, "/");
    canvas_text(c, x, 0, ROLE_KEY, command_key(a->commands, "no"));
    return -1;
}

int screen_footer(struct app *a, struct canvas *c)
{
    canvas_repeat(c, 0, 0, c->width, ROLE_TEXT, " ");
    if (a->question.open)
        return draw_question(a, c);
    if (a->prompt.open)
        return draw_prompt(a, c);
    if (a->typing) {
        int x = canvas_text(c, 1, 0, ROLE_KEY, command_key(a->commands, "stop-typing"));
        x = canvas_text(c, x + 1, 0, ROLE_DIM, "ends typing; ");
        canvas_text(c, x, 0, ROLE_WARN, a->message[0] ? a->message : "all other keys go to the program");
    } else if (a->message[0])
        canvas_cut(c, 1, 0, c->width - 1, a->message_role, a->message, strlen(a->message));
    else
        draw_footer_hints(a, c);
    return -1;
}
