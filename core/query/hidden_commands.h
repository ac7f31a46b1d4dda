/* SPDX-License-Identifier: MIT
 * The hidden commands of the program: what the host, the forkserver, spawned workers and the query server begin with.
 */
#ifndef QUERY_HIDDEN_COMMANDS_H
#define QUERY_HIDDEN_COMMANDS_H

#include <stdbool.h>

/* If argv[1] is a hidden command (poolscope-host, -worker, -forkserver, -query), runs it and returns true with the
 * process's exit status. To be called first in main. The fds it uses start at 3; it prints nothing. */
bool hidden_command_run(int argc, char **argv, int *status);

#endif
