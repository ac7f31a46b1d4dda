/* SPDX-License-Identifier: MIT
 * A timer whose signal ends the process, so that it works even when the main loop is blocked. */
#include "tui/cli/deadline.h"

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_TIMEOUT = 124, GRACE = 10 }; /* seconds for stopping, killing and reporting in order */

/* Only async-signal-safe calls. stderr itself may be blocked, so write only if it accepts the line at once. */
static void end_now(int signal)
{
    static const char text[] = "\npoolscope: --timeout passed 10 seconds ago, but something still blocks, such as "
                               "output that is not read; stopped now, the report may be missing\n";
    struct pollfd err = {STDERR_FILENO, POLLOUT, 0};
    (void)signal;
    ssize_t n = poll(&err, 1, 0) == 1 && err.revents & POLLOUT ? write(STDERR_FILENO, text, sizeof text - 1) : 0;
    (void)n; /* there is no other way to report a failure */
    _exit(STATUS_TIMEOUT);
}

void deadline_enforce(double deadline)
{
    struct sigaction action = {.sa_handler = end_now};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    timer_t timer;
    if (deadline <= 0 || sigaction(SIGALRM, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
        return; /* only the orderly end is left */
    double at = deadline + GRACE;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)at, .tv_nsec = (long)((at - (double)(time_t)at) * 1e9)}};
    timer_settime(timer, TIMER_ABSTIME, &when, NULL);
}
