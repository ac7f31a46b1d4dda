/* SPDX-License-Identifier: MIT
 * Stacks of real processes: the names are right, and the process runs on whatever happens during the stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/stack/stack.h"
#include "core/base/clock.h"
#include "tests/kit/hang_kit.h"

static bool names(const struct texts *frames, const char *name)
{
    for (size_t i = 0; i < frames->n; i++)
        if (strcmp(frames->v[i], name) == 0)
            return true;
    return false;
}

static void names_the_functions_of_a_hung_process(void **state)
{
    struct kit k;
    struct texts frames = {0};
    double stopped;
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    kit_look_until(&k, kit_target_is_proved);
    assert_int_equal(stack_native(k.target, 0, 64, &frames, &stopped), OK);
    kit_print_stack(&frames, stopped);
    assert_true(names(&frames, "wait_for_ever"));
    assert_true(names(&frames, "wait_latch"));
    assert_true(names(&frames, "main"));
    assert_true(stopped > 0);
    texts_done(&frames);
    assert_int_equal(stack_native(k.target, 0, 2, &frames, NULL), OK);
    assert_int_equal(frames.n, 2);
    texts_done(&frames);
    kit_look_until(&k, kit_target_is_proved); /* the process waits as before */
    kit_stop(&k);
}

static void names_them_even_if_the_main_thread_has_ended(void **state)
{
    struct kit k;
    struct texts frames = {0};
    (void)state;
    assert_true(kit_start(&k, "main-ended"));
    kit_look_until(&k, kit_target_is_proved);
    pid_t tid = (pid_t)kit_finding(&k, k.target)->tid;
    assert_int_not_equal(tid, k.target);
    assert_int_equal(stack_native(k.target, tid, 64, &frames, NULL), OK);
    assert_true(names(&frames, "wait_for_ever"));
    texts_done(&frames);
    kit_stop(&k);
}

static void keeps_the_time_asleep(void **state)
{
    struct kit k;
    struct texts frames = {0};
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    kit_look_until(&k, kit_target_is_proved);
    double since = scene_find(&k.scene, k.target)->threads[0].asleep_since;
    double alive = scene_find(&k.scene, k.target)->alive_at;
    assert_int_equal(stack_native(k.target, 0, 16, &frames, NULL), OK);
    scene_forgive(&k.scene, k.target);
    kit_look(&k);
    assert_true(scene_find(&k.scene, k.target)->threads[0].asleep_since == since);
    assert_true(scene_find(&k.scene, k.target)->alive_at == alive);
    assert_false(kit_target_is_proved(&k)); /* two looks must agree again */
    kit_look_until(&k, kit_target_is_proved);
    texts_done(&frames);
    kit_stop(&k);
}

static void reports_a_process_that_has_ended_or_is_denied(void **state)
{
    struct texts frames = {0};
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(stack_native(pid, 0, 16, &frames, NULL), ERR_GONE);
    assert_int_equal(frames.n, 0);
}

/* Two processes of which one answers the other as fast as it can, so that it is stopped in all kinds of places. */
struct echo {
    pid_t pid;
    int to, from;
};

static void start_echo(struct echo *e)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    e->pid = fork();
    assert_true(e->pid >= 0);
    if (e->pid == 0) {
        char c;
        close(to[1]);
        close(from[0]);
        while (read(to[0], &c, 1) == 1)
            if (write(from[1], &c, 1) != 1)
                break;
        _exit(0);
    }
    close(to[0]);
    close(from[1]);
    e->to = to[1];
    e->from = from[0];
}

static char ask(const struct echo *e, char c)
{
    char answer = 0;
    assert_int_equal(write(e->to, &c, 1), 1);
    assert_int_equal(read(e->from, &answer, 1), 1);
    return answer;
}

static void lets_the_process_run_on_after_many_stops(void **state)
{
    struct echo e;
    (void)state;
    start_echo(&e);
    for (int i = 0; i < 30; i++) {
        struct texts frames = {0};
        char c = (char)('a' + i % 26);
        assert_int_equal(stack_native(e.pid, 0, 8, &frames, NULL), OK);
        texts_done(&frames);
        assert_int_equal(ask(&e, c), c);
    }
    close(e.to);
    assert_int_equal(waitpid(e.pid, NULL, 0), e.pid);
    close(e.from);
}

/* The result of reading the stack of a process that is killed meanwhile. */
static enum err look_while_killed(struct echo *e, int signum)
{
    struct texts frames = {0};
    int status;
    pid_t killer = fork();
    if (killer == 0) {
        kill(e->pid, signum);
        _exit(0);
    }
    enum err err = stack_native(e->pid, 0, 8, &frames, NULL);
    texts_done(&frames);
    assert_int_equal(waitpid(killer, NULL, 0), killer);
    assert_int_equal(waitpid(e->pid, &status, 0), e->pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signum);
    close(e->to);
    close(e->from);
    return err;
}

static void passes_on_a_signal_that_arrives_during_the_stop(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct echo e;
        start_echo(&e);
        assert_int_equal(ask(&e, 'x'), 'x');
        enum err err = look_while_killed(&e, SIGTERM);
        assert_true(!err || err == ERR_GONE || err == ERR_AGAIN || err == ERR_NOT_FOUND || err == ERR_DENIED);
    }
}

static void leaves_the_exit_status_to_the_parent_if_the_process_is_killed(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct echo e;
        start_echo(&e);
        if (look_while_killed(&e, SIGKILL)) {
            /* any error will do: only the exit status matters */
        }
    }
}

/* A parent in vfork cannot be stopped until its child has called exec. It must be left alone, and not stop later. */
static void leaves_a_process_alone_that_cannot_stop(void **state)
{
    struct texts frames = {0};
    int gate[2], status;
    char c;
    (void)state;
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(gate[1]);
        pid_t child = vfork();
        if (child == 0) {
            if (read(gate[0], &c, 1) < 0)
                _exit(1);
            _exit(0);
        }
        waitpid(child, NULL, 0);
        _exit(7);
    }
    close(gate[0]);
    struct scene s;
    assert_int_equal(scene_init(&s, -1), OK);
    assert_int_equal(scene_watch(&s, pid, true), OK);
    double until = clock_now() + 30;
    do { /* until the child of vfork waits at the gate */
        assert_int_equal(scene_update(&s, clock_now()), OK);
        assert_true(clock_now() < until);
    } while (s.n < 2 || s.procs[1].state != 'S');
    scene_done(&s);
    assert_int_equal(stack_native(pid, 0, 8, &frames, NULL), ERR_AGAIN);
    assert_int_equal(frames.n, 0);
    close(gate[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_functions_of_a_hung_process),
        cmocka_unit_test(names_them_even_if_the_main_thread_has_ended),
        cmocka_unit_test(keeps_the_time_asleep),
        cmocka_unit_test(reports_a_process_that_has_ended_or_is_denied),
        cmocka_unit_test(lets_the_process_run_on_after_many_stops),
        cmocka_unit_test(passes_on_a_signal_that_arrives_during_the_stop),
        cmocka_unit_test(leaves_the_exit_status_to_the_parent_if_the_process_is_killed),
        cmocka_unit_test(leaves_a_process_alone_that_cannot_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
