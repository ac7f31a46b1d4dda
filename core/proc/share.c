/* SPDX-License-Identifier: MIT
 * Does another process share the memory of this one (CLONE_VM)? kcmp(2) answers for each pair of numbers of the real
 * /proc. All processes are asked: a sharer need not be a relative any more, and may have handed the memory on to a
 * process that it started, and then have ended or run another program. */
#include "core/proc/ask.h"
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t some_living_thread(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (!thread_ended(&e->threads[i]))
            return e->threads[i].tid;
    return 0;
}

/* A process shares memory with its parent, its children or its siblings; process 1 only adopts orphans. */
static bool is_relative(const struct evidence *e, const struct scene *s, pid_t pid)
{
    const struct evidence *other = scene_find(s, pid);
    if (pid == 1)
        return false;
    return pid == e->ppid || pid == e->first_parent || (other && (other->ppid == e->pid || other->ppid == e->ppid));
}

/* "Shared not" stays true while it sleeps: it could only come to share its memory by starting a process. */
enum answer { SHARED_NOT, SHARED, NOT_ALLOWED };

struct question {
    const struct evidence *e;
    const struct scene *s;
    pid_t tid;  /* a living thread of e */
    pid_t with; /* the process that shares its memory, or of which kcmp was refused */
    enum answer answer;
};

/* True if it has ended or is about to: it will wake nobody any more. For such a process kcmp may be refused. */
static bool is_ending(const struct scene *s, pid_t pid)
{
    struct proc_stat stat;
    return proc_stat_of(s->memory->root_fd, pid, &stat) != OK ||
           (stat.threads <= 1 && (stat.flags & PROC_EXITING || stat.state == 'Z' || stat.state == 'X'));
}

/* Compares with one thread. False: no more need be asked. */
static bool compare(struct question *q, pid_t process, pid_t tid)
{
    long order = syscall(SYS_kcmp, q->tid, tid, KCMP_VM, 0, 0);
    if (order == 0)
        q->answer = SHARED;
    else if (order < 0 && errno != ESRCH &&
             (errno == ENOSYS || (is_relative(q->e, q->s, process) && !is_ending(q->s, process))))
        q->answer = NOT_ALLOWED; /* a refusal for a process that is no relative does not matter */
    if (q->answer != SHARED_NOT)
        q->with = process;
    return q->answer == SHARED_NOT;
}

struct thread_question {
    struct question *q;
    pid_t process;
};

static bool ask_thread(void *context, pid_t tid)
{
    struct thread_question *t = context;
    return tid == t->process || compare(t->q, t->process, tid);
}

/* True if it had memory when it was compared: asking afterwards is right, as it can only lose it. */
static bool has_memory(const struct scene *s, pid_t pid)
{
    char path[32], target[8];
    snprintf(path, sizeof path, "%d/exe", (int)pid);
    return readlinkat(s->memory->root_fd, path, target, sizeof target) >= 0 || errno != ENOENT;
}

/* A proc_ask. If the first thread of a process has ended, only its other threads still have the memory. */
static bool ask_process(void *context, pid_t pid)
{
    struct question *q = context;
    struct thread_question threads = {q, pid};
    struct proc_stat stat;
    char path[32];
    if (pid == q->e->pid)
        return true;
    if (!compare(q, pid, pid))
        return false;
    if (has_memory(q->s, pid) || proc_stat_of(q->s->memory->root_fd, pid, &stat) || stat.flags & PROC_KTHREAD ||
        stat.threads <= 1)
        return true;
    snprintf(path, sizeof path, "%d/task", (int)pid);
    enum err err = proc_ask_each(q->s->memory->root_fd, path, ask_thread, &threads);
    return !err || err == ERR_GONE;
}

void proc_read_shares(struct evidence *e, const struct scene *s, int root)
{
    static const enum seen seen[] = {[SHARED_NOT] = SEEN, [SHARED] = SEEN, [NOT_ALLOWED] = DENIED};
    struct question q = {.e = e, .s = s, .tid = some_living_thread(e)};
    e->shares_with = 0;
    e->shares_seen = NOT_SEEN;
    if (!q.tid || !proc_is_real(root))
        return;
    enum err err = proc_ask_processes(root, ask_process, &q);
    if (!err || q.answer != SHARED_NOT)
        e->shares_seen = seen[q.answer];
    e->shares_with = q.answer == SHARED ? q.with : 0;
}
