/* SPDX-License-Identifier: MIT
 * core/base/new_file: a file is there whole or not at all, and nothing else ever gets a name beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/new_file.h"

struct place {
    char folder[32], path[64];
    int inotify;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    strcpy(p->folder, "/tmp/poolscope-new-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    snprintf(p->path, sizeof p->path, "%s/report", p->folder);
    p->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    assert_true(p->inotify >= 0);
    assert_true(inotify_add_watch(p->inotify, p->folder, IN_CREATE | IN_MOVED_TO) >= 0);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    close(p->inotify);
    int left = rmdir(p->folder);
    free(p);
    return left;
}

static enum err write_new(const struct place *p, const char *text, bool replace)
{
    struct new_file f;
    struct problem problem;
    assert_int_equal(new_file_begin(p->path, &f, &problem), OK);
    assert_int_equal(io_write_all(f.fd, text, strlen(text)), OK);
    return new_file_commit(&f, replace, &problem);
}

static void assert_holds(const struct place *p, const char *text)
{
    char bytes[64] = "";
    int fd = open(p->path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, bytes, sizeof bytes - 1) >= 0);
    close(fd);
    assert_string_equal(bytes, text);
}

/* That came into the folder. */
static int count_names(const struct place *p)
{
    _Alignas(struct inotify_event) char bytes[4096];
    int n = 0;
    ssize_t len = read(p->inotify, bytes, sizeof bytes);
    for (char *at = bytes; len > 0 && at < bytes + len;) {
        const struct inotify_event *e = (const struct inotify_event *)(void *)at;
        n++;
        at += sizeof *e + e->len;
    }
    return n;
}

static void where_nothing_was_no_other_name_is_ever_seen(void **state)
{
    struct place *p = *state;
    int fd = open(p->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        skip(); /* a file system without nameless files */
    close(fd);
    assert_int_equal(write_new(p, "one", true), OK);
    assert_holds(p, "one");
    assert_int_equal(count_names(p), 1);
}

static void what_was_there_is_replaced_as_a_whole(void **state)
{
    struct place *p = *state;
    assert_int_equal(write_new(p, "one, and much more", true), OK);
    assert_int_equal(write_new(p, "two", true), OK);
    assert_holds(p, "two");
}

static void what_was_there_stays_where_it_is_not_to_be_replaced(void **state)
{
    struct place *p = *state;
    assert_int_equal(write_new(p, "one", false), OK);
    assert_int_not_equal(write_new(p, "two", false), OK);
    assert_holds(p, "one");
}

static void what_is_dropped_leaves_nothing(void **state)
{
    struct place *p = *state;
    struct new_file f;
    struct problem problem;
    assert_int_equal(new_file_begin(p->path, &f, &problem), OK);
    new_file_drop(&f);
    assert_int_equal(access(p->path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(where_nothing_was_no_other_name_is_ever_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_there_is_replaced_as_a_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_there_stays_where_it_is_not_to_be_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_dropped_leaves_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
