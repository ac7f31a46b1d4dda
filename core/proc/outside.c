/* SPDX-License-Identifier: MIT
 * Who else holds an end of a pipe on which processes of the scene wait for each other? It may be a child of theirs that
 * has left the scene, or a process that received the end over a Unix socket; or the end is still queued in such a
 * socket (scm_fds of fdinfo, proc(5)). So all processes of the machine are looked at, also those that start meanwhile,
 * and all of this twice. It could still miss an end that two living processes send back and forth in time with the
 * looks. A look is costly, and is made only for pipes on which a proof depends. */
#include "core/proc/ask.h"
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

enum { PIPES_MAX = 256, PIDS_MAX = 1 << 22, FDS_MAX = 100000, COSTS_AT_MOST = 20 };

static const char not_all[] =
    "not all processes of this machine may be looked at, and one of another user could hold an end of the pipe";
static const char moved[] =
    "processes started, ended or moved their files while all were looked at, and one could hold an end of the pipe";
static const char queued[] = "a file that is queued in a socket could be an end of the pipe";
static const char too_many[] = "too many files are open on this machine to look at them all";
static const char ring[] = "a process has an io_uring, which could hold an end of the pipe";
static const char namespaced[] = "poolscope runs in a container and cannot see the processes outside of it";

/* One look at all processes. */
struct round {
    struct scene *s;
    const struct ints *inside; /* see proc_look_outside */
    int root;
    size_t fds;        /* looked at so far */
    bool closed;       /* a file of the current process was closed before it could be looked at */
    bool saw_init;     /* process 1 was listed, so none is hidden */
    const char *doubt; /* why the look says nothing of any pipe; NULL: none */
};

/* As scene_pipe, but the result may be changed. */
static struct pipe_check *find(struct scene *s, uint64_t inode)
{
    const struct pipe_check *p = scene_pipe(s, inode);
    return p ? &s->pipes[p - s->pipes] : NULL;
}

static int by_inode(const void *a, const void *b)
{
    uint64_t x = ((const struct pipe_check *)a)->inode, y = ((const struct pipe_check *)b)->inode;
    return (x > y) - (x < y);
}

/* Adds the pipes that the process waits for; those beyond the limit are never proved. As a look is costly, threads that
 * have not slept long are skipped. */
static void add_pipes(const struct scene *s, const struct evidence *e, struct pipe_check *v, size_t *n)
{
    for (size_t i = 0; i < e->nthreads; i++) {
        const struct fd_evidence *fd = thread_waits_through(e, &e->threads[i]);
        size_t k = 0;
        while (fd && k < *n && v[k].inode != fd->inode)
            k++;
        if (!fd || fd->kind != FD_PIPE || k < *n || *n == PIPES_MAX)
            continue;
        const struct pipe_check *old = scene_pipe(s, fd->inode);
        if (!old && s->now - e->threads[i].asleep_since < s->memory->outside_cost * COSTS_AT_MOST)
            continue;
        v[(*n)++] = old ? *old : (struct pipe_check){.inode = fd->inode};
    }
}

/* What was found out about a pipe holds only while all processes of the scene that hold an end sleep on. */
static void forget_the_moved(struct scene *s, const struct evidence *e)
{
    double since = evidence_asleep_since(e);
    for (size_t i = 0; i < e->nfds; i++) {
        struct pipe_check *p = e->fds[i].kind == FD_PIPE ? find(s, e->fds[i].inode) : NULL;
        if (p && p->since <= since)
            *p = (struct pipe_check){.inode = p->inode};
    }
}

/* Makes scene.pipes the pipes that matter now, with what is still known of them. */
static enum err line_up(struct scene *s, const struct ints *inside)
{
    struct pipe_check *v = calloc(PIPES_MAX, sizeof *v);
    size_t n = 0;
    if (!v)
        return ERR_NOMEM;
    for (size_t i = 0; i < inside->n; i++)
        add_pipes(s, scene_find(s, (pid_t)inside->v[i]), v, &n);
    qsort(v, n, sizeof *v, by_inode);
    free(s->pipes);
    s->pipes = v;
    s->npipes = n;
    for (size_t i = 0; i < inside->n && n > 0; i++)
        forget_the_moved(s, scene_find(s, (pid_t)inside->v[i]));
    return OK;
}

/* Does this kernel say how many files are queued in a Unix socket? Tried with a socket of our own. */
static bool shows_queued(struct scene_memory *m)
{
    char path[48], text[512];
    size_t len;
    uint64_t n;
    int ends[2];
    if (m->shows_queued != NOT_SEEN)
        return m->shows_queued == SEEN;
    m->shows_queued = DENIED;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return false;
    snprintf(path, sizeof path, "self/fdinfo/%d", ends[0]);
    if (!proc_read_short(m->root_fd, path, text, sizeof text, &len) && !proc_parse_key(text, len, "scm_fds", &n))
        m->shows_queued = SEEN;
    io_close(&ends[0]);
    io_close(&ends[1]);
    return m->shows_queued == SEEN;
}

/* Only Unix sockets have the line scm_fds. */
static void look_at_socket(struct round *r, int pid_dir, int fd)
{
    char path[32], text[1024];
    size_t len;
    uint64_t n;
    snprintf(path, sizeof path, "fdinfo/%d", fd);
    enum err err = proc_read_short(pid_dir, path, text, sizeof text, &len);
    if (err == ERR_DENIED)
        r->doubt = not_all;
    else if (!err && !proc_parse_key(text, len, "scm_fds", &n) && n > 0)
        r->doubt = queued;
}

static void look_at_fd(struct round *r, int pid_dir, int fd_dir, pid_t pid, int fd, bool inside)
{
    char name[16], target[64];
    struct fd_evidence seen = {.fd = fd};
    snprintf(name, sizeof name, "%d", fd);
    if (proc_read_link(fd_dir, name, target, sizeof target)) {
        r->closed = true;
        return;
    }
    proc_parse_fd_link(target, &seen);
    struct pipe_check *p = seen.kind == FD_PIPE && !inside ? find(r->s, seen.inode) : NULL;
    if (p)
        p->holder = pid;
    else if (seen.kind == FD_SOCKET)
        look_at_socket(r, pid_dir, fd);
    else if (seen.kind == FD_IO_URING)
        r->doubt = ring;
}

/* A process whose first thread has ended shows no files of its own, but its other threads do. */
static pid_t thread_with_files(const struct round *r, pid_t pid, const struct proc_stat *stat)
{
    struct ints tids = {0};
    char path[32];
    pid_t tid = pid;
    if (stat->threads <= 1 || stat->state != 'Z')
        return pid;
    snprintf(path, sizeof path, "%d/task", (int)pid);
    enum err err = proc_list_numbers(r->root, path, PIDS_MAX, &tids);
    for (size_t i = 0; i < tids.n && tid == pid && !err; i++)
        tid = (pid_t)tids.v[i];
    ints_done(&tids);
    return tid;
}

struct thread_files {
    struct round *r;
    pid_t pid, tid;  /* this thread's files have been looked at */
    struct ints fds; /* their numbers */
    enum err err;
};

static bool are_same(const struct ints *a, const struct ints *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

/* Looks at the files of one thread, unless their numbers are the `known` ones. */
static enum err look_at_files(struct thread_files *t, pid_t tid, const struct ints *known, struct ints *fds)
{
    struct round *r = t->r;
    bool inside = tid == t->pid && proc_has_number(r->inside, t->pid);
    char path[48];
    int dir, fd_dir = -1;
    snprintf(path, sizeof path, "%d/task/%d", (int)t->pid, (int)tid);
    enum err err = proc_open_dir(r->root, path, &dir);
    if (err)
        return err;
    err = proc_open_dir(dir, "fd", &fd_dir);
    if (!err)
        err = proc_list_numbers(dir, "fd", FDS_MAX - r->fds, fds);
    for (size_t i = 0; i < fds->n && !err && !(known && are_same(fds, known)); i++)
        look_at_fd(r, dir, fd_dir, t->pid, (int)fds->v[i], inside);
    r->fds += fds->n;
    io_close(&fd_dir);
    io_close(&dir);
    return err;
}

/* A thread may have a table of files of its own instead of that of its process (unshare(2)). If kcmp is not allowed, a
 * table with the same numbers is taken to be the same. */
static bool look_at_thread(void *context, pid_t tid)
{
    struct thread_files *t = context;
    long order = tid == t->tid ? 0 : syscall(SYS_kcmp, t->tid, tid, KCMP_FILES, 0, 0);
    struct ints fds = {0};
    if (order != 0 && !(order < 0 && errno == ESRCH)) {
        t->err = look_at_files(t, tid, order < 0 ? &t->fds : NULL, &fds);
        if (t->err == ERR_GONE)
            t->err = OK;
    }
    ints_done(&fds);
    return !t->err && !t->r->doubt;
}

static enum err look_at_threads(struct round *r, pid_t pid, const struct proc_stat *stat)
{
    struct thread_files t = {.r = r, .pid = pid, .tid = thread_with_files(r, pid, stat)};
    char path[32];
    enum err err = look_at_files(&t, t.tid, NULL, &t.fds);
    if (!err && stat->threads > 1) {
        snprintf(path, sizeof path, "%d/task", (int)pid);
        err = proc_ask_each(r->root, path, look_at_thread, &t);
        if (err == ERR_CANCELLED)
            err = t.err;
    }
    ints_done(&t.fds);
    return err;
}

/* A proc_ask. Of processes inside, only queued files and threads with files of their own matter. False: there is a
 * doubt, and nobody else needs to be asked. */
static bool look_at_process(void *context, pid_t pid)
{
    enum { TRIES = 4 };
    struct round *r = context;
    struct proc_stat stat;
    enum err err = OK;
    r->saw_init |= pid == 1;
    r->closed = true;
    for (int i = 0; i < TRIES && r->closed && !r->doubt && !err; i++) {
        r->closed = false;
        err = proc_stat_of(r->root, pid, &stat);
        if (!err && !(stat.flags & PROC_KTHREAD))
            err = look_at_threads(r, pid, &stat);
    }
    if (err == ERR_TOO_BIG)
        r->doubt = too_many;
    else if (err == ERR_DENIED)
        r->doubt = not_all;
    else if ((err && err != ERR_GONE) || r->closed)
        r->doubt = r->doubt ? r->doubt : moved;
    return !r->doubt;
}

/* Processes outside of our PID namespace are not in /proc. But if we have started the program ourselves, it can have
 * inherited from them only what we inherited, too. */
static bool sees_all(const struct scene *s)
{
    enum { FIRST_NAMESPACE = 0xEFFFFFFC };
    struct proc_stat stat;
    struct stat st;
    bool ours = !proc_stat_of(s->memory->root_fd, s->memory->root, &stat) && stat.ppid == getpid();
    return ours || (fstatat(s->memory->root_fd, "self/ns/pid", &st, 0) == 0 && st.st_ino == FIRST_NAMESPACE);
}

static void look_at_all(struct round *r)
{
    if (!sees_all(r->s))
        r->doubt = namespaced;
    else if (!shows_queued(r->s->memory))
        r->doubt = queued;
    else if (proc_ask_each(r->root, ".", look_at_process, r) && !r->doubt)
        r->doubt = moved;
    else if (!r->saw_init && !r->doubt)
        r->doubt = not_all; /* /proc hides some processes (hidepid) */
}

/* Is a look worth it now? The pause after a look in vain grows. */
static bool is_time(const struct scene *s, double now)
{
    const struct scene_memory *m = s->memory;
    bool fresh = false, open = false;
    for (size_t i = 0; i < s->npipes; i++) {
        fresh |= s->pipes[i].since == 0;
        open |= s->pipes[i].passes < PIPE_PASSES;
    }
    double pause = m->outside_cost * COSTS_AT_MOST;
    return open && now - m->outside_at >= (fresh || m->outside_pause < pause ? pause : m->outside_pause);
}

void proc_look_outside(struct scene *s, const struct ints *inside)
{
    const double pause_most = 5;
    struct scene_memory *m = s->memory;
    struct round r = {.s = s, .inside = inside, .root = m->root_fd};
    double before = clock_now();
    bool in_vain = false;
    if (line_up(s, inside) || !is_time(s, before) || !proc_is_real(m->root_fd))
        return;
    for (size_t i = 0; i < s->npipes; i++)
        s->pipes[i].holder = 0;
    look_at_all(&r);
    for (size_t i = 0; i < s->npipes; i++) {
        struct pipe_check *p = &s->pipes[i];
        bool closed = !r.doubt && !p->holder;
        p->since = closed && p->passes > 0 ? p->since : before;
        p->passes = closed ? p->passes + 1 : 0;
        p->doubt = r.doubt;
        in_vain |= !closed;
    }
    m->outside_at = clock_now();
    m->outside_cost = m->outside_at - before;
    m->outside_pause = !in_vain ? 0 : m->outside_pause * 2 < pause_most ? m->outside_pause * 2 + 0.02 : pause_most;
}
