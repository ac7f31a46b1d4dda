/* SPDX-License-Identifier: MIT
 * The watched command: its start, signals, and the end of its tree. */
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

#include "core/base/io.h"
#include "core/observer/kill_below.h"

struct command {
    pid_t pid;
    int tty, pidfd;
    int slave;           /* kept open, so that the terminal's end is not seen before ours */
    char **env;          /* of the command; NULL: as ours */
    bool ended;          /* and reaped: another process may have got its pid */
    bool reported;       /* command_reap has returned its end */
    bool leaves_running; /* see command_leave_running */
    int code, signal;
    struct unkillable unkillable; /* as of the last command_kill_tree */
};

/* What the child needs between fork and exec. */
struct launch {
    char *const *argv, *const *env;
    int failure;                      /* a close-on-exec pipe: gets errno if exec fails */
    int slave;                        /* of its terminal; -1: it keeps our stdin, stdout and stderr */
    struct inherited_signals signals; /* as the command gets them */
};

/* Runs in the child, and makes only async-signal-safe calls: this process has threads. */
static _Noreturn void exec_command(const struct launch *l)
{
    if (l->slave >= 0) {
        setsid();
        if (ioctl(l->slave, TIOCSCTTY, 0) == 0)
            for (int fd = 0; fd <= 2; fd++)
                dup2(l->slave, fd);
    }
    startup_give_back(&l->signals); /* other signals that we ignore stay ignored; handlers do not outlive exec */
    execvpe(l->argv[0], l->argv, l->env);
    int why = errno;
    if (write(l->failure, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

/* A system call of ours failed, which says nothing about the command: never ERR_DENIED or ERR_NOT_FOUND. */
static enum err own_failure(struct problem *problem, const char *what)
{
    return problem_errno(problem, "%s", what) == ERR_NOMEM ? ERR_NOMEM : ERR_SYS;
}

/* Waits for exec, which closes the pipe; if it fails, the pipe brings its errno. */
static int exec_errno(int fd)
{
    int why = 0;
    ssize_t n;
    do
        n = read(fd, &why, sizeof why);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

static enum err launch(struct command *c, struct launch *l, int failure_read, struct problem *problem)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours may run in the child */
    c->pid = fork();
    if (c->pid == 0)
        exec_command(l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (c->pid < 0)
        return own_failure(problem, "cannot fork");
    io_close(&l->failure);
    int why = exec_errno(failure_read);
    if (!why)
        return OK;
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) /* it is our child, and only we reap */
        continue;
    c->ended = true;
    errno = why;
    problem_errno(problem, "%s", l->argv[0]);
    return why == ENOENT ? ERR_NOT_FOUND : ERR_DENIED;
}

/* The command runs in our pseudo-terminal, so the variables that describe the terminal we run in are replaced. */
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
    enum err err = io_set_nonblock(c->tty, 1); /* writing to a command that does not read must not block */
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
    struct launch l = {.argv = argv, .env = c->env ? c->env : environ, .failure = failure[1], .slave = c->slave};
    sigemptyset(&l.signals.ignored);
    sigemptyset(&l.signals.blocked);
    if (inherited)
        l.signals = *inherited;
    err = launch(c, &l, failure[0], problem);
    io_close(&l.failure);
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

/* Reaps the children that have ended, the command's orphans among them. An observer that watches a command has no other
 * children, so it may wait for any. */
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
    *ended = c->ended && !c->reported;
    *code = c->code;
    *signal = c->signal;
    c->reported = c->ended;
}

static enum err signal_command(const struct command *c, int signal)
{
    int failed = 0;
    if (!c->ended) /* the pidfd was opened when we forked it, so it always means that process */
        failed = (int)syscall(SYS_pidfd_send_signal, c->pidfd, signal, NULL, 0);
    return failed && errno == EPERM ? ERR_DENIED : OK;
}

/* The number of a process group can be reused once all its members are gone. That of the command cannot as long as the
 * command was not reaped, so kill(2) signals the whole group at once, and no fork escapes. The members of any other
 * group are looked up below us and signalled one by one. */
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

/* The command itself is killed first: without /proc no other process is found. */
void command_kill_tree(struct command *c)
{
    if (signal_command(c, SIGKILL)) {
        /* kill_below tries again, and lists it as unkillable */
    }
    kill_below(reap, c, &c->unkillable);
}

const struct unkillable *command_unkillable(const struct command *c)
{
    return &c->unkillable;
}

bool command_runs(const struct command *c)
{
    return !c->ended;
}

void command_leave_running(struct command *c)
{
    c->leaves_running = true;
}

void command_free(struct command *c)
{
    if (!c)
        return;
    if (c->pid > 0 && !c->leaves_running)
        command_kill_tree(c);
    io_close(&c->tty);
    io_close(&c->slave);
    io_close(&c->pidfd);
    free(c->env);
    free(c);
}
