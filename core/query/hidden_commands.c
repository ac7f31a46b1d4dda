/* SPDX-License-Identifier: MIT
 * Starts the host, the forkserver, a spawned worker or the query server. */
#include "core/query/hidden_commands.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/child/child.h"
#include "core/host/host.h"
#include "core/pool/pool.h"
#include "core/query/private.h"

static const struct {
    const char *command;
    const char *name; /* of the process, as ps(1) shows it; at most 15 bytes */
    int (*run)(int sock);
} programs[] = {
    {"poolscope-host", "poolscope-host", host_process_main},
    {"poolscope-forkserver", "pool-forkserver", forkserver_process_main},
    {"poolscope-worker", "pool-worker", worker_process_main},
    {"poolscope-query", "poolscope-query", query_process_main},
};

/* False: this process was not started by poolscope. */
static bool settle_in(const char *name, const char *parent)
{
    child_die_with((pid_t)strtol(parent, NULL, 10));
    prctl(PR_SET_NAME, name);
    /* fds that the user's shell left open are not kept open by our processes */
    syscall(SYS_close_range, (unsigned)CHILD_SOCKET + 1, UINT_MAX, 0);
    return fcntl(CHILD_SOCKET, F_SETFD, FD_CLOEXEC) == 0;
}

bool hidden_command_run(int argc, char **argv, int *status)
{
    for (size_t i = 0; argc > 1 && i < sizeof programs / sizeof programs[0]; i++) {
        if (strcmp(argv[1], programs[i].command) != 0)
            continue;
        signal(SIGXFSZ, SIG_IGN); /* write(2) fails instead (setrlimit(2), RLIMIT_FSIZE). With a handler, a signal could
                                   * wake a worker that hangs, so that no hang could be proved */
        bool started_by_us = argc == 3 && settle_in(programs[i].name, argv[2]);
        *status = started_by_us ? programs[i].run(CHILD_SOCKET) : EXIT_FAILURE;
        return true;
    }
    return false;
}
