/* SPDX-License-Identifier: MIT
 * Draws the whole screen: the title, the strip below it with the verdict, then panes and footer. A screen that is too
 * small for panes shows a few words instead. */
#include "tui/screen/screen.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/pool/pool.h"
#include "tui/panes/words.h"
#include "tui/screen/program.h"

/* From these widths on, lines say more. */
enum { MIDDLING = 60, BROAD = 76, WIDE = 110 };

/* Title */

static void title_file(const struct app *a, bool sizes, struct buf *out)
{
    char rows[32];
    const struct model *m = a->model;
    const char *file = words_file(a->path);
    if (text_add_safe(out, file, strlen(file)))
        return;
    if (sizes && m->rows >= 0)
        buf_addf(out, "  %s row%s, %lld column%s", text_count((unsigned long long)m->rows, rows),
                 m->rows == 1 ? "" : "s", (long long)m->columns, m->columns == 1 ? "" : "s");
}

static const char *method_in_force(const struct app *a)
{
    const struct model *m = a->model;
    return m->run > 0 && m->method ? m->method : start_method_name(start_method_at(a->choices.method));
}

static void title_run(const struct app *a, int width, struct buf *out)
{
    const struct model *m = a->model;
    long long workers = m->run > 0 ? (long long)m->workers_wanted : a->choices.workers;
    long long threads = m->run > 0 ? (long long)m->threads : a->choices.threads;
    buf_add_text(out, method_in_force(a));
    if (width >= MIDDLING)
        buf_addf(out, ", %lld worker%s", workers, workers == 1 ? "" : "s");
    if (width >= WIDE)
        buf_addf(out, ", engine %lld thread%s", threads, threads == 1 ? "" : "s");
}

static void title_progress(const struct app *a, double now, struct buf *out)
{
    char clock[24];
    const struct model *m = a->model;
    if (m->run == 0)
        return;
    buf_addf(out, "run %lld   %zu of %zu done   %s", (long long)m->run, model_settled_tasks(m), m->total,
             text_clock(model_run_seconds(m, now), clock));
}

static void draw_title(const struct app *a, double now, struct canvas *c)
{
    struct buf left, middle, right;
    buf_init(&left, 4096);
    buf_init(&middle, 256);
    buf_init(&right, 256);
    if (a->scope != SCOPE_EXPLORE) {
        screen_watch_title(a, now, &left, &middle, &right);
    } else {
        title_file(a, c->width >= WIDE, &left);
        title_run(a, c->width, &middle);
        title_progress(a, now, &right);
    }
    int x = c->width >= MIDDLING ? canvas_text(c, 1, 0, ROLE_TITLE, "poolscope") + 2 : 1;
    int room = c->width - 1 - text_width(right.data ? right.data : "", right.len);
    int mid = room - 3 - text_width(buf_text(&middle), middle.len);
    if (mid > x + 8) {
        canvas_cut(c, x, 0, mid - 3 - x, ROLE_TEXT, buf_text(&left), left.len);
        canvas_text(c, mid, 0, ROLE_TEXT, buf_text(&middle));
    } else {
        canvas_cut(c, x, 0, room - 2 - x, ROLE_TEXT, buf_text(&middle), middle.len);
    }
    canvas_text(c, room, 0, ROLE_TITLE, buf_text(&right));
    buf_done(&left);
    buf_done(&middle);
    buf_done(&right);
}

/* Strip */

static int hint_width(const struct app *a, const char *command, const char *words)
{
    const char *key = command_key(a->commands, command);
    return text_width(key, strlen(key)) + 1 + text_width(words, strlen(words));
}

static int draw_hint(const struct app *a, struct canvas *c, int x, int y, enum role role, const char *command,
                     const char *words)
{
    const char *key = command_key(a->commands, command);
    int width = text_width(key, strlen(key));
    canvas_text(c, x, y, role, key);
    canvas_add_attrs(c, x, y, width, ATTR_UNDERLINE | ATTR_BOLD);
    return canvas_text(c, x + width + 1, y, role, words);
}

/* Draws the keys that help now, at the right edge; a narrow screen gets the last two only. Returns their column. */
static int draw_hints(const struct app *a, struct canvas *c, int y, enum role role)
{
    enum { HINTS = 4, GAP = 3 };
    static const struct {
        const char *command, *words;
    } all[2][HINTS] = {{{"method", "other method"}, {"run", "run again"}, {"explain", "explain"}, {"kill", "kill"}},
                       {{"write", "report"}, {"stack", "stack"}, {"explain", "explain"}, {"kill-all", "kill all"}}},
      *hints;
    int first = c->width >= WIDE ? 0 : 2, width = 0;
    hints = all[a->scope != SCOPE_EXPLORE];
    for (int i = first; i < HINTS; i++)
        width += hint_width(a, hints[i].command, hints[i].words) + (i > first ? GAP : 0);
    int start = c->width - 1 - width, x = start;
    for (int i = first; i < HINTS; i++)
        x = draw_hint(a, c, x, y, role, hints[i].command, hints[i].words) + GAP;
    return start;
}

/* On a narrow screen the verdict takes both lines; the cure is in the diagnosis only. */
static void draw_verdict_narrow(const struct verdict *v, enum role role, struct canvas *c)
{
    struct lines l;
    char text[400];
    lines_init(&l);
    snprintf(text, sizeof text, "%s: %s", v->title, v->who);
    lines_wrap(&l, role, 0, c->width - 2, text, (struct subject){0});
    for (size_t i = 0; i < l.n; i++)
        lines_draw(&l, i, c, 1, (int)i, 0);
    lines_done(&l);
}

static void draw_verdict(const struct app *a, const struct verdict *v, struct canvas *c)
{
    const struct finding *f = model_worst_finding(a->model);
    enum role role = f && f->certainty == CERTAINTY_PROVED ? ROLE_ALERT : ROLE_ALERT_WARN;
    for (int y = 0; y < c->height; y++)
        canvas_repeat(c, 0, y, c->width, role, " ");
    if (c->width < BROAD) {
        draw_verdict_narrow(v, role, c);
        return;
    }
    char seconds[24], after[40];
    snprintf(after, sizeof after, "seen after %s", f ? text_seconds(f->after_seconds, seconds) : "");
    int right = c->width - 1 - text_width(after, strlen(after));
    int x = canvas_text(c, 1, 0, role, v->title) + 3;
    if (x + text_width(v->who, strlen(v->who)) + 2 <= right)
        canvas_text(c, right, 0, role, after); /* only if the verdict need not be cut for it */
    else
        right = c->width + 1;
    canvas_cut(c, x, 0, right - 2 - x, role, v->who, strlen(v->who));
    canvas_add_attrs(c, 0, 0, c->width, ATTR_BOLD);
    right = draw_hints(a, c, 1, role);
    x = canvas_text(c, 1, 1, role, "Cure: ");
    canvas_cut(c, x, 1, right - 2 - x, role, v->cure, strlen(v->cure));
}

static void calm_words(const struct app *a, double now, enum role *role, char *line, size_t size)
{
    char seconds[24];
    const struct model *m = a->model;
    size_t done = model_count_tasks(m, TASK_FINISHED);
    *role = ROLE_CALM;
    if (m->table_error) {
        *role = ROLE_BAD;
        snprintf(line, size, "The table cannot be read: %s", m->table_error);
    } else if (m->rows < 0)
        snprintf(line, size, "Loading %s …", words_file(a->path));
    else if (m->run == 0)
        snprintf(line, size, "Ready: %s runs %s with %s.", command_key(a->commands, "run"),
                 a->choices.picks.n ? "one task for each picked code" : "one task over the whole table",
                 start_method_name(start_method_at(a->choices.method)));
    else if (model_run_active(m))
        snprintf(line, size, "Running under %s: %zu pending, %zu running, %zu finished.", m->method ? m->method : "?",
                 model_count_tasks(m, TASK_PENDING), model_count_tasks(m, TASK_RUNNING), done);
    else if (m->host_died) {
        *role = ROLE_BAD;
        snprintf(line, size, "The host process died, and run %lld with it.", (long long)m->run);
    } else if (model_outcome(m) == OUTCOME_FINISHED) {
        *role = ROLE_GOOD;
        snprintf(line, size, "Finished under %s: all %zu task%s in %s, nothing hung.", m->method ? m->method : "?",
                 done, done == 1 ? "" : "s", text_seconds(model_run_seconds(m, now), seconds));
    } else {
        *role = ROLE_WARN;
        snprintf(line, size, "Run %lld %s: %zu of %zu tasks finished, %zu failed, %zu lost, %zu cancelled.",
                 (long long)m->run,
                 m->timed_out ? "passed its time limit"
                 : m->stopped ? "was stopped"
                              : "ended",
                 done, m->total, model_count_tasks(m, TASK_FAILED), model_count_tasks(m, TASK_LOST),
                 model_count_tasks(m, TASK_CANCELLED));
    }
}

/* Suggests what to do next, for new users. */
static void next_words(const struct app *a, char *line, size_t size)
{
    const struct model *m = a->model;
    line[0] = '\0';
    if (m->rows >= 0 && m->run == 0)
        snprintf(line, size, "%s picks a row's code, %s lets you type one; %s changes the start method.",
                 command_key(a->commands, "pick"), command_key(a->commands, "add"), command_key(a->commands, "method"));
    else if (m->run > 0 && !model_run_active(m))
        snprintf(line, size, "Results (%d) shows the frames, %s writes the report; %s and %s try another method.",
                 PANE_RESULTS + 1, command_key(a->commands, "write"), command_key(a->commands, "method"),
                 command_key(a->commands, "run"));
}

static void draw_strip(const struct app *a, double now, struct canvas *c)
{
    struct verdict v;
    if (model_verdict(a->model, &v)) {
        draw_verdict(a, &v, c);
        return;
    }
    char line[700];
    enum role role;
    bool exploring = a->scope == SCOPE_EXPLORE;
    (exploring ? calm_words : screen_watch_calm)(a, now, &role, line, sizeof line);
    canvas_cut(c, 1, 0, c->width - 2, role, line, strlen(line));
    (exploring ? next_words : screen_watch_next)(a, line, sizeof line);
    canvas_cut(c, 1, 1, c->width - 2, ROLE_DIM, line, strlen(line));
}

/* Wraps the words to the canvas. False if not all of them fit. */
static bool wrap_whole(struct lines *l, const char *words, const struct canvas *c)
{
    lines_clear(l);
    lines_wrap(l, ROLE_TEXT, 0, c->width, words, (struct subject){0});
    for (const char *word = words; *word; word += strspn(word, " ")) {
        if ((int)strcspn(word, " ") > c->width)
            return false;
        word += strcspn(word, " ");
    }
    return (int)l->n <= c->height;
}

/* For a screen too small for panes: the status, in as many words as fit. */
static void draw_status(const struct app *a, struct canvas *c)
{
    const struct model *m = a->model;
    const struct finding *f = model_worst_finding(m);
    char line[160], hung[64] = "";
    if (f)
        snprintf(hung, sizeof hung, "HUNG %zu %s", m->nfindings, certainty_names[f->certainty]);
    else if (m->table_error)
        snprintf(hung, sizeof hung, "cannot be read");
    else if (m->run > 0 && !model_run_active(m))
        snprintf(hung, sizeof hung, "%s", outcome_names[model_outcome(m)]);
    if (a->scope != SCOPE_EXPLORE)
        screen_watch_status(a, hung, line, sizeof line);
    else if (m->run > 0)
        snprintf(line, sizeof line, "%s %zu/%zu %s", method_in_force(a), model_settled_tasks(m), m->total, hung);
    else
        snprintf(line, sizeof line, "%s %s", method_in_force(a), hung[0] ? hung : m->rows < 0 ? "loading" : "ready");
    const char *const words[] = {line, hung[0] ? hung : line, f ? "HUNG" : line};
    struct lines l;
    lines_init(&l);
    size_t i = 0;
    while (i < 3 && !wrap_whole(&l, words[i], c))
        i++;
    if (i == 3 && f) {
        lines_clear(&l);
        lines_put(&l, ROLE_ALERT, "!");
    }
    for (int y = 0; y < (int)l.n && y < c->height; y++) {
        if (f)
            canvas_repeat(c, 0, y, c->width, ROLE_ALERT, " ");
        lines_draw(&l, (size_t)y, c, 0, y, 0);
        canvas_restyle(c, 0, y, c->width, f ? ROLE_ALERT : ROLE_TEXT);
    }
    lines_done(&l);
}

static enum err fit_canvas(struct app *a, int width, int height)
{
    if (a->canvas.cells && a->canvas.width == width && a->canvas.height == height) {
        canvas_clear(&a->canvas);
        return OK;
    }
    canvas_done(&a->canvas);
    return canvas_init(&a->canvas, width, height);
}

/* A prompt or a question still gets the last line. Panes are not built, so they keep their lines. */
static enum err draw_small(struct app *a, int *x, int *y)
{
    draw_status(a, &a->canvas);
    if (!a->prompt.open && !a->question.open && (!a->message[0] || a->canvas.height < 2))
        return OK;
    struct canvas last = canvas_part(&a->canvas, (struct rect){0, a->canvas.height - 1, a->canvas.width, 1});
    *x = screen_footer(a, &last);
    *y = a->canvas.height - 1;
    return OK;
}

static enum err draw_whole(struct app *a, int width, int height, double now, int *x, int *y)
{
    enum err err = fit_canvas(a, width, height);
    if (err)
        return err;
    layout_compute(a->scope, a->canvas.width, a->canvas.height, a->focus, a->zoomed, &a->layout);
    if (a->layout.screen == SCREEN_STATUS) {
        program_drawn(a);
        return draw_small(a, x, y);
    }
    struct canvas title = canvas_part(&a->canvas, a->layout.title), strip = canvas_part(&a->canvas, a->layout.strip);
    struct canvas tabs = canvas_part(&a->canvas, a->layout.tabs), footer = canvas_part(&a->canvas, a->layout.footer);
    draw_title(a, now, &title);
    draw_strip(a, now, &strip);
    if (a->layout.tabs.height > 0)
        screen_tabs(a, &tabs);
    err = screen_panes(a, now);
    program_drawn(a);
    *x = screen_footer(a, &footer);
    *y = a->layout.footer.y;
    if (a->typing && *x < 0)
        program_cursor(a, x, y);
    if (a->prompt.open && a->prompt.command && strcmp(a->prompt.command->name, "palette") == 0)
        screen_palette(a, a->layout.footer.y);
    return err;
}

/* True if only the cursor of the active pane moved since the last picture. With a watched program, other panes follow
 * the cursor. */
static bool only_stepped(const struct app *a, int width, int height)
{
    bool same_size = a->canvas.cells && a->canvas.width == width && a->canvas.height == height;
    return a->stepped && !a->dirty && same_size && a->layout.screen != SCREEN_STATUS && a->scope == SCOPE_EXPLORE &&
           a->model->version == a->drawn_version && !model_goes_on(a->model);
}

enum err screen_draw(struct app *a, int width, int height, double now, int *x, int *y)
{
    *x = *y = -1;
    program_feed(a);
    app_table(a);
    bool step = only_stepped(a, width, height);
    a->dirty = a->stepped = false;
    a->drawn_version = a->model->version;
    return step ? screen_stepped(a, now) : draw_whole(a, width, height, now, x, y);
}
