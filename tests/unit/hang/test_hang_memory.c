/* SPDX-License-Identifier: MIT
 * Running out of memory in hang_judge: each of its allocations fails once, on a scene with a finding. The linker makes
 * every allocation of the program call the functions below (ld(1), --wrap). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "tests/kit/hang_stage.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static size_t until_failure; /* allocations before one fails, counting that one; 0: none fails */

static bool fails_now(void)
{
    return until_failure > 0 && --until_failure == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails_now() ? NULL : __real_realloc(p, size);
}

/* A waits for B to end, and B has filled a pipe that only A reads. */
static void build_deadlock(struct stage *s)
{
    stage_build(s);
    stage_writes(s, B, B);
    stage_give_pipe(s, A, B, false);
    stage_waits(s, A, B);
}

static void a_failed_allocation_gives_an_error_and_frees_everything_once(void **state)
{
    enum { ENOUGH = 10000 };
    struct stage s;
    size_t n = 0, left = 0;
    (void)state;
    while (left == 0) { /* until there are fewer allocations than the one that would fail */
        build_deadlock(&s);
        until_failure = ++n;
        enum err err = hang_judge(&s.scene, &s.settings, &s.findings);
        left = until_failure;
        until_failure = 0;
        assert_int_equal(err, left ? OK : ERR_NOMEM);
        assert_int_equal(s.findings.n, left ? 1 : 0);
        findings_done(&s.findings);
        assert_true(n < ENOUGH);
    }
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_gives_an_error_and_frees_everything_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
