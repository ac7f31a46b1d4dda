/* SPDX-License-Identifier: MIT
 * One look at all processes, a census, tells from their parents which of them are below us. */
#include "core/observer/kill_below.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/proc/proc.h"
#include "core/proc/target.h"

/* All processes there are, by rising pid. */
struct census {
    struct target_stat *v;
    size_t n, cap;
};

/* Without memory the census is a part of them; the next round has another try. */
static void add(struct census *c, const struct target_stat *stat)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 512;
        struct target_stat *v = reallocarray(c->v, cap, sizeof *v);
        if (!v)
            return;
        c->v = v;
        c->cap = cap;
    }
    c->v[c->n++] = *stat;
}

static int by_pid(const void *a, const void *b)
{
    const struct target_stat *x = a, *y = b;
    return (x->is.pid > y->is.pid) - (x->is.pid < y->is.pid);
}

static void take_census(struct census *c)
{
    DIR *proc = opendir("/proc");
    c->n = 0;
    if (!proc)
        return;
    for (struct dirent *d; (d = readdir(proc));) {
        struct target_stat stat;
        pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);
        if (pid > 0 && target_look(pid, &stat) == OK)
            add(c, &stat);
    }
    closedir(proc);
    if (c->n > 1)
        qsort(c->v, c->n, sizeof *c->v, by_pid);
}

static bool is_below(const struct census *c, const struct target_stat *m, pid_t ancestor)
{
    enum { DEPTH_MAX = 4096 }; /* parents may have changed while they were asked */
    for (int i = 0; i < DEPTH_MAX && m && m->parent > 0; i++) {
        if (m->parent == ancestor)
            return true;
        m = bsearch(&(struct target_stat){.is.pid = m->parent}, c->v, c->n, sizeof *c->v, by_pid);
    }
    return false;
}

/* Calls `visit` for each process below us but a guard; how many of them it returned true for. */
static size_t for_each_below(struct census *c, bool (*visit)(const struct target_stat *m, void *arg), void *arg)
{
    size_t n = 0;
    take_census(c);
    for (size_t i = 0; i < c->n; i++)
        if (is_below(c, &c->v[i], getpid()) && !proc_is_guard(c->v[i].is.pid))
            n += visit(&c->v[i], arg);
    return n;
}

/* True if another round is needed: it may have forked before it died, and has to be reaped. A process that we may not
 * signal will not go, nor will a dead child that such a process does not reap. */
static bool kill_one(const struct target_stat *m, void *arg)
{
    (void)arg;
    return target_signal(&m->is, SIGKILL) != ERR_DENIED && (m->state != 'Z' || m->parent == getpid());
}

void kill_below(void (*reap)(void *arg), void *arg)
{
    enum { ROUNDS = 1200, PAUSE_FIRST = 1000, PAUSE_MOST = 50 * 1000 }; /* us */
    struct census c = {0};
    useconds_t pause = PAUSE_FIRST;
    for (int i = 0; i < ROUNDS && for_each_below(&c, kill_one, NULL) > 0; i++) {
        reap(arg);
        usleep(pause); /* a killed process needs a moment to come to us as a zombie */
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
        reap(arg);
    }
    reap(arg);
    free(c.v);
}

struct listing {
    struct ints *out;
    enum err err;
};

static bool list_one(const struct target_stat *m, void *arg)
{
    struct listing *l = arg;
    if (m->state == 'Z' || l->err)
        return false;
    l->err = ints_add(l->out, m->is.pid);
    return true;
}

enum err list_below(struct ints *out)
{
    struct census c = {0};
    struct listing l = {.out = out};
    for_each_below(&c, list_one, &l);
    free(c.v);
    return l.err;
}

bool guard_is_below(void)
{
    struct census c = {0};
    bool found = false;
    take_census(&c);
    for (size_t i = 0; i < c.n && !found; i++)
        found = is_below(&c, &c.v[i], getpid()) && proc_is_guard(c.v[i].is.pid);
    free(c.v);
    return found;
}

struct group {
    pid_t group, session;
    int sig;
};

static bool signal_member(const struct target_stat *m, void *arg)
{
    const struct group *g = arg;
    return m->group == g->group && m->session == g->session && target_signal(&m->is, g->sig) == OK;
}

void signal_group_below(pid_t group, pid_t session, int sig)
{
    struct census c = {0};
    for_each_below(&c, signal_member, &(struct group){group, session, sig});
    free(c.v);
}
