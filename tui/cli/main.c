/* SPDX-License-Identifier: MIT
 * The program. It can also be one of the helper processes (host, worker, forkserver, query server): their hidden
 * commands are tried first, then the command line is read. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/startup.h"
#include "core/query/hidden_commands.h"
#include "tui/cli/bench.h"
#include "tui/cli/options.h"
#include "tui/cli/deadline.h"
#include "tui/screen/explore.h"
#include "tui/cli/supervisor.h"
#include "tui/cli/outputs.h"
#include "tui/cli/run.h"
#include "tui/cli/watch.h"

enum { STATUS_USAGE = 2, STATUS_IO = 3, STATUS_TIMEOUT = 124, STATUS_OURS = 125 };

static int fail(const struct problem *p, int status)
{
    fprintf(stderr, "poolscope: %s\n", p->text);
    return status;
}

/* The exit status after an error in the command line. */
static int parse_status(enum err err)
{
    switch (err) {
    case ERR_USAGE: return STATUS_USAGE;
    case ERR_TIMEOUT: return STATUS_TIMEOUT;
    case ERR_NOMEM:
    case ERR_LIMIT: return STATUS_OURS;
    default: return STATUS_IO;
    }
}

static int explore_main(const struct cli *c)
{
    struct explore_options options = {
        .app.observer = {.path = c->file,
                         .key = c->key,
                         .dtypes = c->dtypes.v,
                         .ndtypes = c->dtypes.n,
                         .threads = c->threads,
                         .forkserver = true,
                         .hang_after = c->hang_after,
                         .on_hang = c->on_hang,
                         .recorder = &c->outputs->recorder},
        .app.initial = {.method = c->method,
                        .workers = c->workers,
                        .threads = c->threads,
                        .at_fork = at_fork_names[c->at_fork],
                        .codes = c->codes,
                        .ncodes = c->ncodes},
        .table_view = {.delimiter = c->delimiter, .no_header = c->no_header, .encoding = c->encoding},
        .app.method_reason = c->method_reason[0] ? c->method_reason : NULL,
        .color = c->color,
    };
    struct problem problem = {""};
    enum err err = explore(&options, &problem);
    if (!err)
        return 0;
    bool input = err == ERR_GONE || err == ERR_DENIED || err == ERR_NOT_FOUND || err == ERR_PARSE || err == ERR_IO;
    return fail(&problem, input ? STATUS_IO : STATUS_OURS);
}

static enum err need_terminal(const struct cli *c, struct problem *problem)
{
    if (c->mode != CLI_EXPLORE || isatty(STDOUT_FILENO))
        return OK;
    return problem_set(problem, ERR_USAGE, "stdout is not a terminal; to run without a screen: poolscope run %s",
                       c->file);
}

static int watch_main(void *arg, int supervisor)
{
    const struct cli *c = arg;
    deadline_enforce(c->deadline); /* ends only this process; the supervisor above it then ends the command */
    return c->screen ? watch_screen(c, supervisor) : watch_headless(c, supervisor);
}

int main(int argc, char **argv)
{
    struct cli cli;
    struct outputs outputs;
    struct problem problem = {""};
    struct inherited_signals inherited;
    int status;
    startup_signals(&inherited);
    if (!startup_open_standard()) {
        problem_errno(&problem, "cannot open /dev/null for a closed descriptor");
        return fail(&problem, STATUS_OURS);
    }
    if (hidden_command_run(argc, argv, &status))
        return status;
    io_survive_size_limit();
    setlocale(LC_CTYPE, ""); /* not LC_NUMERIC: numbers read the same everywhere */
    enum err err = cli_parse(argc, argv, &cli, &problem);
    if (err)
        return fail(&problem, parse_status(err));
    if ((err = need_terminal(&cli, &problem)) || (err = outputs_open(&cli, &outputs, &problem))) {
        cli_done(&cli);
        return fail(&problem, err == ERR_USAGE ? STATUS_USAGE : STATUS_OURS);
    }
    cli.outputs = &outputs;
    cli.inherited = &inherited;
    switch (cli.mode) {
    case CLI_HELP:
        cli_help(cli.help_of, stdout);
        status = 0;
        break;
    case CLI_VERSION:
        printf("poolscope %s\n", PACKAGE_VERSION);
        status = 0;
        break;
    case CLI_WATCH: status = supervisor_run(watch_main, &cli); break;
    case CLI_ATTACH: status = watch_main(&cli, 0); break;
    case CLI_BENCH: status = bench_headless(&cli); break;
    case CLI_RUN:
        deadline_enforce(cli.deadline);
        status = run_headless(&cli);
        break;
    default: status = explore_main(&cli); break;
    }
    outputs_done(&outputs);
    cli_done(&cli);
    return status;
}
