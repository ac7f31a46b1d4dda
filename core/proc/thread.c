/* SPDX-License-Identifier: MIT
 * One look at all threads of a process, and the comparison of two looks.
 *
 * The files of each thread are read in this order: stat, syscall, status. The kernel shows `syscall` only for a thread
 * that is off the CPU, and `status` counts how often it left the CPU. If the counts of two looks are the same, and at
 * the second look the thread was asleep in its system call, it slept from the end of the first look to the start of the
 * second: had it run in between, it would have left the CPU once more. If this holds for every thread of the same set,
 * all of them were asleep at one instant. */
#include "core/proc/look.h"
#include "core/proc/private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 100000 };

void proc_look_done(struct proc_look *l)
{
    free(l->threads);
    *l = (struct proc_look){0};
}

bool thread_ended(const struct thread_evidence *t)
{
    return t->state == 'Z' || t->state == 'X' || t->state == 'x';
}

bool proc_all_asleep(const struct thread_evidence *threads, size_t n)
{
    size_t asleep = 0;
    for (size_t i = 0; i < n; i++) {
        if (thread_ended(&threads[i]))
            continue;
        if (threads[i].state != 'S')
            return false;
        asleep++;
    }
    return asleep > 0;
}

bool proc_thread_same_sleep(const struct thread_evidence *a, const struct thread_evidence *b)
{
    if (a->tid != b->tid || a->started != b->started || a->state != b->state)
        return false;
    if (thread_ended(b))
        return true;
    return b->state == 'S' && a->switches_seen == SEEN && b->switches_seen == SEEN && a->switches == b->switches &&
           a->syscall_seen == b->syscall_seen && a->syscall == b->syscall && a->sp == b->sp && a->pc == b->pc &&
           memcmp(a->args, b->args, sizeof a->args) == 0;
}

static enum err read_syscall(int dir, const char *path, struct thread_evidence *t)
{
    char text[256];
    size_t len;
    struct proc_syscall call;
    enum err err = proc_read_short(dir, path, text, sizeof text, &len);
    t->syscall = -1;
    if (err == ERR_GONE)
        return err;
    if (!err)
        err = proc_parse_syscall(text, len, &call);
    t->syscall_seen = !err ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
    if (!err) {
        t->syscall = call.number;
        memcpy(t->args, call.args, sizeof t->args);
        t->sp = call.sp;
        t->pc = call.pc;
    }
    return OK;
}

/* `dir` is where the thread's files are. */
static enum err look_at_thread(int dir, pid_t tid, const struct proc_stat *stat, struct thread_evidence *t,
                               struct proc_status *status)
{
    *t = (struct thread_evidence){
        .tid = tid, .state = stat->state, .started = stat->started, .cpu_ticks = stat->cpu_ticks};
    memcpy(t->name, stat->name, sizeof t->name);
    enum err err = read_syscall(dir, "syscall", t);
    if (!err)
        err = proc_status_at(dir, "status", status);
    if (err)
        return err;
    t->switches_seen = status->has_switches ? SEEN : NOT_SEEN;
    t->switches = status->voluntary + status->nonvoluntary;
    t->voluntary = status->voluntary;
    proc_futex_decode(t);
    return OK;
}

static enum err look_at_one_of_many(int task_dir, pid_t tid, struct thread_evidence *t, struct proc_status *status)
{
    struct proc_stat stat;
    int dir;
    enum err err = proc_open_pid(task_dir, tid, &dir);
    if (err)
        return err;
    err = proc_stat_at(dir, "stat", &stat);
    if (!err)
        err = look_at_thread(dir, tid, &stat, t, status);
    close(dir);
    return err;
}

static void take(struct proc_look *l, pid_t pid, const struct proc_status *status)
{
    if (l->threads[l->n].tid == pid)
        l->status = *status;
    l->pending |= status->pending | status->shared_pending;
    l->n++;
}

static enum err look_at_many(int task_dir, pid_t pid, struct proc_look *out)
{
    struct proc_status status;
    struct ints tids = {0};
    enum err err = proc_list_numbers(task_dir, ".", THREADS_MAX, &tids);
    if (!err && !(out->threads = calloc(tids.n ? tids.n : 1, sizeof *out->threads)))
        err = ERR_NOMEM;
    for (size_t i = 0; i < tids.n && !err; i++) {
        err = look_at_one_of_many(task_dir, (pid_t)tids.v[i], &out->threads[out->n], &status);
        if (!err)
            take(out, pid, &status);
        else if (err != ERR_NOMEM)
            err = OK; /* it has just ended, or cannot be read: stat.threads will differ */
    }
    ints_done(&tids);
    return !err && out->n == 0 ? ERR_GONE : err;
}

/* The files of the process say the same as those of its only thread. If it starts another one meanwhile, it is awake.
 */
static enum err look_at_single(int pid_dir, pid_t pid, struct proc_look *out)
{
    struct proc_status status;
    if (!(out->threads = calloc(1, sizeof *out->threads)))
        return ERR_NOMEM;
    enum err err = look_at_thread(pid_dir, pid, &out->stat, out->threads, &status);
    if (!err)
        take(out, pid, &status);
    return err;
}

enum err proc_look(int pid_dir, pid_t pid, struct proc_look *out)
{
    int task_dir;
    *out = (struct proc_look){0};
    enum err err = proc_stat_at(pid_dir, "stat", &out->stat);
    if (err)
        return err;
    if (out->stat.threads == 1) {
        err = look_at_single(pid_dir, pid, out);
    } else if (!(err = proc_open_dir(pid_dir, "task", &task_dir))) {
        err = look_at_many(task_dir, pid, out);
        close(task_dir);
    }
    if (err)
        proc_look_done(out);
    return err;
}
