/* SPDX-License-Identifier: MIT
 * Puts inherited descriptors and signals into a known state. */
#include "core/base/startup.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

/* Signals that must have their default action: if they are ignored, waits never end. */
static const int needed[] = {SIGCHLD, SIGALRM, SIGWINCH, SIGCONT};

bool startup_open_standard(void)
{
    static const int modes[] = {[STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_WRONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd) /* open(2) uses the lowest free number */
            return false;
    return true;
}

bool signal_is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
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
