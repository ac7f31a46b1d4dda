/* SPDX-License-Identifier: MIT
 * The small program poolscope-pool, which the host, the forkserver, spawned workers and the query server run. Where it
 * is not installed, core/child starts the whole program instead, which does the same but starts more slowly. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/startup.h"
#include "core/query/hidden_commands.h"

int main(int argc, char **argv)
{
    int status;
    startup_signals(NULL);
    if (!startup_open_standard()) {
        perror("poolscope-pool: cannot open /dev/null for a closed descriptor");
        return EXIT_FAILURE;
    }
    if (hidden_command_run(argc, argv, &status))
        return status;
    fputs("poolscope-pool is started by poolscope\n", stderr);
    return EXIT_FAILURE;
}
