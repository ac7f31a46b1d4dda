/* SPDX-License-Identifier: MIT
 * The workers of the run: the state of each, its task, since when, and what it waits for. Below them the tasks that
 * wait for a worker, the speed of the run, and what a worker costs. */
#include "tui/panes/pane.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/pool/pool.h"
#include "tui/keys/keymap.h"
#include "tui/panes/words.h"

enum { PENDING_SHOWN = 12, TASK_COLUMN = 3, TASK_MIN = 4, TASK_MAX = 12, COLUMNS = 7 };
static const struct {
    const char *head;
    int gap, width;
    bool right;
} columns[COLUMNS] = {
    {"#", 0, 2, true},      {"PID", 1, 7, true},     {"STATE", 2, 12, false},    {"TASK", 2, 0, false},
    {"SINCE", 1, 10, true}, {"THREADS", 1, 7, true}, {"WAITS FOR", 2, 0, false},
};

/* As wide as the longest code. All tasks of a run are known when it starts, so the width does not change. */
static int task_width(const struct model *m)
{
    int width = TASK_MIN;
    for (size_t i = 0; i < m->ntasks && width < TASK_MAX; i++) {
        const char *name = words_task(m, m->tasks[i].id);
        int wide = text_width(name, strlen(name));
        width = wide > TASK_MAX ? TASK_MAX : wide > width ? wide : width;
    }
    return width;
}

/* The last column takes the rest of the line. */
static void add_column(const struct pane *p, struct lines *l, const struct model *m, size_t i, enum role role,
                       const char *text)
{
    int width = i == TASK_COLUMN ? task_width(m) : columns[i].width;
    lines_pad(l, l->column + columns[i].gap);
    if (i == COLUMNS - 1)
        width = p->width - l->column;
    if (columns[i].right)
        lines_add_right(l, role, width, text, strlen(text));
    else
        lines_add_left(l, role, width, text, strlen(text));
}

static void threads_text(const struct model_worker *w, char out[48])
{
    if (w->threads < 0)
        snprintf(out, 48, "–");
    else if (w->forked_without_exec && w->parent_threads > 0)
        snprintf(out, 48, "%lld of %lld", (long long)w->threads, (long long)w->parent_threads);
    else
        snprintf(out, 48, "%lld", (long long)w->threads);
}

static void add_worker(struct pane *p, const struct view *v, const struct model_worker *w)
{
    char id[24], pid[24], state[64], since[24], threads[48];
    struct lines *l = &p->lines;
    bool gone = w->ended >= 0;
    bool slow = model_is_slow(v->model, w, v->now);
    enum role role = slow ? ROLE_WARN : words_role(w->state), rest = gone ? ROLE_DIM : ROLE_TEXT;
    double waited = v->now - w->since;
    snprintf(id, sizeof id, "%lld", (long long)w->id);
    snprintf(pid, sizeof pid, "%lld", (long long)w->pid);
    threads_text(w, threads);
    const char *task = w->task ? words_task(v->model, w->task) : "";
    const char *waits = gone ? "" : w->waits_for ? w->waits_for : "";
    const char *texts[COLUMNS] = {id,
                                  pid,
                                  slow ? "slow" : words_state(v->model, w, state),
                                  task,
                                  gone ? "" : text_seconds(waited > 0 ? waited : 0, since),
                                  threads,
                                  waits};
    for (size_t i = 0; i < COLUMNS; i++)
        add_column(p, l, v->model, i, i == 2 ? role : rest, texts[i]);
    lines_end(l, (struct subject){SUBJECT_WORKER, w->id});
}

/* True if every worker that is left hangs, and there is one. */
static bool all_hang(const struct model *m)
{
    size_t hung = 0, gone = 0;
    for (size_t i = 0; i < m->nworkers; i++) {
        hung += m->workers[i].state == WORKER_HUNG;
        gone += m->workers[i].ended >= 0;
    }
    return hung > 0 && hung + gone == m->nworkers && (int64_t)hung >= m->workers_wanted;
}

/* MANY: runs with fewer tasks show no statistics. SPARKS: columns of the rate curve. */
enum { MANY = 20, SPARKS = 24 };

static void add_pending(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    struct lines *l = &p->lines;
    size_t pending = model_count_tasks(m, TASK_PENDING), shown = 0;
    struct subject first = {0}; /* the task that is taken next */
    if (pending == 0 || !model_run_active(m) || (m->total > MODEL_TASKS_MAX && !all_hang(m)))
        return;
    lines_add(l, ROLE_TEXT, " pending: ");
    for (size_t i = 0; i < m->ntasks && shown < PENDING_SHOWN && l->column < p->width - 24; i++)
        if (m->tasks[i].state == TASK_PENDING) {
            if (shown == 0)
                first = (struct subject){SUBJECT_TASK, m->tasks[i].id};
            lines_add(l, ROLE_TEXT, shown++ ? ", " : "");
            lines_add(l, ROLE_TEXT, words_task(m, m->tasks[i].id));
        }
    if (shown < pending)
        lines_addf(l, ROLE_TEXT, " and %zu more", pending - shown);
    if (all_hang(m))
        lines_addf(l, ROLE_WARN, "   no worker is left to run %s", pending == 1 ? "it" : "them");
    lines_end(l, first);
}

/* Draws how the number of tasks per second changed over the run. */
static void add_sparks(struct lines *l, const struct model *m, double end)
{
    static const char *const glyphs[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double most = 0, rates[SPARKS];
    for (int i = 0; i < SPARKS; i++) {
        rates[i] = load_rate(&m->settled, end * i / SPARKS, end * (i + 1) / SPARKS);
        most = rates[i] > most ? rates[i] : most;
    }
    for (int i = 0; i < SPARKS && most > 0; i++)
        lines_add(l, ROLE_BUSY, glyphs[(int)(rates[i] / most * 7.99)]);
}

static void rate_text(double rate, char out[32])
{
    if (rate < 10)
        snprintf(out, 32, "%.1f", rate);
    else
        text_count((unsigned long long)(rate + 0.5), out);
}

static void add_load(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    struct lines *l = &p->lines;
    char count[32], rate[32], median[24], most[24], slow[24];
    double end = model_run_seconds(m, m->run_ended >= 0 ? m->run_ended : v->now), span = end < 1 ? end : 1;
    if (m->total < MANY || end <= 0)
        return;
    bool active = model_run_active(m);
    rate_text(active ? load_rate(&m->settled, end - span, end) : load_rate(&m->settled, 0, end), rate);
    lines_addf(l, ROLE_TEXT, " pending: %s   %s tasks/s%s  ", text_count(model_count_tasks(m, TASK_PENDING), count),
               rate, active ? "" : " on average");
    add_sparks(l, m, end);
    lines_end(l, (struct subject){0});
    if (m->durations.n < MANY)
        return;
    lines_addf(l, ROLE_DIM, " half took up to %s, 95 %% up to %s; over %s counts as slow",
               bench_seconds(durations_quantile(&m->durations, 0.5), median),
               bench_seconds(durations_quantile(&m->durations, 0.95), most), bench_seconds(model_slow_after(m), slow));
    lines_end(l, (struct subject){0});
}

/* The mean cost of the workers that were sampled, and what a worker inherits. */
static void add_costs(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    int64_t pss = 0, fds = 0, n = 0;
    char bytes[24], text[400];
    for (size_t i = 0; i < m->nworkers; i++) {
        const struct model_worker *w = &m->workers[i];
        if (w->ended >= 0 || w->pss_kib < 0 || w->fds < 0)
            continue;
        pss += w->pss_kib;
        fds += w->fds;
        n++;
    }
    if (n == 0)
        return;
    const char *inherits = "";
    for (size_t i = 0; m->method && i < start_method_count(); i++)
        if (strcmp(m->method, start_method_name(start_method_at(i))) == 0)
            inherits = start_method_inherits(start_method_at(i));
    snprintf(text, sizeof text, "each worker: %s, %lld fds; inherits: %s",
             text_bytes((double)pss / (double)n * 1024, bytes), (long long)(fds / n), inherits);
    lines_add(&p->lines, ROLE_DIM, " ");
    lines_wrap(&p->lines, ROLE_DIM, 3, p->width, text, (struct subject){0});
}

static void add_empty(struct pane *p, const struct view *v)
{
    char text[256];
    const struct model *m = v->model;
    if (m->run == 0)
        snprintf(text, sizeof text, "No worker was started yet. Pick codes in the table (%s), then run them (%s).",
                 command_key(v->commands, "pick"), command_key(v->commands, "run"));
    else
        snprintf(text, sizeof text, "No worker was started yet.");
    lines_wrap(&p->lines, ROLE_DIM, 0, p->width, text, (struct subject){0});
}

static enum err workers_sync(struct pane *p, const struct view *v)
{
    const struct model *m = v->model;
    for (size_t i = 0; i < COLUMNS; i++)
        add_column(p, &p->head, m, i, ROLE_HEAD, columns[i].head);
    lines_end(&p->head, (struct subject){0});
    if (m->nworkers == 0)
        add_empty(p, v);
    for (size_t i = 0; i < m->nworkers; i++)
        add_worker(p, v, &m->workers[i]);
    add_pending(p, v);
    add_load(p, v);
    add_costs(p, v);
    if (m->host_died)
        lines_put(&p->lines, ROLE_BAD, " The host process died, and its workers with it.");
    return OK;
}

static void workers_status(const struct pane *p, const struct view *v, struct buf *out)
{
    size_t hung = 0;
    (void)p;
    for (size_t i = 0; i < v->model->nworkers; i++)
        hung += v->model->workers[i].state == WORKER_HUNG;
    if (hung)
        buf_addf(out, "%zu hung", hung);
}

const struct pane_ops pane_workers_ops = {
    .name = "workers",
    .title = "Workers",
    .brief = "Workers",
    .hints = (const char *const[]){"explain", "stack", "kill", "stop", NULL},
    .sync = workers_sync,
    .status = workers_status,
};
