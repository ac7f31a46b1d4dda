/* SPDX-License-Identifier: MIT
 * The command line. Reading it has no side effects, except that the files of --codes-from are read. */
#ifndef TUI_CLI_OPTIONS_H
#define TUI_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/engine/engine.h"
#include "core/event/shape.h"
#include "core/observer/observer.h"
#include "tui/screen/explore.h"

/* A file of codes, and how many codes the command line named before it. */
struct code_file {
    const char *path;
    size_t before;
};

enum cli_mode { CLI_EXPLORE, CLI_RUN, CLI_WATCH, CLI_ATTACH, CLI_BENCH, CLI_HELP, CLI_VERSION };

/* What the command line asked for. Unless said otherwise, texts are borrowed from argv. */
struct cli {
    enum cli_mode mode;
    enum cli_mode help_of; /* of CLI_HELP: the command, or CLI_EXPLORE for the whole program */
    const char *file;      /* "-" is stdin */
    const char *key;
    char delimiter; /* 0: guessed from the file */
    bool no_header;
    const char *encoding; /* NULL: UTF-8 */
    const char **codes;   /* owned; the texts are from argv or from code_texts */
    size_t ncodes;
    struct code_file *code_files; /* owned; the files of --codes-from */
    size_t ncode_files;
    struct texts code_texts; /* owned; what was read from them */
    const char *method;      /* fork, spawn or forkserver; static */
    char method_reason[96];  /* "as Python 3.14 on Linux would choose", or "" if the user named the method */
    int workers, threads;
    enum at_fork at_fork;
    struct texts dtypes; /* owned */
    double hang_after, timeout;
    double began, deadline; /* clock_now() when the command line was read, and when --timeout passes; 0: never */
    int max_tasks;          /* after which a worker is replaced; 0: never */
    double task_timeout;    /* 0: none */
    int retries;
    int rounds; /* of CLI_BENCH */
    bool on_hang_given;
    enum on_hang on_hang;
    bool json;
    bool headless;
    bool screen;                               /* of watch and attach: there is a terminal, and no --headless */
    char *const *command;                      /* of CLI_WATCH: ends with NULL */
    const struct inherited_signals *inherited; /* for that command; set by main */
    int pid;                                   /* of CLI_ATTACH */
    const char *output, *record;
    struct outputs *outputs; /* borrowed; set by main once these two files are open */
    enum color_when color;
};

/* Fills `out`, defaults included. ERR_USAGE, ERR_TIMEOUT, or the error of a file that cannot be read; `problem` then
 * has a line for the user. */
enum err cli_parse(int argc, char **argv, struct cli *out, struct problem *problem) MUST_CHECK;
void cli_done(struct cli *c);

/* Prints the help of one command, or of the whole program for CLI_EXPLORE. */
void cli_help(enum cli_mode of, FILE *out);

#endif
