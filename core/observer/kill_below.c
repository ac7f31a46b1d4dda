/* SPDX-License-Identifier: MIT
 * One look at all processes, a census, tells from their parents which of them are below us. */
#include "core/observer/kill_below.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/proc/proc.h"
#include "core/proc/identity.h"

/* All processes there are, by rising pid. */
struct census {
    struct identity_stat *v;
    size_t n, cap;
};

/* Without memory the census is a part of them; the next round has another try. */
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
    enum { DEPTH_MAX = 4096 }; /* parents may have changed while they were asked */
    for (int i = 0; i < DEPTH_MAX && m && m->parent > 0; i++) {
        if (m->parent == ancestor)
            return true;
        m = bsearch(&(struct identity_stat){.is.pid = m->parent}, c->v, c->n, sizeof *c->v, by_pid);
    }
    return false;
}

static void note_denied(struct kill_left *left, pid_t pid)
{
    char path[64], name[32];
    if (left->denied++ > 0)
        return;
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
    io_close(&fd);
    name[n > 0 ? n : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    struct problem safe;
    problem_set(&safe, OK, "%s", name);
    snprintf(left->name, sizeof left->name, "%.32s", safe.text);
    left->pid = pid;
}

char *kill_left_text(const struct kill_left *left, char out[KILL_LEFT_TEXT])
{
    char more[48] = "";
    if (left->denied > 1)
        snprintf(more, sizeof more, " and %zu more", left->denied - 1);
    snprintf(out, KILL_LEFT_TEXT,
             "process %d (%s)%s could not be ended and still runs: we may not send it a signal; "
             "end it as its user or as root",
             (int)left->pid, left->name, more);
    if (left->denied == 0)
        *out = '\0';
    return out;
}

/* Calls `visit` for each process below us but a guard; how many of them it returned true for. */
static size_t for_each_below(struct census *c, bool (*visit)(const struct identity_stat *m, void *arg), void *arg)
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
static bool kill_one(const struct identity_stat *m, void *arg)
{
    struct kill_left *left = arg;
    bool denied = identity_signal(&m->is, SIGKILL) == ERR_DENIED;
    if (denied)
        note_denied(left, m->is.pid);
    return !denied && (m->state != 'Z' || m->parent == getpid());
}

/* Needs no memory: only the children of this thread, from /proc/thread-self/children (proc(5)). A child that was not
 * reaped keeps its pid, so that kill(2) means it. Its own children become ours when it has died, and are killed in the
 * next round. */
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

static size_t kill_round(struct census *c, struct kill_left *left)
{
    *left = (struct kill_left){0};
    size_t n = for_each_below(c, kill_one, left);
    return c->n > 0 ? n : kill_children(); /* there is no memory for a census */
}

void kill_below(void (*reap)(void *arg), void *arg, struct kill_left *left)
{
    enum { ROUNDS = 1200, PAUSE_FIRST = 1000, PAUSE_MOST = 50 * 1000 }; /* us */
    struct census c = {0};
    useconds_t pause = PAUSE_FIRST;
    for (int i = 0; i < ROUNDS && kill_round(&c, left) > 0; i++) {
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
