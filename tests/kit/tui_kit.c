/* SPDX-License-Identifier: MIT
 * An explorer without a terminal and without an observer, for tests. */
#include "tests/kit/tui_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/kit/model_events.h"
#include "tui/commands/steps.h"
#include "tui/commands/command_table.h"
#include "tui/screen/dispatch.h"
#include "tui/screen/screen.h"

/* The query server is not beside the test program, but at the top of the build folder. */
static void use_built_pool(void)
{
    char pool[4096];
    const char *build = getenv("builddir");
    snprintf(pool, sizeof pool, "%s/poolscope-pool", build ? build : "build");
    setenv("POOLSCOPE_POOL", pool, 0);
}

void stage_open(struct stage *s, const char *const *codes, size_t ncodes)
{
    struct app_options options = {
        .observer = {.path = "sample.csv"},
        .initial = {.method = "fork", .workers = 2, .threads = 4, .at_fork = "none", .codes = codes, .ncodes = ncodes},
        .method_reason = "as Python 3.13 on Linux would choose",
    };
    *s = (struct stage){.now = 0};
    use_built_pool();
    assert_int_equal(model_new(&s->model), OK);
    assert_int_equal(app_init(&s->app, &options, &command_table), OK);
    s->app.model = s->model;
}

void stage_open_watch(struct stage *s, bool attached)
{
    static char *const argv[] = {"python3", "main.py", NULL};
    struct watch_settings watch = {.argv = attached ? NULL : argv, .pid = attached ? 14065 : 0, .tty = true};
    struct app_options options = {.watch = &watch};
    *s = (struct stage){.now = 0};
    assert_int_equal(model_new(&s->model), OK);
    assert_int_equal(app_init(&s->app, &options, &command_table), OK);
    s->app.model = s->model;
}

void stage_close(struct stage *s)
{
    app_done(&s->app);
    model_free(s->model);
}

enum { BOUND = 60 };

void stage_settle(struct stage *s)
{
    double end = clock_now() + BOUND;
    while (table_view_busy(s->app.table_view) || !table_view_settled(s->app.table_view)) {
        struct pollfd fd = {table_view_fd(s->app.table_view), POLLIN, 0};
        poll(&fd, 1, 100);
        assert_int_equal(app_table_view_step(&s->app), OK);
        assert_true(clock_now() < end);
    }
}

void stage_load(struct stage *s, const char *path)
{
    const char *top = getenv("srcdir");
    struct problem problem = {""};
    snprintf(s->path, sizeof s->path, "%s/%s", *path == '/' ? "" : top ? top : ".", path);
    struct table_view_options options = {.path = s->path};
    if (table_view_open(&options, &s->app.table_view, &problem))
        fail_msg("%s", problem.text);
    stage_settle(s);
    const struct table *t = table_view_table(s->app.table_view);
    assert_non_null(t);
    feed_table(s->model, 0.001, "sample.csv", (int64_t)table_rows(t), (int64_t)table_columns(t));
    assert_int_equal(app_learn_codes(&s->app, t), OK);
}

void stage_load_bytes(struct stage *s, const char *bytes, size_t len)
{
    char path[32];
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    stage_load(s, path);
    close(fd);
}

static key_code key_from_label(const char *name)
{
    char label[24];
    for (key_code key = 0x21; key < 0x7f; key++)
        if (strcmp(key_label(key, label), name) == 0)
            return key;
    for (key_code key = PRESS_UP; key < PRESS_UNKNOWN; key++)
        if (strcmp(key_label(key, label), name) == 0)
            return key;
    if (strcmp(name, "Space") == 0)
        return ' ';
    assert_true(name[0] == 'C' && name[1] == '-' && name[2]);
    return PRESS_CTRL | (key_code)name[2];
}

void stage_keys(struct stage *s, const char *names)
{
    char copy[256], *rest = copy, *name;
    snprintf(copy, sizeof copy, "%s", names);
    while ((name = strsep(&rest, " ")))
        if (*name)
            assert_int_equal(dispatch_key(&s->app, key_from_label(name)), OK);
}

void stage_type(struct stage *s, const char *text)
{
    for (; *text; text++)
        assert_int_equal(dispatch_key(&s->app, (key_code)*text), OK);
}

void stage_draw(struct stage *s, int width, int height)
{
    int x, y;
    assert_int_equal(screen_draw(&s->app, width, height, s->now, &x, &y), OK);
    assert_true(x < s->app.canvas.width && y < s->app.canvas.height);
}

char *stage_text(const struct stage *s)
{
    struct buf text;
    buf_init(&text, 1 << 24);
    for (int y = 0; y < s->app.canvas.height; y++) {
        assert_int_equal(canvas_add_row(&s->app.canvas, y, &text), OK);
        assert_int_equal(buf_add_char(&text, '\n'), OK);
    }
    return buf_take(&text);
}

bool stage_shows(const struct stage *s, const char *words)
{
    char *text = stage_text(s);
    bool shown = strstr(text, words) != NULL;
    free(text);
    return shown;
}

static void path_of(const char *name, char out[4096])
{
    const char *top = getenv("srcdir");
    snprintf(out, 4096, "%s/tests/screens/%s.txt", top ? top : ".", name);
}

static char *read_golden(const char *path)
{
    struct buf b;
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f)
        fail_msg("%s is missing; run the test with UPDATE_SCREENS=1 to write it", path);
    buf_init(&b, 1 << 24);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        assert_int_equal(buf_add(&b, chunk, n), OK);
    fclose(f);
    return buf_take(&b);
}

void stage_assert_canvas(struct stage *s, int width, int height, const char *what)
{
    char name[64], path[4096];
    snprintf(name, sizeof name, "%s-%dx%d", what, width, height);
    path_of(name, path);
    char *text = stage_text(s);
    if (getenv("UPDATE_SCREENS")) {
        FILE *f = fopen(path, "we");
        assert_non_null(f);
        fputs(text, f);
        assert_int_equal(fclose(f), 0);
    } else {
        char *golden = read_golden(path);
        if (strcmp(text, golden) != 0)
            fail_msg("%s differs. It is now:\n%s", name, text);
        free(golden);
    }
    free(text);
}

void stage_assert_screen(struct stage *s, int width, int height, const char *what)
{
    stage_draw(s, width, height);
    stage_assert_canvas(s, width, height, what);
}
