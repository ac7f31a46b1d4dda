/* SPDX-License-Identifier: MIT
 * The sampler's thread takes orders, looks, and sleeps until the next look is due. The scene and what was posted belong
 * to this thread; orders are handed over under the lock. */
#include "core/observer/sampler.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/thread.h"
#include "core/observer/sampler_priv.h"

/* Seconds between two looks: the least, the most, the most while a finding is not proved, and the most while a change
 * is held back. */
static const double pause_least = 0.01, pause_most = 1.0, pause_unproved = 0.1, pause_more = 0.05;
/* Seconds of pause for each second of CPU time that a look took, so that the sampler uses at most a tenth of a CPU. */
static const double pause_per_look = 9.0;
/* Seconds between two inspections. */
static const double pause_inspected = 1.0;
/* How long sampler_watch waits for an event of the old watch that is just being posted. */
static const long patience_ns = 100 * 1000 * 1000;

struct hint {
    pid_t pid;
    int64_t parent_threads;
    bool awaited;
};

/* What the other thread wants; the sampler's thread moves it out under the lock. */
struct orders {
    bool watch; /* the next three are new */
    pid_t root;
    bool include_root;
    double started;
    unsigned generation; /* counts the watches */
    struct hint *hints;
    size_t nhints;      /* owned */
    struct ints stacks; /* pids */
    pid_t inspect;      /* kept until another one is ordered; 0: none */
    bool inspect_now;   /* it has not been inspected yet */
};

struct sampler {
    struct queue *queue;
    double hang_after;
    pthread_t thread;
    bool running; /* the thread was started */

    pthread_mutex_t lock;
    pthread_cond_t ordered; /* orders came, or stop */
    pthread_cond_t posted;  /* posting became false */
    struct orders orders;
    bool stop, posting;
    struct event_sampling counts; /* of the newest watch */

    /* the thread's own */
    struct scene scene;
    struct shown shown;
    unsigned generation;
    bool watching;
    double pause;              /* seconds */
    double next_look, soonest; /* clock_now(): when to look again, and when at the earliest if a hint comes */
    double inspected_at;
    int failures; /* looks in a row that failed for want of memory */
};

/* Posts an event, unless its watch is over. */
static void post(void *ctx, struct event *e)
{
    struct sampler *s = ctx;
    pthread_mutex_lock(&s->lock);
    s->posting = !s->stop && s->generation == s->orders.generation;
    bool wanted = s->posting;
    pthread_mutex_unlock(&s->lock);
    if (!wanted) {
        event_done(e);
        return;
    }
    if (queue_post(s->queue, e)) {
        /* the queue is closed, and the event is dropped */
    }
    pthread_mutex_lock(&s->lock);
    s->posting = false;
    pthread_cond_broadcast(&s->posted);
    pthread_mutex_unlock(&s->lock);
}

static struct timespec at(double seconds)
{
    time_t whole = (time_t)seconds;
    return (struct timespec){.tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9)};
}

/* Whether there are orders to follow at once. Hints are not: thousands may come, and they only bring the next look
 * forward. */
static bool is_urgent(const struct sampler *s)
{
    return s->stop || s->orders.watch || s->orders.stacks.n > 0 || s->orders.inspect_now;
}

static void wait_until(struct sampler *s, double when)
{
    struct timespec until = at(when);
    pthread_cond_timedwait(&s->ordered, &s->lock, &until);
}

/* Waits until there is something to do. False: stop. */
static bool take_orders(struct sampler *s, struct orders *out)
{
    pthread_mutex_lock(&s->lock);
    while (!is_urgent(s)) {
        double when = s->orders.nhints > 0 ? s->soonest : s->next_look;
        if (!s->watching)
            pthread_cond_wait(&s->ordered, &s->lock);
        else if (clock_now() < when)
            wait_until(s, when);
        else
            break;
    }
    bool go_on = !s->stop;
    *out = s->orders;
    s->orders.watch = false;
    s->orders.hints = NULL;
    s->orders.nhints = 0;
    s->orders.stacks = (struct ints){0};
    s->orders.inspect_now = false;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void orders_done(struct orders *o)
{
    free(o->hints);
    ints_done(&o->stacks);
}

static void follow_orders(struct sampler *s, const struct orders *o)
{
    enum err err = OK;
    if (o->watch) {
        shown_done(&s->shown);
        s->shown.denied = false;
        s->generation = o->generation;
        s->shown.started = o->started;
        err = scene_watch(&s->scene, o->root, o->include_root);
        s->watching = o->root != 0 && !err; /* a root that is gone has nothing below it */
        s->next_look = s->soonest = 0;
    }
    for (size_t i = 0; i < o->nhints; i++)
        if (scene_hint(&s->scene, o->hints[i].pid, o->hints[i].parent_threads, o->hints[i].awaited)) {
            /* without memory the hint is lost */
        }
    for (size_t i = 0; i < o->stacks.n; i++)
        if (shown_post_stack(&s->shown, &s->scene, (pid_t)o->stacks.v[i])) {
            /* without memory there is no answer */
        }
    if (o->watch || o->nhints > 0)
        s->pause = pause_least;
}

static bool something_lives(const struct scene *scene, double now)
{
    for (size_t i = 0; i < scene->n; i++)
        if (scene->procs[i].alive_at >= now)
            return true;
    return false;
}

static double next_pause(const struct sampler *s, bool moved)
{
    const double slower = 1.5;
    if (moved)
        return pause_least;
    double most = s->shown.more ? pause_more : s->shown.unproved ? pause_unproved : pause_most;
    return s->pause * slower < most ? s->pause * slower : most;
}

static void count_look(struct sampler *s, double cpu)
{
    int64_t threads = 0;
    for (size_t i = 0; i < s->scene.n; i++)
        threads += (int64_t)s->scene.procs[i].nthreads;
    pthread_mutex_lock(&s->lock);
    if (s->generation == s->orders.generation) {
        s->counts.looks++;
        s->counts.processes += (int64_t)s->scene.n;
        s->counts.threads += threads;
        s->counts.cpu_seconds += cpu;
    }
    pthread_mutex_unlock(&s->lock);
}

/* A look that fails once is made up for by the next one. Without memory for all of them no hang would ever be seen, and
 * a run that hangs would be waited for without end: then the observer is told. The event needs no memory. */
static void count_failure(struct sampler *s, enum err err)
{
    enum { FAILURES_MAX = 3 };
    struct event blind = {.type = EVENT_BLIND};
    s->failures = err == ERR_NOMEM ? s->failures + 1 : 0;
    if (s->failures == FAILURES_MAX)
        post(s, &blind);
}

static void look(struct sampler *s)
{
    struct hang_settings settings = {.started = s->shown.started, .hang_after = s->hang_after};
    struct findings findings = {0};
    double now = clock_now(), cpu = clock_thread_cpu();
    bool moved = false;
    enum err err = scene_update(&s->scene, now);
    if (!err)
        err = hang_judge(&s->scene, &settings, &findings);
    if (!err)
        err = shown_update(&s->shown, &s->scene, &findings, &moved);
    findings_done(&findings);
    cpu = clock_thread_cpu() - cpu;
    count_look(s, cpu);
    count_failure(s, err);
    s->pause = err ? pause_most : next_pause(s, moved || something_lives(&s->scene, now));
    double end = clock_now(), rest = cpu * pause_per_look;
    s->soonest = end + (pause_least > rest ? pause_least : rest);
    s->next_look = end + (s->pause > rest ? s->pause : rest);
}

/* Without memory there is no inspection, and the watch goes on. */
static void inspect(struct sampler *s, const struct orders *o)
{
    struct event e;
    const struct evidence *p = o->inspect ? scene_find(&s->scene, o->inspect) : NULL;
    if (!p || (!o->inspect_now && s->scene.taken - s->inspected_at < pause_inspected))
        return;
    s->inspected_at = s->scene.taken;
    if (!inspection_describe(&s->scene, p, s->shown.epoch, &e))
        post(s, &e);
}

static void *run(void *arg)
{
    struct sampler *s = arg;
    struct orders orders;
    while (take_orders(s, &orders)) {
        follow_orders(s, &orders);
        orders_done(&orders);
        if (!s->watching)
            continue;
        look(s);
        inspect(s, &orders);
    }
    orders_done(&orders);
    return NULL;
}

/* Wakes the thread up for orders. Call it under the lock. The first order starts the thread: a user who only looks at a
 * table needs none. */
static enum err wake(struct sampler *s)
{
    enum err err = s->running ? OK : thread_start(&s->thread, run, s);
    s->running = !err;
    pthread_cond_signal(&s->ordered);
    return err;
}

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr; /* none of these can fail on Linux */
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

static void dispose(struct sampler *s)
{
    shown_done(&s->shown);
    scene_done(&s->scene);
    orders_done(&s->orders);
    pthread_cond_destroy(&s->posted);
    pthread_cond_destroy(&s->ordered);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum err sampler_new(const struct sampler_options *options, struct sampler **out)
{
    struct sampler *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    s->queue = options->queue;
    s->hang_after = options->hang_after;
    s->shown.epoch = options->epoch;
    s->shown.stacks = options->stacks;
    s->shown.post = post;
    s->shown.ctx = s;
    pthread_mutex_init(&s->lock, NULL);
    init_cond(&s->ordered);
    init_cond(&s->posted);
    enum err err = scene_init(&s->scene, -1);
    if (err)
        dispose(s);
    else
        *out = s;
    return err;
}

void sampler_free(struct sampler *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->ordered);
    pthread_mutex_unlock(&s->lock);
    if (s->running)
        pthread_join(s->thread, NULL);
    dispose(s);
}

enum err sampler_watch(struct sampler *s, pid_t root, bool include_root, double started)
{
    struct timespec until = at(clock_now() + (double)patience_ns / 1e9);
    int timed_out = 0;
    pthread_mutex_lock(&s->lock);
    s->orders.watch = true;
    s->orders.root = root;
    s->orders.include_root = include_root;
    s->orders.started = started;
    s->orders.generation++;
    s->orders.nhints = 0; /* of the old watch */
    if (root)
        s->counts = (struct event_sampling){0};
    enum err err = root || s->running ? wake(s) : OK;
    while (s->posting && !timed_out) /* not for ever: with a full queue, posting waits for our caller */
        timed_out = pthread_cond_timedwait(&s->posted, &s->lock, &until);
    pthread_mutex_unlock(&s->lock);
    return err;
}

void sampler_hint(struct sampler *s, pid_t pid, int64_t parent_threads, bool awaited)
{
    struct orders *o = &s->orders;
    size_t i = 0;
    pthread_mutex_lock(&s->lock);
    while (i < o->nhints && o->hints[i].pid != pid)
        i++;
    struct hint *hints = i < o->nhints ? o->hints : realloc(o->hints, (i + 1) * sizeof *hints);
    if (hints) { /* else the hint is lost */
        o->hints = hints;
        o->hints[i] = (struct hint){pid, parent_threads, awaited};
        o->nhints = i < o->nhints ? o->nhints : i + 1;
        pthread_cond_signal(&s->ordered);
    }
    pthread_mutex_unlock(&s->lock);
}

void sampler_ask_stack(struct sampler *s, pid_t pid)
{
    pthread_mutex_lock(&s->lock);
    if (ints_add(&s->orders.stacks, pid) || wake(s)) {
        /* without memory there is no answer */
    }
    pthread_mutex_unlock(&s->lock);
}

void sampler_inspect(struct sampler *s, pid_t pid)
{
    pthread_mutex_lock(&s->lock);
    if (s->orders.inspect != pid) {
        s->orders.inspect = pid;
        s->orders.inspect_now = pid != 0;
        if (wake(s)) {
            /* without the thread nothing is watched, so there is nothing to inspect */
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void sampler_count(struct sampler *s, struct event_sampling *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->counts;
    pthread_mutex_unlock(&s->lock);
}
