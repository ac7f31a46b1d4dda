/* SPDX-License-Identifier: MIT
 * Sending a signal to one process and to no other. */
#include "core/proc/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/io.h"

/* waitid(2) takes a pidfd since Linux 5.4; older headers do not have it. */
enum { WAIT_BY_PIDFD = 3 };

static bool proc_shows_our_numbers(void)
{
    char self[16];
    ssize_t n = readlink("/proc/self", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    return atoi(self) == (int)getpid();
}

/* Reads the file of the main thread: for that of the process the kernel adds up all threads, which may be thousands
 * (do_task_stat, fs/proc/array.c). The start time is the same in both. */
enum err identity_look(pid_t pid, struct identity_stat *out)
{
    char path[64], text[1024];
    unsigned long long started;
    int parent, group, session;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    io_close(&fd);
    if (!proc_shows_our_numbers())
        return ERR_NOT_FOUND;
    text[n > 0 ? n : 0] = '\0';
    const char *name_end = strrchr(text, ')'); /* the name may contain a ')' */
    *out = (struct identity_stat){.is.pid = pid};
    if (!name_end ||
        sscanf(name_end + 1, " %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
               &out->state, &parent, &group, &session, &started) != 5)
        return ERR_GONE;
    out->parent = parent;
    out->group = group;
    out->session = session;
    out->is.started = started;
    return OK;
}

static bool is_still_there(const struct identity *t)
{
    struct identity_stat now;
    return !identity_look(t->pid, &now) && now.is.started == t->started;
}

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int send_by_pidfd(int pidfd, int sig)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

/* The start time was compared just before. A seccomp filter may allow pidfd_open and deny pidfd_send_signal, so kill(2)
 * is tried after any failure but ESRCH; if the signal itself is not permitted, kill(2) fails in the same way. */
static enum err send_to(const struct identity *t, int pidfd, int sig)
{
    if (pidfd >= 0 && send_by_pidfd(pidfd, sig) == 0)
        return OK;
    if (pidfd >= 0 && errno == ESRCH)
        return ERR_GONE;
    if (kill(t->pid, sig) == 0)
        return OK;
    return errno == ESRCH ? ERR_GONE : err_from_errno(errno);
}

enum err identity_signal(const struct identity *t, int sig)
{
    if (t->pid <= 1)
        return ERR_DENIED;
    int pidfd = open_pidfd(t->pid);
    enum err err = ERR_GONE;
    if ((pidfd >= 0 || errno != ESRCH) && is_still_there(t))
        err = send_to(t, pidfd, sig);
    io_close(&pidfd);
    return err;
}

void held_child_take(pid_t child, struct held_child *out)
{
    struct identity_stat stat;
    *out = (struct held_child){.is.pid = child, .pidfd = open_pidfd(child)};
    if (identity_look(child, &stat))
        return;
    out->is = stat.is;
    if (stat.parent != getpid()) { /* somebody has reaped it, and another process has its pid */
        out->is = (struct identity){0};
        io_close(&out->pidfd);
    }
}

/* True once it was reaped, by us or by somebody else. */
static bool wait_by_pidfd(int pidfd)
{
    siginfo_t info;
    int failed;
    do
        failed = waitid((idtype_t)WAIT_BY_PIDFD, (id_t)pidfd, &info, WEXITED);
    while (failed && errno == EINTR);
    return !failed || errno == ECHILD;
}

/* Ends a child without a pidfd. If /proc cannot be read either, the start time is 0, and we rely on nobody reaping it.
 */
static void end_by_number(const struct identity *t)
{
    if (t->started ? identity_signal(t, SIGKILL) != OK : kill(t->pid, SIGKILL) != 0)
        return;
    while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

void held_child_end(struct held_child *c)
{
    if (c->is.pid <= 1)
        return;
    bool sent = c->pidfd >= 0 && (send_by_pidfd(c->pidfd, SIGKILL) == 0 || errno == ESRCH);
    if (!sent || !wait_by_pidfd(c->pidfd))
        end_by_number(&c->is);
    if (c->pidfd >= 0)
        io_close(&c->pidfd);
    *c = (struct held_child){.pidfd = -1};
}
