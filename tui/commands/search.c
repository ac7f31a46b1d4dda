/* SPDX-License-Identifier: MIT
 * Search in the active pane. Lines are searched at once, the table by its query server. */
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/commands/command_list.h"
#include "tui/commands/steps.h"

static void report_end(struct app *a, bool found)
{
    a->message[0] = '\0';
    a->dirty = true;
    if (!found)
        app_say(a, ROLE_WARN, "Not found: %.60s", a->search.text);
}

/* The query server searches; app_table_view_step takes its answer. */
static void search_table_view(struct app *a, const struct pane *p)
{
    struct problem problem;
    if (table_view_search(a->table_view, a->search.text, p->cursor, a->search.backwards, &problem))
        app_say(a, ROLE_WARN, "%s", problem.text);
}

static enum err text_of_line(struct pane *p, uint64_t line, struct buf *out)
{
    if (p->ops->text)
        return p->ops->text(p, line, out);
    if (line < p->first || line - p->first >= p->lines.n)
        return OK;
    return lines_text(&p->lines, (size_t)(line - p->first), out);
}

static void search_lines(struct app *a, struct pane *p)
{
    struct search *s = &a->search;
    bool found = false;
    for (uint64_t i = 1; i <= p->count && !found; i++) {
        uint64_t at = (s->backwards ? p->cursor + p->count - i : p->cursor + i) % p->count;
        struct buf text;
        buf_init(&text, 1 << 20);
        found = !text_of_line(p, at, &text) && text.len > 0 && text_find(text.data, text.len, 0, s->text) < text.len;
        buf_done(&text);
        if (found)
            pane_go(p, at);
    }
    report_end(a, found);
}

enum err do_search_again(struct app *a, int how)
{
    struct pane *p = app_active(a);
    if (!a->search.text) {
        app_say(a, ROLE_DIM, "There is no search to repeat; %s starts one", command_key(a->commands, "search"));
        return OK;
    }
    a->search.backwards = how;
    if (p == a->panes[PANE_TABLE] && a->table_view && table_view_table(a->table_view))
        search_table_view(a, p);
    else
        search_lines(a, p);
    return OK;
}

enum err do_search(struct app *a, const char *arg)
{
    if (!arg)
        return app_prompt(a, "search", "/", "");
    char *text = *arg ? strdup(arg) : NULL;
    if (*arg && !text)
        return ERR_NOMEM;
    free(a->search.text);
    a->search.text = text;
    return text ? do_search_again(a, 0) : OK;
}
