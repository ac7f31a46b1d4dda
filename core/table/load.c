/* SPDX-License-Identifier: MIT
 * Loading a whole table at once, in strict mode: source → first rows → index of all rows → schema. */
#include "core/table/private.h"

static enum err load(struct table *t, int fd, const struct table_options *options, const struct table_runner *runner,
                     struct table_header *header, struct problem *problem)
{
    const char *path = table_input_name(options);
    struct table_parse how = {.path = path, .no_header = options->no_header, .strict = true};
    struct table_scan_options scan = {.path = path, .strict = true, .runner = runner};
    enum err err = table_open_source(t, fd, options, problem);
    if (!err)
        err = table_open_first(t, options, true, header, &scan.key, problem);
    how.delimiter = t->body.delimiter;
    if (!err)
        err = table_index_rest(&t->body, &how, &(struct table_tuning){0}, runner, problem);
    return err ? err : table_describe(t, header, &scan, options->no_header, problem);
}

enum err table_load(int fd, const struct table_options *options, const struct table_runner *runner, struct table **out,
                    struct problem *problem)
{
    struct table_header header = {0};
    struct table *t = table_new();
    if (!t)
        return table_problem(problem, ERR_NOMEM, table_input_name(options));
    enum err err = load(t, fd, options, runner, &header, problem);
    table_header_done(&header);
    return table_give(t, err, out);
}
