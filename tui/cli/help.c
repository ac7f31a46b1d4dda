/* SPDX-License-Identifier: MIT
 * The commands (the word before the options) and --help. */
#include <stdio.h>
#include <string.h>

#include "tui/cli/option_table.h"

static const struct {
    const char *name; /* NULL: the explorer, which has no command word */
    enum cli_mode mode;
    const char *usage, *story;
} commands[] = {
    {NULL, CLI_EXPLORE,
     "usage: poolscope [OPTIONS] [FILE]                    open the explorer; FILE may be - (stdin)\n"
     "       poolscope run [OPTIONS] FILE                  do the same run without a screen\n"
     "       poolscope watch [OPTIONS] -- COMMAND ...      run a program and explain hung processes below it\n"
     "       poolscope attach [OPTIONS] PID                do the same for processes that are already running\n"
     "       poolscope bench [OPTIONS] FILE                measure start methods and engine threads side by side\n"
     "       poolscope COMMAND --help                      show the options of a command\n"
     "       poolscope --help | --version\n",
     "See inside a process pool: open a CSV, pick codes and a start method, run a live pool over\n"
     "them, and watch its workers, hang warnings and results. In the explorer, ? shows the keys.\n"},
    {"run", CLI_RUN, "usage: poolscope run [OPTIONS] FILE\n",
     "Does a run of the explorer without a screen. Prints each result on stdout as Polars prints a\n"
     "frame, in the order in which the tasks finish, and the report on stderr. Without -c, one task\n"
     "returns the whole table. FILE may be - (stdin). Input in .gz, .zst, .xz and .bz2 is unpacked.\n\n"
     "Exit status: 0 everything finished; 1 a task failed or was lost; 2 wrong usage; 3 the input\n"
     "cannot be read or parsed; 124 a hang was found or --timeout passed; 125 poolscope failed.\n"},
    {"watch", CLI_WATCH, "usage: poolscope watch [OPTIONS] -- COMMAND [ARGUMENT ...]\n",
     "Runs COMMAND, watches all processes below it, and explains each one that hangs: why it hangs,\n"
     "how certain that is, and how to cure it. On a terminal there is a screen, with the screen of\n"
     "COMMAND in it. With --headless, or without a terminal, findings are printed on stderr as they\n"
     "are made, with a report at the end.\n"
     "For CI: poolscope watch --headless --format json -o hang.json -- pytest\n\n"
     "Exit status: that of the command (126 and 127 as in a shell, 128+N for signal N); 124 a hang\n"
     "was found or --timeout passed; 2 wrong usage; 125 poolscope failed.\n"},
    {"attach", CLI_ATTACH, "usage: poolscope attach [OPTIONS] PID\n",
     "Observes the running process PID and all processes below it, without touching them: on a\n"
     "screen, or with --headless until PID ends, or until something hangs and nothing else runs; then\n"
     "it prints the report.\n\n"
     "Exit status: 0 the process ended; 124 a hang was found or --timeout passed; 2 wrong usage;\n"
     "3 there is no such process; 125 poolscope failed.\n"},
    {"bench", CLI_BENCH, "usage: poolscope bench [OPTIONS] FILE\n",
     "Measures over your own table and codes: fork (as it is, and with a fresh engine in the child),\n"
     "spawn, forkserver, the engine's own threads, and one thread, in turn, for several rounds. Says\n"
     "which one is faster and why, then gives numbers and plots. A method that hangs is reported as\n"
     "hung, with the proof. Without -c, there is one task over the whole table. Ctrl-C stops the\n"
     "measuring and shows what was measured so far.\n"
     "FILE may be - (stdin). Input in .gz, .zst, .xz and .bz2 is unpacked.\n\n"
     "Exit status: 0 measured, hangs included; 1 something could not be measured; 2 wrong usage;\n"
     "3 the input cannot be read or parsed; 125 poolscope failed; 128+N stopped by signal N.\n"},
};
enum { NCOMMANDS = sizeof commands / sizeof *commands };

const char *cli_command_name(enum cli_mode mode)
{
    for (int i = 0; i < NCOMMANDS; i++)
        if (commands[i].mode == mode)
            return commands[i].name;
    return NULL;
}

enum cli_mode cli_command_find(const char *name)
{
    for (int i = 0; i < NCOMMANDS; i++)
        if (commands[i].name && strcmp(commands[i].name, name) == 0)
            return commands[i].mode;
    return CLI_EXPLORE;
}

/* A meaning may have several lines: each is indented under the first. */
static void print_option(const struct cli_option *o, FILE *out)
{
    enum { INDENT = 30 };
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
    for (const struct cli_option *o = cli_options; o->name; o++)
        if (o->of & 1u << of)
            print_option(o, out);
}
