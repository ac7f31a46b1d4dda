/* SPDX-License-Identifier: MIT
 * core/event: records of any size with fds, hostile messages, and the queue, which makes its posters wait instead of
 * dropping events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/event/event.h"
#include "core/event/queue.h"
#include "core/event/wire.h"
#include "tests/kit/fd_kit.h"

static void make_socket(int ends[2], int flags)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0, ends), 0);
}

static void records_of_any_size_arrive_with_their_fds(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 300 * 1024, 20 * 1024 * 1024};
    int ends[2], fds[WIRE_FDS_MAX], sent[WIRE_FDS_MAX], nfds;
    make_socket(ends, 0);
    for (int i = 0; i < WIRE_FDS_MAX; i++)
        sent[i] = memfd_create("test", MFD_CLOEXEC);
    int before = next_fd();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int with = 0; with <= WIRE_FDS_MAX; with += WIRE_FDS_MAX) {
            struct buf b;
            char *data = malloc(sizes[i]);
            buf_init(&b, sizes[i]);
            for (size_t k = 0; k < sizes[i]; k++)
                data[k] = (char)(k * 31 >> 3);
            assert_int_equal(wire_send(ends[0], data, sizes[i], sent, with), OK);
            assert_int_equal(wire_recv(ends[1], &b, fds, &nfds), OK);
            assert_int_equal(b.len, sizes[i]);
            assert_memory_equal(b.data, data, sizes[i]);
            assert_int_equal(nfds, with);
            while (nfds-- > 0) {
                assert_true(same_file(fds[nfds], sent[nfds]));
                assert_true(fcntl(fds[nfds], F_GETFD) & FD_CLOEXEC);
                close(fds[nfds]);
            }
            assert_int_equal(next_fd(), before);
            buf_done(&b);
            free(data);
        }
    }
    assert_int_equal(wire_send(ends[0], "x", 1, sent, WIRE_FDS_MAX + 1), ERR_TOO_BIG);
    for (int i = 0; i < WIRE_FDS_MAX; i++)
        close(sent[i]);
    close(ends[0]);
    close(ends[1]);
}

static void refuses_a_record_that_is_too_big_and_receives_the_next(void **state)
{
    (void)state;
    static char big[100 * 1024];
    static const size_t sizes[] = {2000, sizeof big}; /* in the message, and in a memfd */
    int ends[2], fds[WIRE_FDS_MAX], nfds;
    struct buf b;
    make_socket(ends, 0);
    buf_init(&b, 1000);
    int before = next_fd();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(wire_send(ends[0], big, sizes[i], &ends[0], 1), OK);
        assert_int_equal(wire_recv(ends[1], &b, fds, &nfds), ERR_TOO_BIG);
        assert_int_equal(nfds, 0);
        assert_int_equal(next_fd(), before);
        assert_int_equal(wire_send(ends[0], "next", 4, NULL, 0), OK);
        assert_int_equal(wire_recv(ends[1], &b, fds, &nfds), OK);
        assert_string_equal(buf_text(&b), "next");
    }
    buf_done(&b);
    close(ends[0]);
    close(ends[1]);
}

/* Messages with a wrong length, without the fd, with a wrong fd, or with too many. */
static void refuses_hostile_messages_without_leaking_fds(void **state)
{
    (void)state;
    int ends[2], fds[WIRE_FDS_MAX], nfds, files[IO_FDS_MAX], pipe_ends[2];
    struct buf b;
    make_socket(ends, 0);
    buf_init(&b, 1 << 20);
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    for (int i = 0; i < IO_FDS_MAX; i++)
        files[i] = memfd_create("test", MFD_CLOEXEC);
    struct {
        uint64_t len, spilled;
        char data[4];
    } message;
    const struct {
        uint64_t len, spilled;
        size_t sent;
        const int *fds;
        int nfds;
    } cases[] = {
        {4, 0, 3, NULL, 0},
        {4, 0, 16, NULL, 0},
        {5, 0, 20, NULL, 0},
        {3, 0, 20, files, 2},
        {UINT64_MAX, 0, 20, files, 1},
        {4, 1, 16, NULL, 0},
        {4, 1, 16, files, 1},
        {UINT64_MAX, 1, 16, files, 1},
        {4, 1, 16, pipe_ends, 1},
        {4, 0, 20, files, IO_FDS_MAX},
    };
    int before = next_fd();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        message.len = cases[i].len;
        message.spilled = cases[i].spilled;
        memcpy(message.data, "data", 4);
        assert_int_equal(io_send(ends[0], &message, cases[i].sent, cases[i].fds, cases[i].nfds), OK);
        enum err err = wire_recv(ends[1], &b, fds, &nfds);
        if (err != ERR_PARSE)
            print_error("case %zu: %s\n", i, err_text(err));
        assert_int_equal(err, ERR_PARSE);
        assert_int_equal(nfds, 0);
        assert_int_equal(next_fd(), before);
    }
    for (int i = 0; i < IO_FDS_MAX; i++)
        close(files[i]);
    buf_done(&b);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    close(ends[0]);
    close(ends[1]);
}

static void *receive_all(void *arg)
{
    int sock = *(int *)arg, fds[WIRE_FDS_MAX], nfds;
    size_t records = 0;
    struct buf b;
    buf_init(&b, 1 << 20);
    while (!wire_recv(sock, &b, fds, &nfds))
        records++;
    buf_done(&b);
    return (void *)records;
}

static void waits_for_room_even_on_a_non_blocking_socket(void **state)
{
    (void)state;
    enum { RECORDS = 500 };
    static char data[8 * 1024]; /* 4 MB in all, much more than fits into a socket */
    int ends[2];
    pthread_t reader;
    void *received;
    make_socket(ends, 0);
    assert_int_equal(io_set_nonblock(ends[0], 1), OK);
    assert_int_equal(pthread_create(&reader, NULL, receive_all, &ends[1]), 0);
    for (int i = 0; i < RECORDS; i++)
        assert_int_equal(wire_send(ends[0], data, sizeof data, NULL, 0), OK);
    close(ends[0]);
    pthread_join(reader, &received);
    assert_int_equal((size_t)received, RECORDS);
    close(ends[1]);
}

static void try_send_does_not_wait_for_room(void **state)
{
    static char data[100000];
    static const size_t sizes[] = {10, sizeof data};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int ends[2], fds[WIRE_FDS_MAX], nfds, sent = 0, got = 0;
        struct buf b;
        enum err err;
        make_socket(ends, SOCK_NONBLOCK);
        buf_init(&b, sizeof data);
        while (!(err = wire_try_send(ends[0], data, sizes[i], NULL, 0)))
            sent++;
        assert_int_equal(err, ERR_AGAIN);
        assert_true(sent > 0);
        while (!(err = wire_recv(ends[1], &b, fds, &nfds)))
            got++;
        assert_int_equal(err, ERR_AGAIN);
        assert_int_equal(got, sent);
        buf_done(&b);
        close(ends[0]);
        close(ends[1]);
    }
}

static void reports_the_end_of_the_socket(void **state)
{
    (void)state;
    int ends[2], fds[WIRE_FDS_MAX], nfds;
    struct buf b;
    buf_init(&b, 100);
    make_socket(ends, SOCK_NONBLOCK);
    assert_int_equal(wire_recv(ends[1], &b, fds, &nfds), ERR_AGAIN);
    close(ends[0]);
    assert_int_equal(wire_recv(ends[1], &b, fds, &nfds), ERR_CLOSED);
    assert_int_equal(wire_send(ends[1], "x", 1, NULL, 0), ERR_CLOSED);
    close(ends[1]);
    buf_done(&b);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void the_queue_keeps_order_and_its_fd_is_readable_when_it_has_events(void **state)
{
    (void)state;
    struct queue *q;
    struct event e;
    assert_int_equal(queue_new(4, &q), OK);
    assert_false(readable(queue_fd(q)));
    assert_int_equal(queue_take(q, &e), ERR_AGAIN);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++) {
            event_note(&e, NOTE_INFO, "%d", i);
            assert_int_equal(queue_post(q, &e), OK);
            assert_null(e.note.text); /* given away */
        }
        for (int i = 0; i < 4; i++) {
            char number[16];
            assert_true(readable(queue_fd(q)));
            assert_int_equal(queue_take(q, &e), OK);
            snprintf(number, sizeof number, "%d", i);
            assert_string_equal(e.note.text, number);
            event_done(&e);
        }
        assert_false(readable(queue_fd(q)));
    }
    event_note(&e, NOTE_INFO, "still in it when it is freed");
    assert_int_equal(queue_post(q, &e), OK);
    queue_free(q);
}

enum { POSTERS = 4, EACH = 2000 };

struct poster {
    struct queue *q;
    int id;
    enum err last;
};

static void *post_many(void *arg)
{
    struct poster *p = arg;
    for (int i = 0; i < EACH && !p->last; i++) {
        struct event e;
        event_note(&e, NOTE_INFO, "%d %d", p->id, i);
        p->last = queue_post(p->q, &e);
    }
    return NULL;
}

static void loses_no_event_of_many_posters_in_a_small_queue(void **state)
{
    (void)state;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    int next[POSTERS] = {0};
    struct queue *q;
    assert_int_equal(queue_new(3, &q), OK);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.q = q, .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    for (int taken = 0; taken < POSTERS * EACH;) {
        struct pollfd p = {.fd = queue_fd(q), .events = POLLIN};
        struct event e;
        assert_int_equal(poll(&p, 1, 30000), 1);
        while (!queue_take(q, &e)) {
            int id, i;
            assert_int_equal(sscanf(e.note.text, "%d %d", &id, &i), 2);
            assert_int_equal(i, next[id]++); /* each poster's events in its order */
            event_done(&e);
            taken++;
        }
    }
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].last, OK);
    }
    queue_free(q);
}

static void closing_a_queue_wakes_its_posters_and_keeps_its_events(void **state)
{
    (void)state;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    struct queue *q;
    struct event e;
    assert_int_equal(queue_new(2, &q), OK);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.q = q, .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    struct pollfd p = {.fd = queue_fd(q), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 30000), 1);
    queue_close(q);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].last, ERR_CLOSED);
    }
    assert_int_equal(queue_take(q, &e), OK);
    event_done(&e);
    event_note(&e, NOTE_INFO, "too late");
    assert_int_equal(queue_post(q, &e), ERR_CLOSED);
    assert_null(e.note.text);
    queue_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_any_size_arrive_with_their_fds),
        cmocka_unit_test(refuses_a_record_that_is_too_big_and_receives_the_next),
        cmocka_unit_test(refuses_hostile_messages_without_leaking_fds),
        cmocka_unit_test(waits_for_room_even_on_a_non_blocking_socket),
        cmocka_unit_test(try_send_does_not_wait_for_room),
        cmocka_unit_test(reports_the_end_of_the_socket),
        cmocka_unit_test(the_queue_keeps_order_and_its_fd_is_readable_when_it_has_events),
        cmocka_unit_test(loses_no_event_of_many_posters_in_a_small_queue),
        cmocka_unit_test(closing_a_queue_wakes_its_posters_and_keeps_its_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
