/* SPDX-License-Identifier: MIT
 * Types keys, and answers what the explorer asks. */
#include "tests/kit/explorer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include "core/base/clock.h"
#include "tests/kit/program.h"

void explorer_run(struct pty *p)
{
    pty_type(p, "r");
    pty_read_for(p, 0.3);
    if (pty_shows(p, "start another\\?"))
        pty_type(p, "y");
    pty_wait_no_text(p, "start another\\?");
}

int explorer_status(struct pty *p)
{
    int status = pty_wait_exit(p);
    if (!WIFEXITED(status))
        fail_msg("ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

void explorer_quit(struct pty *p)
{
    double end = clock_now() + PTY_BOUND;
    while (kin_alive(pty_pid(p)) && clock_now() < end) {
        pty_type(p, pty_shows(p, "Quit") ? "y" : "q");
        for (int i = 0; i < 50 && kin_alive(pty_pid(p)); i++)
            pty_read_for(p, 0.01);
    }
    int status = explorer_status(p);
    if (status != 0)
        fail_msg("exit status %d, and on the screen:\n%s", status, pty_screen(p));
    pty_wait_restored(p);
    pty_free(p);
}

void explorer_quit_failed(struct pty *p)
{
    for (int i = 0; i < 20 && kin_alive(pty_pid(p)); i++) {
        pty_type(p, "q");
        pty_read_for(p, 0.3);
    }
    assert_int_equal(explorer_status(p), 3);
    pty_free(p);
}
