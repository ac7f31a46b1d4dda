/* SPDX-License-Identifier: MIT
 * The output buffer: what curses writes for one picture reaches the terminal in one write(2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tui/term/output_buffer.h"

/* Reads from a pipe of packets (O_DIRECT), where one read(2) returns what one write(2) wrote. */
static size_t next_write(int fd, char *out, size_t size)
{
    ssize_t n = read(fd, out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

static void sends_a_picture_in_one_write(void **state)
{
    (void)state;
    struct output_buffer d;
    int pipe[2];
    char got[256];
    assert_int_equal(pipe2(pipe, O_DIRECT | O_CLOEXEC), 0);
    assert_int_equal(output_buffer_init(&d, pipe[1]), OK);
    setvbuf(d.pen, NULL, _IONBF, 0);
    fputs("settings", d.pen);
    next_write(pipe[0], got, sizeof got);
    output_buffer_gather(&d);
    for (int picture = 0; picture < 2; picture++) {
        for (int i = 0; i < 3; i++)
            assert_true(fputs("piece ", d.pen) >= 0);
        output_buffer_send(&d);
        next_write(pipe[0], got, sizeof got);
        assert_string_equal(got, "piece piece piece ");
    }
    fputs("kept, ", d.pen);
    output_buffer_direct(&d);
    fputs("then straight", d.pen);
    next_write(pipe[0], got, sizeof got);
    assert_string_equal(got, "kept, ");
    size_t n = next_write(pipe[0], got, sizeof got);
    while (n < strlen("then straight"))
        n += next_write(pipe[0], got + n, sizeof got - n);
    assert_string_equal(got, "then straight");
    output_buffer_done(&d);
    close(pipe[0]);
    close(pipe[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_picture_in_one_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
