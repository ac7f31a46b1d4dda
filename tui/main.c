/* SPDX-License-Identifier: MIT
 * The program: one file for all its processes. The hidden commands (host, worker, forkserver) come first,
 * then the command line. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/pool/host.h"
#include "tui/bench.h"
#include "tui/cli.h"
#include "tui/explore.h"
#include "tui/keeper.h"
#include "tui/run.h"
#include "tui/watch.h"

enum { STATUS_USAGE = 2, STATUS_IO = 3, STATUS_OURS = 125 };

static int fail(const struct problem *p, int status)
{
    fprintf(stderr, "poolscope: %s\n", p->text);
    return status;
}

static int explore_main(const struct cli *c)
{
    struct explore_options options = {
        .observer = {.path = c->file, .key = c->key, .dtypes = c->dtypes.v, .ndtypes = c->dtypes.n,
                     .threads = c->threads, .forkserver = true, .hang_after = c->hang_after, .on_hang = c->on_hang,
                     .record = c->record, .keep_host = true},
        .initial = {.method = c->method, .workers = c->workers, .threads = c->threads,
                    .at_fork = at_fork_names[c->at_fork], .codes = c->codes,
                    .ncodes = c->ncodes},
        .sheet = {.delimiter = c->delimiter, .no_header = c->no_header, .encoding = c->encoding},
        .method_reason = c->method_reason[0] ? c->method_reason : NULL,
        .color = c->color,
    };
    struct problem problem = {""};
    if (!isatty(STDOUT_FILENO)) {
        problem_set(&problem, ERR_USAGE, "stdout is no terminal; without a screen: poolscope run %s", c->file);
        return fail(&problem, STATUS_USAGE);
    }
    enum err e = explore(&options, &problem);
    if (!e)
        return 0;
    bool input = e == ERR_GONE || e == ERR_DENIED || e == ERR_NOT_FOUND || e == ERR_PARSE || e == ERR_IO;
    return fail(&problem, input ? STATUS_IO : STATUS_OURS);
}

static int watch_main(void *arg, int keeper)
{
    const struct cli *c = arg;
    return c->screen ? watch_screen(c, keeper) : watch_headless(c, keeper);
}

int main(int argc, char **argv)
{
    struct cli cli;
    struct problem problem = {""};
    int status;
    if (pool_process_main(argc, argv, &status))
        return status;
    setlocale(LC_CTYPE, ""); /* not LC_NUMERIC: numbers read the same everywhere */
    enum err e = cli_parse(argc, argv, &cli, &problem);
    if (e)
        return fail(&problem, e == ERR_USAGE ? STATUS_USAGE : e == ERR_NOMEM ? STATUS_OURS : STATUS_IO);
    switch (cli.mode) {
    case CLI_HELP:
        cli_help(cli.help_of, stdout);
        status = 0;
        break;
    case CLI_VERSION:
        printf("poolscope %s\n", PACKAGE_VERSION);
        status = 0;
        break;
    case CLI_WATCH: status = keeper_run(watch_main, &cli); break;
    case CLI_ATTACH: status = watch_main(&cli, 0); break;
    case CLI_BENCH: status = bench_headless(&cli); break;
    case CLI_RUN: status = run_headless(&cli); break;
    default: status = explore_main(&cli); break;
    }
    cli_done(&cli);
    return status;
}
