/* SPDX-License-Identifier: MIT
 * The watched command: start, signals, end, and the end of all below it. */
#include "core/observer/command.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "core/observer/kill_below.h"

struct command {
    pid_t pid;
    int tty, pidfd;
    int slave;        /* kept open, so that the terminal's end is not seen before ours */
    char **env;       /* of the command; NULL: as ours */
    bool ended, told; /* ended: and reaped, so its pid may be another process's. told: command_reap has said so */
    bool leaves;      /* what it left running stays */
    int code, signal;
    struct kill_left left; /* by the last command_kill_tree */
};

/* What the child needs to know, and where it says why it could not start. */
struct birth {
    char *const *argv, *const *env;
    int failure;                      /* close-on-exec: errno goes there if exec fails */
    int slave;                        /* -1: it keeps our three */
    struct inherited_signals signals; /* as the command gets them */
};

/* Between fork and exec only async-signal-safe calls: this process has threads. */
static _Noreturn void be_born(const struct birth *b)
{
    if (b->slave >= 0) {
        setsid();
        if (ioctl(b->slave, TIOCSCTTY, 0) == 0)
            for (int fd = 0; fd <= 2; fd++)
                dup2(b->slave, fd);
    }
    startup_give_back(&b->signals); /* other signals that we ignore stay ignored; handlers do not outlive exec */
    execvpe(b->argv[0], b->argv, b->env);
    int why = errno;
    if (write(b->failure, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

/* A system call of ours failed, which says nothing of the command: never ERR_DENIED or ERR_NOT_FOUND. */
static enum err own_failure(struct problem *problem, const char *what)
{
    return problem_errno(problem, "%s", what) == ERR_NOMEM ? ERR_NOMEM : ERR_SYS;
}

/* Waits for exec: the pipe closes by it, or brings the errno. */
static int exec_errno(int fd)
{
    int why = 0;
    ssize_t n;
    do
        n = read(fd, &why, sizeof why);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

static enum err launch(struct command *c, struct birth *b, int failure_read, struct problem *problem)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours may run in the child */
    c->pid = fork();
    if (c->pid == 0)
        be_born(b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (c->pid < 0)
        return own_failure(problem, "cannot fork");
    io_close(&b->failure);
    int why = exec_errno(failure_read);
    if (!why)
        return OK;
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) /* a child of ours that nobody else has reaped */
        continue;
    c->ended = true;
    errno = why;
    problem_errno(problem, "%s", b->argv[0]);
    return why == ENOENT ? ERR_NOT_FOUND : ERR_DENIED;
}

/* The terminal that we are to it is not the one that we run in: what speaks of that one is left out. */
static enum err make_env(char ***out)
{
    static char term[] = "TERM=xterm-256color";
    static const char *const others[] = {"TERM=", "LINES=", "COLUMNS="};
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **env = calloc(n + 2, sizeof *env);
    if (!env)
        return ERR_NOMEM;
    env[kept++] = term;
    for (size_t i = 0; i < n; i++) {
        bool other = false;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            other |= strncmp(environ[i], others[k], strlen(others[k])) == 0;
        if (!other)
            env[kept++] = environ[i];
    }
    *out = env;
    return OK;
}

static enum err open_terminal(struct command *c, const struct winsize *size, struct problem *problem)
{
    struct termios settings;
    if (openpty(&c->tty, &c->slave, NULL, NULL, size) < 0)
        return own_failure(problem, "cannot open a pseudo-terminal");
    fcntl(c->tty, F_SETFD, FD_CLOEXEC);
    fcntl(c->slave, F_SETFD, FD_CLOEXEC);
    if (tcgetattr(c->slave, &settings) == 0) {
        settings.c_iflag |= IUTF8;
        tcsetattr(c->slave, TCSANOW, &settings);
    }
    enum err err = io_set_nonblock(c->tty, 1); /* a command that does not read must not make us wait */
    if (!err)
        err = make_env(&c->env);
    return err ? problem_set(problem, err, "cannot prepare a terminal: %s", err_text(err)) : OK;
}

static enum err start(struct command *c, char *const argv[], const struct winsize *terminal,
                      const struct inherited_signals *inherited, struct problem *problem)
{
    int failure[2];
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return own_failure(problem, "cannot become the subreaper");
    enum err err = terminal ? open_terminal(c, terminal, problem) : OK;
    if (err)
        return err;
    if (pipe2(failure, O_CLOEXEC) < 0)
        return own_failure(problem, "cannot open a pipe");
    struct birth b = {.argv = argv, .env = c->env ? c->env : environ, .failure = failure[1], .slave = c->slave};
    sigemptyset(&b.signals.ignored);
    sigemptyset(&b.signals.blocked);
    if (inherited)
        b.signals = *inherited;
    err = launch(c, &b, failure[0], problem);
    io_close(&b.failure);
    io_close(&failure[0]);
    if (err)
        return err;
    c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    return c->pidfd < 0 ? own_failure(problem, "cannot watch for the command's end") : OK;
}

enum err command_start(char *const argv[], const struct winsize *terminal, const struct inherited_signals *inherited,
                       struct command **out, struct problem *problem)
{
    struct command *c = calloc(1, sizeof *c);
    if (!c)
        return problem_set(problem, ERR_NOMEM, "out of memory");
    *c = (struct command){.tty = -1, .slave = -1, .pidfd = -1};
    enum err err = start(c, argv, terminal, inherited, problem);
    if (err)
        command_free(c);
    else
        *out = c;
    return err;
}

pid_t command_pid(const struct command *c)
{
    return c->pid;
}

int command_tty(const struct command *c)
{
    return c->tty;
}

int command_pidfd(const struct command *c)
{
    return c->pidfd;
}

/* Children of ours that have ended, the command's orphans among them. Nobody else in an observer that watches a command
 * has children, so waiting for any is right here. */
static void reap(void *arg)
{
    struct command *c = arg;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != c->pid)
            continue;
        c->ended = true;
        c->code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        c->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
}

void command_reap(struct command *c, bool *ended, int *code, int *signal)
{
    reap(c);
    *ended = c->ended && !c->told;
    *code = c->code;
    *signal = c->signal;
    c->told = c->ended;
}

static enum err signal_command(const struct command *c, int signal)
{
    int failed = 0;
    if (!c->ended) /* the pidfd was opened when we forked it, so it always means that process */
        failed = (int)syscall(SYS_pidfd_send_signal, c->pidfd, signal, NULL, 0);
    return failed && errno == EPERM ? ERR_DENIED : OK;
}

/* The number of a process group can be given to another group once all its members are gone. That of the command cannot
 * as long as the command was not reaped, so the whole group gets the signal at once by kill(2), and no fork escapes it.
 * The members of any other group are looked for below us and signalled one by one. */
enum err command_signal(struct command *c, int signal)
{
    pid_t foreground = c->tty >= 0 ? tcgetpgrp(c->tty) : -1;
    if (foreground <= 1)
        return signal_command(c, signal);
    if (foreground == c->pid && !c->ended)
        return kill(-foreground, signal) < 0 && errno == EPERM ? ERR_DENIED : OK;
    signal_group_below(foreground, c->pid, signal);
    return OK;
}

void command_resize(struct command *c, int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    if (c->tty >= 0)
        ioctl(c->tty, TIOCSWINSZ, &size); /* the kernel sends SIGWINCH by itself */
}

/* The command is killed first: without /proc nobody else is found. */
void command_kill_tree(struct command *c)
{
    if (signal_command(c, SIGKILL)) {
        /* kill_below tries once more, and says that it may not */
    }
    kill_below(reap, c, &c->left);
}

const struct kill_left *command_left(const struct command *c)
{
    return &c->left;
}

bool command_runs(const struct command *c)
{
    return !c->ended;
}

void command_leave(struct command *c)
{
    c->leaves = true;
}

static void reap_all(void *arg)
{
    (void)arg;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

void command_kill_below(struct kill_left *left)
{
    enum { PATIENCE = 15, PAUSE = 10 * 1000 }; /* seconds, us; a guard gives up sooner */
    kill_below(reap_all, NULL, left);
    for (double until = clock_now() + PATIENCE; guard_is_below() && clock_now() < until; reap_all(NULL))
        usleep(PAUSE);
}

void command_free(struct command *c)
{
    if (!c)
        return;
    if (c->pid > 0 && !c->leaves)
        command_kill_tree(c);
    io_close(&c->tty);
    io_close(&c->slave);
    io_close(&c->pidfd);
    free(c->env);
    free(c);
}
