/* SPDX-License-Identifier: MIT
 * A timer whose signal ends the process: no loop has to come round for it. */
#include "tui/cli/deadline.h"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_TIMEOUT = 124, GRACE = 10 }; /* seconds: asking, killing and reporting take some of them */

/* Only async-signal-safe calls. stderr may be what blocks: it is written to only if it takes the line at once. */
static void end_now(int signal)
{
    static const char text[] = "\npoolscope: --timeout passed 10 seconds ago and something still blocks, such as "
                               "output that is not read; stopped, the report may be missing\n";
    struct pollfd err = {STDERR_FILENO, POLLOUT, 0};
    (void)signal;
    ssize_t n = poll(&err, 1, 0) == 1 && err.revents & POLLOUT ? write(STDERR_FILENO, text, sizeof text - 1) : 0;
    (void)n; /* nobody is left to be told */
    _exit(STATUS_TIMEOUT);
}

void deadline_enforce(double deadline)
{
    struct sigaction action = {.sa_handler = end_now};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    timer_t timer;
    if (deadline <= 0 || sigaction(SIGALRM, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
        return; /* without it the program ends in order, or not at all */
    double at = deadline + GRACE;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
    timer_settime(timer, TIMER_ABSTIME, &when, NULL);
}
