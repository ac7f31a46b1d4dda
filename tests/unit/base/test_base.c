/* SPDX-License-Identifier: MIT
 * core/base: errors, the buffer, the clock, threads, and file descriptors with real pipes, sockets and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/await.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/thread.h"
#include "tests/kit/fd_kit.h"

static void every_error_has_a_different_text(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_non_null(err_text((enum err)i));
        assert_string_not_equal(err_text((enum err)i), "unknown error");
        for (int j = 0; j < i; j++)
            assert_string_not_equal(err_text((enum err)i), err_text((enum err)j));
    }
    assert_string_equal(err_text((enum err) - 1), "unknown error");
    assert_string_equal(err_text(ERR_COUNT), "unknown error");
}

static void errno_values_are_mapped_to_errors(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        enum err e;
    } cases[] = {
        {0, OK},
        {ENOMEM, ERR_NOMEM},
        {EACCES, ERR_DENIED},
        {EPERM, ERR_DENIED},
        {ENOENT, ERR_GONE},
        {ESRCH, ERR_GONE},
        {EAGAIN, ERR_AGAIN},
        {EPIPE, ERR_CLOSED},
        {ECONNRESET, ERR_CLOSED},
        {EIO, ERR_IO},
        {ENOTCONN, ERR_IO},
        {EINVAL, ERR_SYS},
        {99999, ERR_SYS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(err_from_errno(cases[i].errnum), cases[i].e);
}

static void a_problem_keeps_its_text_and_errno(void **state)
{
    (void)state;
    struct problem p;
    errno = E2BIG;
    assert_int_equal(problem_set(&p, ERR_PARSE, "%s:%d: no %s", "a.csv", 3, "quote"), ERR_PARSE);
    assert_string_equal(p.text, "a.csv:3: no quote");
    assert_int_equal(errno, E2BIG);

    errno = EACCES;
    assert_int_equal(problem_errno(&p, "open %s", "a.csv"), ERR_DENIED);
    assert_string_equal(p.text, "open a.csv: Permission denied");
    assert_int_equal(errno, EACCES);

    assert_int_equal(problem_set(NULL, ERR_PARSE, "nobody listens"), ERR_PARSE);
    assert_int_equal(problem_errno(NULL, "nobody listens"), ERR_DENIED);
}

/* Control characters: C0, DEL, and C1 as UTF-8 and as a single byte. */
static bool acts_on_terminal(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    for (; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
            return true;
    }
    return false;
}

static void a_problem_has_no_control_characters(void **state)
{
    (void)state;
    struct problem p;
    (void)problem_set(&p, ERR_PARSE, "%s",
                      "a\x1b[2Jb\nc\x7f"
                      "d\xc2\x9b"
                      "31m\t");
    assert_false(acts_on_terminal(p.text));
    (void)problem_set(&p, ERR_PARSE, "%s", "für häßliche Namen: 表");
    assert_string_equal(p.text, "für häßliche Namen: 表");
}

static void cuts_a_problem_that_is_too_long(void **state)
{
    (void)state;
    struct problem p;
    char words[2000];
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    assert_int_equal(problem_set(&p, ERR_PARSE, "%s", words), ERR_PARSE);
    assert_int_equal(strlen(p.text), sizeof p.text - 1);
    errno = ENOENT;
    assert_int_equal(problem_errno(&p, "%s", words), ERR_GONE);
    assert_int_equal(strlen(p.text), sizeof p.text - 1);
}

static void a_buffer_holds_no_more_than_its_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_int_equal(buf_add(&b, "abc", 3), OK);
    assert_int_equal(buf_add_text(&b, "de"), OK);
    assert_string_equal(buf_text(&b), "abcde");
    assert_int_equal(buf_add_char(&b, 'f'), ERR_TOO_BIG);
    assert_string_equal(buf_text(&b), "abcde");
    buf_done(&b);
}

static void a_buffer_keeps_its_first_error_until_it_is_cleared(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(buf_addf(&b, "%d", 12345), ERR_TOO_BIG);
    assert_int_equal(buf_add_char(&b, '1'), ERR_TOO_BIG);
    assert_null(buf_reserve(&b, 1));
    assert_null(buf_take(&b));
    assert_string_equal(buf_text(&b), "");
    buf_clear(&b);
    assert_int_equal(buf_add_text(&b, "1234"), OK);
    assert_string_equal(buf_text(&b), "1234");
    buf_done(&b);
}

static void a_buffer_refuses_sizes_that_overflow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_add(&b, "x", 1), OK);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_int_equal(b.err, ERR_TOO_BIG);
    buf_clear(&b);
    assert_int_equal(buf_add(&b, "x", 1), OK);
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    buf_done(&b);
    /* With the largest maximum the allocation or the sum is refused; neither may overflow. */
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_add(&b, "x", 1), OK);
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_true(b.err == ERR_NOMEM || b.err == ERR_TOO_BIG);
    buf_done(&b);
}

static bool closes_on_exec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static void a_duplicate_is_close_on_exec_and_never_a_standard_descriptor(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(io_dup(STDERR_FILENO, &fd), OK);
    assert_true(fd > STDERR_FILENO);
    assert_true(closes_on_exec(fd));
    close(fd);
    assert_int_equal(io_dup(-1, &fd), err_from_errno(EBADF));
    assert_int_equal(fd, -1);
}

static void makes_all_duplicates_or_none(void **state)
{
    (void)state;
    int before = next_fd();
    int fds[3] = {STDIN_FILENO, STDERR_FILENO, -1}, out[3];
    assert_int_equal(io_dup_all(fds, 2, out), OK);
    assert_true(closes_on_exec(out[0]) && closes_on_exec(out[1]));
    close(out[0]);
    close(out[1]);
    assert_int_not_equal(io_dup_all(fds, 3, out), OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(out[i], -1);
    assert_int_equal(next_fd(), before);
}

static void a_buffer_grows_over_many_adds(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_addf(&b, "%d,", i % 10), OK);
    assert_int_equal(b.len, 2000);
    assert_memory_equal(b.data, "0,1,2,3,", 8);
    char *at = buf_reserve(&b, 3);
    assert_non_null(at);
    memcpy(at, "end", 3);
    b.len += 3;
    char *text = buf_take(&b);
    assert_int_equal(strlen(text), 2003);
    assert_string_equal(text + 2000, "end");
    assert_int_equal(b.len, 0);
    free(text);
    text = buf_take(&b);
    assert_string_equal(text, "");
    free(text);
}

static void the_clock_never_goes_back(void **state)
{
    (void)state;
    double before = clock_now();
    for (int i = 0; i < 1000; i++) {
        double now = clock_now();
        assert_true(now >= before);
        before = now;
    }
}

/* A file without a name that holds the bytes 0, 1, 2 … */
static int file_of(size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)(i % 251);
        assert_int_equal(pwrite(fd, &c, 1, (off_t)i), 1);
    }
    return fd;
}

static void reading_stops_at_the_end_or_at_the_maximum(void **state)
{
    (void)state;
    static const struct {
        size_t size, ceiling;
        enum err e;
    } cases[] = {
        {0, 0, OK},
        {0, 10, OK},
        {10, 100, OK},
        {10, 10, OK},
        {11, 10, ERR_TOO_BIG},
        {70000, 70000, OK},
        {70000, 69999, ERR_TOO_BIG},
        {65536, 65536, OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        int fd = file_of(cases[i].size);
        buf_init(&b, cases[i].ceiling);
        enum err e = io_read_all(fd, &b);
        if (e != cases[i].e)
            print_error("%zu bytes under a ceiling of %zu\n", cases[i].size, cases[i].ceiling);
        assert_int_equal(e, cases[i].e);
        if (!e)
            assert_int_equal(b.len, cases[i].size);
        buf_done(&b);
        close(fd);
    }
}

static void reading_at_an_offset_notices_a_file_that_is_too_short(void **state)
{
    (void)state;
    char bytes[20];
    size_t got;
    int fd = file_of(10);
    assert_int_equal(io_read_at(fd, bytes, 4, 6), OK);
    assert_int_equal(bytes[3], 9);
    assert_int_equal(io_read_at(fd, bytes, 5, 6), ERR_CHANGED);
    assert_int_equal(io_read_some_at(fd, bytes, sizeof bytes, 6, &got), OK);
    assert_int_equal(got, 4);
    assert_int_equal(io_read_some_at(fd, bytes, sizeof bytes, 10, &got), OK);
    assert_int_equal(got, 0);
    assert_int_equal(ftruncate(fd, 3), 0);
    assert_int_equal(io_read_at(fd, bytes, 4, 0), ERR_CHANGED);
    close(fd);
}

static void *drain(void *arg)
{
    int fd = *(int *)arg;
    static char bytes[4096];
    size_t total = 0;
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;)
        total += (size_t)n;
    return (void *)total;
}

static void writing_waits_for_a_full_pipe(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 }; /* more than fits into a pipe */
    int ends[2];
    pthread_t reader;
    void *total;
    char *data = calloc(1, SIZE);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    assert_int_equal(io_write_all(ends[1], data, SIZE), OK);
    close(ends[1]);
    pthread_join(reader, &total);
    assert_int_equal((size_t)total, SIZE);
    close(ends[0]);
    free(data);
}

static void writing_at_an_offset_changes_only_those_bytes(void **state)
{
    (void)state;
    char bytes[6];
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(io_write_all(fd, "abcdef", 6), OK);
    assert_int_equal(io_write_at(fd, "XY", 2, 3), OK);
    assert_int_equal(io_write_at(fd, "", 0, 100), OK);
    assert_int_equal(io_read_at(fd, bytes, 6, 0), OK);
    assert_memory_equal(bytes, "abcXYf", 6);
    assert_int_equal(lseek(fd, 0, SEEK_END), 6);
    close(fd);
    assert_int_equal(io_write_at(fd, "X", 1, 0), ERR_SYS);
}

static void writing_to_a_closed_pipe_is_an_error(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(io_write_all(ends[1], "x", 1), ERR_CLOSED);
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
}

static void make_socket(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void messages_keep_their_boundaries_and_carry_fds(void **state)
{
    (void)state;
    int ends[2], fds[IO_FDS_MAX], nfds, sent[IO_FDS_MAX];
    char bytes[16];
    size_t len;
    make_socket(ends);
    for (int i = 0; i < IO_FDS_MAX; i++)
        sent[i] = file_of(1);
    assert_int_equal(io_send(ends[0], "first", 5, sent, IO_FDS_MAX), OK);
    assert_int_equal(io_send(ends[0], "second", 6, NULL, 0), OK);
    assert_int_equal(io_recv(ends[1], bytes, sizeof bytes, &len, fds, &nfds), OK);
    assert_int_equal(len, 5);
    assert_memory_equal(bytes, "first", 5);
    assert_int_equal(nfds, IO_FDS_MAX);
    for (int i = 0; i < nfds; i++) {
        assert_true(same_file(fds[i], sent[i]));
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        close(fds[i]);
        close(sent[i]);
    }
    assert_int_equal(io_recv(ends[1], bytes, sizeof bytes, &len, fds, &nfds), OK);
    assert_int_equal(len, 6);
    assert_int_equal(nfds, 0);
    assert_int_equal(io_send(ends[0], "x", 1, sent, IO_FDS_MAX + 1), ERR_TOO_BIG);
    close(ends[0]);
    assert_int_equal(io_recv(ends[1], bytes, sizeof bytes, &len, fds, &nfds), ERR_CLOSED);
    assert_int_equal(io_send(ends[1], "x", 1, NULL, 0), ERR_CLOSED); /* without SIGPIPE */
    close(ends[1]);
}

static void refuses_a_message_that_is_too_long_without_leaking_fds(void **state)
{
    (void)state;
    int ends[2], fds[IO_FDS_MAX], nfds;
    char bytes[4];
    size_t len;
    make_socket(ends);
    int file = file_of(1), before = next_fd();
    assert_int_equal(io_send(ends[0], "longer", 6, &file, 1), OK);
    assert_int_equal(io_recv(ends[1], bytes, sizeof bytes, &len, fds, &nfds), ERR_TOO_BIG);
    assert_int_equal(nfds, 0);
    assert_int_equal(next_fd(), before);
    close(file);
    close(ends[0]);
    close(ends[1]);
}

static void non_blocking_sockets_return_again(void **state)
{
    (void)state;
    int ends[2], fds[IO_FDS_MAX], nfds;
    static char bytes[8192];
    size_t len;
    enum err err;
    make_socket(ends);
    assert_int_equal(io_set_nonblock(ends[0], 1), OK);
    assert_int_equal(io_set_nonblock(ends[1], 1), OK);
    assert_int_equal(io_recv(ends[1], bytes, sizeof bytes, &len, fds, &nfds), ERR_AGAIN);
    size_t sent = 0;
    while (!(err = io_send(ends[0], bytes, sizeof bytes, NULL, 0)))
        assert_true(++sent < 100000);
    assert_int_equal(err, ERR_AGAIN);
    while (!io_recv(ends[1], bytes, sizeof bytes, &len, fds, &nfds))
        sent--;
    assert_int_equal(sent, 0);
    assert_int_equal(io_set_nonblock(ends[1], 0), OK);
    assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
    close(ends[0]);
    close(ends[1]);
}

static void sealed_memory_cannot_be_changed(void **state)
{
    (void)state;
    int fd = -1;
    char bytes[5];
    assert_int_equal(io_sealed_memory("test", "12345", 5, &fd), OK);
    assert_int_equal(io_read_at(fd, bytes, 5, 0), OK);
    assert_memory_equal(bytes, "12345", 5);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 10), -1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
    io_close(&fd);
    assert_int_equal(fd, -1);
    io_close(&fd);
}

static void running_out_of_fds_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    struct rlimit old, none = {0};
    int fd = -1;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum err err = io_sealed_memory("test", "1", 1, &fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(fd, -1);
}

static void *mask_of(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
    return arg;
}

static bool set_is_ready(int epoll)
{
    return poll(&(struct pollfd){epoll, POLLIN, 0}, 1, 0) == 1;
}

static void waits_for_an_input_and_treats_a_file_as_always_ready(void **state)
{
    (void)state;
    int before = next_fd(), ends[2], set = epoll_create1(EPOLL_CLOEXEC);
    FILE *file = tmpfile();
    assert_true(set >= 0 && file && pipe(ends) == 0);
    struct await input = await_none(set);
    assert_false(await_is_ready(&input) || set_is_ready(set));

    assert_int_equal(await_input(&input, ends[0]), OK);
    assert_false(await_is_ready(&input) || set_is_ready(set) || await_is_file(&input));
    assert_int_equal(io_write_all(ends[1], "x", 1), OK);
    assert_true(await_is_ready(&input) && set_is_ready(set));

    assert_int_equal(await_input(&input, fileno(file)), OK);
    assert_true(await_is_ready(&input) && set_is_ready(set) && await_is_file(&input));
    assert_int_equal(await_input(&input, fileno(file)), OK);

    assert_int_equal(await_input(&input, -1), ERR_SYS); /* an error: nothing is awaited any more */
    assert_false(await_is_ready(&input) || set_is_ready(set) || await_is_file(&input));
    await_end(&input);
    fclose(file);
    close(ends[0]);
    close(ends[1]);
    close(set);
    assert_int_equal(next_fd(), before);
}

static void a_started_thread_blocks_all_signals(void **state)
{
    (void)state;
    pthread_t thread;
    sigset_t before, mask, after;
    void *result;
    mask_of(&before);
    assert_int_equal(thread_start(&thread, mask_of, &mask), OK);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &mask);
    mask_of(&after);
    for (int s = 1; s < NSIG; s++) {
        bool ever = s != SIGKILL && s != SIGSTOP && s != 32 && s != 33; /* glibc uses the last two itself */
        assert_int_equal(sigismember(&mask, s) == 1, ever);
        assert_int_equal(sigismember(&before, s), sigismember(&after, s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duplicate_is_close_on_exec_and_never_a_standard_descriptor),
        cmocka_unit_test(makes_all_duplicates_or_none),
        cmocka_unit_test(every_error_has_a_different_text),
        cmocka_unit_test(errno_values_are_mapped_to_errors),
        cmocka_unit_test(a_problem_keeps_its_text_and_errno),
        cmocka_unit_test(a_problem_has_no_control_characters),
        cmocka_unit_test(cuts_a_problem_that_is_too_long),
        cmocka_unit_test(a_buffer_holds_no_more_than_its_maximum),
        cmocka_unit_test(a_buffer_keeps_its_first_error_until_it_is_cleared),
        cmocka_unit_test(a_buffer_refuses_sizes_that_overflow),
        cmocka_unit_test(a_buffer_grows_over_many_adds),
        cmocka_unit_test(the_clock_never_goes_back),
        cmocka_unit_test(reading_stops_at_the_end_or_at_the_maximum),
        cmocka_unit_test(reading_at_an_offset_notices_a_file_that_is_too_short),
        cmocka_unit_test(writing_waits_for_a_full_pipe),
        cmocka_unit_test(writing_at_an_offset_changes_only_those_bytes),
        cmocka_unit_test(writing_to_a_closed_pipe_is_an_error),
        cmocka_unit_test(messages_keep_their_boundaries_and_carry_fds),
        cmocka_unit_test(refuses_a_message_that_is_too_long_without_leaking_fds),
        cmocka_unit_test(non_blocking_sockets_return_again),
        cmocka_unit_test(sealed_memory_cannot_be_changed),
        cmocka_unit_test(waits_for_an_input_and_treats_a_file_as_always_ready),
        cmocka_unit_test(a_started_thread_blocks_all_signals),
        cmocka_unit_test(running_out_of_fds_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
