/* SPDX-License-Identifier: MIT
 * The rings alone: records arrive complete and in order, and after a worker was killed at any instruction the host
 * knows which tasks it had begun. */
#include <math.h> /* HUGE_VAL, NAN; nothing that needs libm */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <poll.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pool/ring.h"

/* --- the worker -----------------------------------------------------------------------------------------------------
 */

struct worker {
    struct ring_end ring;
    int bell;
    _Atomic uint8_t *begun; /* counts by task; a task's code is its number. NULL: not counted */
};

/* Answers each task with the length of its code as the number of rows, and with as many ranges or an error. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct ring_task task;
    struct ring_answer answer;
    ring_set_ready(&w->ring, w->bell);
    for (;;) {
        ring_next(&w->ring, w->bell, &task);
        if (task.kind == RING_QUIT)
            return NULL;
        if (w->begun)
            atomic_fetch_add(&w->begun[strtol(task.code, NULL, 10)], 1);
        answer = (struct ring_answer){
            .place = task.place, .rows = (int64_t)task.len, .seconds = 0.5, .failed = task.len % 7 == 6};
        answer.len = answer.failed ? task.len % RING_TEXT_MAX : 2 * (task.len % RING_RANGES_MAX);
        if (answer.failed)
            memset(answer.text, 'e', answer.len);
        for (uint32_t i = 0; i < answer.len && !answer.failed; i++)
            answer.ranges[i] = (int64_t)i + 1;
        ring_answer(&w->ring, w->bell, &answer);
        ring_notify_host(&w->ring, w->bell);
    }
}

static void check_answer(const struct ring_answer *a, uint32_t place, size_t len)
{
    assert_int_equal(a->place, place);
    assert_int_equal(a->rows, len);
    assert_int_equal(a->failed, len % 7 == 6);
    assert_true(a->seconds > 0.4 && a->seconds < 0.6);
    if (a->failed) {
        assert_int_equal(strspn(a->text, "e"), len % RING_TEXT_MAX);
        return;
    }
    assert_int_equal(a->len, 2 * (len % RING_RANGES_MAX));
    for (uint32_t i = 0; i < a->len; i++)
        assert_int_equal(a->ranges[i], i + 1);
}

static void wait_for_bell(struct ring_end *ring, int bell)
{
    uint64_t n;
    struct pollfd ready = {.fd = bell, .events = POLLIN};
    ring_bell_on(ring);
    if (!ring_has_answer(ring)) {
        assert_int_equal(poll(&ready, 1, 30000), 1);
        assert_int_equal(read(bell, &n, sizeof n), sizeof n);
    }
    ring_bell_off(ring);
}

static void tasks_and_answers_arrive_complete_and_in_order(void **state)
{
    enum { TASKS = 50000, AHEAD = 256 };
    static uint32_t places[AHEAD];
    static size_t lengths[AHEAD];
    static char code[RING_CODE_MAX];
    (void)state;
    struct ring_end host;
    struct ring_answer a;
    int fd;
    unsigned seed = 3;
    pthread_t thread;
    assert_int_equal(ring_new(&host, &fd), OK);
    struct worker w = {.ring = ring_other_end(&host), .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    close(fd);
    assert_int_equal(pthread_create(&thread, NULL, work, &w), 0);
    memset(code, 'c', sizeof code);
    for (int put = 0, got = 0; got < TASKS;) {
        size_t len = (size_t)(rand_r(&seed) % 4 ? rand_r(&seed) % 30 : rand_r(&seed) % (RING_CODE_MAX + 1));
        if (put < TASKS && put - got < AHEAD && ring_has_room(&host, len)) {
            places[put % AHEAD] = ring_put(&host, RING_FILTER, code, len, false);
            lengths[put++ % AHEAD] = len;
            continue;
        }
        ring_wake(&host);
        while (got < put && !ring_get(&host, &a)) {
            check_answer(&a, places[got % AHEAD], lengths[got % AHEAD]);
            got++;
        }
        ring_wake(&host);
        if (got < put)
            wait_for_bell(&host, w.bell);
    }
    ring_put(&host, RING_QUIT, NULL, 0, false);
    ring_wake(&host);
    pthread_join(thread, NULL);
    ring_close(&host);
    close(w.bell);
}

/* --- killed at any instruction ------------------------------------------------------------------------------------ */

static pid_t start(struct ring_end *host, int bell, _Atomic uint8_t *begun)
{
    int fd;
    pid_t parent = getpid();
    assert_int_equal(ring_new(host, &fd), OK);
    close(fd);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct worker w = {.ring = ring_other_end(host), .bell = bell, .begun = begun};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            work(&w);
        _exit(0);
    }
    return pid;
}

/* A task that was not answered can be taken back if it was not begun. A task that was taken back is never begun. */
static void the_host_knows_which_tasks_a_killed_worker_had_begun(void **state)
{
    enum { ROUNDS = 400, EACH = 100 };
    (void)state;
    unsigned seed = 5;
    int unfinished = 0, back = 0;
    int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    _Atomic uint8_t *begun = mmap(NULL, EACH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(begun != MAP_FAILED);
    for (int round = 0; round < ROUNDS; round++) {
        struct ring_end host;
        struct ring_answer a;
        uint32_t places[EACH];
        int answered = 0, last = EACH;
        memset((void *)begun, 0, EACH);
        pid_t pid = start(&host, bell, begun);
        for (int i = 0; i < EACH; i++) {
            char code[32];
            int len = snprintf(code, sizeof code, "%d with some more to read", i);
            places[i] = ring_put(&host, RING_FILTER, code, (size_t)len, false);
        }
        ring_wake(&host);
        struct timespec nap = {.tv_nsec = rand_r(&seed) % 400000};
        nanosleep(&nap, NULL);
        for (int i = rand_r(&seed) % 3 ? EACH : EACH - 20; i < EACH; i++) { /* some tasks while the worker lives */
            if (ring_take_back(&host, places[i]))
                atomic_fetch_or(&begun[i], 0x80);
        }
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        while (!ring_get(&host, &a)) {
            assert_int_equal(a.place, places[answered]);
            assert_int_equal(begun[answered++], 1);
        }
        while (last > answered && (begun[last - 1] & 0x80 || ring_take_back(&host, places[last - 1]))) {
            last--;
            back++;
            assert_int_equal(begun[last] & 0x7f, 0);
        }
        assert_true(last - answered <= 1); /* the one on which it worked */
        unfinished += last - answered;
        ring_close(&host);
    }
    print_message("%d tasks taken back, %d unfinished\n", back, unfinished);
    munmap((void *)begun, EACH);
    close(bell);
}

static void refuses_to_open_memory_that_is_not_a_ring(void **state)
{
    (void)state;
    struct ring_end r;
    int fd = memfd_create("strange", MFD_CLOEXEC);
    assert_int_equal(ring_open(fd, &r), ERR_PARSE);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(ring_open(fd, &r), ERR_PARSE);
    close(fd);
    assert_int_equal(ring_new(&r, &fd), OK);
    ring_close(&r);
    assert_int_equal(ring_open(fd, &r), OK);
    ring_close(&r);
    close(fd);
}

static void a_worker_cannot_truncate_the_ring(void **state)
{
    (void)state;
    struct ring_end r;
    int fd;
    assert_int_equal(ring_new(&r, &fd), OK);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 1 << 20), -1);
    ring_close(&r);
    close(fd);
}

static void refuses_an_answer_whose_time_is_not_a_finite_number(void **state)
{
    (void)state;
    static const double strange[] = {HUGE_VAL, -HUGE_VAL, -1, NAN};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        struct ring_end host;
        struct ring_answer answer = {.seconds = strange[i]}, got;
        int fd, bell = eventfd(0, EFD_CLOEXEC);
        assert_int_equal(ring_new(&host, &fd), OK);
        struct ring_end worker = ring_other_end(&host);
        ring_answer(&worker, bell, &answer);
        assert_int_equal(ring_get(&host, &got), ERR_PARSE);
        ring_close(&host);
        close(fd);
        close(bell);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_and_answers_arrive_complete_and_in_order),
        cmocka_unit_test(the_host_knows_which_tasks_a_killed_worker_had_begun),
        cmocka_unit_test(refuses_to_open_memory_that_is_not_a_ring),
        cmocka_unit_test(a_worker_cannot_truncate_the_ring),
        cmocka_unit_test(refuses_an_answer_whose_time_is_not_a_finite_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
