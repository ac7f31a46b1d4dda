/* SPDX-License-Identifier: MIT
 * The options: for each its names, its help, and the function that checks and stores its value. */
#include "tui/cli/option_table.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool/pool.h"
#include "core/report/bench.h"
#include "tui/cli/codes.h"

enum {
    OF_EXPLORE = 1 << CLI_EXPLORE,
    OF_RUN = 1 << CLI_RUN,
    OF_POOL = OF_EXPLORE | OF_RUN,
    OF_BENCH = 1 << CLI_BENCH,
    OF_TABLE = OF_POOL | OF_BENCH,
    OF_OBSERVED = 1 << CLI_WATCH | 1 << CLI_ATTACH,
    OF_REPORT = OF_RUN | OF_OBSERVED,
    OF_ALL = OF_POOL | OF_OBSERVED,
    OF_EVERY = OF_ALL | OF_BENCH
};
enum { WORKERS_MAX = 1024, SECONDS_MAX = 1000000000 };

static enum err bad_value(struct problem *p, const struct cli_option *o, const char *value, const char *expected)
{
    return problem_set(p, ERR_USAGE, "--%s %s: expected %s", o->name, value, expected);
}

static void *field(struct cli *c, const struct cli_option *o)
{
    return (char *)c + o->at;
}

static enum err set_text(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    (void)p;
    *(const char **)field(c, o) = value;
    return OK;
}

static enum err set_flag(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    (void)value;
    (void)p;
    *(bool *)field(c, o) = true;
    return OK;
}

static enum err set_number(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    char *end, expected[64];
    errno = 0;
    long n = strtol(value, &end, 10);
    if (errno || end == value || *end || n < 1 || n > o->number) {
        snprintf(expected, sizeof expected, "a whole number from 1 to %d", o->number);
        return bad_value(p, o, value, expected);
    }
    *(int *)field(c, o) = (int)n;
    return OK;
}

static enum err set_seconds(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    char *end;
    errno = 0;
    double n = strtod(value, &end);
    if (errno || end == value || *end || !isfinite(n) || n <= 0 || n > SECONDS_MAX)
        return bad_value(p, o, value, "a number of seconds above 0 and up to 1000000000");
    *(double *)field(c, o) = n;
    return OK;
}

/* Puts the index of `value` in `names`, which end with NULL, into *out. */
static enum err choose(const struct cli_option *o, const char *value, const char *const *names, int *out,
                       struct problem *p)
{
    char expected[64] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0) {
            *out = i;
            return OK;
        }
        strncat(expected, i ? " or " : "", sizeof expected - strlen(expected) - 1);
        strncat(expected, names[i], sizeof expected - strlen(expected) - 1);
    }
    return bad_value(p, o, value, expected);
}

static enum err explain(struct problem *p, enum err err)
{
    return err ? problem_set(p, err, "%s", err_text(err)) : OK;
}

static enum err set_code(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    (void)o;
    return explain(p, cli_add_code(c, value));
}

static enum err set_codes_from(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    (void)o;
    return explain(p, cli_add_code_file(c, value));
}

/* "python3.14/linux" → "as Python 3.14 on Linux would choose" */
static void set_reason(struct cli *c, const char *name)
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

static enum err set_start(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    const struct start_method *m;
    (void)o;
    enum err err = start_method_find(value, &m, p);
    if (err)
        return ERR_USAGE;
    c->method = start_method_name(m);
    set_reason(c, value);
    return OK;
}

enum err cli_default_start(struct cli *c, struct problem *p)
{
    return set_start(c, NULL, "python3.14/linux", p);
}

static enum err set_at_fork(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    return at_fork_from_name(value, &c->at_fork) ? bad_value(p, o, value, "none, reinit or warn") : OK;
}

static enum err set_dtype(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    enum dtype dtype;
    size_t name_len;
    if (dtype_override_parse(value, &name_len, &dtype))
        return bad_value(p, o, value, "COLUMN=DTYPE, where DTYPE is str, i64, f64, bool or date");
    return explain(p, texts_add(&c->dtypes, value));
}

/* One character, or the name of the one that is hard to type. */
static enum err set_delimiter(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    if (strcmp(value, "\\t") == 0 || strcmp(value, "tab") == 0)
        value = "\t";
    bool fits = strlen(value) == 1 && !strchr("\"\r\n", *value) && (unsigned char)*value < 0x80;
    c->delimiter = *value;
    return fits ? OK : bad_value(p, o, value, "one ASCII character that is not a quote, or \"tab\"");
}

static enum err set_encoding(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    c->encoding = value;
    return table_encoding_known(value) ? OK : bad_value(p, o, value, "a name that \"iconv -l\" lists");
}

static enum err set_on_hang(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    static const char *const names[] = {"report", "kill", NULL};
    int n = 0;
    enum err err = choose(o, value, names, &n, p);
    c->on_hang = n ? ON_HANG_KILL : ON_HANG_REPORT;
    c->on_hang_given = true;
    return err;
}

static enum err set_format(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    static const char *const names[] = {"text", "json", NULL};
    int n = 0;
    enum err err = choose(o, value, names, &n, p);
    c->json = n == 1;
    return err;
}

static enum err set_color(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    static const char *const names[] = {"auto", "always", "never", NULL};
    int n = 0;
    enum err err = choose(o, value, names, &n, p);
    c->color = (enum color_when)n;
    return err;
}

static enum err set_mode(struct cli *c, const struct cli_option *o, const char *value, struct problem *p)
{
    (void)value;
    (void)p;
    if (c->mode != CLI_HELP)
        c->help_of = c->mode;
    c->mode = (enum cli_mode)o->number;
    return OK;
}

#define FIELD(name) offsetof(struct cli, name)

const struct cli_option cli_options[] = {
    {'k', "key", OF_TABLE, "COLUMN", "the key column (default: \"code\" if there is one, else the first)", set_text,
     FIELD(key), 0},
    {'c', "code", OF_TABLE, "CODE", "filter for this code; repeatable; the code need not occur in the file", set_code,
     0, 0},
    {0, "codes-from", OF_TABLE, "FILE", "read more codes from FILE, one a line; - is stdin", set_codes_from, 0, 0},
    {'s', "start", OF_POOL, "METHOD",
     "fork, spawn, forkserver, or the default of a CPython version: python3.13/linux,\n"
     "python3.7/macos … (default: python3.14/linux)",
     set_start, 0, 0},
    {'w', "workers", OF_TABLE, "N", "number of worker processes (default: number of usable CPUs)", set_number,
     FIELD(workers), WORKERS_MAX},
    {'t', "threads", OF_TABLE, "N",
     "number of engine threads; with 1 the engine starts no thread and queries run\n"
     "inline (default: number of usable CPUs, at least 2)",
     set_number, FIELD(threads), ENGINE_THREADS_MAX},
    {0, "at-fork", OF_POOL, "POLICY",
     "what happens to the engine at a fork. none: nothing, as with Polars; reinit:\n"
     "the child gets a fresh engine; warn: as none, with a warning (default: none)",
     set_at_fork, 0, 0},
    {'d', "dtype", OF_TABLE, "COL=DTYPE",
     "str, i64, f64, bool or date; repeatable; the dtypes of other columns are inferred", set_dtype, 0, 0},
    {0, "delimiter", OF_EXPLORE, "CHARACTER", "the character between cells, such as ; or tab (default: guessed)",
     set_delimiter, 0, 0},
    {0, "no-header", OF_EXPLORE, NULL, "the first line is a row; columns are named column_1, column_2 …", set_flag,
     FIELD(no_header), 0},
    {0, "encoding", OF_EXPLORE, "NAME", "the encoding of the file: SHIFT_JIS, LATIN1 … (default: UTF-8)", set_encoding,
     0, 0},
    {0, "hang-after", OF_EVERY, "SECONDS",
     "report a wait this long without a sign of life even if it is not proved to be\n"
     "a hang (default: 5)",
     set_seconds, FIELD(hang_after), 0},
    {0, "on-hang", OF_REPORT, "ACTION",
     "report: report the hang and keep waiting; kill: stop the pool, or the command\n"
     "and all processes below it (default: kill; report on a screen and for attach)",
     set_on_hang, 0, 0},
    {0, "timeout", OF_REPORT, "SECONDS",
     "stop the whole run after this time, reading the input included (default: never)", set_seconds, FIELD(timeout), 0},
    {0, "max-tasks", OF_RUN, "N", "replace a worker after it has run N tasks (default: never)", set_number,
     FIELD(max_tasks), INT_MAX},
    {0, "task-timeout", OF_RUN, "SECONDS", "a task that runs longer fails, and its worker is killed (default: none)",
     set_seconds, FIELD(task_timeout), 0},
    {0, "retries", OF_RUN, "N", "try a task whose worker died again, up to N times; at most 255 (default: none)",
     set_number, FIELD(retries), UINT8_MAX},
    {0, "rounds", OF_BENCH, "N", "how often each method is measured, 1 to 100 (default: 5)", set_number, FIELD(rounds),
     BENCH_ROUNDS_MAX},
    {0, "format", OF_REPORT | OF_BENCH, "FORMAT", "format of the report: text or json (default: text)", set_format, 0,
     0},
    {'o', "output", OF_REPORT | OF_BENCH, "FILE", "write the report to FILE, as a whole or not at all", set_text,
     FIELD(output), 0},
    {0, "headless", OF_OBSERVED, NULL, "show no screen, even on a terminal", set_flag, FIELD(headless), 0},
    {0, "record", OF_ALL, "FILE", "record every event and finding in FILE, as JSON lines", set_text, FIELD(record), 0},
    {0, "color", OF_EVERY, "WHEN", "auto, always or never; NO_COLOR is obeyed (default: auto)", set_color, 0, 0},
    {'h', "help", OF_EVERY, NULL, "show this help", set_mode, 0, CLI_HELP},
    {'V', "version", OF_EXPLORE, NULL, "show the version", set_mode, 0, CLI_VERSION},
    {0},
};
_Static_assert(sizeof cli_options / sizeof *cli_options <= CLI_OPTIONS_MAX + 1, "raise CLI_OPTIONS_MAX");
