/* SPDX-License-Identifier: MIT
 * Child processes are killed and reaped through a pidfd, never by a bare pid and never as "any child". */
#include "core/child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/io.h"

enum err child_socket(int *ours, int *theirs)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_from_errno(errno);
    if (fcntl(pair[0], F_SETFL, O_RDWR | O_NONBLOCK) != 0) {
        enum err err = err_from_errno(errno);
        close(pair[0]);
        close(pair[1]);
        return err;
    }
    *ours = pair[0];
    *theirs = pair[1];
    return OK;
}

/* What the user can do about an error. */
static const char *advice(int errnum)
{
    switch (errnum) {
    case EAGAIN: return "; raise the limit of processes (ulimit -u, pids.max of the cgroup) or use fewer workers";
    case ENOMEM: return "; free some memory or use fewer workers";
    case EMFILE:
    case ETOOMANYREFS: return "; raise the limit of open files (ulimit -n) or use fewer workers";
    default: return "";
    }
}

enum err child_problem(struct problem *p, int errnum, const char *what)
{
    return problem_set(p, ERR_SYS, "%s: %s%s", what, strerror(errnum), advice(errnum));
}

bool child_fds_left(int fd)
{
    enum { SPARE = 4 }; /* three for a start of the forkserver, and one for a long record */
    int fds[SPARE], n = 0;
    while (n < SPARE && (fds[n] = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0)
        n++;
    int failed = errno;
    for (int i = 0; i < n; i++)
        close(fds[i]);
    errno = failed;
    return n == SPARE;
}

enum err child_adopt(pid_t pid, struct child *out, struct problem *p)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        int failed = errno;
        kill(pid, SIGKILL); /* it is our child and not reaped yet, so the pid is still its own */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        return child_problem(p, failed, "cannot open a pidfd of a new process");
    }
    *out = (struct child){.pid = pid, .pidfd = pidfd, .epoll = -1};
    return OK;
}

static int add_actions(posix_spawn_file_actions_t *actions, int sock)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(actions, sock, CHILD_SOCKET);
    return failed;
}

static int add_attributes(posix_spawnattr_t *attributes, bool own_group)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (own_group ? POSIX_SPAWN_SETPGROUP : 0);
    int failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (failed == 0)
        failed = posix_spawnattr_setflags(attributes, flags);
    return failed;
}

/* The program of the host, the forkserver and the workers: poolscope-pool in the folder of this program, or where it
 * was installed. If it is not there, this program is used. The environment variable POOLSCOPE_POOL names another one.
 */
static const char *program(char path[PATH_MAX])
{
    static const char name[] = "poolscope-pool";
    const char *named = getenv("POOLSCOPE_POOL");
    if (named)
        return named;
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof name - 1);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return "/proc/self/exe";
    *slash = '\0';
    bool installed = strcmp(path, BINDIR) == 0;
    snprintf(slash, sizeof name + 1, "/%s", name);
    const char *found = installed ? PKGLIBEXECDIR "/poolscope-pool" : path;
    return access(found, X_OK) == 0 ? found : "/proc/self/exe";
}

enum err child_spawn(const char *command, int sock, bool own_group, struct child *out, struct problem *p)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char parent[24], path[PATH_MAX];
    char *const argv[] = {"poolscope", (char *)command, parent, NULL};
    pid_t pid;

    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    if (posix_spawn_file_actions_init(&actions) != 0)
        return problem_set(p, ERR_NOMEM, "cannot start %s: %s", command, err_text(ERR_NOMEM));
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return problem_set(p, ERR_NOMEM, "cannot start %s: %s", command, err_text(ERR_NOMEM));
    }
    int failed = add_actions(&actions, sock);
    if (failed == 0)
        failed = add_attributes(&attributes, own_group);
    if (failed == 0)
        failed = posix_spawn(&pid, program(path), &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        char what[64];
        snprintf(what, sizeof what, "cannot start %s", command);
        return child_problem(p, failed, what);
    }
    return child_adopt(pid, out, p);
}

void child_die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* the parent ended before the call above */
        _exit(1);
}

void child_kill(const struct child *c)
{
    if (c->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
}

enum err child_watch(struct child *c, int epoll, uint64_t tag)
{
    struct epoll_event interest = {.events = EPOLLIN, .data.u64 = tag};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->pidfd, &interest) != 0)
        return err_from_errno(errno);
    c->epoll = epoll;
    return OK;
}

void child_close_watched(int epoll, int *fd)
{
    if (*fd >= 0 && epoll >= 0)
        epoll_ctl(epoll, EPOLL_CTL_DEL, *fd, NULL);
    io_close(fd);
}

void child_forget(struct child *c)
{
    child_close_watched(c->epoll, &c->pidfd);
    *c = CHILD_NONE;
}

bool child_ended(const struct child *c, int timeout_ms)
{
    struct pollfd end = {.fd = c->pidfd, .events = POLLIN};
    int n;
    while ((n = poll(&end, 1, timeout_ms)) < 0 && errno == EINTR)
        continue;
    return n > 0;
}

bool child_reap(struct child *c, int timeout_ms, struct child_end *out)
{
    siginfo_t info = {0};
    if (!child_ended(c, timeout_ms))
        return false;
    int failed = waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG);
    bool exited = info.si_code == CLD_EXITED;
    *out = (struct child_end){.code = exited ? info.si_status : 0, .signal = exited ? 0 : info.si_status};
    if (failed != 0) /* SIGCHLD is ignored, or somebody else has reaped it */
        *out = (struct child_end){.code = -1};
    child_forget(c);
    return true;
}

char *child_end_text(const struct child_end *end, char out[64])
{
    if (end->signal != 0)
        snprintf(out, 64, "was killed by signal %d", end->signal);
    else if (end->code >= 0)
        snprintf(out, 64, "exited with status %d", end->code);
    else
        snprintf(out, 64, "ended");
    return out;
}

/* /proc/self/task has a folder for each thread, so its number of links is two more. That is far cheaper than reading
 * /proc/self/stat. */
int64_t child_own_threads(void)
{
    struct stat st;
    return stat("/proc/self/task", &st) == 0 && st.st_nlink > 2 ? (int64_t)st.st_nlink - 2 : -1;
}
