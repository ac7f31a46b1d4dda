/* SPDX-License-Identifier: MIT
 * Who is below us is told by one look at all processes, from their parents. Of each its first thread is asked: the
 * process's own /proc/PID/stat adds up all its threads, of which there may be thousands (do_task_stat,
 * fs/proc/array.c). */
#include "core/observer/kill_below.h"

#include <dirent.h>
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

/* Needs no memory: only the children of this thread, from /proc/thread-self/children (proc(5)). Theirs become children
 * of ours or of the keeper's when they have died, and their turn comes in the next round. */
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

/* How many there were. Killed ones are counted until they are reaped. */
static size_t kill_round(struct census *c, pid_t self)
{
    size_t n = 0;
    take_census(c);
    if (c->n == 0) /* there is no memory for it */
        return kill_children();
    for (size_t i = 0; i < c->n; i++)
        if (is_below(c, &c->v[i], self) && !proc_is_guard(c->v[i].pid)) {
            kill(c->v[i].pid, SIGKILL);
            n++;
        }
    return n;
}

void kill_below(void (*reap)(void *arg), void *arg)
{
    enum { ROUNDS = 1200, PAUSE_FIRST = 1000, PAUSE_MOST = 50 * 1000 }; /* us */
    struct census c = {0};
    useconds_t pause = PAUSE_FIRST;
    for (int i = 0; i < ROUNDS && kill_round(&c, getpid()) > 0; i++) {
        reap(arg);
        usleep(pause); /* a killed process needs a moment to come to us as a zombie */
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
        reap(arg);
    }
    reap(arg);
    free(c.v);
}
