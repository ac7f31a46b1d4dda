/* SPDX-License-Identifier: MIT
 * The one table of options. The parser (options.c) and --help (help.c) both read it. */
#ifndef TUI_CLI_OPTION_TABLE_H
#define TUI_CLI_OPTION_TABLE_H

#include <stddef.h>

#include "tui/cli/options.h"

struct cli_option {
    char letter; /* 0: it has only a long name */
    const char *name;
    unsigned of;          /* the commands that take it: bits 1 << enum cli_mode */
    const char *argument; /* what --help calls its value; NULL: it takes none */
    const char *meaning;  /* for --help; may have several lines */
    /* Stores `value`, which is borrowed from argv. ERR_USAGE with a line for the user if it cannot be used. */
    enum err (*set)(struct cli *c, const struct cli_option *o, const char *value, struct problem *p);
    size_t at;  /* for setters that only fill one field of struct cli: its offset */
    int number; /* of a whole number: the largest that is accepted; of --help and --version: the mode that it sets */
};

enum { CLI_OPTIONS_MAX = 32 };

/* Ends with an entry without a name; at most CLI_OPTIONS_MAX entries before it. */
extern const struct cli_option cli_options[];

/* Where no start method is named: what CPython 3.14 does on Linux. */
enum err cli_default_start(struct cli *c, struct problem *p) MUST_CHECK;

/* The command's name as it is typed, NULL for the explorer; and the command of a name, CLI_EXPLORE if there is none. */
const char *cli_command_name(enum cli_mode mode);
enum cli_mode cli_command_find(const char *name);

#endif
