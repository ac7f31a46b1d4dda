/* SPDX-License-Identifier: MIT
 * Puts what was inherited into a known state. */
#include "core/base/startup.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/* The signals that must have their default action, or a process of ours waits for ever. */
static const int needed[] = {SIGCHLD, SIGALRM, SIGWINCH, SIGCONT};

bool startup_open_standard(void)
{
    static const int modes[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) /* the lowest number that is free: open(2) */
            return false;
    return true;
}

bool signal_is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void startup_signals(struct inherited_signals *out)
{
    sigset_t none;
    if (out)
        sigemptyset(&out->ignored);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (out && signal_is_ignored(needed[i]))
            sigaddset(&out->ignored, needed[i]);
        signal(needed[i], SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, out ? &out->blocked : NULL);
}

void startup_give_back(const struct inherited_signals *inherited)
{
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (sigismember(&inherited->ignored, needed[i]) == 1)
            signal(needed[i], SIG_IGN);
    sigprocmask(SIG_SETMASK, &inherited->blocked, NULL);
}
