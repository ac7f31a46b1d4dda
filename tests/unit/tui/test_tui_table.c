/* SPDX-License-Identifier: MIT
 * The table pane with a real table view and its query server: screens compared with golden ones in tests/screens/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/model_events.h"
#include "tests/kit/tui_kit.h"
#include "tui/commands/steps.h"

static char path[] = "/tmp/poolscope-test-XXXXXX";

static void close_table(struct stage *s)
{
    stage_close(s);
    unlink(path);
}

static void open_table(struct stage *s, const char *bytes, size_t len)
{
    struct problem problem = {""};
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, bytes, len), OK);
    close(fd);
    stage_open(s, NULL, 0);
    struct table_view_options options = {.path = path};
    if (table_view_open(&options, &s->app.table_view, &problem))
        fail_msg("%s", problem.text);
    const struct table *t = table_view_table(s->app.table_view);
    assert_non_null(t);
    feed_table(s->model, 0.001, "sample.csv", (int64_t)table_rows(t), (int64_t)table_columns(t));
    stage_settle(s);
}

/* Types keys and waits for the answers of the query server. */
static void press(struct stage *s, const char *keys)
{
    stage_keys(s, keys);
    stage_draw(s, 80, 24);
    stage_settle(s);
}

static void say(struct stage *s, const char *key, const char *words)
{
    stage_keys(s, key);
    stage_type(s, words);
    press(s, "Enter");
}

static void cells_in_any_script_stay_in_their_columns(void **state)
{
    static const char bytes[] = "コード,名前,年齢,都市\n0001,山田太郎,34,東京\n0002,佐藤 花子,28,大阪\n"
                                "0003,e\xcc\x81lodie 👩‍👩‍👧,41,\"nantes\nloire\"\n0004,שלום,9,\n"
                                "0005,\x1b[31mred\xff,7,\"a,b\"\n";
    struct stage s;
    (void)state;
    open_table(&s, bytes, sizeof bytes - 1);
    stage_assert_screen(&s, 80, 24, "table-scripts");
    stage_keys(&s, "Down Down Enter");
    stage_assert_screen(&s, 80, 24, "table-record");
    close_table(&s);
}

static void columns_can_be_frozen_hidden_and_scrolled(void **state)
{
    struct stage s;
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    for (int line = 0; line < 9; line++)
        for (int i = 0; i < 200; i++)
            buf_addf(&b, line ? "%s%d.%d" : "%sc%d%d", i == 0 ? line ? "\n" : "" : ",", line, i);
    open_table(&s, b.data, b.len);
    buf_done(&b);
    stage_keys(&s, "Right Right f Right Right -");
    say(&s, ":", "column c0150");
    stage_assert_screen(&s, 80, 24, "table-wide");
    close_table(&s);
}

/* Its width is known only once it is drawn, but the first drawing must be right. */
static void the_last_column_is_complete_in_the_first_drawing(void **state)
{
    struct stage s;
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    for (int line = 0; line < 3; line++)
        for (int i = 0; i < 1000; i++)
            buf_addf(&b, line ? "%s%d is wide %d" : "%sc%d%d", i == 0 ? line ? "\n" : "" : ",", line, i);
    open_table(&s, b.data, b.len);
    buf_done(&b);
    stage_keys(&s, ":");
    stage_type(&s, "column c0999");
    stage_keys(&s, "Enter");
    stage_settle(&s);
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "1 is wide 999"));
    assert_true(stage_shows(&s, "2 is wide 999"));
    close_table(&s);
}

static void rows_that_are_too_short_or_too_long_are_reported(void **state)
{
    static const char bytes[] = "code,name,age\n0001,a,1\n0002\n0003,c,3,more,and more\n0004,d\n";
    struct stage s;
    (void)state;
    open_table(&s, bytes, sizeof bytes - 1);
    stage_assert_screen(&s, 80, 24, "table-ragged");
    close_table(&s);
}

static void statistics_frequencies_order_and_filters_of_a_column_are_shown(void **state)
{
    struct stage s;
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "code,city,age\n");
    for (int i = 0; i < 2000; i++)
        buf_addf(&b, "%04d,%s,%d\n", i % 40,
                 i % 7 == 0   ? "Rome"
                 : i % 3 == 0 ? "\"St. \"\"A\"\", Lyon\""
                 : i % 11     ? "Oslo"
                              : "",
                 20 + i * 37 % 61);
    open_table(&s, b.data, b.len);
    buf_done(&b);
    stage_keys(&s, "Right");
    press(&s, "%");
    stage_assert_screen(&s, 80, 24, "table-frequency");
    press(&s, "Down Enter");
    say(&s, "&", "age>=70");
    press(&s, "Right >");
    stage_assert_screen(&s, 80, 24, "table-filtered");
    press(&s, "u u =");
    stage_assert_screen(&s, 80, 24, "table-statistics");
    close_table(&s);
}

static void a_wrong_filter_is_refused_with_a_message(void **state)
{
    struct stage s;
    (void)state;
    open_table(&s, "code,age\n0001,3\n", 16);
    static const struct {
        const char *words, *answer;
    } cases[] = {
        {"nothing==1", "there is no column nothing"},
        {"age>x", "is not a valid i64"},
        {"code~(", "is not a valid pattern"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(&s, "&", cases[i].words);
        stage_draw(&s, 100, 24);
        if (!stage_shows(&s, cases[i].answer))
            fail_msg("%s: not said: %s; but: %s", cases[i].words, cases[i].answer, s.app.message);
        assert_int_equal(table_view_filters(s.app.table_view), 0);
    }
    close_table(&s);
}

static void a_count_has_the_column_that_it_was_asked_for(void **state)
{
    static const char csv[] = "code,same,each\n1,x,p\n2,x,q\n3,x,r\n";
    struct stage s;
    (void)state;
    open_table(&s, csv, sizeof csv - 1);
    struct table_view *view = s.app.table_view;
    assert_int_equal(table_view_frequency(view, 1), OK);
    assert_int_equal(app_table_view_step(&s.app), OK); /* the query server is asked */
    assert_int_equal(table_view_frequency(view, 2), OK);
    stage_settle(&s);
    assert_int_equal(table_view_texts(view)->column, 2);
    assert_int_equal(table_view_texts(view)->n, 3);
    close_table(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_in_any_script_stay_in_their_columns),
        cmocka_unit_test(columns_can_be_frozen_hidden_and_scrolled),
        cmocka_unit_test(the_last_column_is_complete_in_the_first_drawing),
        cmocka_unit_test(rows_that_are_too_short_or_too_long_are_reported),
        cmocka_unit_test(statistics_frequencies_order_and_filters_of_a_column_are_shown),
        cmocka_unit_test(a_wrong_filter_is_refused_with_a_message),
        cmocka_unit_test(a_count_has_the_column_that_it_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
