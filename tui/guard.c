/* SPDX-License-Identifier: MIT
 * Both sides of the terminal guard. One message says all that the guard has to know; the last one counts. */
#include "tui/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/io.h"

enum { GUARD_SOCKET = 3, GUARD_TTY = 4, GUARD_WRITE_SECONDS = 10, GUARD_REVIVALS_MAX = 100 };

struct order {
    bool restore; /* the terminal is ours: without us, put it right */
    struct termios before, ours;
    char bytes[256];
    size_t nbytes;
};

/* The guard process */

static bool same_settings(const struct termios *a, const struct termios *b)
{
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof a->c_cc) == 0;
}

/* The settings are put back only if they are still ours: else the shell has taken over already. */
static void restore_terminal(const struct order *o)
{
    struct termios now;
    alarm(GUARD_WRITE_SECONDS); /* a terminal that takes no output must not keep us */
    if (tcgetattr(GUARD_TTY, &now) == 0 && same_settings(&now, &o->ours))
        tcsetattr(GUARD_TTY, TCSANOW, &o->before);
    enum err e = io_write_all(GUARD_TTY, o->bytes, o->nbytes);
    (void)e; /* nobody is left to be told */
}

static void guard_stand(void)
{
    struct order last = {.restore = false}, next;
    for (;;) {
        ssize_t n = recv(GUARD_SOCKET, &next, sizeof next, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof next)
            break;
        last = next;
    }
    if (last.restore && last.nbytes <= sizeof last.bytes)
        restore_terminal(&last);
}

bool guard_process_main(int argc, char **argv, int *status)
{
    if (argc != 2 || strcmp(argv[1], "poolscope-guard") != 0)
        return false;
    guard_stand();
    *status = 0;
    return true;
}

/* The explorer's side */

struct guard {
    pid_t pid;          /* 0: none */
    int socket;         /* -1: none */
    int tty;            /* the terminal, a duplicate; -1: none yet */
    int revivals;
    struct order order;
};

enum err guard_new(struct guard **out)
{
    struct guard *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_NOMEM;
    g->socket = g->tty = -1;
    *out = g;
    return OK;
}

static enum err spawn(struct guard *g, int socket)
{
    char *argv[] = {"poolscope", "poolscope-guard", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, blocked; /* from its first moment on, no signal of the terminal or of a kill by name reaches it */
    sigfillset(&all);
    blocked = all;
    sigdelset(&blocked, SIGALRM);
    if (posix_spawn_file_actions_init(&files))
        return ERR_NOMEM;
    if (posix_spawnattr_init(&attr)) {
        posix_spawn_file_actions_destroy(&files);
        return ERR_NOMEM;
    }
    /* Through high numbers, so that neither dup2 lands on the other's source. */
    posix_spawn_file_actions_adddup2(&files, socket, 10);
    posix_spawn_file_actions_adddup2(&files, g->tty, 11);
    posix_spawn_file_actions_adddup2(&files, 10, GUARD_SOCKET);
    posix_spawn_file_actions_adddup2(&files, 11, GUARD_TTY);
    posix_spawn_file_actions_addclosefrom_np(&files, GUARD_TTY + 1);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &blocked);
    posix_spawnattr_setsigdefault(&attr, &all);
    int rc = posix_spawn(&g->pid, "/proc/self/exe", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    if (rc)
        g->pid = 0;
    return rc ? err_from_errno(rc) : OK;
}

static void guard_tell(struct guard *g)
{
    if (g->socket >= 0 && send(g->socket, &g->order, sizeof g->order, MSG_NOSIGNAL) < 0)
        return; /* it died: guard_fd says so */
}

/* It is told what to do before it is born: whoever kills us at that moment finds it ready. */
static void guard_start(struct guard *g)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    g->socket = pair[0];
    guard_tell(g);
    if (spawn(g, pair[1]))
        io_close(&g->socket);
    close(pair[1]);
}

/* Killed before its socket closes: it has nothing to do any more, even if somebody has stopped it. */
static void guard_end(struct guard *g)
{
    if (g->pid > 0)
        kill(g->pid, SIGKILL);
    io_close(&g->socket);
    while (g->pid > 0 && waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    g->pid = 0;
}

void guard_set(struct guard *g, const struct term_restore *restore)
{
    g->order.restore = restore != NULL;
    if (restore) {
        g->order.before = restore->before;
        g->order.ours = restore->ours;
        g->order.nbytes = restore->nbytes;
        memcpy(g->order.bytes, restore->bytes, sizeof g->order.bytes);
        if (g->tty < 0)
            g->tty = fcntl(restore->fd, F_DUPFD_CLOEXEC, 12);
    }
    if (restore && g->pid == 0 && g->tty >= 0)
        guard_start(g);
    else
        guard_tell(g);
}

pid_t guard_pid(const struct guard *g)
{
    return g->pid;
}

int guard_fd(const struct guard *g)
{
    return g->socket;
}

void guard_revive(struct guard *g)
{
    guard_end(g);
    if (g->revivals++ >= GUARD_REVIVALS_MAX)
        return;
    guard_start(g);
}

void guard_free(struct guard *g)
{
    if (!g)
        return;
    guard_end(g);
    io_close(&g->tty);
    free(g);
}
