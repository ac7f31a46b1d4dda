/* SPDX-License-Identifier: MIT
 * The tasks of a run: counts of all, and records of some. A run may have millions of tasks, so the number of records is
 * bounded. A hash table, the index, finds a record by the id of its task. */
#include <stdlib.h>
#include <string.h>

#include "core/model/private.h"

/* --- the records -------------------------------------------------------------------------------------------------- */

static void task_done(struct model_task *t)
{
    free(t->code);
    free(t->error);
    rows_done(&t->result);
}

void model_clear_tasks(struct model *m)
{
    for (size_t i = 0; i < m->ntasks; i++)
        task_done(&m->tasks[i]);
    free(m->tasks);
    free(m->places);
    m->tasks = NULL;
    m->places = NULL;
    m->ntasks = m->tasks_cap = m->nplaces = m->total = 0;
    m->settled = (struct load){0};
    m->durations = (struct durations){0};
    m->reported_until = 0;
    memset(m->counts, 0, sizeof m->counts);
}

/* The place in the hash table for this id. A place holds an index into `tasks` + 1, or 0 if it is free. */
static uint32_t *place_of(const struct model *m, int64_t id)
{
    size_t i = (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 20) & (m->nplaces - 1);
    while (m->places[i] && m->tasks[m->places[i] - 1].id != id)
        i = (i + 1) & (m->nplaces - 1);
    return &m->places[i];
}

const struct model_task *model_task(const struct model *m, int64_t id)
{
    if (id >= 1 && (uint64_t)id <= m->ntasks && m->tasks[id - 1].id == id)
        return &m->tasks[id - 1]; /* in a run that keeps all its records */
    uint32_t place = m->nplaces ? *place_of(m, id) : 0;
    return place ? &m->tasks[place - 1] : NULL;
}

static struct model_task *mutable_task(struct model *m, int64_t id)
{
    return (struct model_task *)model_task(m, id);
}

static void fill_index(struct model *m)
{
    for (size_t i = 0; i < m->ntasks; i++)
        *place_of(m, m->tasks[i].id) = (uint32_t)i + 1;
}

static enum err index_all(struct model *m, size_t nplaces)
{
    uint32_t *places = calloc(nplaces, sizeof *places);
    if (!places)
        return ERR_NOMEM;
    free(m->places);
    m->places = places;
    m->nplaces = nplaces;
    fill_index(m);
    return OK;
}

/* Drops half of the records: keeps tasks that run, then those that failed or were lost, then the newest. */
static void forget_some(struct model *m)
{
    size_t kept = 0, bad = 0, surplus = m->ntasks / 2;
    for (size_t i = 0; i < m->ntasks; i++) {
        struct model_task *t = &m->tasks[i];
        bool failed = t->state == TASK_FAILED || t->state == TASK_LOST;
        bool keep = t->state == TASK_RUNNING || (failed && bad < MODEL_TASKS_MAX / 4) || surplus == 0;
        bad += failed;
        surplus -= !keep;
        if (!keep)
            task_done(t);
        else if (kept++ != i)
            m->tasks[kept - 1] = *t;
    }
    m->ntasks = kept;
    memset(m->places, 0, m->nplaces * sizeof *m->places); /* in place, which cannot fail */
    fill_index(m);
}

/* Finds the record of a task, or adds one, of a pending task. NULL without memory. */
static struct model_task *record(struct model *m, int64_t id, double now)
{
    struct model_task *t = mutable_task(m, id);
    if (t)
        return t;
    if (m->ntasks >= MODEL_TASKS_MAX && !m->keep_tasks)
        forget_some(m);
    if (2 * (m->ntasks + 1) > m->nplaces && index_all(m, m->nplaces ? m->nplaces * 2 : 64))
        return NULL;
    if (m->ntasks == m->tasks_cap) {
        size_t cap = m->tasks_cap ? m->tasks_cap * 2 : 16;
        struct model_task *more = realloc(m->tasks, cap * sizeof *more);
        if (!more)
            return NULL;
        m->tasks = more;
        m->tasks_cap = cap;
    }
    uint32_t *place = place_of(m, id);
    *place = (uint32_t)m->ntasks + 1;
    t = &m->tasks[m->ntasks++];
    *t = (struct model_task){.id = id, .submitted = now, .started = -1, .ended = -1, .rows = -1};
    return t;
}

/* --- the counts --------------------------------------------------------------------------------------------------- */

void model_expect_tasks(struct model *m, int64_t total)
{
    m->total = m->counts[TASK_PENDING] = total > 0 ? (size_t)total : 0;
}

static void move(struct model *m, enum task_state from, enum task_state to)
{
    if (m->counts[from] == 0)
        return; /* a recording can contain any events */
    m->counts[from]--;
    m->counts[to]++;
}

void model_settle_rest(struct model *m, enum task_state state, double now)
{
    m->counts[state] += m->counts[TASK_PENDING] + m->counts[TASK_RUNNING];
    m->counts[TASK_PENDING] = m->counts[TASK_RUNNING] = 0;
    for (size_t i = 0; i < m->ntasks; i++) {
        struct model_task *t = &m->tasks[i];
        if (t->state == TASK_PENDING || t->state == TASK_RUNNING) {
            t->state = state;
            t->ended = now;
        }
    }
}

/* One more task is settled, at some time between `from` and `now`. */
static void note_settled(struct model *m, const struct event_task *ended, double from, double now)
{
    struct model_worker *w = model_worker_by_id(m, ended->worker);
    from = model_run_seconds(m, from);
    now = model_run_seconds(m, now);
    load_add(&m->settled, from, now, 1);
    if (ended->state == TASK_FINISHED)
        durations_add(&m->durations, ended->seconds);
    if (w && from < now) /* a task that ended in an event of its own has a span instead */
        load_add(&w->busy, now - ended->seconds < from ? now - ended->seconds : from, now, ended->seconds);
}

/* --- the events --------------------------------------------------------------------------------------------------- */

enum err model_on_task_submitted(struct model *m, struct event *e)
{
    if (e->task.task < 1 || (uint64_t)e->task.task > m->total + 1)
        return OK;
    if ((uint64_t)e->task.task == m->total + 1) {
        m->counts[TASK_PENDING]++;
        m->total++;
    }
    struct model_task *t = record(m, e->task.task, e->time);
    if (!t)
        return ERR_NOMEM;
    t->submitted = e->time;
    model_take_text(&t->code, &e->task.code);
    return OK;
}

enum err model_on_task_started(struct model *m, struct event *e)
{
    struct model_worker *w = model_worker_by_id(m, e->task.worker);
    if (!w || e->task.task < 1 || (uint64_t)e->task.task > m->total)
        return OK;
    struct model_task *t = record(m, e->task.task, e->time);
    if (!t || model_open_span(w, t->id, e->time))
        return ERR_NOMEM;
    move(m, t->state, TASK_RUNNING);
    t->state = TASK_RUNNING;
    t->worker = w->id;
    t->started = e->time;
    if (e->task.code)
        model_take_text(&t->code, &e->task.code);
    w->task = t->id;
    model_enter(w, WORKER_BUSY, e->time);
    return OK;
}

static void leave_worker(struct model *m, int64_t worker, int64_t task, double now)
{
    struct model_worker *w = model_worker_by_id(m, worker);
    if (!w || w->task != task)
        return;
    model_close_span(w, now);
    if (!model_gone(w))
        model_enter(w, WORKER_IDLE, now);
}

enum err model_on_task_returned(struct model *m, struct event *e)
{
    struct model_task *t = mutable_task(m, e->task.task);
    move(m, TASK_RUNNING, TASK_PENDING);
    leave_worker(m, e->task.worker, e->task.task, e->time);
    if (t) {
        t->state = TASK_PENDING;
        t->worker = 0;
        t->started = -1;
    }
    return OK;
}

static enum err take_result(struct model_task *t, const struct ints *ranges)
{
    struct rows result = {0};
    enum err err = OK;
    for (size_t i = 0; i + 1 < ranges->n && !err; i += 2)
        err = rows_add(&result, (uint64_t)ranges->v[i], (uint64_t)ranges->v[i + 1]);
    if (err) {
        rows_done(&result);
        return err;
    }
    rows_done(&t->result);
    t->result = result;
    return OK;
}

/* Takes the texts of `end`. */
static enum err end_task(struct model *m, struct model_task *t, struct event_task *end, double now)
{
    enum err err = take_result(t, &end->ranges);
    if (err)
        return err;
    t->state = (enum task_state)end->state;
    t->ended = now;
    t->seconds = end->seconds;
    t->rows = end->rows;
    if (end->worker)
        t->worker = end->worker;
    if (end->worker && t->started < 0)
        t->started = now - end->seconds; /* its start was not reported: an estimate */
    if (end->code)
        model_take_text(&t->code, &end->code);
    model_take_text(&t->error, &end->error);
    leave_worker(m, t->worker, t->id, now);
    return OK;
}

static void credit(struct model *m, const struct event_task *end)
{
    struct model_worker *w = model_worker_by_id(m, end->worker);
    if (!w)
        return;
    w->tasks_done++;
    w->busy_seconds += end->seconds;
}

enum err model_on_task_ended(struct model *m, struct event *e)
{
    struct model_task *t = mutable_task(m, e->task.task);
    enum task_state from = e->task.worker ? TASK_RUNNING : TASK_PENDING; /* even if its start was only counted */
    if (t && m->counts[from] == 0)
        from = t->state;
    if (e->task.task < 1 || (uint64_t)e->task.task > m->total)
        return OK;
    if (!t && !(t = record(m, e->task.task, e->time)))
        return ERR_NOMEM;
    enum err err = end_task(m, t, &e->task, e->time);
    if (err)
        return err;
    move(m, from, t->state);
    credit(m, &e->task);
    note_settled(m, &e->task, e->time, e->time);
    return OK;
}

/* One task of many that ended. It is recorded if it has a record, if all records are kept, if it failed or was lost, or
 * if it is one of the last. */
static enum err end_one_of_many(struct model *m, struct event_task *borrowed, bool last, double now)
{
    struct model_task *t = mutable_task(m, borrowed->task);
    struct event_task own = *borrowed;
    bool bad = borrowed->state == TASK_FAILED || borrowed->state == TASK_LOST;
    credit(m, borrowed);
    note_settled(m, borrowed, m->reported_until, now);
    if (borrowed->task < 1 || (uint64_t)borrowed->task > m->total)
        return OK;
    if (!t && (last || bad || m->keep_tasks || m->total <= MODEL_TASKS_MAX) && !(t = record(m, borrowed->task, now)))
        return ERR_NOMEM;
    if (!t)
        return OK;
    own.code = text_dup(borrowed->code);
    own.error = text_dup(borrowed->error);
    enum err err = end_task(m, t, &own, now);
    free(own.code);
    free(own.error);
    return err;
}

static void take_counts(struct model *m, const struct event_tasks *t)
{
    const int64_t counts[] = {
        [TASK_PENDING] = t->pending, [TASK_RUNNING] = t->running,     [TASK_FINISHED] = t->finished,
        [TASK_FAILED] = t->failed,   [TASK_CANCELLED] = t->cancelled, [TASK_LOST] = t->lost};
    size_t sum = 0;
    for (size_t i = 0; i <= TASK_LOST; i++)
        sum += m->counts[i] = counts[i] > 0 ? (size_t)counts[i] : 0;
    if (sum > m->total)
        m->total = sum;
    m->counts[TASK_PENDING] += m->total - sum; /* those that are not submitted yet */
}

/* `busy` has pairs of a worker and its task; the other workers are idle. */
static void take_busy(struct model *m, const struct ints *busy, double now)
{
    for (size_t i = 0; i < m->nworkers; i++) {
        struct model_worker *w = &m->workers[i];
        int64_t task = 0;
        if (model_gone(w) || w->state == WORKER_STARTING)
            continue;
        for (size_t n = 0; n + 1 < busy->n; n += 2)
            if (busy->v[n] == w->id)
                task = busy->v[n + 1];
        if (task == w->task)
            continue;
        model_close_span(w, now);
        w->task = task;
        if (w->state != WORKER_HUNG)
            model_enter(w, task ? WORKER_BUSY : WORKER_IDLE, now);
    }
}

enum err model_on_tasks(struct model *m, struct event *e)
{
    enum { LAST = 32 };
    struct event_tasks_at at = {0};
    struct event_task one;
    size_t n = 0, ended = 0;
    enum err err, failed = OK;
    take_counts(m, &e->tasks);
    while (!(err = event_tasks_next(&e->tasks, &at, &one)))
        n++;
    for (at = (struct event_tasks_at){0}; !failed && !event_tasks_next(&e->tasks, &at, &one);)
        failed = end_one_of_many(m, &one, ++ended + LAST > n, e->time);
    m->reported_until = e->time;
    take_busy(m, &e->tasks.busy, e->time);
    return err == ERR_PARSE ? OK : failed; /* a recording can contain any events */
}
