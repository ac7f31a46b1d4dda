/* SPDX-License-Identifier: MIT
 * Whole screens compared with golden ones in tests/screens/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/kit/model_events.h"
#include "tests/kit/tui_kit.h"
#include "tui/screen/dispatch.h"

static const char *const article[] = {"0001", "00002", "0005"};

static void open_ready(struct stage *s)
{
    stage_open(s, article, 3);
    stage_load(s, "assets/sample.csv");
}

static void feed_seen(struct model *m, double t, int64_t pid, int64_t threads, int64_t parent_threads,
                      const char *waits)
{
    struct event e = {.type = EVENT_PROCESS,
                      .time = t,
                      .process = {.pid = pid,
                                  .ppid = 14065,
                                  .command = text_dup("poolscope"),
                                  .threads = threads,
                                  .state = text_dup("sleeping"),
                                  .parent_threads = parent_threads,
                                  .fds = 9,
                                  .pss_kib = 812,
                                  .waits_for = text_dup(waits)}};
    assert_int_equal(model_apply(m, &e), OK);
}

static void open_hung(struct stage *s)
{
    open_ready(s);
    feed_hung_run(s->model);
    feed_seen(s->model, 0.32, 14072, 1, 5, "a futex in its own memory");
    feed_seen(s->model, 0.32, 14073, 1, 5, "a futex in its own memory");
    s->now = 4.2;
}

static void open_cured(struct stage *s)
{
    struct model *m;
    open_ready(s);
    m = s->model;
    feed_run(m, 0, 2, "spawn", 2, 4);
    for (int i = 0; i < 3; i++)
        feed_submit(m, 0.0005, i + 1, article[i]);
    feed_worker(m, 0.001, 1, 14072, 5, false);
    feed_worker(m, 0.002, 2, 14073, 5, false);
    feed_start(m, 0.004, 1, 1);
    feed_start(m, 0.004, 2, 2);
    feed_end(m, 0.006, 1, 1, TASK_FINISHED, 1);
    feed_start(m, 0.006, 3, 1);
    feed_end(m, 0.007, 2, 2, TASK_FINISHED, 0);
    feed_end(m, 0.008, 3, 1, TASK_FINISHED, 1);
    feed_exit(m, 0.009, 1, 0, true);
    feed_exit(m, 0.009, 2, 0, true);
    feed_run_end(m, 0.01, false);
    s->now = 0.01;
}

/* A screen with only this pane, after a run that was requested at that time of the session. To be freed by the caller.
 */
static char *pane_after_a_run(double asked, enum pane_id pane)
{
    struct stage s;
    open_ready(&s);
    struct model *m = s.model;
    feed_asked_run(m, asked, asked + 0.0625, 2, "spawn", 2, 4);
    feed_submit(m, asked + 0.0625, 1, article[0]);
    feed_worker(m, asked + 0.125, 1, 14072, 5, false);
    feed_start(m, asked + 0.3125, 1, 1);
    feed_end(m, asked + 0.8125, 1, 1, TASK_FINISHED, 1);
    feed_run_end(m, asked + 1.1875, false);
    s.now = asked + 1.1875;
    app_focus(&s.app, pane);
    s.app.zoomed = true;
    stage_draw(&s, 120, 20);
    char *text = stage_text(&s);
    stage_close(&s);
    return text;
}

static void a_later_run_is_shown_in_its_own_time_and_logged_in_session_time(void **state)
{
    (void)state;
    static const enum pane_id same[] = {PANE_TIMELINE, PANE_WORKERS, PANE_RESULTS};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char *first = pane_after_a_run(0, same[i]), *later = pane_after_a_run(128, same[i]);
        assert_string_equal(first, later);
        free(first);
        free(later);
    }
    char *log = pane_after_a_run(128, PANE_LOG);
    assert_non_null(strstr(log, "00:00.001"));
    assert_non_null(strstr(log, "02:08.063"));
    assert_non_null(strstr(log, "02:09.188"));
    free(log);
}

static void the_screens_before_a_run(void **state)
{
    (void)state;
    struct stage s;
    open_ready(&s);
    stage_assert_screen(&s, 120, 40, "ready");
    stage_assert_screen(&s, 80, 24, "ready");
    stage_close(&s);
}

static void the_screens_during_a_hang(void **state)
{
    (void)state;
    static const struct {
        int width, height;
    } sizes[] = {{120, 40}, {80, 24}, {200, 60}, {112, 34}, {100, 30}, {40, 12}, {20, 5}, {1, 1}};
    struct stage s;
    open_hung(&s);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        stage_assert_screen(&s, sizes[i].width, sizes[i].height, "hung");
    stage_keys(&s, "2");
    stage_assert_screen(&s, 80, 24, "hung-workers");
    stage_keys(&s, "e");
    stage_assert_screen(&s, 80, 24, "hung-diagnosis");
    stage_keys(&s, "x");
    stage_assert_screen(&s, 40, 12, "hung-question");
    stage_close(&s);
}

static void the_screens_after_the_cure(void **state)
{
    (void)state;
    struct stage s;
    open_cured(&s);
    stage_assert_screen(&s, 120, 40, "cured");
    stage_assert_screen(&s, 200, 60, "cured");
    stage_keys(&s, "6");
    stage_assert_screen(&s, 80, 24, "cured-results");
    stage_close(&s);
}

static void the_screens_of_help_and_palette(void **state)
{
    (void)state;
    struct stage s;
    open_ready(&s);
    stage_keys(&s, "?");
    stage_assert_screen(&s, 80, 24, "help");
    stage_keys(&s, "Esc :");
    stage_type(&s, "st");
    stage_assert_screen(&s, 80, 24, "palette");
    stage_close(&s);
}

/* Thousands of tasks a second: one worker is busy half of the time, the other has a slow task. */
static void open_many(struct stage *s)
{
    open_ready(s);
    struct model *m = s->model;
    feed_run(m, 0, 3, "spawn", 2, 4);
    feed_worker(m, 0.001, 1, 14072, 5, false);
    feed_worker(m, 0.001, 2, 14073, 5, false);
    for (int i = 1; i <= 2; i++) {
        struct event ready = {.type = EVENT_WORKER_READY, .time = 0.002, .worker = {.run = 3, .worker = i}};
        assert_int_equal(model_apply(m, &ready), OK);
    }
    feed_seen(m, 0.1, 14072, 1, 5, NULL);
    feed_seen(m, 0.1, 14073, 1, 5, NULL);
    for (int window = 1; window <= 40; window++) {
        int each = window < 20 ? 200 : 400;
        int64_t before = m->counts[TASK_FINISHED] + 1;
        struct event e = {
            .type = EVENT_TASKS,
            .time = window * 0.05,
            .tasks = {.run = 3, .pending = 50000 - before - each, .running = 1, .finished = before - 1 + each}};
        for (int i = 0; i < each; i++) {
            struct event_task ended = {.worker = 1,
                                       .task = before + i,
                                       .state = TASK_FINISHED,
                                       .rows = 1,
                                       .seconds = window < 20 ? 100e-6 : 125e-6};
            assert_int_equal(event_tasks_add(&e.tasks, &ended), OK);
        }
        assert_int_equal(ints_add(&e.tasks.busy, 2), OK);
        assert_int_equal(ints_add(&e.tasks.busy, 49999), OK);
        assert_int_equal(model_apply(m, &e), OK);
    }
    s->now = 2;
}

static void the_screens_of_a_run_with_many_tasks(void **state)
{
    (void)state;
    struct stage s;
    open_many(&s);
    stage_assert_screen(&s, 120, 40, "many");
    stage_keys(&s, "3");
    stage_assert_screen(&s, 80, 24, "many-timeline");
    stage_keys(&s, "2");
    stage_assert_screen(&s, 80, 24, "many-workers");
    stage_close(&s);
}

static void measure(struct bench *b, int row, enum measure what, double value)
{
    for (int i = 0; i < 3; i++)
        bench_stat_add(&b->rows[row].stats[what], value * (1 + 0.1 * i));
    b->rows[row].state = BENCH_MEASURED;
}

static void add_pool(struct bench *b, int row, double first)
{
    measure(b, row, MEASURE_FIRST, first);
    measure(b, row, MEASURE_TOTAL, first * 2);
    measure(b, row, MEASURE_RATE, 20000);
    measure(b, row, MEASURE_TRIP, 50e-6);
    measure(b, row, MEASURE_NOOP_RATE, 4e6);
    measure(b, row, MEASURE_NOOP_TRIP, 13e-6);
    measure(b, row, MEASURE_NOOP_TRIP_P99, 30e-6);
    measure(b, row, MEASURE_PSS, 400);
    measure(b, row, MEASURE_USS, 120);
    measure(b, row, MEASURE_FDS, row == 1 ? 17 : 8);
    measure(b, row, MEASURE_SHUTDOWN, 1e-3);
}

/* The numbers of a finished comparison, or of one in progress. */
static void make_bench(struct bench *b, bool over)
{
    *b = (struct bench){.path = text_dup("sample.csv"),
                        .workers = 2,
                        .threads = 4,
                        .rounds = 3,
                        .codes = 3,
                        .table_rows = 5,
                        .nrows = 4,
                        .done = 7,
                        .steps = 13,
                        .doing = "spawn",
                        .over = over,
                        .rows = {{.name = "fork", .method = "fork", .is_pool = true},
                                 {.name = "fork, at-fork reinit", .method = "fork", .is_pool = true},
                                 {.name = "spawn", .method = "spawn", .is_pool = true},
                                 {.name = "the engine's threads", .method = "engine"}}};
    b->rows[0].state = BENCH_HUNG;
    b->rows[0].finding = (struct finding){.rule = text_dup("no-waker"),
                                          .certainty = CERTAINTY_PROVED,
                                          .summary = text_dup("no thread is left that could wake it")};
    add_pool(b, 1, 0.5e-3);
    if (!over)
        return;
    add_pool(b, 2, 1.4e-3);
    measure(b, 3, MEASURE_FIRST, 50e-6);
    measure(b, 3, MEASURE_TOTAL, 90e-6);
    measure(b, 3, MEASURE_RATE, 35000);
    measure(b, 3, MEASURE_TRIP, 25e-6);
    for (int i = 0; i < 2; i++) {
        b->growth[b->ngrowth] = (struct bench_growth){.mib = i * 1024};
        bench_stat_add(&b->growth[i].fork, i ? 22e-3 : 0.2e-3);
        bench_stat_add(&b->growth[b->ngrowth++].spawn, 0.7e-3);
    }
}

/* Draws only the overlay, from these numbers. */
static void assert_comparison(bool over, int width, int height, const char *what)
{
    struct stage s;
    struct bench b;
    struct pane *p;
    open_ready(&s);
    make_bench(&b, over);
    assert_int_equal(pane_new(&pane_comparison_ops, &p), OK);
    stage_draw(&s, width, height);
    struct view v = app_view(&s.app, 0);
    v.bench = &b;
    canvas_clear(&s.app.canvas);
    assert_int_equal(pane_sync(p, &v, width, height), OK);
    pane_draw(p, &v, &s.app.canvas, false);
    stage_assert_canvas(&s, width, height, what);
    pane_free(p);
    bench_done(&b);
    stage_close(&s);
}

static void the_screens_of_the_comparison(void **state)
{
    (void)state;
    assert_comparison(false, 78, 24, "comparison-begun");
    assert_comparison(true, 78, 50, "comparison");
    assert_comparison(true, 118, 50, "comparison");
}

static void an_empty_pane_says_what_it_will_show(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_assert_screen(&s, 120, 40, "loading");
    struct event e = {.type = EVENT_TABLE_FAILED,
                      .table = {.path = text_dup("sample.csv"),
                                .rows = -1,
                                .columns = -1,
                                .error = text_dup("sample.csv:2:3: a quote is never closed")}};
    assert_int_equal(model_apply(s.model, &e), OK);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "cannot be read: sample.csv:2:3: a quote is never closed"));
    stage_close(&s);
}

/* A proved hang fills its line with the alert role from edge to edge. */
static void a_hang_cannot_be_overlooked(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s);
    for (int width = 4; width <= 200; width += 7)
        for (int height = 2; height <= 60; height += 7) {
            stage_draw(&s, width, height);
            assert_true(stage_shows(&s, "HUNG"));
            const struct canvas *c = &s.app.canvas;
            int y = s.app.layout.screen == SCREEN_STATUS ? 0 : s.app.layout.strip.y;
            for (int x = 0; x < c->width; x++)
                assert_int_equal(c->cells[y * c->stride + x].role, ROLE_ALERT);
        }
    stage_close(&s);
}

static void nothing_moves_when_values_change(void **state)
{
    (void)state;
    struct stage s;
    struct layout before;
    open_ready(&s);
    stage_draw(&s, 120, 40);
    before = s.app.layout;
    feed_hung_run(s.model);
    stage_draw(&s, 120, 40);
    assert_memory_equal(&before, &s.app.layout, sizeof before);
    stage_close(&s);
}

static void every_size_and_focus_is_drawn(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s);
    for (int width = 1; width <= 130; width += width < 30 ? 1 : 9)
        for (int height = 1; height <= 50; height += height < 12 ? 1 : 6)
            for (int focus = 0; focus < pane_sets[SCOPE_EXPLORE].n; focus++) {
                s.app.focus = (enum pane_id)focus;
                s.app.zoomed = (width + height + focus) % 2;
                stage_draw(&s, width, height);
                stage_keys(&s, "Down PgDn Right");
            }
    stage_draw(&s, 400, 120);
    stage_close(&s);
}

/* Draws what a key has changed, then everything; both must be equal. True if the first drawing was partial. */
static bool draw_twice(struct stage *s, int width, int height)
{
    struct canvas *c = &s->app.canvas;
    bool was = c->height == height;
    for (int y = 0; y < c->height; y++)
        c->touched[y] = (struct extent){0, 0};
    stage_draw(s, width, height);
    bool part = was && c->touched[0].from == c->touched[0].to;
    size_t bytes = (size_t)(c->width * c->height) * sizeof *c->cells;
    void *cells = malloc(bytes);
    assert_non_null(cells);
    memcpy(cells, c->cells, bytes);
    s->app.dirty = true;
    stage_draw(s, width, height);
    assert_memory_equal(cells, c->cells, bytes);
    free(cells);
    return part;
}

static void a_partial_drawing_equals_a_full_one(void **state)
{
    (void)state;
    static const char *const keys[] = {"Down", "j", "Up",    "PgDn",  "PgUp",  "End", "Home",
                                       "G",    "g", "Right", "Left",  "Space", "Tab", "S-Tab",
                                       "z",    "?", "Esc",   "Enter", "M a",   "' a", "F9"};
    static const struct {
        int width, height;
    } sizes[] = {{120, 40}, {80, 24}, {30, 9}};
    struct stage s;
    struct buf csv;
    unsigned seed = 1, parts = 0;
    buf_init(&csv, 1 << 20);
    for (int i = 0; i < 300; i++)
        assert_int_equal(buf_addf(&csv, i ? "%04d,row %d\n" : "code,name\n", i, i), OK);
    stage_open(&s, NULL, 0);
    stage_load_bytes(&s, csv.data, csv.len);
    for (unsigned i = 0; i < 3000; i++) {
        seed = seed * 1103515245 + 12345;
        stage_keys(&s, keys[(seed >> 16) % (i % 3 ? 6 : sizeof keys / sizeof *keys)]);
        parts += draw_twice(&s, sizes[i / 1000].width, sizes[i / 1000].height);
    }
    assert_true(parts > 1000);
    stage_close(&s);
    buf_done(&csv);
}

static void assert_harmless(const struct canvas *c)
{
    for (int i = 0; i < c->height * c->stride; i++)
        for (const unsigned char *p = (const unsigned char *)c->cells[i].bytes; *p; p++) {
            assert_true(*p >= 0x20 && *p != 0x7f);
            assert_false(p[0] == 0xc2 && p[1] < 0xa0);
            assert_false(p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae);
        }
}

static void control_characters_from_a_file_reach_no_pane(void **state)
{
    (void)state;
    static const char csv[] = "code,na\033]0;x\ame\n1\033[2J,\033]52;c;AAAA\a\n"
                              "2\302\2332J,\342\200\256LIVE\n3\2332J,\177\016\n";
    struct stage s;
    stage_open(&s, (const char *const[]){"\033[31m", "\302\233", "1\033[2J"}, 3);
    stage_load_bytes(&s, csv, sizeof csv - 1);
    feed_run(s.model, 0, 1, "fork\033[m", 1, 1);
    feed_submit(s.model, 0, 1, "1\033[2J");
    feed_submit(s.model, 0, 2, "\033]0;\a");
    feed_worker(s.model, 0.1, 1, 14072, 3, true);
    feed_start(s.model, 0.1, 1, 1);
    feed_end(s.model, 0.2, 1, 1, TASK_FINISHED, 1);
    feed_start(s.model, 0.3, 2, 1);
    feed_seen(s.model, 0.3, 14072, 1, 3, "\033c a pipe");
    struct event e;
    event_note(&e, NOTE_WARNING, "a note\033[2J \302\235");
    assert_int_equal(model_apply(s.model, &e), OK);
    feed_proved(s.model, 0.5, 14072);
    app_say(&s.app, ROLE_TEXT, "%s", "\033[2J");
    static const struct {
        int width, height;
    } sizes[] = {{120, 40}, {200, 60}, {80, 24}, {30, 8}, {10, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int focus = 0; focus < pane_sets[SCOPE_EXPLORE].n; focus++) {
            s.app.focus = (enum pane_id)focus;
            stage_draw(&s, sizes[i].width, sizes[i].height);
            assert_harmless(&s.app.canvas);
        }
    s.app.focus = PANE_TABLE;
    stage_keys(&s, "Enter +");
    dispatch_paste(&s.app, "\033[2J\302\233", 6);
    stage_draw(&s, 120, 40);
    assert_harmless(&s.app.canvas);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screens_before_a_run),
        cmocka_unit_test(a_later_run_is_shown_in_its_own_time_and_logged_in_session_time),
        cmocka_unit_test(the_screens_during_a_hang),
        cmocka_unit_test(the_screens_after_the_cure),
        cmocka_unit_test(the_screens_of_help_and_palette),
        cmocka_unit_test(the_screens_of_a_run_with_many_tasks),
        cmocka_unit_test(the_screens_of_the_comparison),
        cmocka_unit_test(an_empty_pane_says_what_it_will_show),
        cmocka_unit_test(a_hang_cannot_be_overlooked),
        cmocka_unit_test(nothing_moves_when_values_change),
        cmocka_unit_test(every_size_and_focus_is_drawn),
        cmocka_unit_test(a_partial_drawing_equals_a_full_one),
        cmocka_unit_test(control_characters_from_a_file_reach_no_pane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
