/* SPDX-License-Identifier: MIT
 * Reads the command line with getopt_long(3), after the table of options. */
#include "tui/cli/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tui/cli/codes.h"
#include "tui/cli/option_table.h"

/* The tables of getopt_long(3) for one command. It answers 256 + the index in cli_options for a long option. */
static void build_getopt(enum cli_mode mode, struct option *longs, char *shorts)
{
    if (mode == CLI_WATCH)
        *shorts++ = '+'; /* stop at the first word that is no option: the rest belongs to the command */
    *shorts++ = ':';     /* answer ':' for a missing value, not '?' as for an unknown option */
    for (int i = 0; cli_options[i].name; i++) {
        const struct cli_option *o = &cli_options[i];
        if (!(o->of & 1u << mode))
            continue;
        *longs++ = (struct option){o->name, o->argument ? required_argument : no_argument, NULL, 256 + i};
        if (o->letter) {
            *shorts++ = o->letter;
            if (o->argument)
                *shorts++ = ':';
        }
    }
    *longs = (struct option){0};
    *shorts = '\0';
}

static const struct cli_option *option_of(int got)
{
    const struct cli_option *o = got >= 256 ? &cli_options[got - 256] : cli_options;
    while (got < 256 && o->letter != got)
        o++;
    return o;
}

static enum err parse_options(int argc, char **argv, struct cli *c, struct problem *p)
{
    struct option longs[CLI_OPTIONS_MAX + 1];
    char shorts[CLI_OPTIONS_MAX * 2 + 3];
    char help[64];
    const char *name = cli_command_name(c->mode);
    snprintf(help, sizeof help, "poolscope %s%s--help", name ? name : "", name ? " " : "");
    build_getopt(c->mode, longs, shorts);
    optind = 1;
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const char *word = argv[optind - 1];
        if (got == ':')
            return problem_set(p, ERR_USAGE, "%s needs a value; see %s", word, help);
        if (got == '?' && optopt)
            return problem_set(p, ERR_USAGE, "unknown option -%c; see %s", optopt, help);
        if (got == '?')
            return problem_set(p, ERR_USAGE, "unknown option %s; see %s", word, help);
        const struct cli_option *o = option_of(got);
        enum err err = o->set(c, o, optarg, p);
        if (err)
            return err;
    }
    return OK;
}

static enum err take_file(int argc, char **argv, struct cli *c, struct problem *p)
{
    const char *name = cli_command_name(c->mode);
    if (argc - optind > 1)
        return problem_set(p, ERR_USAGE, "only one file can be opened, but %s was given too", argv[optind + 1]);
    if (optind < argc)
        c->file = argv[optind];
    else if (c->mode == CLI_EXPLORE && !isatty(STDIN_FILENO))
        c->file = "-";
    else
        return problem_set(p, ERR_USAGE, "no file was given; usage: poolscope %s%s[OPTIONS] FILE", name ? name : "",
                           name ? " " : "");
    return OK;
}

static enum err take_pid(int argc, char **argv, struct cli *c, struct problem *p)
{
    char *end = NULL;
    long pid = optind < argc ? strtol(argv[optind], &end, 10) : 0;
    if (argc - optind != 1 || *end || pid < 1 || pid > INT_MAX)
        return problem_set(p, ERR_USAGE,
                           "attach needs the number of one process, as ps shows it; "
                           "usage: poolscope attach [OPTIONS] PID");
    c->pid = (int)pid;
    return OK;
}

static enum err take_rest(int argc, char **argv, struct cli *c, struct problem *p)
{
    switch (c->mode) {
    case CLI_HELP:
    case CLI_VERSION: return OK;
    case CLI_ATTACH: return take_pid(argc, argv, c, p);
    case CLI_WATCH:
        c->command = argv + optind;
        if (optind < argc)
            return OK;
        return problem_set(p, ERR_USAGE, "no command was given; usage: poolscope watch [OPTIONS] -- COMMAND ...");
    default: return take_file(argc, argv, c, p);
    }
}

static void set_defaults(struct cli *c)
{
    int cpus = engine_usable_cpus();
    *c = (struct cli){.mode = CLI_EXPLORE,
                      .help_of = CLI_EXPLORE,
                      .workers = cpus,
                      .threads = cpus < 2 ? 2 : cpus,
                      .at_fork = AT_FORK_NONE,
                      .hang_after = 5,
                      .rounds = 5,
                      .began = clock_now()};
}

/* Without a user at a screen, a hung command is killed. Processes that we are only attached to are never killed unless
 * the user asks for it. */
static enum on_hang default_on_hang(const struct cli *c)
{
    bool report = c->mode == CLI_EXPLORE || c->mode == CLI_ATTACH || c->screen;
    return report ? ON_HANG_REPORT : ON_HANG_KILL;
}

enum err cli_parse(int argc, char **argv, struct cli *c, struct problem *p)
{
    set_defaults(c);
    enum err err = cli_default_start(c, p);
    if (argc > 1 && (c->mode = cli_command_find(argv[1])) != CLI_EXPLORE) {
        argc--;
        argv++;
    }
    if (!err)
        err = parse_options(argc, argv, c, p);
    if (!err)
        err = take_rest(argc, argv, c, p);
    c->deadline = c->timeout > 0 ? c->began + c->timeout : 0;
    if (!err && c->mode == CLI_ATTACH && c->pid == 1 && c->on_hang == ON_HANG_KILL)
        err = problem_set(p, ERR_USAGE, "process 1 is init and is never killed: attach to it without --on-hang kill");
    if (!err && c->mode != CLI_HELP && c->mode != CLI_VERSION)
        err = cli_read_codes(c, p);
    bool watches = c->mode == CLI_WATCH || c->mode == CLI_ATTACH;
    c->screen = watches && !c->headless && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    if (!c->on_hang_given)
        c->on_hang = default_on_hang(c);
    if (err)
        cli_done(c);
    return err;
}

void cli_done(struct cli *c)
{
    cli_codes_done(c);
    texts_done(&c->dtypes);
}
