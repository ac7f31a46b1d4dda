/* SPDX-License-Identifier: MIT
 * The table pane over a real table view and its query server, whole screens against golden ones in tests/screens/. */
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

enum { BOUND = 30 };

/* What was asked is answered, and all is known of the table. */
static void settle(struct stage *s)
{
    double end = clock_now() + BOUND;
    while (table_view_busy(s->app.table_view) || !table_view_settled(s->app.table_view)) {
        struct pollfd fd = {table_view_fd(s->app.table_view), POLLIN, 0};
        poll(&fd, 1, 100);
        assert_int_equal(app_table_view_step(&s->app), OK);
        assert_true(clock_now() < end);
    }
}

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
    settle(s);
}

/* Keys, and what the query server answers. */
static void press(struct stage *s, const char *keys)
{
    stage_keys(s, keys);
    stage_draw(s, 80, 24);
    settle(s);
}

static void say(struct stage *s, const char *key, const char *words)
{
    stage_keys(s, key);
    stage_type(s, words);
    press(s, "Enter");
}

static void cells_of_every_script_stand_in_their_columns(void **state)
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

static void columns_stand_still_are_hidden_and_scroll(void **state)
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

/* How wide it is turns out when it is drawn, the first time: there is no second picture to put it right. */
static void the_last_column_is_whole_at_once(void **state)
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
    settle(&s);
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "1 is wide 999"));
    assert_true(stage_shows(&s, "2 is wide 999"));
    close_table(&s);
}

static void rows_of_another_length_are_said(void **state)
{
    static const char bytes[] = "code,name,age\n0001,a,1\n0002\n0003,c,3,more,and more\n0004,d\n";
    struct stage s;
    (void)state;
    open_table(&s, bytes, sizeof bytes - 1);
    stage_assert_screen(&s, 80, 24, "table-ragged");
    close_table(&s);
}

static void what_is_asked_of_a_column_is_shown(void **state)
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

static void words_that_are_no_filter_are_refused(void **state)
{
    struct stage s;
    (void)state;
    open_table(&s, "code,age\n0001,3\n", 16);
    static const struct {
        const char *words, *answer;
    } cases[] = {
        {"nothing==1", "there is no column nothing"},
        {"age>x", "is no i64"},
        {"code~(", "is no pattern"},
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

int main(void)
{
    char pool[4096];
    const char *build = getenv("builddir");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_of_every_script_stand_in_their_columns),
        cmocka_unit_test(columns_stand_still_are_hidden_and_scroll),
        cmocka_unit_test(the_last_column_is_whole_at_once),
        cmocka_unit_test(rows_of_another_length_are_said),
        cmocka_unit_test(what_is_asked_of_a_column_is_shown),
        cmocka_unit_test(words_that_are_no_filter_are_refused),
    };
    snprintf(pool, sizeof pool, "%s/poolscope-pool", build ? build : "build");
    setenv("POOLSCOPE_POOL", pool, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
