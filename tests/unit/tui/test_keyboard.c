/* SPDX-License-Identifier: MIT
 * Turning the bytes of a terminal into keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "tui/term/keyboard.h"

static const struct {
    const char *sequence;
    key_code key;
} known[] = {
    {"\033[A", PRESS_UP},
    {"\033OB", PRESS_DOWN},
    {"\033[3~", PRESS_DELETE},
    {"\033[15~", PRESS_F1 + 4},
    {"\033[200~", KEYBOARD_PASTE_BEGIN},
    {"\177", PRESS_BACKSPACE},
};

static key_code look_up(const char *sequence)
{
    key_code found = KEYBOARD_NONE;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].sequence, sequence) == 0)
            return known[i].key;
        else if (strncmp(known[i].sequence, sequence, strlen(sequence)) == 0)
            found = KEYBOARD_PART;
    return found;
}

/* Checks that the bytes are exactly these keys; the list ends with 0. */
static void assert_keys(const char *bytes, const key_code *keys)
{
    size_t at = 0, n = strlen(bytes);
    for (; *keys; keys++) {
        key_code key;
        assert_true(at < n);
        size_t len = keyboard_first(bytes + at, n - at, true, look_up, &key);
        assert_true(len > 0 && len <= n - at);
        assert_int_equal(key, *keys);
        at += len;
    }
    assert_int_equal(at, n);
}

#define KEYS(...) ((const key_code[]){__VA_ARGS__, 0})

static void tells_sequences_and_characters_apart(void **state)
{
    (void)state;
    assert_keys("j\033[Ak\033OB", KEYS('j', PRESS_UP, 'k', PRESS_DOWN));
    assert_keys("\033[15~\033[3~\177\r\t\003",
                KEYS(PRESS_F1 + 4, PRESS_DELETE, PRESS_BACKSPACE, PRESS_ENTER, PRESS_TAB, PRESS_CTRL | 'c'));
    assert_keys("é日🙂", KEYS(0xe9, 0x65e5, 0x1f642));
    assert_keys("\033[200~x", KEYS(KEYBOARD_PASTE_BEGIN, 'x'));
}

static void takes_escape_as_a_key_or_as_alt(void **state)
{
    (void)state;
    assert_keys("\033", KEYS(PRESS_ESC));
    assert_keys("\033\033", KEYS(PRESS_ESC, PRESS_ESC));
    assert_keys("\033\033[A", KEYS(PRESS_ESC, PRESS_UP));
    assert_keys("\033x\033é", KEYS(PRESS_ALT | 'x', PRESS_ALT | 0xe9));
    assert_keys("\033\177", KEYS(PRESS_UNKNOWN));
}

static void skips_unknown_sequences_to_their_end(void **state)
{
    (void)state;
    assert_keys("\033[1;5Aq", KEYS(PRESS_UNKNOWN, 'q'));
    assert_keys("\033[?1;2cq", KEYS(PRESS_UNKNOWN, 'q'));
    assert_keys("\033OZq", KEYS(PRESS_UNKNOWN, 'q'));
    assert_keys("\033[1;\033[A", KEYS(PRESS_UNKNOWN, PRESS_UP));
    assert_keys("\033[1;", KEYS(PRESS_UNKNOWN));
    assert_keys("\377a\303", KEYS(PRESS_UNKNOWN, 'a', PRESS_UNKNOWN));
}

static void waits_for_more_of_an_incomplete_key(void **state)
{
    (void)state;
    static const char *const begun[] = {"\033",     "\033[", "\033[1",   "\033[15", "\033O",
                                        "\033[1;5", "\303",  "\346\227", "\033\303"};
    key_code key;
    for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
        assert_int_equal(keyboard_first(begun[i], strlen(begun[i]), false, look_up, &key), 0);
        assert_true(keyboard_first(begun[i], strlen(begun[i]), true, look_up, &key) > 0);
    }
    assert_int_equal(keyboard_first("\033[A\033", 4, false, look_up, &key), 3);
    assert_int_equal(keyboard_first("a\303", 2, false, look_up, &key), 1);
}

static void takes_every_byte_whatever_it_is(void **state)
{
    (void)state;
    static const char alphabet[] = "\033\033[O;1~A\303\251\346\377x\0\177";
    unsigned random = 1;
    for (int round = 0; round < 20000; round++) {
        char bytes[40];
        size_t n = 1 + (size_t)round % sizeof bytes, at = 0;
        for (size_t i = 0; i < n; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = alphabet[(random >> 16) % (sizeof alphabet - 1)];
        }
        while (at < n) {
            key_code key = KEYBOARD_NONE;
            size_t len = keyboard_first(bytes + at, n - at, true, look_up, &key);
            assert_true(len > 0 && len <= n - at);
            assert_true(key != KEYBOARD_PART);
            at += len;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_sequences_and_characters_apart), cmocka_unit_test(takes_escape_as_a_key_or_as_alt),
        cmocka_unit_test(skips_unknown_sequences_to_their_end), cmocka_unit_test(waits_for_more_of_an_incomplete_key),
        cmocka_unit_test(takes_every_byte_whatever_it_is),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
