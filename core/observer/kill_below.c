/* SPDX-License-Identifier: MIT
 * Who is below us is told by one look at all processes, from their parents. Of each its first thread is asked: the
 * process's own /proc/PID/stat adds up all its threads, of which there may be thousands (do_task_stat,
 * fs/proc/array.c). */
#include "core/observer/kill_below.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/proc/proc.h"

struct member {
    pid_t pid, parent;
};

/* All processes there are, by rising pid. */
struct census {
    struct member *v;
    size_t n, cap;
};

/* 0: gone meanwhile. */
static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    io_close(&fd);
    text[n > 0 ? n : 0] = '\0';
    const char *behind = strrchr(text, ')'); /* the name may hold anything, also a ')' */
    int parent = 0;
    return behind && sscanf(behind + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* Without memory it is a part of them; the next round has another try. */
static void add(struct census *c, pid_t pid)
{
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 512;
        struct member *v = reallocarray(c->v, cap, sizeof *v);
        if (!v)
            return;
        c->v = v;
        c->cap = cap;
    }
    c->v[c->n++] = (struct member){pid, parent_of(pid)};
}

static int by_pid(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static void take_census(struct census *c)
{
    DIR *proc = opendir("/proc");
    c->n = 0;
    if (!proc)
        return;
    for (struct dirent *d; (d = readdir(proc));) {
        pid_t pid = (pid_t)strtol(d->d_name, NULL, 10);
        if (pid > 0)
            add(c, pid);
    }
    closedir(proc);
    if (c->n > 1)
        qsort(c->v, c->n, sizeof *c->v, by_pid);
}

static bool is_below(const struct census *c, const struct member *m, pid_t ancestor)
{
    enum { DEPTH_MAX = 4096 }; /* parents may have changed while they were asked */
    for (int i = 0; i < DEPTH_MAX && m && m->parent > 1; i++) {
        if (m->parent == ancestor)
            return true;
        m = bsearch(&(struct member){.pid = m->parent}, c->v, c->n, sizeof *c->v, by_pid);
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

/* How many there were that will end. Killed ones are counted until they are reaped. */
static size_t kill_round(struct census *c, pid_t self, struct kill_left *left)
{
    size_t n = 0;
    *left = (struct kill_left){0};
    take_census(c);
    for (size_t i = 0; i < c->n; i++) {
        pid_t pid = c->v[i].pid;
        if (!is_below(c, &c->v[i], self))
            continue;
        if (proc_is_guard(pid))
            left->guard = pid;
        else if (kill(pid, SIGKILL) < 0 && errno == EPERM)
            note_denied(left, pid);
        else
            n++;
    }
    return n;
}

char *kill_left_text(const struct kill_left *left, char out[KILL_LEFT_TEXT])
{
    char more[48] = "";
    if (left->denied > 1)
        snprintf(more, sizeof more, " and %zu more", left->denied - 1);
    snprintf(out, KILL_LEFT_TEXT, "process %d (%s)%s could not be ended and still runs: we may not send it a signal; "
             "end it as its user or as root", (int)left->pid, left->name, more);
    if (left->denied == 0)
        *out = '\0';
    return out;
}

void kill_below(void (*reap)(void *arg), void *arg, struct kill_left *left)
{
    enum { ROUNDS = 1200, PAUSE_FIRST = 1000, PAUSE_MOST = 50 * 1000 }; /* us */
    struct census c = {0};
    useconds_t pause = PAUSE_FIRST;
    for (int i = 0; i < ROUNDS && kill_round(&c, getpid(), left) > 0; i++) {
        reap(arg);
        usleep(pause); /* a killed process needs a moment to come to us as a zombie */
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
        reap(arg);
    }
    reap(arg);
    free(c.v);
}
