/* SPDX-License-Identifier: MIT
 * What keys, typed lines and commands change in the explorer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine/engine.h"
#include "tests/kit/model_events.h"
#include "tests/kit/tui_kit.h"
#include "tui/commands/command_table.h"
#include "tui/panes/picks.h"
#include "tui/commands/steps.h"
#include "tui/screen/dispatch.h"

static const char *const article[] = {"0001", "00002", "0005"};

static bool picked(const struct stage *s, const char *code)
{
    return picks_has(&s->app.choices.picks, code, strlen(code));
}

/* The table of commands */

static size_t commands_of_key(enum scope scope, enum where where, key_code key)
{
    char label[24];
    size_t n = 0;
    key_label(key, label);
    for (size_t i = 0; i < command_table.n; i++)
        n += command_groups[command_table.v[i].group].where == where && command_is_in(&command_table.v[i], scope) &&
             (key_is_in(label, command_table.v[i].key) || key_is_in(label, command_table.v[i].also));
    return n;
}

static void a_key_has_one_command_on_each_screen(void **state)
{
    (void)state;
    for (int both = 0; both < SCOPES * (WHERE_INPUT + 1); both++) {
        enum scope scope = (enum scope)(both % SCOPES);
        enum where where = (enum where)(both / SCOPES);
        for (key_code key = 1; key < 0x7f; key++)
            assert_true(commands_of_key(scope, where, key) <= 1);
        for (key_code key = PRESS_UP; key < PRESS_UNKNOWN; key++)
            assert_true(commands_of_key(scope, where, key) <= 1);
        for (unsigned char c = 0; c < 0x20; c++)
            assert_true(commands_of_key(scope, where, key_from_byte(c)) <= 1);
    }
}

static void every_command_has_name_help_and_function(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_table.n; i++) {
        const struct command *c = &command_table.v[i];
        assert_true(c->name[0] && c->summary && c->summary[0]);
        assert_int_equal((c->run != NULL) + (c->run_how != NULL) + (c->run_arg != NULL), 1);
        assert_true((c->args != NULL) == (c->run_arg != NULL));
        assert_true(c->group < COMMAND_GROUPS);
        assert_ptr_equal(command_by_name(&command_table, c->name), c);
        assert_true(c->key || c->args); /* it has a key, or it takes an argument */
    }
}

static void terminals_can_send_every_key_of_the_command_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_table.n; i++) {
        const struct command *c = &command_table.v[i];
        enum where where = command_groups[c->group].where;
        enum scope scope = command_is_in(c, SCOPE_EXPLORE) ? SCOPE_EXPLORE : SCOPE_WATCH;
        size_t found = 0;
        for (key_code key = 1; key < 0x7f && c->key; key++)
            found += command_by_key(&command_table, scope, where, key) == c;
        for (key_code key = PRESS_UP; key < PRESS_UNKNOWN && c->key; key++)
            found += command_by_key(&command_table, scope, where, key) == c;
        for (unsigned char byte = 0; byte < 0x20 && c->key; byte++)
            if (key_from_byte(byte) & PRESS_CTRL)
                found += command_by_key(&command_table, scope, where, key_from_byte(byte)) == c;
        size_t named = c->key ? 1 : 0;
        for (const char *p = c->also; p && *p; p++)
            named += *p == ' ' || p == c->also;
        assert_int_equal(found, named);
    }
}

static void the_hints_on_frames_are_commands(void **state)
{
    (void)state;
    for (int i = 0; i < PANE_COUNT; i++)
        for (size_t k = 0; pane_ops[i]->hints && pane_ops[i]->hints[k]; k++)
            assert_non_null(command_by_name(&command_table, pane_ops[i]->hints[k]));
}

static void help_shows_every_command(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_keys(&s, "?");
    stage_draw(&s, 120, 200);
    for (size_t i = 0; i < command_table.n; i++) {
        bool here = command_is_in(&command_table.v[i], SCOPE_EXPLORE);
        assert_int_equal(stage_shows(&s, command_table.v[i].summary), here);
        assert_true(!here || stage_shows(&s, command_table.v[i].name));
    }
    stage_draw(&s, 30, 12); /* so small that it scrolls */
    stage_keys(&s, "G");
    stage_draw(&s, 30, 12);
    assert_true(stage_shows(&s, "answer no"));
    stage_keys(&s, "Esc");
    assert_null(s.app.overlay);
    stage_close(&s);
}

/* Picking */

static void space_picks_a_code_and_all_of_its_rows(void **state)
{
    (void)state;
    static const char csv[] = "code,n\na,1\nb,2\na,3\n";
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_load_bytes(&s, csv, sizeof csv - 1);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "Space");
    stage_draw(&s, 120, 40);
    assert_true(picked(&s, "a"));
    assert_true(stage_shows(&s, "[x] a       1") && stage_shows(&s, "[x] a       3"));
    assert_true(stage_shows(&s, "[ ] b       2"));
    stage_keys(&s, "G Space");
    assert_false(picked(&s, "a"));
    stage_close(&s);
}

static void a_typed_code_need_not_exist_and_can_be_unpicked(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_load(&s, "assets/sample.csv");
    stage_draw(&s, 120, 40);
    stage_keys(&s, "+");
    stage_type(&s, "00002");
    stage_keys(&s, "Enter");
    stage_draw(&s, 120, 40);
    assert_true(picked(&s, "00002"));
    assert_true(stage_shows(&s, "[x] 00002  (typed; matches no row)"));
    stage_keys(&s, "G Space");
    assert_false(picked(&s, "00002"));
    stage_close(&s);
}

static void all_and_invert_act_on_every_code(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, article, 3);
    stage_load(&s, "assets/sample.csv");
    stage_draw(&s, 120, 40);
    stage_keys(&s, "i");
    assert_true(picked(&s, "0002") && picked(&s, "0003") && picked(&s, "0004") && picked(&s, "00002"));
    assert_false(picked(&s, "0001") || picked(&s, "0005"));
    stage_keys(&s, "a");
    assert_int_equal(s.app.choices.picks.n, 6);
    stage_keys(&s, "a");
    assert_int_equal(s.app.choices.picks.n, 0);
    stage_close(&s);
}

static void picks_keep_their_order_and_bytes(void **state)
{
    (void)state;
    struct picks p = {0};
    char text[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "%05d", i * 7919 % 5000);
        assert_int_equal(picks_add(&p, text, 5, false), OK);
    }
    assert_int_equal(picks_add(&p, "00000", 5, true), OK); /* it is there already */
    assert_int_equal(picks_add(&p, "a\0b", 3, false), OK);
    assert_int_equal(picks_add(&p, "a", 1, false), OK);
    assert_int_equal(p.n, 5002);
    assert_true(picks_has(&p, "a\0b", 3));
    for (int i = 0; i < 5000; i += 50) {
        snprintf(text, sizeof text, "%05d", i);
        picks_remove(&p, text, 5);
        assert_false(picks_has(&p, text, 5));
    }
    assert_int_equal(p.n, 4902);
    assert_true(picks_has(&p, "00001", 5));
    assert_string_equal(p.v[0].text, "02919");
    picks_done(&p);
}

/* Settings */

static void methods_and_settings_change_by_key_and_by_name(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "(•) fork"));
    assert_true(stage_shows(&s, "as Python 3.13 on Linux"));
    stage_keys(&s, "m");
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "(•) spawn"));
    assert_false(stage_shows(&s, "as Python 3.13 on Linux"));
    stage_keys(&s, "5 g Down Down Space");
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "(•) forkserver"));
    stage_keys(&s, "Down Right Right");
    assert_int_equal(s.app.choices.workers, 4);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "Down Enter"); /* the current number is suggested */
    stage_type(&s, "8");
    stage_keys(&s, "Enter");
    assert_int_equal(s.app.choices.threads, 8);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "Down Left");
    assert_string_equal(at_fork_names[s.app.choices.at_fork], "warn");
    stage_keys(&s, ":");
    stage_type(&s, "threads 1");
    stage_keys(&s, "Enter :");
    stage_type(&s, "workers none");
    stage_keys(&s, "Enter");
    assert_int_equal(s.app.choices.threads, 1);
    assert_int_equal(s.app.choices.workers, 4);
    assert_non_null(strstr(s.app.message, "number of workers must be"));
    stage_close(&s);
}

/* Typing */

static void a_prompt_is_edited_by_whole_characters(void **state)
{
    (void)state;
    struct prompt p;
    prompt_init(&p);
    prompt_open(&p, command_by_name(&command_table, "add"), "Code: ", "");
    prompt_insert(&p, "日e\u0301x", strlen("日e\u0301x"));
    prompt_edit(&p, EDIT_LEFT);
    prompt_edit(&p, EDIT_BACKSPACE);
    assert_string_equal(buf_text(&p.text), "日x");
    prompt_edit(&p, EDIT_HOME);
    prompt_edit(&p, EDIT_DELETE);
    prompt_edit(&p, EDIT_BACKSPACE);
    assert_string_equal(buf_text(&p.text), "x");
    prompt_edit(&p, EDIT_END);
    prompt_insert(&p, " two  words\n", 12); /* as in pasted text */
    assert_string_equal(buf_text(&p.text), "x two  words ");
    prompt_edit(&p, EDIT_KILL_WORD);
    assert_string_equal(buf_text(&p.text), "x two  ");
    prompt_edit(&p, EDIT_KILL_LINE);
    assert_string_equal(buf_text(&p.text), "");
    char *long_paste = malloc(PROMPT_BYTES_MAX + 1);
    assert_non_null(long_paste);
    memset(long_paste, 'a', PROMPT_BYTES_MAX + 1);
    prompt_insert(&p, long_paste, PROMPT_BYTES_MAX + 1);
    prompt_insert(&p, "still here", 10);
    assert_string_equal(buf_text(&p.text), "still here");
    free(long_paste);
    prompt_done(&p);
}

static void typing_replaces_the_suggested_text(void **state)
{
    (void)state;
    static const struct {
        enum prompt_edit edit;
        const char *then;
    } edits[] = {
        {EDIT_END, "name.csvx"},
        {EDIT_LEFT, "name.csxv"},
        {EDIT_HOME, "xname.csv"},
        {EDIT_BACKSPACE, "name.csx"},
    };
    struct prompt p;
    prompt_init(&p);
    prompt_open(&p, command_by_name(&command_table, "save"), "Save: ", "name.csv");
    assert_true(p.suggested);
    prompt_insert(&p, "o", 1);
    prompt_insert(&p, "ut", 2);
    assert_string_equal(buf_text(&p.text), "out");
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) { /* editing a suggestion keeps it */
        prompt_open(&p, command_by_name(&command_table, "save"), "Save: ", "name.csv");
        prompt_edit(&p, edits[i].edit);
        prompt_insert(&p, "x", 1);
        assert_string_equal(buf_text(&p.text), edits[i].then);
    }
    prompt_open(&p, command_by_name(&command_table, "palette"), ":", "");
    assert_false(p.suggested);
    prompt_set(&p, "method"); /* a completion is not a suggestion */
    prompt_insert(&p, " ", 1);
    assert_string_equal(buf_text(&p.text), "method ");
    prompt_done(&p);
}

static void pasted_text_is_only_taken_by_a_prompt(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    dispatch_paste(&s.app, "q\nX", 3);
    assert_false(s.app.quit || s.app.question.open);
    stage_keys(&s, "+");
    dispatch_paste(&s.app, "q\nX", 3);
    stage_keys(&s, "Enter");
    assert_true(picked(&s, "q X"));
    stage_close(&s);
}

static void the_palette_completes_and_runs(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_draw(&s, 120, 40);
    assert_string_equal(palette_match(&command_table, SCOPE_EXPLORE, "meth", 0)->name, "method");
    assert_string_equal(palette_match(&command_table, SCOPE_EXPLORE, "stop", 0)->name, "stop");
    assert_null(palette_match(&command_table, SCOPE_EXPLORE, "no-such-thing", 0));
    stage_keys(&s, ":");
    stage_type(&s, "meth");
    stage_keys(&s, "Tab");
    assert_string_equal(buf_text(&s.app.prompt.text), "method ");
    stage_type(&s, "spawn");
    stage_draw(&s, 120, 40);
    stage_keys(&s, "Enter");
    assert_int_equal(s.app.choices.method, 1);
    stage_keys(&s, ":");
    stage_type(&s, "pane log");
    stage_keys(&s, "Enter");
    assert_int_equal(s.app.focus, PANE_LOG);
    stage_keys(&s, ":");
    stage_type(&s, "zoo");
    stage_keys(&s, "Enter"); /* runs the best match */
    assert_true(s.app.zoomed);
    stage_keys(&s, ":");
    stage_type(&s, "frobnicate");
    stage_keys(&s, "Enter");
    assert_non_null(strstr(s.app.message, "No command"));
    stage_close(&s);
}

/* Moving */

static void an_unknown_key_shows_a_hint(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_keys(&s, "F7");
    assert_non_null(strstr(s.app.message, "F7 does nothing here"));
    stage_keys(&s, "Tab");
    assert_string_equal(s.app.message, "");
    stage_close(&s);
}

static void digits_and_tabs_move_the_focus(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_keys(&s, "4");
    assert_int_equal(s.app.focus, PANE_DIAGNOSIS);
    stage_keys(&s, "Tab Tab Tab Tab");
    assert_int_equal(s.app.focus, PANE_TABLE);
    stage_keys(&s, "S-Tab");
    assert_int_equal(s.app.focus, PANE_LOG);
    stage_close(&s);
}

static void quitting_during_a_run_asks_first(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_draw(&s, 120, 40);
    feed_hung_run(s.model);
    stage_keys(&s, "q");
    assert_true(s.app.question.open);
    assert_false(s.app.quit);
    stage_keys(&s, "n");
    assert_false(s.app.question.open);
    stage_keys(&s, "z q"); /* the first q only leaves the zoom */
    assert_false(s.app.zoomed || s.app.question.open);
    stage_keys(&s, "C-c y");
    assert_true(s.app.quit);
    stage_close(&s);
}

static void quitting_an_idle_explorer_does_not_ask(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_keys(&s, "q");
    assert_true(s.app.quit);
    stage_close(&s);
}

static void kill_chooses_the_hung_worker_and_asks_first(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_keys(&s, "x");
    assert_false(s.app.question.open);
    feed_hung_run(s.model);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "x");
    assert_non_null(strstr(s.app.question.text, "Kill worker 1 (pid 14072)? Its task 0001"));
    stage_keys(&s, "n 2 Down x");
    assert_non_null(strstr(s.app.question.text, "worker 2"));
    stage_close(&s);
}

static void explain_follows_the_cursor(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    feed_hung_run(s.model);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "2 Down e");
    assert_int_equal(s.app.focus, PANE_DIAGNOSIS);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "worker 2 (pid 14073)"));
    stage_keys(&s, "1 e");
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "worker 1 (pid 14072)"));
    stage_close(&s);
}

static void a_row_opens_as_a_record(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    stage_load(&s, "assets/sample.csv");
    stage_draw(&s, 80, 24);
    stage_keys(&s, "Down Enter");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "fuga") && stage_shows(&s, "row 2"));
    assert_false(stage_shows(&s, "hoge"));
    stage_keys(&s, "Esc");
    stage_draw(&s, 80, 24);
    assert_true(stage_shows(&s, "hoge"));
    stage_close(&s);
}

/* Searching */

static void a_large_table_is_searched_in_both_directions_and_past_its_end(void **state)
{
    (void)state;
    struct stage s;
    struct buf csv;
    buf_init(&csv, 1 << 20);
    buf_add_text(&csv, "code,word\n");
    for (int i = 0; i < 20000; i++)
        buf_addf(&csv, "%d,%s\n", i, i == 3 || i == 17000 ? "Needle" : "hay");
    stage_open(&s, NULL, 0);
    stage_load_bytes(&s, csv.data, csv.len);
    stage_draw(&s, 120, 40);
    stage_keys(&s, "/");
    stage_type(&s, "needle");
    stage_keys(&s, "Enter");
    stage_settle(&s);
    assert_int_equal(s.app.panes[PANE_TABLE]->cursor, 3);
    stage_keys(&s, "n");
    stage_settle(&s);
    assert_int_equal(s.app.panes[PANE_TABLE]->cursor, 17000);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "17_001 of 20_000"));
    stage_keys(&s, "n");
    stage_settle(&s);
    assert_int_equal(s.app.panes[PANE_TABLE]->cursor, 3); /* continued at the other end */
    stage_keys(&s, "N");
    stage_settle(&s);
    assert_int_equal(s.app.panes[PANE_TABLE]->cursor, 17000);
    stage_keys(&s, "/");
    stage_type(&s, "NEEDLE"); /* capital letters match only capital letters */
    stage_keys(&s, "Enter");
    stage_settle(&s);
    assert_non_null(strstr(s.app.message, "Not found"));
    stage_close(&s);
    buf_done(&csv);
}

static void the_log_is_searched_too(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, NULL, 0);
    feed_hung_run(s.model);
    stage_keys(&s, "7 z");
    stage_draw(&s, 100, 20);
    stage_keys(&s, "/");
    stage_type(&s, "worker 1 hangs");
    stage_keys(&s, "Enter");
    stage_draw(&s, 100, 20);
    assert_string_equal(s.app.message, "");
    struct buf line;
    buf_init(&line, 4096);
    const struct pane *p = s.app.panes[PANE_LOG];
    assert_int_equal(lines_text(&p->lines, (size_t)p->cursor, &line), OK);
    assert_non_null(strstr(buf_text(&line), "worker 1 hangs"));
    buf_done(&line);
    stage_close(&s);
}

static void a_search_ignores_case_unless_it_has_capital_letters(void **state)
{
    (void)state;
    assert_int_equal(text_find("abcABC", 6, 0, "bc"), 1);
    assert_int_equal(text_find("abcABC", 6, 2, "bc"), 4);
    assert_int_equal(text_find("abcABC", 6, 0, "BC"), 4);
    assert_int_equal(text_find("abc", 3, 0, "abcd"), 3);
    assert_int_equal(text_find("abc", 3, 0, ""), 3);
    assert_int_equal(text_find("日本", 6, 0, "本"), 3);
}

static enum err sync_broken(struct pane *p, const struct view *v)
{
    (void)v;
    lines_put(&p->lines, ROLE_TEXT, "what could be read");
    return ERR_CHANGED;
}

static void errors_of_panes_and_commands_are_shown_and_only_lack_of_memory_is_returned(void **state)
{
    (void)state;
    static const struct pane_ops broken = {.name = "broken", .title = "Broken", .sync = sync_broken};
    struct stage s;
    stage_open(&s, NULL, 0);
    assert_int_equal(app_show(&s.app, &broken), OK);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "what could be read"));
    assert_true(stage_shows(&s, "This cannot be shown: the file changed after it was opened"));
    assert_int_equal(app_go_on(&s.app, "copy-rows", ERR_IO), OK);
    stage_draw(&s, 120, 40);
    assert_true(stage_shows(&s, "copy-rows failed: "));
    assert_int_equal(app_go_on(&s.app, "copy-rows", ERR_NOMEM), ERR_NOMEM);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_of_panes_and_commands_are_shown_and_only_lack_of_memory_is_returned),
        cmocka_unit_test(a_key_has_one_command_on_each_screen),
        cmocka_unit_test(every_command_has_name_help_and_function),
        cmocka_unit_test(terminals_can_send_every_key_of_the_command_table),
        cmocka_unit_test(the_hints_on_frames_are_commands),
        cmocka_unit_test(help_shows_every_command),
        cmocka_unit_test(space_picks_a_code_and_all_of_its_rows),
        cmocka_unit_test(a_typed_code_need_not_exist_and_can_be_unpicked),
        cmocka_unit_test(all_and_invert_act_on_every_code),
        cmocka_unit_test(picks_keep_their_order_and_bytes),
        cmocka_unit_test(methods_and_settings_change_by_key_and_by_name),
        cmocka_unit_test(a_prompt_is_edited_by_whole_characters),
        cmocka_unit_test(typing_replaces_the_suggested_text),
        cmocka_unit_test(pasted_text_is_only_taken_by_a_prompt),
        cmocka_unit_test(the_palette_completes_and_runs),
        cmocka_unit_test(an_unknown_key_shows_a_hint),
        cmocka_unit_test(digits_and_tabs_move_the_focus),
        cmocka_unit_test(quitting_during_a_run_asks_first),
        cmocka_unit_test(quitting_an_idle_explorer_does_not_ask),
        cmocka_unit_test(kill_chooses_the_hung_worker_and_asks_first),
        cmocka_unit_test(explain_follows_the_cursor),
        cmocka_unit_test(a_row_opens_as_a_record),
        cmocka_unit_test(a_large_table_is_searched_in_both_directions_and_past_its_end),
        cmocka_unit_test(the_log_is_searched_too),
        cmocka_unit_test(a_search_ignores_case_unless_it_has_capital_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
