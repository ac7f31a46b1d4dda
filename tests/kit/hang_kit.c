/* SPDX-License-Identifier: MIT
 * Real processes for tests: see hang_kit.h. */
#include "tests/kit/hang_kit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

static const double patience = 30;

static pid_t start_program(const char *name, int *out)
{
    char path[4096];
    const char *builddir = getenv("builddir");
    int fds[2];
    snprintf(path, sizeof path, "%s/tests/hang_cases", builddir ? builddir : "build");
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDOUT_FILENO);
        execl(path, "hang_cases", name, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    *out = fds[0];
    return pid;
}

bool kit_start(struct kit *k, const char *name)
{
    int out, status;
    char line[16] = {0};
    *k = (struct kit){.settings = {.started = clock_now(), .hang_after = 1000}};
    k->root = start_program(name, &out);
    ssize_t n = read(out, line, sizeof line - 1);
    close(out);
    if (n <= 0) { /* it ended without output */
        assert_int_equal(waitpid(k->root, &status, 0), k->root);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 77);
        return false;
    }
    k->target = (pid_t)atoi(line);
    assert_int_equal(scene_init(&k->scene, -1), OK);
    assert_int_equal(scene_watch(&k->scene, k->root, true), OK);
    return true;
}

void kit_stop(struct kit *k)
{
    kill(k->target, SIGKILL);
    kill(k->root, SIGKILL);
    waitpid(k->root, NULL, 0);
    findings_done(&k->findings);
    scene_done(&k->scene);
}

void kit_look(struct kit *k)
{
    findings_done(&k->findings);
    assert_int_equal(scene_update(&k->scene, clock_now()), OK);
    assert_int_equal(hang_judge(&k->scene, &k->settings, &k->findings), OK);
}

const struct finding *kit_finding(const struct kit *k, pid_t pid)
{
    for (size_t i = 0; i < k->findings.n; i++)
        if (k->findings.v[i].pid == pid)
            return &k->findings.v[i];
    return NULL;
}

void kit_look_until(struct kit *k, bool (*holds)(const struct kit *))
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    double until = clock_now() + patience;
    for (;;) {
        kit_look(k);
        if (holds(k))
            return;
        assert_true(clock_now() < until);
        nanosleep(&pause, NULL);
    }
}

bool kit_target_is_confirmed(const struct kit *k)
{
    const struct evidence *e = scene_find(&k->scene, k->target);
    return e && e->at_one_instant && k->scene.taken - e->alive_at > 0.05;
}

bool kit_target_has_finding(const struct kit *k)
{
    return kit_finding(k, k->target) != NULL;
}

bool kit_target_is_proved(const struct kit *k)
{
    const struct finding *f = kit_finding(k, k->target);
    return f && f->certainty == CERTAINTY_PROVED;
}

void kit_print_stack(const struct texts *frames, double stopped)
{
    for (size_t i = 0; i < frames->n; i++)
        print_message("  %s\n", frames->v[i]);
    print_message("  stood still for %.2f ms\n", stopped * 1e3);
}
