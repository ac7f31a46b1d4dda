/* SPDX-License-Identifier: MIT
 * Both sides of the terminal guard. Each message to the guard has everything it needs; it acts on the last one. */
#include "tui/term/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/proc/proc.h"
#include "core/proc/identity.h"

enum { GUARD_SOCKET, GUARD_TTY, GUARD_FDS, GUARD_WRITE_SECONDS = 10, GUARD_REVIVALS_MAX = 100 };

struct order {
    bool restore; /* restore the terminal when the socket ends */
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

/* Restores the settings only if they are still those of poolscope: else the shell has already taken over. */
static void restore_terminal(const struct order *o)
{
    struct termios now;
    alarm(GUARD_WRITE_SECONDS); /* ends this process if the terminal accepts no output */
    if (tcgetattr(GUARD_TTY, &now) == 0 && same_settings(&now, &o->ours))
        tcsetattr(GUARD_TTY, TCSANOW, &o->before);
    enum err err = io_write_all(GUARD_TTY, o->bytes, o->nbytes);
    (void)err; /* there is nobody to report it to */
}

static void wait_for_end(void)
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

/* Runs in a fork without exec, which starts fastest. Other threads may have held locks at the fork, so this calls only
 * async-signal-safe functions (signal-safety(7)). It closes all other fds, so that nobody waits for the end of a pipe
 * that the guard holds. */
static _Noreturn void guard_main(int socket, int tty)
{
    setpgid(0, 0);
    dup2(socket, GUARD_SOCKET); /* `tty` is neither 0 nor 1: see guard_set */
    dup2(tty, GUARD_TTY);
    syscall(SYS_close_range, (unsigned)GUARD_FDS, UINT_MAX, 0);
    wait_for_end();
    _exit(0);
}

/* The side of poolscope */

struct guard {
    struct held_child process;
    int socket; /* -1: none */
    int tty;    /* a duplicate of the fd of the terminal; -1: none yet */
    int revivals;
    struct order order;
};

enum err guard_new(struct guard **out)
{
    struct guard *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_NOMEM;
    g->socket = g->tty = g->process.pidfd = -1;
    *out = g;
    return OK;
}

static void send_order(struct guard *g)
{
    if (g->socket >= 0 && send(g->socket, &g->order, sizeof g->order, MSG_NOSIGNAL) < 0)
        return; /* the guard died, which guard_fd reports */
}

/* The child has its own name and blocks signals from the start, so that neither keys of the terminal nor pkill(1)
 * by the name of poolscope end it. */
static pid_t fork_guard(int socket, int tty)
{
    sigset_t all_but_alarm, before;
    char name[16] = "";
    sigfillset(&all_but_alarm);
    sigdelset(&all_but_alarm, SIGALRM);
    pthread_sigmask(SIG_SETMASK, &all_but_alarm, &before);
    prctl(PR_GET_NAME, name);
    prctl(PR_SET_NAME, PROC_GUARD_NAME);
    pid_t pid = fork();
    if (pid == 0)
        guard_main(socket, tty);
    prctl(PR_SET_NAME, name);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid > 0)
        setpgid(pid, pid); /* parent and child both do this, as either may run first */
    return pid;
}

/* Sends the order before the fork, so that the guard can act on it even if poolscope is killed right after the fork. */
static void guard_start(struct guard *g)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    g->socket = pair[0];
    send_order(g);
    pid_t pid = fork_guard(pair[1], g->tty);
    if (pid > 0)
        held_child_take(pid, &g->process); /* it cannot have ended, because its socket is open */
    else
        io_close(&g->socket);
    close(pair[1]);
}

/* Kills the process before its socket closes, so that it restores nothing. SIGKILL ends it even if it is stopped. */
static void guard_end(struct guard *g)
{
    held_child_end(&g->process);
    io_close(&g->socket);
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
            g->tty = fcntl(restore->fd, F_DUPFD_CLOEXEC, GUARD_FDS);
    }
    if (restore && g->process.is.pid == 0 && g->tty >= 0)
        guard_start(g);
    else
        send_order(g);
}

pid_t guard_pid(const struct guard *g)
{
    return g->process.is.pid;
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
