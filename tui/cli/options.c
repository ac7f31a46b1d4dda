/* SPDX-License-Identifier: MIT
 * The command line: one table of options feeds parser and help. */
#include "tui/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/pool/pool.h"
#include "core/report/bench.h"
#include "tui/cli/codes.h"

enum {
    OF_EXPLORE = 1 << CLI_EXPLORE,
    OF_RUN = 1 << CLI_RUN,
    OF_POOL = OF_EXPLORE | OF_RUN,
    OF_BENCH = 1 << CLI_BENCH,
    OF_TABLE = OF_POOL | OF_BENCH,
    OF_EYE = 1 << CLI_WATCH | 1 << CLI_ATTACH,
    OF_REPORT = OF_RUN | OF_EYE,
    OF_ALL = OF_POOL | OF_EYE,
    OF_EVERY = OF_ALL | OF_BENCH
};
enum { WORKERS_MAX = 1024, SECONDS_MAX = 1000000000 };

struct option_entry {
    char letter; /* 0: none */
    const char *name;
    unsigned of;
    const char *argument; /* NULL: takes none */
    const char *meaning;
    enum err (*set)(struct cli *c, const char *value, struct problem *p);
};

static enum err bad_value(struct problem *p, const char *option, const char *value, const char *wanted)
{
    return problem_set(p, ERR_USAGE, "--%s %s: want %s", option, value, wanted);
}

static enum err set_key(struct cli *c, const char *value, struct problem *p)
{
    (void)p;
    c->key = value;
    return OK;
}

static enum err set_code(struct cli *c, const char *value, struct problem *p)
{
    enum err err = cli_add_code(c, value);
    return err ? problem_set(p, err, "%s", err_text(err)) : OK;
}

static enum err set_codes_from(struct cli *c, const char *value, struct problem *p)
{
    enum err err = cli_add_code_file(c, value);
    return err ? problem_set(p, err, "%s", err_text(err)) : OK;
}

/* "python3.14/linux" → "as Python 3.14 on Linux would choose" */
static void say_reason(struct cli *c, const char *name)
{
    const char *slash = strchr(name, '/');
    c->method_reason[0] = '\0';
    if (slash && strncmp(name, "python", 6) == 0)
        snprintf(c->method_reason, sizeof c->method_reason, "as Python %.*s on %s would choose",
                 (int)(slash - name - 6), name + 6,
                 strcmp(slash, "/macos") == 0   ? "macOS"
                 : strcmp(slash, "/linux") == 0 ? "Linux"
                                                : "Windows");
}

static enum err set_start(struct cli *c, const char *value, struct problem *p)
{
    const struct start_method *m;
    enum err err = start_method_find(value, &m, p);
    if (err)
        return ERR_USAGE;
    c->method = start_method_name(m);
    say_reason(c, value);
    return OK;
}

static enum err number(const char *option, const char *value, int max, int *out, struct problem *p)
{
    char *end, wanted[64];
    errno = 0;
    long n = strtol(value, &end, 10);
    if (errno || end == value || *end || n < 1 || n > max) {
        snprintf(wanted, sizeof wanted, "a whole number from 1 to %d", max);
        return bad_value(p, option, value, wanted);
    }
    *out = (int)n;
    return OK;
}

static enum err seconds(const char *option, const char *value, double *out, struct problem *p)
{
    char *end;
    errno = 0;
    double n = strtod(value, &end);
    if (errno || end == value || *end || !isfinite(n) || n <= 0 || n > SECONDS_MAX)
        return bad_value(p, option, value, "a number of seconds above 0 and up to 1000000000");
    *out = n;
    return OK;
}

static enum err set_workers(struct cli *c, const char *value, struct problem *p)
{
    return number("workers", value, WORKERS_MAX, &c->workers, p);
}

static enum err set_threads(struct cli *c, const char *value, struct problem *p)
{
    return number("threads", value, ENGINE_THREADS_MAX, &c->threads, p);
}

static enum err set_at_fork(struct cli *c, const char *value, struct problem *p)
{
    return at_fork_from_name(value, &c->at_fork) ? bad_value(p, "at-fork", value, "none, reinit or warn") : OK;
}

static enum err set_dtype(struct cli *c, const char *value, struct problem *p)
{
    enum dtype dtype;
    size_t len;
    if (dtype_override_parse(value, &len, &dtype))
        return bad_value(p, "dtype", value, "COLUMN=DTYPE with one of str, i64, f64, bool, date");
    enum err err = texts_add(&c->dtypes, value);
    return err ? problem_set(p, err, "%s", err_text(err)) : OK;
}

/* One character, or the name of one that cannot be typed well. */
static enum err set_delimiter(struct cli *c, const char *value, struct problem *p)
{
    if (strcmp(value, "\\t") == 0 || strcmp(value, "tab") == 0)
        value = "\t";
    bool fits = strlen(value) == 1 && !strchr("\"\r\n", *value) && (unsigned char)*value < 0x80;
    c->delimiter = *value;
    return fits ? OK : bad_value(p, "delimiter", value, "one character, or tab");
}

static enum err set_encoding(struct cli *c, const char *value, struct problem *p)
{
    c->encoding = value;
    return table_encoding_known(value) ? OK : bad_value(p, "encoding", value, "a name that iconv -l knows");
}

static enum err set_no_header(struct cli *c, const char *value, struct problem *p)
{
    (void)value;
    (void)p;
    c->no_header = true;
    return OK;
}

static enum err set_hang_after(struct cli *c, const char *value, struct problem *p)
{
    return seconds("hang-after", value, &c->hang_after, p);
}

static enum err set_max_tasks(struct cli *c, const char *value, struct problem *p)
{
    return number("max-tasks", value, INT_MAX, &c->max_tasks, p);
}

static enum err set_task_timeout(struct cli *c, const char *value, struct problem *p)
{
    return seconds("task-timeout", value, &c->task_timeout, p);
}

static enum err set_retries(struct cli *c, const char *value, struct problem *p)
{
    return number("retries", value, UINT8_MAX, &c->retries, p);
}

static enum err set_rounds(struct cli *c, const char *value, struct problem *p)
{
    return number("rounds", value, BENCH_ROUNDS_MAX, &c->rounds, p);
}

static enum err set_timeout(struct cli *c, const char *value, struct problem *p)
{
    return seconds("timeout", value, &c->timeout, p);
}

/* Puts the place of `value` in `names` into *out. */
static enum err choice(const char *option, const char *value, const char *const *names, int *out, struct problem *p)
{
    char wanted[64] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            *out = i;
            return OK;
        }
        strncat(wanted, i ? " or " : "", sizeof wanted - strlen(wanted) - 1);
        strncat(wanted, names[i], sizeof wanted - strlen(wanted) - 1);
    }
    return bad_value(p, option, value, wanted);
}

static enum err set_on_hang(struct cli *c, const char *value, struct problem *p)
{
    static const char *const names[] = {"report", "kill", NULL};
    int n = 0;
    enum err err = choice("on-hang", value, names, &n, p);
    c->on_hang = n ? ON_HANG_KILL : ON_HANG_REPORT;
    c->on_hang_given = true;
    return err;
}

static enum err set_format(struct cli *c, const char *value, struct problem *p)
{
    static const char *const names[] = {"text", "json", NULL};
    int n = 0;
    enum err err = choice("format", value, names, &n, p);
    c->json = n == 1;
    return err;
}

static enum err set_output(struct cli *c, const char *value, struct problem *p)
{
    (void)p;
    c->output = value;
    return OK;
}

static enum err set_record(struct cli *c, const char *value, struct problem *p)
{
    (void)p;
    c->record = value;
    return OK;
}

static enum err set_color(struct cli *c, const char *value, struct problem *p)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    int n = 0;
    enum err err = choice("color", value, names, &n, p);
    c->color = (enum color_when)n;
    return err;
}

static enum err set_headless(struct cli *c, const char *value, struct problem *p)
{
    (void)value;
    (void)p;
    c->headless = true;
    return OK;
}

static enum err set_help(struct cli *c, const char *value, struct problem *p)
{
    (void)value;
    (void)p;
    if (c->mode != CLI_HELP)
        c->help_of = c->mode;
    c->mode = CLI_HELP;
    return OK;
}

static enum err set_version(struct cli *c, const char *value, struct problem *p)
{
    (void)value;
    (void)p;
    c->mode = CLI_VERSION;
    return OK;
}

static const struct option_entry entries[] = {
    {'k', "key", OF_TABLE, "COLUMN", "key column (\"code\" if there is one, else the first)", set_key},
    {'c', "code", OF_TABLE, "CODE", "a code to filter for; repeatable; need not occur in the file", set_code},
    {0, "codes-from", OF_TABLE, "FILE", "more codes, one a line; - is stdin", set_codes_from},
    {'s', "start", OF_POOL, "METHOD",
     "fork, spawn, forkserver, or the default of a CPython: python3.13/linux,\n"
     "python3.7/macos … (python3.14/linux)",
     set_start},
    {'w', "workers", OF_TABLE, "N", "worker processes (number of usable CPUs)", set_workers},
    {'t', "threads", OF_TABLE, "N",
     "engine threads (number of usable CPUs, at least 2); 1: no thread at all,\n"
     "the query runs inline",
     set_threads},
    {0, "at-fork", OF_POOL, "POLICY",
     "none: as Polars; reinit: the child gets a fresh engine; warn: as none,\n"
     "with a warning before the fork (none)",
     set_at_fork},
    {'d', "dtype", OF_TABLE, "COL=DTYPE", "str, i64, f64, bool or date; repeatable; other columns are inferred",
     set_dtype},
    {0, "delimiter", OF_EXPLORE, "CHARACTER", "what stands between cells: ; | tab … (a comma)", set_delimiter},
    {0, "no-header", OF_EXPLORE, NULL, "the first line is a row; columns are column_1, column_2 …", set_no_header},
    {0, "encoding", OF_EXPLORE, "NAME", "what the file is written in: SHIFT_JIS, LATIN1 … (UTF-8)", set_encoding},
    {0, "hang-after", OF_EVERY, "SECONDS",
     "a wait this long without a sign of life is reported even without\n"
     "proof (5)",
     set_hang_after},
    {0, "on-hang", OF_REPORT, "ACTION",
     "report: say so, keep waiting; kill: stop the pool, or the command and\n"
     "all below it (kill where there is no screen; attach only reports)",
     set_on_hang},
    {0, "timeout", OF_REPORT, "SECONDS", "an upper bound for the whole run, reading the input included (none)",
     set_timeout},
    {0, "max-tasks", OF_RUN, "N", "a worker goes after N tasks, and another takes its place (never)", set_max_tasks},
    {0, "task-timeout", OF_RUN, "SECONDS", "a task that runs longer fails, and its worker is killed (none)",
     set_task_timeout},
    {0, "retries", OF_RUN, "N", "a task whose worker died is tried again up to N times, at most 255 (it is lost)",
     set_retries},
    {0, "rounds", OF_BENCH, "N", "how often each is measured, 1 to 100 (5)", set_rounds},
    {0, "format", OF_REPORT | OF_BENCH, "FORMAT", "text or json (text)", set_format},
    {'o', "output", OF_REPORT | OF_BENCH, "FILE", "the report goes to FILE, written whole or not at all", set_output},
    {0, "headless", OF_EYE, NULL, "no screen even on a terminal", set_headless},
    {0, "record", OF_ALL, "FILE", "write every event and finding as JSON lines", set_record},
    {0, "color", OF_EVERY, "WHEN", "auto, always or never (auto); NO_COLOR is obeyed", set_color},
    {'h', "help", OF_EVERY, NULL, "this help", set_help},
    {'V', "version", OF_EXPLORE, NULL, "the version", set_version},
};
enum { NENTRIES = sizeof entries / sizeof *entries };

/* The commands: a word before the options. */
static const struct {
    const char *name;
    enum cli_mode mode;
    const char *usage, *story;
} commands[] = {
    {NULL, CLI_EXPLORE,
     "usage: poolscope [OPTIONS] [FILE]                    the explorer; FILE may be - (stdin)\n"
     "       poolscope run [OPTIONS] FILE                  the same run without a screen\n"
     "       poolscope watch [OPTIONS] -- COMMAND ...      run a program, explain hung processes below it\n"
     "       poolscope attach [OPTIONS] PID                the same for a process tree that is running\n"
     "       poolscope bench [OPTIONS] FILE                start methods and the engine's own threads, side by side\n"
     "       poolscope --help | --version                  COMMAND --help for the options of a command\n",
     "See inside a process pool: open a CSV, pick codes and a start method, run a live pool over\n"
     "them, and watch workers, hang warnings and results. In the explorer, ? shows the keys.\n"},
    {"run", CLI_RUN, "usage: poolscope run [OPTIONS] FILE\n",
     "The run of the explorer without a screen: prints each result on stdout as Polars prints a\n"
     "frame, in the order of completion, and the report on stderr. Without -c: one task that\n"
     "returns the whole table. FILE may be - (stdin); .gz .zst .xz .bz2 are unpacked, from stdin too.\n\n"
     "Exit status: 0 everything finished; 1 a task failed or was lost; 2 wrong usage; 3 the input\n"
     "cannot be read or parsed; 124 a hang was found or --timeout passed; 125 poolscope failed.\n"},
    {"watch", CLI_WATCH, "usage: poolscope watch [OPTIONS] -- COMMAND [ARGUMENT ...]\n",
     "Runs COMMAND, watches all processes below it, and says which of them hangs, why, with which\n"
     "proof, and what cures it: on a screen with COMMAND's own in it; with --headless, or where there\n"
     "is no terminal, on stderr as it comes, with a report at the end.\n"
     "For CI: poolscope watch --headless --format json -o hang.json -- pytest\n\n"
     "Exit status: the command's own (126 and 127 as a shell has them, 128+N for signal N); 124 if\n"
     "a hang was found or --timeout passed; 2 wrong usage; 125 poolscope failed.\n"},
    {"attach", CLI_ATTACH, "usage: poolscope attach [OPTIONS] PID\n",
     "Looks at the running process PID and all below it, without touching them: on a screen; or with\n"
     "--headless until PID ends or something in the tree hangs and the rest has come to rest, then\n"
     "prints the report.\n\n"
     "Exit status: 0 it ended; 124 a hang was found or --timeout passed; 2 wrong usage; 3 there is\n"
     "no such process; 125 poolscope failed.\n"},
    {"bench", CLI_BENCH, "usage: poolscope bench [OPTIONS] FILE\n",
     "Measures over your own table and codes: fork (as it is, and with a fresh engine in the child),\n"
     "spawn, forkserver, the engine's own threads, and one thread; round after round, in turn. Says in\n"
     "words which is faster and why, then the numbers and plots. A method that hangs is said to, with the\n"
     "proof. Without -c: one task over the whole table. Ctrl-C ends it and shows what was measured.\n"
     "FILE may be - (stdin); .gz .zst .xz .bz2 are unpacked, from stdin too.\n\n"
     "Exit status: 0 measured, hangs included; 1 something could not be measured; 2 wrong usage; 3 the\n"
     "input cannot be read or parsed; 125 poolscope failed; 128+N ended by signal N.\n"},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };

/* getopt_long's tables for one command; an option's number is its place in `entries` + 256. */
static void build_getopt(enum cli_mode mode, struct option *longs, char *shorts)
{
    if (mode == CLI_WATCH)
        *shorts++ = '+'; /* the command's own options are not ours */
    *shorts++ = ':';     /* a missing argument is told apart from an unknown option */
    for (int i = 0; i < NENTRIES; i++) {
        if (!(entries[i].of & 1u << mode))
            continue;
        *longs++ = (struct option){entries[i].name, entries[i].argument ? required_argument : no_argument, NULL,
                                   256 + i};
        if (entries[i].letter) {
            *shorts++ = entries[i].letter;
            if (entries[i].argument)
                *shorts++ = ':';
        }
    }
    *longs = (struct option){0};
    *shorts = '\0';
}

static const struct option_entry *entry_of(int got)
{
    if (got >= 256)
        return &entries[got - 256];
    for (int i = 0; i < NENTRIES; i++)
        if (entries[i].letter == got)
            return &entries[i];
    return NULL;
}

static const char *command_name(enum cli_mode mode)
{
    for (int i = 0; i < NCOMMANDS; i++)
        if (commands[i].mode == mode)
            return commands[i].name;
    return NULL;
}

static enum err parse_options(int argc, char **argv, struct cli *c, struct problem *p)
{
    struct option longs[NENTRIES + 1];
    char shorts[NENTRIES * 2 + 3];
    enum cli_mode mode = c->mode;
    char help[64];
    const char *name = command_name(mode);
    snprintf(help, sizeof help, "poolscope %s%s--help", name ? name : "", name ? " " : "");
    build_getopt(mode, longs, shorts);
    optind = 1;
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const char *word = argv[optind - 1];
        if (got == ':')
            return problem_set(p, ERR_USAGE, "%s needs a value; see %s", word, help);
        if (got == '?' && optopt)
            return problem_set(p, ERR_USAGE, "no such option here: -%c; see %s", optopt, help);
        if (got == '?')
            return problem_set(p, ERR_USAGE, "no such option here: %s; see %s", word, help);
        enum err err = entry_of(got)->set(c, optarg, p);
        if (err)
            return err;
    }
    return OK;
}

static enum err take_file(int argc, char **argv, struct cli *c, struct problem *p)
{
    if (argc - optind > 1)
        return problem_set(p, ERR_USAGE, "one file, please: %s is one too many", argv[optind + 1]);
    if (optind < argc)
        c->file = argv[optind];
    else if (c->mode == CLI_EXPLORE && !isatty(STDIN_FILENO))
        c->file = "-";
    else
        return problem_set(p, ERR_USAGE, "which file? poolscope %sFILE; see poolscope --help",
                           c->mode == CLI_RUN     ? "run [OPTIONS] "
                           : c->mode == CLI_BENCH ? "bench [OPTIONS] "
                                                  : "[OPTIONS] ");
    return OK;
}

static enum err take_pid(int argc, char **argv, struct cli *c, struct problem *p)
{
    char *end = NULL;
    long pid = optind < argc ? strtol(argv[optind], &end, 10) : 0;
    if (argc - optind != 1 || *end || pid < 1 || pid > INT_MAX)
        return problem_set(p, ERR_USAGE, "which process? poolscope attach [OPTIONS] PID, a number as ps shows it");
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
        return optind < argc ? OK
                             : problem_set(p, ERR_USAGE, "which command? poolscope watch [OPTIONS] -- COMMAND ...");
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

/* Where nobody looks on, a hung command is ended; what we only look at is never touched unless told. */
static enum on_hang default_on_hang(const struct cli *c)
{
    bool looks_on = c->mode == CLI_EXPLORE || c->mode == CLI_ATTACH || c->screen;
    return looks_on ? ON_HANG_REPORT : ON_HANG_KILL;
}

enum err cli_parse(int argc, char **argv, struct cli *c, struct problem *p)
{
    set_defaults(c);
    enum err err = set_start(c, "python3.14/linux", p);
    for (int i = 1; i < NCOMMANDS && argc > 1; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            c->mode = commands[i].mode;
            argc--;
            argv++;
            break;
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

/* The meaning may have several lines: each is indented under the first. */
static void help_option(const struct option_entry *o, FILE *out)
{
    enum { INDENT = 28 };
    char head[64], letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(head, sizeof head, "  %s--%s %s", letter, o->name, o->argument ? o->argument : "");
    fprintf(out, "%-*s", INDENT, head);
    for (const char *c = o->meaning; *c; c++) {
        fputc(*c, out);
        if (*c == '\n')
            fprintf(out, "%*s", INDENT, "");
    }
    fputc('\n', out);
}

void cli_help(enum cli_mode of, FILE *out)
{
    for (int i = 0; i < NCOMMANDS; i++)
        if (commands[i].mode == of)
            fprintf(out, "%s\n%s\n", commands[i].usage, commands[i].story);
    for (int i = 0; i < NENTRIES; i++)
        if (entries[i].of & 1u << of)
            help_option(&entries[i], out);
}
