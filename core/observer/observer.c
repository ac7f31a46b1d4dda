/* SPDX-License-Identifier: MIT
 * The frame of an observer: what is observed, the sampler and the timer on one epoll fd. Every event goes through
 * observer_apply into the recording and the model. */
#include "core/observer/private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

enum { QUEUE_CAPACITY = 4096, EVENTS_PER_STEP = 2000, CODES_MAX = 1 << 30 };

/* Reports each task that ended to options.on_task, whether the event is about one task or about many. */
static void report_ended(const struct observer *o, const struct event *e)
{
    struct event_tasks_at at = {0};
    struct event_task one;
    if (!o->options.on_task)
        return;
    if (e->type == EVENT_TASK_ENDED)
        o->options.on_task(o->options.ctx, &e->task);
    while (e->type == EVENT_TASKS && !event_tasks_next(&e->tasks, &at, &one))
        o->options.on_task(o->options.ctx, &one);
}

enum err observer_apply(struct observer *o, struct event *e)
{
    report_ended(o, e);
    if (e->time < o->applied_at)
        e->time = o->applied_at;
    o->applied_at = e->time;
    if (o->recorder && recorder_add(o->recorder, e)) {
        /* reported once, at the end of the recording: a full disk is no reason to stop observing */
    }
    return model_apply(o->model, e);
}

void observer_say(struct observer *o, enum note_level level, const char *text)
{
    struct event e;
    event_note(&e, level, "%s", text);
    e.time = clock_now() - o->epoch;
    if (observer_apply(o, &e)) {
        /* without memory the log lacks this line */
    }
}

/* Sets the timer to the earlier of the two times, if there is one. */
static void arm_timer(const struct observer *o)
{
    double at = o->timeout_at;
    if (o->look_at > 0 && (at == 0 || o->look_at < at))
        at = o->look_at;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
    timerfd_settime(o->timer, TFD_TIMER_ABSTIME, &when, NULL); /* all zero disarms */
}

void observer_look_at(struct observer *o, double when)
{
    o->look_at = when;
    arm_timer(o);
}

enum err observer_watch_fd(struct observer *o, int fd)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &interest) < 0 ? err_from_errno(errno) : OK;
}

void observer_unwatch_fd(struct observer *o, int fd)
{
    epoll_ctl(o->epoll, EPOLL_CTL_DEL, fd, NULL);
}

enum err observer_handle(struct observer *o, struct event *e)
{
    enum event_type type = (enum event_type)e->type;
    bool of_task = type == EVENT_TASK_STARTED || type == EVENT_TASK_ENDED || type == EVENT_TASK_RETURNED;
    int64_t worker = of_task ? e->task.worker : 0;
    bool dropped = false;
    if (type == EVENT_BLIND)
        return ERR_NOMEM;
    enum err before = o->observed->before(o, e, &dropped);
    if (dropped) {
        event_done(e);
        return before;
    }
    enum err applied = observer_apply(o, e);
    enum err after = o->observed->after(o, type, model_worker(o->model, worker));
    return before ? before : applied ? applied : after;
}

static enum err drain_queue(struct observer *o, int *budget, bool *changed)
{
    struct event e;
    enum err err = OK;
    while (*budget > 0 && !err && !queue_take(o->queue, &e)) {
        err = observer_handle(o, &e);
        *changed = true;
        --*budget;
    }
    return err;
}

static enum err on_timer(struct observer *o, bool *changed)
{
    uint64_t times;
    if (read(o->timer, &times, sizeof times) < 0)
        return OK; /* nothing expired */
    double now = clock_now();
    enum err err = OK;
    if (o->timeout_at > 0 && now >= o->timeout_at) {
        struct event timeout = {.type = EVENT_TIMEOUT, .time = now - o->epoch};
        o->timeout_at = 0;
        err = observer_apply(o, &timeout);
        observer_stop(o);
        *changed = true;
    }
    if (!err && o->look_at > 0 && now >= o->look_at) {
        o->look_at = 0;
        err = o->observed->look(o, now, changed);
    }
    arm_timer(o);
    return err;
}

enum err observer_step(struct observer *o, bool *changed)
{
    int budget = EVENTS_PER_STEP;
    *changed = false;
    enum err err = o->observed->step(o, &budget, changed);
    if (!err)
        err = drain_queue(o, &budget, changed);
    if (!err)
        err = on_timer(o, changed);
    if (o->recorder && recorder_flush(o->recorder)) {
        /* reported once, at the end of the recording */
    }
    return err;
}

void observer_stop(struct observer *o)
{
    o->observed->stop(o);
}

static enum err open_all(struct observer *o, struct problem *problem)
{
    struct sampler_options sampling = {.epoch = o->epoch, .hang_after = o->options.hang_after, .stacks = true};
    enum err err = OK;
    o->epoll = epoll_create1(EPOLL_CLOEXEC);
    o->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (o->epoll < 0 || o->timer < 0)
        return problem_errno(problem, "cannot wait for events");
    if (!(err = model_new(&o->model)) && !(err = queue_new(QUEUE_CAPACITY, &o->queue))) {
        sampling.queue = o->queue;
        err = sampler_new(&sampling, &o->sampler);
    }
    arm_timer(o);
    if (!err && o->options.keep_tasks)
        model_keep_tasks(o->model);
    if (!err && !(err = observer_watch_fd(o, queue_fd(o->queue))))
        err = observer_watch_fd(o, o->timer);
    return err ? problem_set(problem, err, "cannot start observing: %s", err_text(err)) : OK;
}

enum err observer_open(const struct observer_options *options, const struct observed *observed, struct observer **out,
                       struct problem *problem)
{
    struct observer *o = calloc(1, sizeof *o);
    if (!o)
        return problem_set(problem, ERR_NOMEM, "out of memory");
    *o = (struct observer){.observed = observed,
                           .options = *options,
                           .input = table_input_none(),
                           .epoll = -1,
                           .timer = -1,
                           .root_pidfd = -1,
                           .threads = options->threads,
                           .epoch = clock_now(),
                           .timeout_at = options->deadline};
    buf_init(&o->codes, CODES_MAX);
    if (options->recorder) {
        o->recorder = *options->recorder;
        *options->recorder = NULL;
    }
    enum err err = open_all(o, problem);
    if (err)
        observer_free(o);
    else
        *out = o;
    return err;
}

enum err observer_end_recording(struct observer *o, struct problem *problem)
{
    if (!o->recorder)
        return OK;
    enum err err = recorder_close(o->recorder, problem);
    o->recorder = NULL;
    return err;
}

void observer_free(struct observer *o)
{
    if (!o)
        return;
    if (o->queue)
        queue_close(o->queue);
    sampler_free(o->sampler);
    o->observed->done(o);
    queue_free(o->queue);
    model_free(o->model);
    if (observer_end_recording(o, NULL)) {
        /* a caller that wants to know has ended the recording itself */
    }
    io_close(&o->epoll);
    io_close(&o->timer);
    free(o);
}

int observer_fd(const struct observer *o)
{
    return o->epoll;
}

const struct model *observer_model(const struct observer *o)
{
    return o->model;
}

double observer_now(const struct observer *o)
{
    return clock_now() - o->epoch;
}

enum err observer_ask_stack(struct observer *o, int64_t pid)
{
    sampler_ask_stack(o->sampler, (pid_t)pid);
    return OK;
}
