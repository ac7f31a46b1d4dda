/* SPDX-License-Identifier: MIT
 * Messages for bad input: file, line, column, the fault and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/table_kit.h"

struct bad_case {
    const char *text, *problem;
};

#define STRAY   "a quote inside an unquoted field; quote the whole field and double the quote"
#define BEHIND  "text after a closing quote; write a quote inside a quoted field twice"
#define NEVER   "a quoted field is never closed; close it, and write a quote inside it twice"
#define SURPLUS "field 3 of a row, but the header has 2; quote a comma that belongs to the text"
#define EMPTY   "empty; the first line must name the columns"

static const struct bad_case cases[] = {
    {"", "t.csv:1:1: " EMPTY},
    {"\n\r\n\n", "t.csv:1:1: " EMPTY},
    {"\xef\xbb\xbf", "t.csv:1:1: " EMPTY},
    {"\xff\xfe"
     "a\n",
     "t.csv:1:1: UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"},
    {"a,b\n1,2\nx,ab\"c\n", "t.csv:3:5: " STRAY},
    {"a,b\n1,2\n日本,ab\"c\n", "t.csv:3:6: " STRAY}, /* columns are characters */
    {"a,b\n\"x\ny\",z\"\n", "t.csv:3:5: " STRAY},
    {"a,b\"\n", "t.csv:1:4: " STRAY},
    {"\xef\xbb\xbf"
     "a,b\"\n",
     "t.csv:1:4: " STRAY},
    {"a,b\n\"x\"y,1\n", "t.csv:2:4: " BEHIND},
    {"a,b\n\"x\" ,1\n", "t.csv:2:4: " BEHIND},
    {"a,b\n \"x\",1\n", "t.csv:2:2: " STRAY},
    {"a,b\n1,2\n3,\"x\ny\nz,w\n", "t.csv:3:3: " NEVER},
    {"a,b\n1,2\n\"p\nq\",\"x\n", "t.csv:4:4: " NEVER}, /* where the field begins, not the record */
    {"\"a,b\n1,2\n", "t.csv:1:1: " NEVER},
    {"a,b\n1,2\n3,4,5\n", "t.csv:3:5: " SURPLUS},
    {"a,b\n1,2\n\"x\n\",4,5,6\n", "t.csv:4:5: " SURPLUS},
    {"a\n1,\n", "t.csv:2:3: field 2 of a row, but the header has 1; quote a comma that belongs to the text"},
    {"a,b\r1,2\n3,4\r", "t.csv:1: some lines end with a lone carriage return; convert them: tr '\\r' '\\n'"},
    {"a,a,a_duplicated_0\n", "t.csv:1: two columns would be called \"a_duplicated_0\"; rename one of them"},
    {"a_duplicated_0,a,a\n", "t.csv:1: two columns would be called \"a_duplicated_0\"; rename one of them"},
};

static void reports_the_place_of_bad_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem problem;
        enum err err = kit_load(cases[i].text, strlen(cases[i].text), &(struct table_options){.path = "t.csv"},
                                &problem);
        if (err != ERR_PARSE || strcmp(problem.text, cases[i].problem) != 0)
            fail_msg("case %zu: err %d: %s", i, err, problem.text);
    }
}

/* Faults after many blocks of valid rows; lines are counted from the start of the file. */
static void reports_the_place_of_faults_far_into_a_file(void **state)
{
    (void)state;
    static const char *const tails[] = {"x,y\"\n", "x,\"y\n", "x,y,z\n"};
    static const char *const places[] = {"t.csv:90002:4: ", "t.csv:90002:3: ", "t.csv:90002:5: "};
    for (size_t i = 0; i < 3; i++) {
        struct buf b;
        struct problem problem;
        buf_init(&b, 16 << 20);
        buf_add_text(&b, "a,b\n");
        for (int row = 0; row < 45000; row++)
            buf_add_text(&b, "123456,\"two\nlines\"\n");
        buf_add_text(&b, tails[i]);
        assert_int_equal(kit_load(b.data, b.len, &(struct table_options){.path = "t.csv"}, &problem), ERR_PARSE);
        if (strncmp(problem.text, places[i], strlen(places[i])) != 0)
            fail_msg("%s", problem.text);
        buf_done(&b);
    }
}

static void reports_a_cell_that_is_not_of_its_given_dtype(void **state)
{
    (void)state;
    struct dtype_override given[] = {{"b", DTYPE_I64}, {"c", DTYPE_BOOL}};
    struct table_options options = {.path = "t.csv", .overrides = given, .noverrides = 2};
    struct problem problem;
    static const char text[] = "a,b,c\n\"x\ny\",1,true\nz,2,no\nz,2.5,true\n";
    assert_int_equal(kit_load(text, sizeof text - 1, &options, &problem), ERR_PARSE);
    assert_string_equal(problem.text, "t.csv:4:5: \"no\" is not a valid bool, the dtype given for column \"c\"");
}

/* Several threads find bad cells; the first one of the file is reported. */
static void reports_the_first_bad_cell_whichever_thread_finds_it(void **state)
{
    (void)state;
    struct buf b;
    struct table *t = NULL;
    struct problem problem;
    struct dtype_override given = {"b", DTYPE_I64};
    struct table_options options = {.path = "t.csv", .overrides = &given, .noverrides = 1};
    struct table_runner threads = kit_threads(4);
    buf_init(&b, 16 << 20);
    buf_add_text(&b, "a,b\n");
    for (int row = 0; row < 20000; row++)
        buf_addf(&b, "x,%s\n", row == 7001 || row == 19000 ? "oops" : "1");
    int fd = kit_file(b.data, b.len);
    assert_int_equal(table_load(fd, &options, &threads, &t, &problem), ERR_PARSE);
    assert_string_equal(problem.text, "t.csv:7003:3: \"oops\" is not a valid i64, the dtype given for column \"b\"");
    close(fd);
    buf_done(&b);
}

static void lists_the_columns_if_one_is_unknown(void **state)
{
    (void)state;
    struct problem problem;
    struct dtype_override given = {"agee", DTYPE_I64};
    static const char text[] = "code,na\033me,age\n";
    assert_int_equal(kit_load(text, sizeof text - 1, &(struct table_options){.path = "t.csv", .key = "id"}, &problem),
                     ERR_NOT_FOUND);
    assert_string_equal(problem.text, "t.csv: no column \"id\"; the columns are: code, na␛me, age");
    struct table_options options = {.path = "t.csv", .overrides = &given, .noverrides = 1};
    assert_int_equal(kit_load(text, sizeof text - 1, &options, &problem), ERR_NOT_FOUND);
    assert_string_equal(problem.text, "t.csv: no column \"agee\"; the columns are: code, na␛me, age");
}

static void cuts_a_list_of_columns_that_is_too_long(void **state)
{
    (void)state;
    struct buf b;
    struct problem problem;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%scolumn%d", i ? "," : "", i);
    struct table_options options = {.path = "t.csv", .key = "id"};
    assert_int_equal(kit_load(b.data, b.len, &options, &problem), ERR_NOT_FOUND);
    assert_true(strlen(problem.text) < sizeof problem.text);
    buf_done(&b);
}

static void refuses_directories_empty_files_and_closed_descriptors(void **state)
{
    (void)state;
    struct table *t = NULL;
    struct problem problem;
    struct table_options options = {.path = "t.csv"};
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(table_load(fd, &options, NULL, &t, &problem), ERR_PARSE);
    assert_string_equal(problem.text, "t.csv: is a directory, not a CSV file");
    close(fd);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(table_load(fd, &options, NULL, &t, &problem), ERR_PARSE);
    assert_string_equal(problem.text, "t.csv:1:1: " EMPTY);
    close(fd);
    assert_int_not_equal(table_load(fd, &options, NULL, &t, &problem), OK);
    assert_string_equal(problem.text, "t.csv: Bad file descriptor");
}

static void reports_a_file_that_cannot_be_read(void **state)
{
    (void)state;
    struct table *t = NULL;
    struct problem problem;
    char name[] = "/tmp/poolscope-test-XXXXXX";
    int fd = mkstemp(name), only_write = open(name, O_WRONLY | O_CLOEXEC);
    unlink(name);
    assert_true(fd >= 0 && only_write >= 0);
    assert_int_equal(write(fd, "a\n", 2), 2);
    assert_int_equal(table_load(only_write, &(struct table_options){.path = "t.csv"}, NULL, &t, &problem), ERR_SYS);
    assert_string_equal(problem.text, "t.csv: cannot read it: Bad file descriptor");
    close(fd);
    close(only_write);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_the_place_of_bad_input),
        cmocka_unit_test(reports_the_place_of_faults_far_into_a_file),
        cmocka_unit_test(reports_a_cell_that_is_not_of_its_given_dtype),
        cmocka_unit_test(reports_the_first_bad_cell_whichever_thread_finds_it),
        cmocka_unit_test(lists_the_columns_if_one_is_unknown),
        cmocka_unit_test(cuts_a_list_of_columns_that_is_too_long),
        cmocka_unit_test(refuses_directories_empty_files_and_closed_descriptors),
        cmocka_unit_test(reports_a_file_that_cannot_be_read),
    };
    return cmocka_run_group_tests_name("table_bad", tests, NULL, NULL);
}
