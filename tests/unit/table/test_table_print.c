/* SPDX-License-Identifier: MIT
 * Compares frames with those of the real Polars: tests/polars-print/NAME.csv must be printed as NAME.txt. NAME.args may
 * hold dtypes=COLUMN:DTYPE,… and code=CODE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/table.h"

enum { OVERRIDES_MAX = 8 };

struct args {
    char text[300];
    struct dtype_override overrides[OVERRIDES_MAX];
    size_t n;
    const char *code;
};

/* The bytes of "STEM.ending"; false if there is no such file. */
static bool read_file(const char *stem, const char *ending, struct buf *out)
{
    char path[600];
    snprintf(path, sizeof path, "%s.%s", stem, ending);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    assert_int_equal(io_read_all(fd, out), OK);
    close(fd);
    return true;
}

static void add_dtypes(struct args *a, char *list)
{
    char *rest;
    for (char *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        char *colon = strrchr(item, ':');
        assert_true(colon && a->n < OVERRIDES_MAX);
        *colon = '\0';
        a->overrides[a->n].column = item;
        assert_int_equal(dtype_from_name(colon + 1, &a->overrides[a->n++].dtype), OK);
    }
}

static void read_args(const char *stem, struct args *a)
{
    struct buf b;
    char *rest;
    buf_init(&b, sizeof a->text - 1);
    read_file(stem, "args", &b);
    strcpy(a->text, buf_text(&b));
    buf_done(&b);
    for (char *word = strtok_r(a->text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (strncmp(word, "dtypes=", 7) == 0)
            add_dtypes(a, word + 7);
        else if (strncmp(word, "code=", 5) == 0)
            a->code = word + 5;
        else
            fail_msg("%s.args: %s", stem, word);
    }
}

static void pick_rows(const struct table *t, const char *code, struct rows *out)
{
    struct table_reader *reader;
    const struct row *row;
    assert_int_equal(table_reader_new(t, &reader), OK);
    while (assert_int_equal(table_next(reader, &row), OK), row) {
        const struct cell *key = &row->cells[table_key(t)];
        if (!code || (!key->null && key->len == strlen(code) && memcmp(key->text, code, key->len) == 0))
            assert_int_equal(rows_add(out, row->number, 1), OK);
    }
    table_reader_free(reader);
}

static void check_case(const char *stem)
{
    struct args args = {.n = 0};
    struct table *t = NULL;
    struct problem problem;
    struct rows rows = {0};
    struct buf wanted, printed;
    char path[600];
    snprintf(path, sizeof path, "%s.csv", stem);
    read_args(stem, &args);
    buf_init(&wanted, 1 << 20);
    buf_init(&printed, 1 << 20);
    assert_true(read_file(stem, "txt", &wanted));
    struct table_options options = {.path = path, .overrides = args.overrides, .noverrides = args.n};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (table_load(fd, &options, NULL, &t, &problem))
        fail_msg("%s", problem.text);
    close(fd);
    pick_rows(t, args.code, &rows);
    assert_int_equal(table_print(t, &rows, &printed), OK);
    if (strcmp(buf_text(&printed), buf_text(&wanted)) != 0)
        fail_msg("%s\nPolars:\n%sours:\n%s", stem, buf_text(&wanted), buf_text(&printed));
    rows_done(&rows);
    buf_done(&wanted);
    buf_done(&printed);
    table_free(t);
}

static void prints_frames_as_polars_does(void **state)
{
    (void)state;
    glob_t found;
    char pattern[400];
    const char *top = getenv("srcdir");
    snprintf(pattern, sizeof pattern, "%s/tests/polars-print/*.csv", top ? top : ".");
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 40);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        found.gl_pathv[i][strlen(found.gl_pathv[i]) - 4] = '\0';
        check_case(found.gl_pathv[i]);
    }
    globfree(&found);
}

/* A locale with a decimal comma, if the machine has one. */
static void prints_frames_independent_of_the_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR"};
    const char *set = NULL;
    for (size_t i = 0; !set && i < sizeof names / sizeof *names; i++)
        set = setlocale(LC_ALL, names[i]);
    if (!set)
        skip();
    prints_frames_as_polars_does(state);
    setlocale(LC_ALL, "C");
}

static void prints_no_control_characters_of_cells(void **state)
{
    (void)state;
    char name[] = "/tmp/poolscope-test-XXXXXX";
    static const char text[] = "a\033b,c\n\033[31mred\033[0m,\"x\a\u202e\xff\"\n";
    struct table *t = NULL;
    struct rows rows = {0};
    struct buf out;
    int fd = mkstemp(name);
    unlink(name);
    assert_int_equal(io_write_all(fd, text, sizeof text - 1), OK);
    assert_int_equal(table_load(fd, &(struct table_options){.path = "t.csv"}, NULL, &t, NULL), OK);
    assert_int_equal(rows_add(&rows, 0, table_rows(t)), OK);
    buf_init(&out, 10000);
    assert_int_equal(table_print(t, &rows, &out), OK);
    assert_non_null(strstr(buf_text(&out), "␛[31mred␛[0m"));
    assert_non_null(strstr(buf_text(&out), "x␇\ufffd\ufffd"));
    for (size_t i = 0; i < out.len; i++)
        assert_true((unsigned char)out.data[i] >= 0x20 || out.data[i] == '\n');
    buf_done(&out);
    rows_done(&rows);
    table_free(t);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_frames_as_polars_does),
        cmocka_unit_test(prints_frames_independent_of_the_locale),
        cmocka_unit_test(prints_no_control_characters_of_cells),
    };
    return cmocka_run_group_tests_name("table_print", tests, NULL, NULL);
}
