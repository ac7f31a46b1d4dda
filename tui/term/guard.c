/* SPDX-License-Identifier: MIT
 * Both sides of the terminal guard. One message says all that the guard has to know; the last one counts. */
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
    enum err err = io_write_all(GUARD_TTY, o->bytes, o->nbytes);
    (void)err; /* nobody is left to be told */
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

/* A fork that runs nothing else: it is there at once. Our threads may hold any lock, so only what is safe in a signal's
 * handler is called. All but two fds are closed: nobody waits for the end of a pipe because of us. */
static _Noreturn void guard_main(int socket, int tty)
{
    setpgid(0, 0);
    dup2(socket, GUARD_SOCKET); /* the tty is none of these two: guard_set */
    dup2(tty, GUARD_TTY);
    syscall(SYS_close_range, (unsigned)GUARD_FDS, UINT_MAX, 0);
    guard_stand();
    _exit(0);
}

/* The explorer's side */

struct guard {
    struct held_child process;
    int socket; /* -1: none */
    int tty;    /* the terminal, a duplicate; -1: none yet */
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

static void guard_tell(struct guard *g)
{
    if (g->socket >= 0 && send(g->socket, &g->order, sizeof g->order, MSG_NOSIGNAL) < 0)
        return; /* it died: guard_fd says so */
}

/* From its first moment on, no signal of the terminal or of a kill by name reaches it, and it has its name. */
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
        setpgid(pid, pid); /* whichever of us comes first */
    return pid;
}

/* It is told what to do before it is born: whoever kills us at that moment finds it ready. */
static void guard_start(struct guard *g)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return;
    g->socket = pair[0];
    guard_tell(g);
    pid_t pid = fork_guard(pair[1], g->tty);
    if (pid > 0)
        held_child_take(pid, &g->process); /* it cannot have ended: we hold the socket that it waits on */
    else
        io_close(&g->socket);
    close(pair[1]);
}

/* Killed before its socket closes: it has nothing to do any more, even if somebody has stopped it. */
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
        guard_tell(g);
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
