/* SPDX-License-Identifier: MIT
 * A census is one look at all processes; their parents tell which of them are below us. */
#include "core/observer/kill_below.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/proc/proc.h"
#include "core/proc/identity.h"

/* All processes there are, by rising pid. */
struct census {
    struct identity_stat *v;
    size_t n, cap;
};

/* Without memory the census is incomplete, and the next round tries again. */
static void add(struct census *c, const struct identity_stat *stat)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 512;
        struct identity_stat *v = reallocarray(c->v, cap, sizeof *v);
        if (!v)
            return;
        c->v = v;
        c->cap = cap;
    }
    c->v[c->n++] = *stat;
}

static int by_pid(const void *a, const void *b)
{
    const struct identity_stat *x = a, *y = b;
    return (x->is.pid > y->is.pid) - (x->is.pid < y->is.pid);
}

static void take_census(struct census *c)
{
    DIR *proc = opendir("/proc");
    c->n = 0;
    if (!proc)
        return;
    for (struct dirent *d; (d = readdir(proc));) {
        struct identity_stat stat;
        pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);
        if (pid > 0 && !identity_look(pid, &stat))
            add(c, &stat);
    }
    closedir(proc);
    if (c->n > 1)
        qsort(c->v, c->n, sizeof *c->v, by_pid);
}

static bool is_below(const struct census *c, const struct identity_stat *m, pid_t ancestor)
{
    enum { DEPTH_MAX = 4096 }; /* a parent that changes during the census can make a circle */
    for (int i = 0; i < DEPTH_MAX && m && m->parent > 0; i++) {
        if (m->parent == ancestor)
            return true;
        m = bsearch(&(struct identity_stat){.is.pid = m->parent}, c->v, c->n, sizeof *c->v, by_pid);
    }
    return false;
}

static void note_denied(struct unkillable *u, pid_t pid)
{
    char path[64], name[32];
    if (u->n++ > 0)
        return;
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
    io_close(&fd);
    name[n > 0 ? n : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    struct problem safe;
    problem_set(&safe, OK, "%s", name);
    snprintf(u->name, sizeof u->name, "%.32s", safe.text);
    u->pid = pid;
}

char *unkillable_text(const struct unkillable *u, char out[UNKILLABLE_TEXT])
{
    if (u->n > 1)
        snprintf(out, UNKILLABLE_TEXT,
                 "process %d (%s) and %zu more could not be ended and still run: we may not send them a signal; "
                 "end them as their user or as root",
                 (int)u->pid, u->name, u->n - 1);
    else if (u->n == 1)
        snprintf(out, UNKILLABLE_TEXT,
                 "process %d (%s) could not be ended and still runs: we may not send it a signal; "
                 "end it as its user or as root",
                 (int)u->pid, u->name);
    else
        *out = '\0';
    return out;
}

/* Calls `visit` for each process below us except for a guard. Returns how often that was true. */
static size_t for_each_below(struct census *c, bool (*visit)(const struct identity_stat *m, void *arg), void *arg)
{
    size_t n = 0;
    take_census(c);
    for (size_t i = 0; i < c->n; i++)
        if (is_below(c, &c->v[i], getpid()) && !proc_is_guard(c->v[i].is.pid))
            n += visit(&c->v[i], arg);
    return n;
}

/* True if another round is needed: the process may have forked before it died, and has to be reaped. A process that we
 * may not signal stays, and so does a zombie whose parent is such a process. */
static bool kill_one(const struct identity_stat *m, void *arg)
{
    struct unkillable *u = arg;
    bool denied = identity_signal(&m->is, SIGKILL) == ERR_DENIED;
    if (denied)
        note_denied(u, m->is.pid);
    return !denied && (m->state != 'Z' || m->parent == getpid());
}

/* Needs no memory, but finds only the children of this thread, from /proc/thread-self/children (proc(5)). A child that
 * was not reaped keeps its pid, so kill(2) cannot hit another process. Its own children become ours when it has died,
 * and are killed in the next round. */
static size_t kill_children(void)
{
    char text[4096], *at = text, *end;
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    size_t n = 0;
    io_close(&fd);
    text[len > 0 ? len : 0] = '\0';
    for (long pid; (pid = strtol(at, &end, 10)) > 0 && end != at && *end; at = end)
        if (!proc_is_guard((pid_t)pid)) {
            kill((pid_t)pid, SIGKILL);
            n++;
        }
    return n;
}

static size_t kill_round(struct census *c, struct unkillable *u)
{
    *u = (struct unkillable){0};
    size_t n = for_each_below(c, kill_one, u);
    return c->n > 0 ? n : kill_children(); /* there is no memory for a census */
}

void kill_below(void (*reap)(void *arg), void *arg, struct unkillable *out)
{
    enum { ROUNDS = 1200, PAUSE_FIRST = 1000, PAUSE_MOST = 50 * 1000 }; /* us */
    struct census c = {0};
    useconds_t pause = PAUSE_FIRST;
    for (int i = 0; i < ROUNDS && kill_round(&c, out) > 0; i++) {
        reap(arg);
        usleep(pause); /* a killed process needs a moment to come to us as a zombie */
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
        reap(arg);
    }
    reap(arg);
    free(c.v);
}

static void reap_all(void *arg)
{
    (void)arg;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

static bool guard_is_below(void)
{
    struct census c = {0};
    bool found = false;
    take_census(&c);
    for (size_t i = 0; i < c.n && !found; i++)
        found = is_below(&c, &c.v[i], getpid()) && proc_is_guard(c.v[i].is.pid);
    free(c.v);
    return found;
}

void kill_all_below(struct unkillable *out)
{
    enum { PATIENCE = 15, PAUSE = 10 * 1000 }; /* seconds, us; a guard gives up sooner */
    kill_below(reap_all, NULL, out);
    for (double until = clock_now() + PATIENCE; guard_is_below() && clock_now() < until; reap_all(NULL))
        usleep(PAUSE);
}

struct listing {
    struct ints *out;
    enum err err;
};

static bool list_one(const struct identity_stat *m, void *arg)
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

struct group {
    pid_t group, session;
    int sig;
};

static bool signal_member(const struct identity_stat *m, void *arg)
{
    const struct group *g = arg;
    return m->group == g->group && m->session == g->session && !identity_signal(&m->is, g->sig);
}

void signal_group_below(pid_t group, pid_t session, int sig)
{
    struct census c = {0};
    for_each_below(&c, signal_member, &(struct group){group, session, sig});
    free(c.v);
}
