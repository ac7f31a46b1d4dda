/* SPDX-License-Identifier: MIT
 * The screen of a watched program: from events to whole screens, and the program's own terminal in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kit/model_events.h"
#include "tests/kit/tui_kit.h"
#include "tui/commands/command_table.h"
#include "tui/term/vt.h"
#include "tui/screen/screen.h"

/* Events */

static void apply(struct stage *s, struct event e)
{
    assert_int_equal(model_apply(s->model, &e), OK);
}

static void feed_started(struct stage *s, bool attached)
{
    apply(s,
          (struct event){
              .type = EVENT_COMMAND_STARTED,
              .command = {.pid = 14065, .text = attached ? NULL : text_dup("python3 main.py"), .attached = attached}});
}

static void feed_process(struct stage *s, double t, int64_t pid, int64_t ppid, const char *command, int64_t threads,
                         int64_t parent_threads, const char *waits)
{
    apply(s, (struct event){.type = EVENT_PROCESS,
                            .time = t,
                            .process = {.pid = pid,
                                        .ppid = ppid,
                                        .command = text_dup(command),
                                        .threads = threads,
                                        .parent_threads = parent_threads,
                                        .forked_without_exec = parent_threads > 0,
                                        .fds = 9,
                                        .pss_kib = 812,
                                        .cpu_seconds = 0.31,
                                        .asleep_seconds = 0.2,
                                        .state = text_dup("sleeping"),
                                        .waits_for = text_dup(waits)}});
}

static void feed_output(struct stage *s, double t, const char *text)
{
    apply(s, (struct event){.type = EVENT_OUTPUT, .time = t, .note = {.text = text_dup(text)}});
}

static void feed_ended(struct stage *s, double t, int64_t code, int64_t sig)
{
    for (size_t i = 0; i < s->model->nprocesses; i++)
        apply(s, (struct event){.type = EVENT_PROCESS_GONE, .time = t, .end.pid = s->model->processes[i].seen.pid});
    apply(s, (struct event){
                 .type = EVENT_COMMAND_EXITED, .time = t, .command = {.pid = 14065, .code = code, .signal = sig}});
}

static void feed_inspection(struct stage *s, double t, int64_t pid)
{
    struct event e = {.type = EVENT_INSPECTION,
                      .time = t,
                      .inspection = {.pid = pid,
                                     .name = text_dup("python3"),
                                     .exe = text_dup("/usr/bin/python3.13"),
                                     .started = 0.29,
                                     .parent_threads_now = 15,
                                     .ghost_stacks = 4}};
    struct event_inspection *i = &e.inspection;
    assert_int_equal(ints_add(&i->tids, pid), OK);
    assert_int_equal(texts_add(&i->names, "python3"), OK);
    assert_int_equal(texts_add(&i->waits, "a futex in its own memory, without a timeout"), OK);
    assert_int_equal(texts_add(&i->fds, "  0  terminal"), OK);
    assert_int_equal(texts_add(&i->fds, "  3  pipe 4711, the read end, also in 14065, 14073"), OK);
    assert_int_equal(texts_add(&i->signals, "catches INT"), OK);
    apply(s, e);
}

/* A Polars pool under fork that hangs, after 5.7 s. */
static void open_hung(struct stage *s, bool attached)
{
    stage_open_watch(s, attached);
    feed_started(s, attached);
    feed_process(s, 0.1, 14065, 14000, "/usr/bin/python3 main.py", 15, -1, "a child");
    for (int64_t pid = 14072; pid <= 14073; pid++)
        feed_process(s, 0.3, pid, 14065, "/usr/bin/python3 main.py", 1, 15,
                     "a futex in its own memory, without a timeout");
    if (!attached)
        feed_output(s, 0.35, "filtering \033[1m5\033[0m rows\r\n\033[7mtwo workers\033[m\r\n");
    feed_proved(s->model, 0.5, 14072);
    feed_proved(s->model, 0.6, 14073);
    feed_inspection(s, 1.2, 14065);
    s->now = 5.75;
}

/* Whole screens */

static void the_screens_of_a_hang_in_all_sizes(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s, false);
    stage_assert_screen(&s, 120, 40, "watch-hung");
    stage_assert_screen(&s, 200, 60, "watch-hung");
    stage_assert_screen(&s, 100, 28, "watch-hung");
    stage_assert_screen(&s, 80, 24, "watch-hung");
    stage_assert_screen(&s, 40, 12, "watch-hung");
    stage_assert_screen(&s, 20, 5, "watch-hung");
    stage_assert_screen(&s, 1, 1, "watch-hung");
    stage_close(&s);
}

static void the_screens_of_single_panes(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s, false);
    stage_draw(&s, 80, 24);
    stage_keys(&s, "Down");
    stage_draw(&s, 80, 24);
    feed_inspection(&s, 1.3, 14072);
    stage_keys(&s, "4");
    stage_assert_screen(&s, 80, 24, "watch-inspector");
    stage_keys(&s, "2");
    stage_assert_screen(&s, 80, 24, "watch-diagnosis");
    stage_keys(&s, "i");
    stage_assert_screen(&s, 80, 24, "watch-typing");
    stage_keys(&s, "C-] ?");
    stage_assert_screen(&s, 80, 24, "watch-help");
    stage_close(&s);
}

static void an_attached_process_has_no_output_pane(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s, true);
    stage_assert_screen(&s, 120, 40, "attach-hung");
    assert_null(s.app.panes[PANE_OUTPUT]);
    stage_keys(&s, "i");
    assert_false(s.app.typing);
    stage_keys(&s, "q"); /* does not ask, because it ends nothing */
    assert_true(s.app.quit);
    stage_close(&s);
}

static void the_screen_stays_when_the_program_has_ended(void **state)
{
    (void)state;
    struct stage s;
    stage_open_watch(&s, false);
    feed_started(&s, false);
    feed_process(&s, 0.1, 14065, 14000, "/usr/bin/python3 main.py", 15, -1, "a child");
    feed_output(&s, 0.2, "done\r\n");
    s.now = 3.2;
    stage_assert_screen(&s, 120, 40, "watch-calm");
    feed_ended(&s, 3.2, 1, 0);
    stage_assert_screen(&s, 120, 40, "watch-ended");
    stage_keys(&s, "i");
    assert_false(s.app.typing);
    stage_keys(&s, "q");
    assert_true(s.app.quit);
    stage_close(&s);
}

static void every_size_and_focus_is_drawn(void **state)
{
    (void)state;
    struct stage s;
    for (int attached = 0; attached < 2; attached++) {
        open_hung(&s, attached);
        const struct pane_set *set = &pane_sets[s.app.scope];
        for (int width = 1; width <= 130; width += width < 30 ? 1 : 9)
            for (int height = 1; height <= 50; height += height < 12 ? 1 : 6)
                for (int i = 0; i < set->n; i++) {
                    s.app.focus = set->v[i];
                    s.app.zoomed = (width + height + i) % 2;
                    stage_draw(&s, width, height);
                    assert_true(width * height < 4 || stage_shows(&s, "HUNG") || stage_shows(&s, "!"));
                    stage_keys(&s, "Down PgDn Right");
                }
        stage_draw(&s, 400, 120);
        stage_close(&s);
    }
}

static void only_commands_that_apply_are_offered(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s, false);
    stage_keys(&s, "r m +"); /* keys that only the explorer has */
    assert_false(s.app.prompt.open || s.app.question.open);
    assert_null(palette_match(&command_table, SCOPE_WATCH, "method", 0));
    assert_null(palette_match(&command_table, SCOPE_EXPLORE, "kill-all", 0));
    stage_keys(&s, "x");
    assert_true(s.app.question.open);
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "Kill 3 processes"));
    stage_close(&s);
}

/* The tree */

static void the_cursor_stays_on_its_process(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s, false);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "Down Down");
    stage_draw(&s, 120, 40);
    assert_int_equal(s.app.cursor_pid, 14073);
    feed_process(&s, 2, 14080, 14072, "sleep 5", 1, -1, "a time to pass"); /* inserts a line above it */
    apply(&s, (struct event){.type = EVENT_PROCESS_GONE, .time = 2.5, .end.pid = 14065});
    stage_draw(&s, 120, 40);
    assert_int_equal(s.app.cursor_pid, 14073);
    assert_true(stage_shows(&s, "└ sleep 5"));
    stage_close(&s);
}

static void explain_shows_the_hung_process(void **state)
{
    (void)state;
    struct stage s;
    open_hung(&s, false);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "e"); /* the cursor is on the root, which does not hang */
    stage_draw(&s, 120, 40);
    assert_int_equal(s.app.focus, PANE_DIAGNOSIS);
    assert_int_equal(s.app.cursor_pid, 14072);
    assert_true(stage_shows(&s, "process 14072  hung, proved"));
    stage_keys(&s, "1 Down");
    stage_draw(&s, 120, 40);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "process 14073  hung, proved"));
    stage_close(&s);
}

static void a_thousand_processes_are_drawn(void **state)
{
    (void)state;
    struct stage s;
    stage_open_watch(&s, false);
    feed_started(&s, false);
    for (int i = 0; i < 1000; i++) /* a chain, a comb, and one that is its own parent */
        feed_process(&s, 0.1, 1000 + i, i % 2 ? 999 + i : i == 500 ? 1500 : 1000, "sh", 1, -1, "a child");
    stage_draw(&s, 120, 40);
    stage_keys(&s, "G");
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "1_000 of 1_000"));
    stage_close(&s);
}

/* The program's terminal */

static void open_output(struct stage *s)
{
    stage_open_watch(s, false);
    feed_started(s, false);
    stage_draw(s, 80, 24);
    stage_keys(s, "3");
    stage_draw(s, 80, 24);
}

static void cursor_movement_is_followed(void **state)
{
    (void)state;
    struct stage s;
    open_output(&s);
    feed_output(&s, 0.1, "one\r\ntwo\r\nthree\033[2;2HWO!\033[1;10H日本\033[3;1H\033[Kx\033[10Cy");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "one      日本"));
    assert_true(stage_shows(&s, "tWO!"));
    assert_true(stage_shows(&s, "x          y"));
    assert_false(stage_shows(&s, "three"));
    stage_keys(&s, "i");
    int x, y;
    assert_int_equal(screen_draw(&s.app, 80, 24, 1, &x, &y), OK);
    assert_int_equal(x, 1 + 12);
    assert_int_equal(y, 5 + 2);
    feed_output(&s, 0.2, "\033[?1049h\033[Halone\033[?25l");
    assert_int_equal(screen_draw(&s.app, 80, 24, 1, &x, &y), OK);
    assert_int_equal(x, -1); /* the program has hidden its cursor */
    assert_true(stage_shows(&s, "alone"));
    assert_false(stage_shows(&s, "tWO!"));
    feed_output(&s, 0.3, "\033[?1049l");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "tWO!"));
    stage_close(&s);
}

static void lines_that_scrolled_off_can_be_read_and_searched(void **state)
{
    (void)state;
    struct stage s;
    char line[32];
    open_output(&s);
    for (int i = 1; i <= 3000; i++) {
        snprintf(line, sizeof line, "line %d.\r\n", i);
        feed_output(&s, 0.1, line);
    }
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "line 3000."));
    stage_keys(&s, "g");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "line 1."));
    stage_keys(&s, "/");
    stage_type(&s, "line 1234");
    stage_keys(&s, "Enter");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "line 1234."));
    for (int i = 3001; i <= 6000; i++) { /* the lines in view stay there while older ones are dropped */
        snprintf(line, sizeof line, "line %d.\r\n", i);
        feed_output(&s, 0.1, line);
        if (i % 500 == 0) {
            stage_draw(&s, 80, 24);
            if (i <= 5000)
                assert_true(stage_shows(&s, "line 1234."));
        }
    }
    assert_false(stage_shows(&s, "line 1234."));
    stage_keys(&s, "G");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "line 6000."));
    stage_close(&s);
}

static void lines_survive_a_resize(void **state)
{
    (void)state;
    struct stage s;
    open_output(&s);
    feed_output(&s, 0.1, "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nlast");
    static const struct {
        int width, height;
    } sizes[] = {{80, 10}, {30, 8}, {80, 24}, {200, 60}, {1, 1}, {80, 24}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        stage_draw(&s, sizes[i].width, sizes[i].height);
    assert_true(stage_shows(&s, "last"));
    assert_true(stage_shows(&s, " h\n i\n last"));
    stage_close(&s);
}

/* So does a cursor that was saved, by the program or for the alternate screen. */
static void the_cursor_stays_on_a_screen_that_becomes_smaller(void **state)
{
    (void)state;
    static const char *const before[] = {"\033[1H", "\033[5;80H\0337\033[1H", "\033[24;80H\0337\033[?1049h"};
    static const char *const after[] = {"", "\0338", "\033[?1049l"};
    for (int i = 0; i < 3; i++)
        for (int rows = 23; rows > 1; rows--) {
            struct vt *t;
            size_t line;
            int column;
            assert_int_equal(vt_new(80, 24, &t), OK);
            for (int k = 0; k < 24; k++)
                vt_write(t, "x\r\nx", k < 23 ? 3 : 4);
            vt_write(t, before[i], strlen(before[i]));
            vt_resize(t, 3 + rows, rows);
            vt_write(t, after[i], strlen(after[i]));
            assert_true(vt_cursor(t, &line, &column));
            assert_in_range(line, vt_lines(t) - (size_t)rows, vt_lines(t) - 1);
            assert_in_range(column, 0, 2 + rows);
            vt_free(t);
        }
}

/* Random bytes, in pieces of any size, on screens of any size: no control character may reach our screen. */
static void no_output_harms_the_screen(void **state)
{
    (void)state;
    struct stage s;
    static const char *const pieces[] = {"\033[",
                                         "\033]0;",
                                         "\033]52;c;QQ==\a",
                                         "\033P",
                                         "\033\\",
                                         "9999999999",
                                         ";",
                                         "H",
                                         "J",
                                         "r",
                                         "\033[?1049h",
                                         "\033[?1049l",
                                         "\033[6n",
                                         "\033[c",
                                         "\xc2\x9b",
                                         "\xf0\x9f\x91",
                                         "\xff",
                                         "\xe2\x80\xae",
                                         "é",
                                         "日本",
                                         "\r\n",
                                         "\t",
                                         "\033[L",
                                         "\033[M",
                                         "\033[1;2r",
                                         "\033#8",
                                         "abc",
                                         "\016",
                                         "\177"};
    unsigned short seed[3] = {1, 2, 3};
    open_output(&s);
    for (int i = 0; i < 3000; i++) {
        char text[256] = "";
        for (int k = 0; k < 8; k++)
            strcat(text, pieces[nrand48(seed) % (long)(sizeof pieces / sizeof *pieces)]);
        feed_output(&s, 0.1, text);
        if (i % 10 == 0)
            stage_draw(&s, (int)(nrand48(seed) % 140) + 1, (int)(nrand48(seed) % 50) + 1);
        const struct canvas *c = &s.app.canvas;
        for (int n = 0; n < c->height * c->stride && i % 10 == 0; n++)
            for (const unsigned char *p = (const unsigned char *)c->cells[n].bytes; *p; p++)
                assert_true(*p >= 0x20 && *p != 0x7f && !(p[0] == 0xc2 && p[1] < 0xa0));
    }
    stage_close(&s);
}

static void assert_sends(struct vt *t, const char *expected)
{
    size_t len;
    const char *bytes = vt_take(t, &len);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(bytes, expected, len);
}

static void keys_and_pastes_are_sent_as_a_terminal_sends_them(void **state)
{
    (void)state;
    struct vt *t;
    assert_int_equal(vt_new(80, 24, &t), OK);
    vt_key(t, 'a');
    vt_key(t, 0xe9);
    vt_key(t, PRESS_ENTER);
    assert_sends(t, "a\xc3\xa9\r");
    vt_key(t, PRESS_CTRL | 'c');
    vt_key(t, PRESS_CTRL | 'i');
    vt_key(t, PRESS_CTRL | '\\');
    vt_key(t, PRESS_ALT | 'x');
    vt_key(t, PRESS_BACKSPACE);
    assert_sends(t, "\003\t\034\033x\177");
    vt_key(t, PRESS_UP);
    vt_write(t, "\033[?1h", 5); /* application cursor keys */
    vt_key(t, PRESS_UP);
    vt_key(t, PRESS_F1);
    vt_key(t, PRESS_DELETE);
    assert_sends(t, "\033[A\033OA\033OP\033[3~");
    vt_paste(t, "a\nb", 3);
    vt_write(t, "\033[?2004h", 8);
    vt_paste(t, "c", 1);
    assert_sends(t, "a\rb\033[200~c\033[201~");
    vt_write(t, "\033[5;7H\033[6n", 10); /* the program asks where its cursor is */
    assert_sends(t, "\033[5;7R");
    vt_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screens_of_a_hang_in_all_sizes),
        cmocka_unit_test(the_screens_of_single_panes),
        cmocka_unit_test(an_attached_process_has_no_output_pane),
        cmocka_unit_test(the_screen_stays_when_the_program_has_ended),
        cmocka_unit_test(every_size_and_focus_is_drawn),
        cmocka_unit_test(only_commands_that_apply_are_offered),
        cmocka_unit_test(the_cursor_stays_on_its_process),
        cmocka_unit_test(explain_shows_the_hung_process),
        cmocka_unit_test(a_thousand_processes_are_drawn),
        cmocka_unit_test(cursor_movement_is_followed),
        cmocka_unit_test(lines_that_scrolled_off_can_be_read_and_searched),
        cmocka_unit_test(lines_survive_a_resize),
        cmocka_unit_test(the_cursor_stays_on_a_screen_that_becomes_smaller),
        cmocka_unit_test(no_output_harms_the_screen),
        cmocka_unit_test(keys_and_pastes_are_sent_as_a_terminal_sends_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
