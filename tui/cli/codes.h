/* SPDX-License-Identifier: MIT
 * The codes that a command line names, one by one or in files. The files are read last, when it is known how long that
 * may take. For the command line only. */
#ifndef TUI_CLI_CODES_H
#define TUI_CLI_CODES_H

#include "tui/cli/options.h"

/* One more code, or one more file of them; the texts are borrowed. ERR_NOMEM is the only error. */
enum err cli_add_code(struct cli *c, const char *code) MUST_CHECK;
enum err cli_add_code_file(struct cli *c, const char *path) MUST_CHECK;

/* Reads the files; their codes take the place among the others that the command line gave them. ERR_TIMEOUT once
 * c->deadline has passed. */
enum err cli_read_codes(struct cli *c, struct problem *p) MUST_CHECK;

void cli_codes_done(struct cli *c);

#endif
