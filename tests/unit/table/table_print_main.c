/* SPDX-License-Identifier: MIT
 * A small driver for tests/polars_diff.py: prints a CSV as a frame.
 * usage: table_print_main [-d COLUMN=DTYPE]... [-c CODE] FILE */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/table/table.h"

enum { OVERRIDES_MAX = 64 };

static int fail(const char *words)
{
    fprintf(stderr, "%s\n", words);
    return 3;
}

static enum err pick_rows(const struct table *t, const char *code, struct rows *out)
{
    struct table_reader *reader;
    const struct row *row;
    if (!code)
        return rows_add(out, 0, table_rows(t));
    enum err err = table_reader_new(t, &reader);
    if (err)
        return err;
    while (!(err = table_next(reader, &row)) && row) {
        const struct cell *key = &row->cells[table_key(t)];
        bool same = !key->null && key->len == strlen(code) && memcmp(key->text, code, key->len) == 0;
        if (same && (err = rows_add(out, row->number, 1)))
            break;
    }
    table_reader_free(reader);
    return err;
}

static int print(const struct table *t, const char *code)
{
    struct rows rows = {0};
    struct buf out;
    buf_init(&out, 1 << 20);
    enum err err = pick_rows(t, code, &rows);
    if (!err)
        err = table_print(t, &rows, &out);
    if (!err)
        fwrite(out.data, 1, out.len, stdout);
    rows_done(&rows);
    buf_done(&out);
    return err ? fail(err_text(err)) : 0;
}

int main(int argc, char **argv)
{
    struct dtype_override overrides[OVERRIDES_MAX];
    struct table_options options = {.overrides = overrides};
    const char *code = NULL;
    for (int c; (c = getopt(argc, argv, "d:c:")) != -1;) {
        char *equals = c == 'd' ? strrchr(optarg, '=') : NULL;
        if (c == 'c') {
            code = optarg;
        } else if (equals && options.noverrides < OVERRIDES_MAX) {
            struct dtype_override *o = &overrides[options.noverrides++];
            *equals = '\0';
            o->column = optarg;
            if (dtype_from_name(equals + 1, &o->dtype))
                return fail("no such dtype");
        } else {
            return fail("usage: table_print_main [-d COLUMN=DTYPE]... [-c CODE] FILE");
        }
    }
    options.path = argv[optind] ? argv[optind] : "-";
    int fd = argv[optind] ? open(argv[optind], O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    struct table *t;
    struct problem problem = {0};
    if (fd < 0 || table_load(fd, &options, NULL, &t, &problem))
        return fail(problem.text);
    int status = print(t, code);
    table_free(t);
    return status;
}
