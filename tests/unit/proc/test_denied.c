/* SPDX-License-Identifier: MIT
 * Why a process may not be read: made-up rights, and a real process that is not dumpable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/proc/proc.h"

static void says_what_to_do(void **state)
{
    static const struct {
        struct denial denial;
        const char *words;
    } cases[] = {
        {{.ours = 12345, .owner = 0}, "it belongs to user root: run poolscope as that user or as root"},
        {{.ours = 0, .owner = 12345}, "--cap-add SYS_PTRACE"},
        {{.ours = 7, .owner = 7, .yama = 1}, "poolscope watch"},
        {{.ours = 7, .owner = 7, .yama = 2}, "kernel.yama.ptrace_scope is 2: only root may read it"},
        {{.ours = 0, .owner = 7, .yama = 3, .trace_all = true}, "nobody may read it until the machine is restarted"},
        {{.ours = 7, .owner = 7, .shielded = true}, "PR_SET_DUMPABLE"},
        {{.ours = 7, .owner = 7}, "it has privileges that poolscope lacks"},
        {{.ours = 0, .owner = 7, .trace_all = true}, "a security module or a sandbox"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(denial_words(&cases[i].denial, &out), OK);
        if (!strstr(buf_text(&out), cases[i].words))
            fail_msg("%zu: %s", i, buf_text(&out));
        buf_done(&out);
    }
}

static pid_t start_shielded(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (prctl(PR_SET_DUMPABLE, 0) < 0 || write(ready[1], "", 1) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void sees_that_a_process_is_not_dumpable(void **state)
{
    struct denial denial;
    (void)state;
    pid_t pid = start_shielded();
    assert_int_equal(proc_denial_look(pid, &denial), OK);
    assert_int_equal(denial.owner, getuid());
    assert_int_equal(denial.ours, geteuid());
    if (getuid() != 0) /* the files of root's processes belong to root in any case */
        assert_true(denial.shielded && !denial.trace_all);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(proc_denial_look(pid, &denial), ERR_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_to_do),
        cmocka_unit_test(sees_that_a_process_is_not_dumpable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
