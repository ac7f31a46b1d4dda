/* SPDX-License-Identifier: MIT
 * core/base/new_file: a file is written completely or not at all, and leaves no other name in its folder. */
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
#include <sys/stat.h>
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
    assert_int_equal(new_file_begin(p->path, 0, &f, &problem), OK);
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

/* Names that appeared in the folder. */
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

static void a_new_file_never_has_another_name(void **state)
{
    struct place *p = *state;
    int fd = open(p->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        skip(); /* the file system has no files without a name */
    close(fd);
    assert_int_equal(write_new(p, "one", true), OK);
    assert_holds(p, "one");
    assert_int_equal(count_names(p), 1);
}

static void replaces_an_existing_file_at_once(void **state)
{
    struct place *p = *state;
    assert_int_equal(write_new(p, "one, and much more", true), OK);
    assert_int_equal(write_new(p, "two", true), OK);
    assert_holds(p, "two");
}

static void keeps_an_existing_file_that_may_not_be_replaced(void **state)
{
    struct place *p = *state;
    assert_int_equal(write_new(p, "one", false), OK);
    assert_int_not_equal(write_new(p, "two", false), OK);
    assert_holds(p, "one");
}

static void a_dropped_file_leaves_nothing(void **state)
{
    struct place *p = *state;
    struct new_file f;
    struct problem problem;
    assert_int_equal(new_file_begin(p->path, 0, &f, &problem), OK);
    new_file_drop(&f);
    assert_int_equal(access(p->path, F_OK), -1);
}

static void replacing_a_file_keeps_its_mode(void **state)
{
    struct place *p = *state;
    struct stat st;
    assert_int_equal(write_new(p, "one", true), OK);
    assert_int_equal(chmod(p->path, 0604), 0);
    assert_int_equal(write_new(p, "two", true), OK);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
}

static void replacing_a_file_keeps_its_owner(void **state)
{
    enum { OTHER_USER = 65534 };
    struct place *p = *state;
    struct stat st;
    if (geteuid() != 0)
        skip(); /* only root may change the owner of a file */
    assert_int_equal(write_new(p, "one", true), OK);
    assert_int_equal(chown(p->path, OTHER_USER, OTHER_USER), 0);
    assert_int_equal(write_new(p, "two", true), OK);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_uid, OTHER_USER);
    assert_int_equal(st.st_gid, OTHER_USER);
}

/* Writes the file that the link names, and keeps the link. */
static void follows_a_symbolic_link(void **state)
{
    struct place *p = *state;
    struct place named = *p;
    struct stat st;
    snprintf(named.path, sizeof named.path, "%s/link", p->folder);
    assert_int_equal(symlink("report", named.path), 0);
    assert_int_equal(write_new(&named, "one", true), OK); /* its file does not exist yet */
    assert_holds(p, "one");
    assert_int_equal(write_new(&named, "two", true), OK);
    assert_holds(p, "two");
    assert_int_equal(lstat(named.path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    unlink(named.path);
}

static void does_not_replace_a_link_made_meanwhile(void **state)
{
    struct place *p = *state;
    struct new_file f;
    struct problem problem;
    struct stat st;
    assert_int_equal(new_file_begin(p->path, 0, &f, &problem), OK);
    assert_int_equal(symlink("/dev/null", p->path), 0);
    assert_int_equal(new_file_commit(&f, true, &problem), ERR_USAGE);
    assert_int_equal(lstat(p->path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void refuses_links_in_a_circle(void **state)
{
    struct place *p = *state;
    struct new_file f;
    struct problem problem;
    assert_int_equal(symlink("report", p->path), 0);
    assert_int_not_equal(new_file_begin(p->path, 0, &f, &problem), OK);
    assert_non_null(strstr(problem.text, "Too many levels of symbolic links"));
}

static void refuses_a_stream_where_a_file_is_needed(void **state)
{
    struct new_file f;
    struct problem problem;
    (void)state;
    assert_int_equal(new_file_begin("/dev/null", 0, &f, &problem), ERR_USAGE);
    assert_int_equal(new_file_begin("/dev/null", NEW_FILE_STREAM, &f, &problem), OK);
    assert_true(f.stream);
    assert_int_equal(new_file_commit(&f, true, &problem), OK);
}

/* Descriptors that this program opened itself are close-on-exec, and a user cannot mean them. */
static void refuses_paths_of_descriptors_that_it_opened_itself(void **state)
{
    struct new_file f;
    struct problem problem;
    char name[32];
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)state;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    assert_int_not_equal(new_file_begin(name, NEW_FILE_STREAM, &f, &problem), OK);
    assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
    assert_int_equal(new_file_begin(name, NEW_FILE_STREAM, &f, &problem), OK);
    new_file_drop(&f);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_file_never_has_another_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaces_an_existing_file_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_an_existing_file_that_may_not_be_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dropped_file_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replacing_a_file_keeps_its_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replacing_a_file_keeps_its_owner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_a_symbolic_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(does_not_replace_a_link_made_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_links_in_a_circle, set_up, tear_down),
        cmocka_unit_test(refuses_a_stream_where_a_file_is_needed),
        cmocka_unit_test(refuses_paths_of_descriptors_that_it_opened_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
