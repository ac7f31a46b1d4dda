/* SPDX-License-Identifier: MIT
 * The timeline of the run: a row for the host and one for each worker. A column stands for a span of time, chosen so
 * that the whole run fits. */
#include "tui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/keys/keymap.h"
#include "tui/panes/words.h"

enum { LABEL_WIDTH = 6, TICK_COLUMNS = 10, SLOTS_MAX = 1000 };

enum mark { MARK_NONE, MARK_ALIVE, MARK_STARTING, MARK_BUSY, MARK_SLOW, MARK_HUNG, MARK_COUNT };
static const struct {
    const char *glyph;
    enum role role;
} marks[MARK_COUNT] = {
    [MARK_NONE] = {" ", ROLE_TEXT}, [MARK_ALIVE] = {"·", ROLE_DIM}, [MARK_STARTING] = {"░", ROLE_DIM},
    [MARK_BUSY] = {"█", ROLE_BUSY}, [MARK_HUNG] = {"▓", ROLE_BAD},  [MARK_SLOW] = {"▒", ROLE_WARN},
};

/* How much of a column's time a worker was busy, in eighths: for tasks too short to be drawn one by one. */
static const char *const shares[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/* One column of the row that is being built. */
struct slot {
    enum mark mark;
    const char *words; /* text that begins here, borrowed; or NULL */
    enum role role;
    int share; /* eighths of the time that the worker was busy; 0: draw the mark */
};

struct timeline_state {
    struct slot slots[SLOTS_MAX];
    double origin; /* the time at which the first column begins: that of the request for the run */
    double step;   /* seconds per column */
    int columns;
    char start[32]; /* the start method and a blank: written where a worker was started */
};

static double end_of_run(const struct view *v)
{
    return v->model->run_ended >= 0 ? v->model->run_ended : v->now;
}

/* The smallest of 0.1 ms, 0.2 ms, 0.5 ms, 1 ms … with which `seconds` fit into the columns. */
static double step_for(double seconds, int columns)
{
    static const double nice[] = {1, 2, 5};
    double decade = 1e-4;
    for (size_t i = 0;; i++) {
        if (i == 3) {
            i = 0;
            decade *= 10;
        }
        if (nice[i] * decade * columns >= seconds || decade > 1e6)
            return nice[i] * decade;
    }
}

static int column_of(const struct timeline_state *s, double time)
{
    double at = time > s->origin ? (time - s->origin) / s->step : 0;
    return at < s->columns - 1 ? (int)at : s->columns - 1;
}

/* Marks the columns from `from` to `to`, at least one. */
static void fill(struct timeline_state *s, double from, double to, enum mark mark)
{
    for (int i = column_of(s, from), end = column_of(s, to); i <= end; i++)
        s->slots[i].mark = mark;
}

static void write_words(struct timeline_state *s, double at, const char *words, enum role role)
{
    struct slot *slot = &s->slots[column_of(s, at)];
    if (!slot->words)
        *slot = (struct slot){slot->mark, words, role, 0};
}

/* True if a text may continue from a column with mark a to one with mark b. */
static bool same_stretch(enum mark a, enum mark b)
{
    return a == b || (a == MARK_BUSY && (b == MARK_HUNG || b == MARK_SLOW)) || (a == MARK_SLOW && b == MARK_HUNG);
}

/* A text has room up to the next text, or to the end of the stretch in which it begins. */
static int room_for_words(const struct timeline_state *s, int at)
{
    int end = at + 1;
    while (end < s->columns && !s->slots[end].words && same_stretch(s->slots[at].mark, s->slots[end].mark))
        end++;
    return end - at;
}

static void add_slots(struct lines *l, const struct timeline_state *s)
{
    for (int i = 0; i < s->columns;) {
        const struct slot *slot = &s->slots[i];
        int width = slot->words ? text_width(slot->words, strlen(slot->words)) : 0;
        if (width > 0 && width <= room_for_words(s, i)) {
            lines_add(l, slot->role, slot->words);
            i += width;
        } else {
            if (slot->share > 0)
                lines_add(l, ROLE_BUSY, shares[slot->share]);
            else
                lines_add(l, marks[slot->mark].role, marks[slot->mark].glyph);
            i++;
        }
    }
}

static void clear_slots(struct timeline_state *s)
{
    memset(s->slots, 0, sizeof s->slots);
}

static void add_axis(struct lines *l, const struct timeline_state *s)
{
    char tick[24];
    lines_pad(l, LABEL_WIDTH);
    for (int i = 0; i + TICK_COLUMNS <= s->columns; i += TICK_COLUMNS) {
        text_seconds(i * s->step, tick);
        lines_add_left(l, ROLE_DIM, TICK_COLUMNS, i == 0 ? "0" : tick, i == 0 ? 1 : strlen(tick));
    }
    lines_end(l, (struct subject){0});
}

static void add_host(struct pane *p, const struct view *v)
{
    struct timeline_state *s = p->state;
    const struct model *m = v->model;
    clear_slots(s);
    fill(s, s->origin, end_of_run(v), MARK_ALIVE);
    snprintf(s->start, sizeof s->start, "%s ", m->method ? m->method : "start");
    for (size_t i = 0; i < m->nworkers; i++)
        write_words(s, m->workers[i].started, s->start, ROLE_TEXT);
    lines_add(&p->lines, ROLE_TEXT, "host");
    lines_pad(&p->lines, LABEL_WIDTH);
    add_slots(&p->lines, s);
    lines_end(&p->lines, (struct subject){SUBJECT_PROCESS, m->host_pid});
}

static void add_shares(struct timeline_state *s, const struct model_worker *w)
{
    for (int i = 0; i < s->columns; i++) {
        double share = load_rate(&w->busy, i * s->step, (i + 1) * s->step);
        if (s->slots[i].mark <= MARK_STARTING && !s->slots[i].words && share > 0.01)
            s->slots[i].share = share >= 1 ? 8 : (int)(share * 7.99) + 1;
    }
}

/* Writes " hung " after the name of the task that hangs. */
static void add_hang(struct timeline_state *s, const struct model *m, const struct model_worker *w, double end)
{
    const char *task = words_task(m, w->task);
    double from = w->nspans ? w->spans[w->nspans - 1].from : w->since;
    double after = from + (text_width(task, strlen(task)) + 1) * s->step, since = w->since + s->step;
    fill(s, w->since, end, MARK_HUNG);
    write_words(s, after > since ? after : since, " hung ", ROLE_BAD);
}

static void add_worker(struct pane *p, const struct view *v, const struct model_worker *w)
{
    char id[24];
    struct timeline_state *s = p->state;
    double end = w->ended >= 0 ? w->ended : end_of_run(v);
    double slow = model_slow_after(v->model);
    clear_slots(s);
    fill(s, w->started, end, MARK_ALIVE);
    fill(s, w->started, w->nspans ? w->spans[0].from : w->state == WORKER_STARTING ? end : w->started, MARK_STARTING);
    for (size_t i = 0; i < w->nspans; i++) {
        const struct model_span *span = &w->spans[i];
        double until = span->to >= 0 ? span->to : end;
        fill(s, span->from, until, slow > 0 && until - span->from > slow ? MARK_SLOW : MARK_BUSY);
        write_words(s, span->from, words_task(v->model, span->task), ROLE_TITLE);
    }
    add_shares(s, w);
    bool drawn = w->nspans && w->spans[w->nspans - 1].to < 0;
    if (w->state == WORKER_BUSY && w->task && !drawn && end - w->since > s->step)
        fill(s, w->since, end, model_is_slow(v->model, w, end) ? MARK_SLOW : MARK_BUSY);
    if (w->state == WORKER_HUNG)
        add_hang(s, v->model, w, end);
    if (w->state == WORKER_KILLED)
        write_words(s, end, "X", ROLE_BAD);
    snprintf(id, sizeof id, "%lld", (long long)w->id);
    lines_add_right(&p->lines, ROLE_TEXT, 4, id, strlen(id));
    lines_pad(&p->lines, LABEL_WIDTH);
    add_slots(&p->lines, s);
    lines_end(&p->lines, (struct subject){SUBJECT_WORKER, w->id});
}

static void choose_scale(struct pane *p, const struct view *v)
{
    struct timeline_state *s = p->state;
    s->columns = p->width - LABEL_WIDTH;
    s->columns = s->columns < 1 ? 1 : s->columns > SLOTS_MAX ? SLOTS_MAX : s->columns;
    s->origin = v->model->run_asked;
    s->step = step_for(model_run_seconds(v->model, end_of_run(v)), s->columns);
}

static enum err timeline_sync(struct pane *p, const struct view *v)
{
    char text[128];
    const struct model *m = v->model;
    choose_scale(p, v);
    if (m->run == 0) {
        snprintf(text, sizeof text, "What each worker did, and when, is shown here. To run, press %s.",
                 command_key(v->commands, "run"));
        lines_wrap(&p->lines, ROLE_DIM, 0, p->width, text, (struct subject){0});
        return OK;
    }
    add_axis(&p->head, p->state);
    add_host(p, v);
    for (size_t i = 0; i < m->nworkers; i++)
        add_worker(p, v, &m->workers[i]);
    return OK;
}

static void timeline_status(const struct pane *p, const struct view *v, struct buf *out)
{
    char step[24];
    const struct timeline_state *s = p->state;
    if (v->model->run > 0)
        buf_addf(out, "one column is %s", text_seconds(s->step, step));
}

const struct pane_ops pane_timeline_ops = {
    .name = "timeline",
    .title = "Timeline",
    .brief = "Time",
    .state_size = sizeof(struct timeline_state),
    .sync = timeline_sync,
    .status = timeline_status,
};
