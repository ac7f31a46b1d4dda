/* SPDX-License-Identifier: MIT
 * The program that host, forkserver and spawned workers are: nothing in it but what they need. Whoever has no such
 * program beside it (pool_child.c) starts itself instead, which does the same and takes longer. */
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
