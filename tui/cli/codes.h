/* SPDX-License-Identifier: MIT
 * The codes that a command line names, one by one or in files. The files are read after all options, because --timeout
 * also limits the time for reading them. For tui/cli only. */
#ifndef TUI_CLI_CODES_H
#define TUI_CLI_CODES_H

#include "tui/cli/options.h"

/* Adds a code, or a file of codes to be read later. The text is borrowed. ERR_NOMEM is the only error. */
enum err cli_add_code(struct cli *c, const char *code) MUST_CHECK;
enum err cli_add_code_file(struct cli *c, const char *path) MUST_CHECK;

/* Reads the files. All codes are then in the order of the command line. ERR_TIMEOUT once c->deadline has passed. */
enum err cli_read_codes(struct cli *c, struct problem *p) MUST_CHECK;

void cli_codes_done(struct cli *c);

#endif
