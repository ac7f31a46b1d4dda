/* SPDX-License-Identifier: MIT
 * The hidden commands of the program, by which it starts its own processes: the host, the forkserver, spawned workers
 * and the query server. */
#ifndef QUERY_HIDDEN_COMMANDS_H
#define QUERY_HIDDEN_COMMANDS_H

#include <stdbool.h>

/* If argv[1] is a hidden command (poolscope-host, -worker, -forkserver, -query), runs it and returns true with the
 * exit status of the process. Call it first in main. It uses no fd below 3 and prints nothing. */
bool hidden_command_run(int argc, char **argv, int *status);

#endif
