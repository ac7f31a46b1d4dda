/* SPDX-License-Identifier: MIT
 * What goes to the terminal: pictures that are gathered first, and the few cells of a step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tui/term/output_buffer.h"
#include "tui/term/patch.h"

/* Two canvases of which the first is what the second was before it was drawn on. */
struct pair {
    struct canvas before, now;
};

static void pair_init(struct pair *p)
{
    assert_int_equal(canvas_init(&p->before, 40, 12), OK);
    assert_int_equal(canvas_init(&p->now, 40, 12), OK);
    for (int y = 0; y < p->now.height; y++)
        p->now.touched[y] = (struct extent){0, 0};
}

static void pair_done(struct pair *p)
{
    canvas_done(&p->before);
    canvas_done(&p->now);
}

static const struct patch_style plain_style = {.usable = true, .plain = {[ROLE_TEXT] = true}};

/* The bytes of the patch; NULL: it is left to curses. Borrowed until the next call. */
static const char *patch_of(const struct pair *p)
{
    static struct patch patch;
    static char text[PATCH_BYTES + 1];
    if (!patch_make(&plain_style, &p->before, &p->now, &patch))
        return NULL;
    snprintf(text, sizeof text, "%.*s", (int)patch.nbytes, patch.bytes);
    return text;
}

static void only_what_differs_is_a_change(void **state)
{
    (void)state;
    struct pair p;
    struct canvas_run runs[4];
    pair_init(&p);
    canvas_text(&p.now, 3, 5, ROLE_TEXT, "a b");
    canvas_text(&p.now, 0, 7, ROLE_TEXT, " ");
    struct canvas part = canvas_part(&p.now, (struct rect){10, 8, 5, 2});
    canvas_text(&part, 1, 1, ROLE_TEXT, "cd"); /* columns are those of the whole */
    assert_int_equal(canvas_changes(&p.before, &p.now, runs, 4), 3);
    assert_true(runs[0].row == 5 && runs[0].at.from == 3 && runs[0].at.to == 4);
    assert_true(runs[1].row == 5 && runs[1].at.from == 5 && runs[1].at.to == 6);
    assert_true(runs[2].row == 9 && runs[2].at.from == 11 && runs[2].at.to == 13);
    assert_int_equal(canvas_changes(&p.before, &p.now, runs, 2), -1);
    p.now.touched[5] = (struct extent){0, 0};
    assert_int_equal(canvas_changes(&p.before, &p.now, runs, 2), 1);
    pair_done(&p);
}

static void a_step_is_a_few_bytes(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    assert_string_equal(patch_of(&p), "");
    canvas_text(&p.before, 1, 3, ROLE_TEXT, ">");
    canvas_text(&p.now, 1, 3, ROLE_TEXT, " ");
    canvas_text(&p.now, 1, 4, ROLE_TEXT, ">");
    canvas_text(&p.now, 20, 11, ROLE_TEXT, "12");
    assert_string_equal(patch_of(&p), "\033[4;2H \b\n>\033[12;21H12");
    pair_done(&p);
}

static void its_cells_make_the_one_canvas_into_the_other(void **state)
{
    (void)state;
    struct pair p;
    struct patch patch;
    pair_init(&p);
    for (int y = 0; y < p.before.height; y++)
        p.before.touched[y] = (struct extent){0, 0};
    canvas_text(&p.now, 1, 3, ROLE_TEXT, "▊");
    canvas_text(&p.now, 20, 11, ROLE_TEXT, "12");
    assert_true(patch_make(&plain_style, &p.before, &p.now, &patch));
    patch_apply(&patch, &p.before);
    assert_memory_equal(p.before.cells, p.now.cells, sizeof *p.now.cells * 40 * 12);
    assert_true(p.before.touched[3].from == 1 && p.before.touched[3].to == 2);
    assert_true(p.before.touched[11].from == 20 && p.before.touched[11].to == 22);
    pair_done(&p);
}

/* What does not fit is not begun. */
static void a_patch_has_room_for_so_much(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 40; x++)
            canvas_text(&p.now, x, y, ROLE_TEXT, "a");
    assert_null(patch_of(&p));
    pair_done(&p);
}

static void behind_the_last_column_nothing_is_taken_for_granted(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    canvas_text(&p.now, 39, 3, ROLE_TEXT, "a");
    canvas_text(&p.now, 39, 4, ROLE_TEXT, "b");
    assert_string_equal(patch_of(&p), "\033[4;40Ha\033[5;40Hb");
    pair_done(&p);
}

static void what_is_not_plain_or_not_little_is_left_to_curses(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    canvas_text(&p.now, 1, 1, ROLE_TEXT, "a");
    assert_non_null(patch_of(&p));
    canvas_add_attrs(&p.now, 1, 1, 1, ATTR_BOLD);
    assert_null(patch_of(&p));
    canvas_text(&p.now, 1, 1, ROLE_ALERT, "a");
    assert_null(patch_of(&p));
    canvas_text(&p.now, 1, 1, ROLE_TEXT, "日");
    assert_null(patch_of(&p));
    canvas_text(&p.now, 1, 1, ROLE_TEXT, "a ");
    for (int y = 2; y < 7; y++)
        canvas_text(&p.now, y, y, ROLE_TEXT, "a");
    assert_non_null(patch_of(&p));
    canvas_text(&p.now, 1, 8, ROLE_TEXT, "a");
    assert_null(patch_of(&p));
    pair_done(&p);
}

/* A pipe of packets: what one write(2) gives is what one read(2) gets. */
static size_t next_write(int fd, char *out, size_t size)
{
    ssize_t n = read(fd, out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

static void a_picture_is_one_write(void **state)
{
    (void)state;
    struct output_buffer d;
    int pipe[2];
    char got[256];
    assert_int_equal(pipe2(pipe, O_DIRECT | O_CLOEXEC), 0);
    assert_int_equal(output_buffer_init(&d, pipe[1]), OK);
    setvbuf(d.pen, NULL, _IONBF, 0);
    fputs("settings", d.pen);
    next_write(pipe[0], got, sizeof got);
    output_buffer_gather(&d);
    for (int picture = 0; picture < 2; picture++) {
        for (int i = 0; i < 3; i++)
            assert_true(fputs("piece ", d.pen) >= 0);
        output_buffer_send(&d);
        next_write(pipe[0], got, sizeof got);
        assert_string_equal(got, "piece piece piece ");
    }
    fputs("kept, ", d.pen);
    output_buffer_direct(&d);
    fputs("then straight", d.pen);
    next_write(pipe[0], got, sizeof got);
    assert_string_equal(got, "kept, ");
    size_t n = next_write(pipe[0], got, sizeof got);
    while (n < strlen("then straight"))
        n += next_write(pipe[0], got + n, sizeof got - n);
    assert_string_equal(got, "then straight");
    output_buffer_done(&d);
    close(pipe[0]);
    close(pipe[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_differs_is_a_change),
        cmocka_unit_test(a_step_is_a_few_bytes),
        cmocka_unit_test(its_cells_make_the_one_canvas_into_the_other),
        cmocka_unit_test(a_patch_has_room_for_so_much),
        cmocka_unit_test(behind_the_last_column_nothing_is_taken_for_granted),
        cmocka_unit_test(what_is_not_plain_or_not_little_is_left_to_curses),
        cmocka_unit_test(a_picture_is_one_write),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
