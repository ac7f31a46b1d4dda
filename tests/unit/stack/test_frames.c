/* SPDX-License-Identifier: MIT
 * Stacks for people to read: names from real programs, and merged native and Python frames of real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/stack/stack.h"
#include "core/proc/proc.h"
#include "core/stack/frames.h"
#include "tests/kit/hang_kit.h"
#include "tests/kit/python_kit.h"

static const struct {
    const char *symbol, *name;
} names[] = {
    /* Rust, v0: Polars 2.1 */
    {"_RNvMs3_NtCs7q0g3jU0gIq_10rayon_core5latchNtB5_9LockLatch14wait_and_reset",
     "rayon_core::latch::LockLatch::wait_and_reset"},
    {"_RINvMs4_NtCs7q0g3jU0gIq_10rayon_core8registryNtB6_8Registry14in_worker_coldNCINvMNtB8_11thread_poolNtB1h_10"
     "ThreadPool7installNCNvNvMNtCskvhw6vQpCx6_11polars_core5frameNtNtB26_9dataframe9DataFrame21try_apply_columns_"
     "par5inner0INtNtCsh61yYgEBR7J_4core6result6ResultINtNtCs44jY8KtKzz4_5alloc3vec3VecNtNtB26_6column6ColumnENtCs"
     "6j5OUZXQyA9_12polars_error11PolarsErrorEE0B3B_EB28_",
     "rayon_core::registry::Registry::in_worker_cold"},
    {"_RNvNvMNtCskvhw6vQpCx6_11polars_core5frameNtNtB4_9dataframe9DataFrame21try_apply_columns_par5inner",
     "polars_core::frame::dataframe::DataFrame::try_apply_columns_par::inner"},
    {"_RNvMNtCskvhw6vQpCx6_11polars_core5frameNtNtB2_9dataframe9DataFrame6filter",
     "polars_core::frame::dataframe::DataFrame::filter"},
    {"_RNvXs_NtNtCsk5t66g3CP2a_17polars_mem_engine9executors6filterNtB4_10FilterExecNtNtB6_8executor8Executor7execute",
     "polars_mem_engine::executors::filter::FilterExec::execute"},
    {"_RINvNtNtCsgyqm6duC8nX_4pyo35impl_10trampoline10trampolineNCNvNtB2_32fastcall_cfunction_with_keywords5inner0"
     "ONtNtCsC7F14ufHW7_8pyo3_ffi6object8PyObjectECs6sirJ9RUytl_13polars_python",
     "pyo3::impl_::trampoline::trampoline"},
    /* Rust, legacy: Polars 0.20 */
    {"_ZN10rayon_core5latch9LockLatch14wait_and_reset17h71965964f029de22E",
     "rayon_core::latch::LockLatch::wait_and_reset"},
    {"_ZN11polars_core5frame9DataFrame6filter17h33dca456c33c1298E", "polars_core::frame::DataFrame::filter"},
    {"_ZN135_$LT$polars_lazy..physical_plan..executors..filter..FilterExec$u20$as$u20$polars_lazy..physical_plan.."
     "executors..executor..Executor$GT$7execute17hd80348ebb1ca142aE",
     "polars_lazy::physical_plan::executors::filter::FilterExec::execute"},
    {"_ZN6polars9lazyframe1_48_$LT$impl$u20$polars..lazyframe..PyLazyFrame$GT$20__pymethod_collect__17hfcbb20d8197"
     "2a909E",
     "polars::lazyframe::PyLazyFrame::__pymethod_collect__"},
    {"_ZN3std3sys9backtrace28__rust_begin_short_backtrace17h0123456789abcdefE.llvm.123456789",
     "std::sys::backtrace::__rust_begin_short_backtrace"},
    {"_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE", "core::ptr::drop_in_place"},
    /* C++ */
    {"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector::push_back"},
    {"_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE6appendEPKc", "std::basic_string::append"},
    {"_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc", "std::operator<<"},
    {"_ZNK3FooclEi", "Foo::operator()"},
    {"_ZN3FoocvbEv", "Foo::operator bool"},
    {"_ZZ4mainENKUliE_clEi", "main::{lambda}::operator()"},
    {"_ZN12_GLOBAL__N_13fooEi", "foo"},
    {"_ZThn16_N3Foo3barEv", "Foo::bar"},
    {"_ZN3foo3barB5cxx11Ev", "foo::bar"},
    {"_ZN3foo3barEv.cold", "foo::bar"},
    /* C, Go, and names that are not mangled */
    {"pthread_cond_wait@@GLIBC_2.3.2", "pthread_cond_wait"},
    {"do_futex_wait.constprop.0", "do_futex_wait"},
    {"github.com/foo/bar.(*Pool[...]).Get", "github.com/foo/bar.(*Pool[...]).Get"},
    {"_ZN", "_ZN"},
    {"_Z", "_Z"},
    {"_R", "_R"},
    {"", ""},
    {"@", "@"},
    {".cold", ".cold"},
};

static void demangles_and_shortens_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(stack_demangle(names[i].symbol, &out), OK);
        assert_string_equal(buf_text(&out), names[i].name);
        buf_done(&out);
    }
}

static void shortens_forms_that_only_demanglers_write(void **state)
{
    static const struct {
        const char *demangled, *name;
    } cases[] = {
        {"<&mut [T] as a::B>::c::{closure#3}", "[…]::c::{closure}"},
        {"<(A, B) as c::D>::e", "(…)::e"},
        {"<dyn a::B>::c", "a::B::c"},
        {"a::<impl b::C<d::E> for f::G<h::I>>::j::<k::L>", "f::G::j"},
        {"<alloc::boxed::Box<dyn core::ops::function::FnOnce<()> -> T> as x>::call_once",
         "alloc::boxed::Box::call_once"},
        {"a::b::{{closure}}", "a::b::{closure}"},
        {"<<a as b>::c as d>::e", "a::c::e"},
        {"std::__1::map<int, a (*)(b)>::at", "std::map::at"},
        {"foo [clone .cold]", "foo"},
        {"<", "<"},
        {"a<", "a"},
        {"a<<", "a"},
        {"<a as ", "a"},
        {"::", "::"},
        {")", ")"},
        {"{", "{}"},
        {"operator", "operator"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(stack_shorten(cases[i].demangled, &out), OK);
        assert_string_equal(buf_text(&out), cases[i].name);
        buf_done(&out);
    }
}

static void keeps_the_end_of_a_long_path_and_the_start_of_a_long_segment(void **state)
{
    struct buf symbol, out;
    (void)state;
    buf_init(&symbol, 8192);
    buf_init(&out, 4096);
    buf_add_text(&symbol, "_ZN");
    for (int i = 0; i < 30; i++)
        buf_add_text(&symbol, "9some_room");
    assert_int_equal(buf_add_text(&symbol, "4waitEv"), OK);
    assert_int_equal(stack_demangle(buf_text(&symbol), &out), OK);
    assert_string_equal(buf_text(&out), "…::some_room::some_room::some_room::some_room::some_room::some_room::wait");
    buf_clear(&out);
    buf_clear(&symbol);
    for (int i = 0; i < 6000; i++)
        assert_int_equal(buf_add_text(&symbol, "x"), OK);
    assert_int_equal(stack_demangle(buf_text(&symbol), &out), OK);
    assert_int_equal(out.len, 76 + strlen("…"));
    buf_done(&out);
    buf_done(&symbol);
}

/* Each level contains the level before twice: forty levels demangle to terabytes. */
static void bounds_a_name_that_demangles_without_end(void **state)
{
    enum { LEVELS = 40 };
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct buf symbol, out;
    (void)state;
    buf_init(&symbol, 8192);
    buf_init(&out, 4096);
    buf_add_text(&symbol, "_Z1fI1aIiE");
    for (int i = 0, last = 1; i < LEVELS; i++, last += 2) { /* S_ is f, S0_ a, S1_ a<int>, S2_ b, S3_ b<…> */
        char reference[16];
        if (last < 36)
            snprintf(reference, sizeof reference, "S%c_", digits[last]);
        else
            snprintf(reference, sizeof reference, "S%c%c_", digits[last / 36], digits[last % 36]);
        assert_int_equal(buf_addf(&symbol, "1bI%s%sE", reference, reference), OK);
    }
    assert_int_equal(buf_add_text(&symbol, "EvT_"), OK);
    double before = clock_now();
    assert_int_equal(stack_demangle(buf_text(&symbol), &out), OK);
    assert_true(clock_now() - before < 30);
    assert_string_equal(buf_text(&out), "f");
    buf_done(&out);
    buf_done(&symbol);
}

static void survives_noise_as_a_name(void **state)
{
    static const char alphabet[] = "_ZRNSICv0123456789abEKLTtBu$.@<>()[]{}: -&";
    (void)state;
    srand(7);
    for (int i = 0; i < 20000; i++) {
        char symbol[64];
        size_t len = (size_t)rand() % (sizeof symbol - 3), at = 2;
        memcpy(symbol, i % 3 == 0 ? "_Z" : i % 3 == 1 ? "_R" : "::", 2);
        for (; at < len + 2; at++)
            symbol[at] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
        symbol[at] = '\0';
        struct buf out;
        buf_init(&out, 4096);
        assert_int_equal(i % 2 ? stack_demangle(symbol, &out) : stack_shorten(symbol, &out), OK);
        buf_done(&out);
    }
}

static void describes_a_python_frame_by_its_place(void **state)
{
    static const struct {
        const char *function, *file;
        int line;
        const char *words;
        enum frame_owner owner;
    } cases[] = {
        {"rows_of", "/home/a/tests/pool.py", 14, "rows_of  tests/pool.py:14", OWNER_USER},
        {"rows_of", "/home/ab/pool.py", 14, "rows_of  /home/ab/pool.py:14", OWNER_USER},
        {"main.<locals>.<lambda>", "pool.py", 0, "main.<lambda>  pool.py", OWNER_USER},
        {"f.<locals>.g.<locals>.h", "<string>", 3, "f.g.h  <string>:3", OWNER_USER},
        {"DataFrame.filter", "/opt/v/lib/python3.13/site-packages/polars/frame.py", 9,
         "DataFrame.filter  (polars/frame.py:9)", OWNER_LIBRARY},
        {"Thread.run", "/usr/lib/python3.13/threading.py", 7, "Thread.run  (threading.py:7)", OWNER_STANDARD},
        {"load", "<frozen importlib._bootstrap>", 7, "load  (<frozen importlib._bootstrap>:7)", OWNER_STANDARD},
        {"a\x1b[31m\n", "\x1b]0;x\x07/y", 1, "a␛[31m␊  ␛]0;x␇/y:1", OWNER_USER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char function[64], file[64];
        struct python_frame f = {.function = function, .file = file, .line = cases[i].line};
        struct buf out;
        snprintf(function, sizeof function, "%s", cases[i].function);
        snprintf(file, sizeof file, "%s", cases[i].file);
        buf_init(&out, 4096);
        assert_int_equal(frame_describe(&f, "/home/a", &out), OK);
        assert_string_equal(buf_text(&out), cases[i].words);
        assert_int_equal(frame_owner_of(file), cases[i].owner);
        buf_done(&out);
    }
}

static void shortens_a_stack_to_one_line(void **state)
{
    static const struct {
        const char *frames[8], *line;
    } cases[] = {
        {{"rayon_core::latch::LockLatch::wait_and_reset", "polars_core::frame::DataFrame::filter",
          "LazyFrame.collect  (polars/frame.py:1)", "DataFrame.filter  (polars/frame.py:2)",
          "rows_of  tests/pool.py:14", "run  (threading.py:7)", "main  tests/pool.py:20"},
         "LockLatch::wait_and_reset ← DataFrame.filter ← rows_of tests/pool.py:14"},
        {{"a::b::{closure}", "… 7 more", "f  x.py:1"}, "a::b::{closure} ← f x.py:1"},
        {{"f  x.py:1", "g  x.py:2"}, "f x.py:1"},
        {{"time_sleep", "f  x.py:1"}, "time_sleep ← f x.py:1"},
        {{"wait_for_ever", "wait_latch", "run", "main"}, "wait_for_ever ← wait_latch ← run ← main"},
        {{"a::b::c", "d", "e", "… 3 more", "f"}, "b::c ← d ← e ← …"},
        {{"a::b::c", "(Python)"}, "b::c ← (Python)"},
        {{NULL}, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct texts frames = {0};
        struct buf out;
        buf_init(&out, 4096);
        for (size_t j = 0; j < 8 && cases[i].frames[j]; j++)
            assert_int_equal(texts_add(&frames, cases[i].frames[j]), OK);
        assert_int_equal(stack_brief(&frames, &out), OK);
        assert_string_equal(buf_text(&out), cases[i].line);
        buf_done(&out);
        texts_done(&frames);
    }
}

/* The place of the innermost line with these words, or -1. */
static int place_of(const struct texts *frames, const char *words)
{
    for (size_t i = 0; i < frames->n; i++)
        if (strstr(frames->v[i], words))
            return (int)i;
    return -1;
}

static void leaves_out_frames_that_only_wait_or_start_threads(void **state)
{
    struct kit k;
    struct texts frames = {0};
    double stopped;
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    kit_look_until(&k, kit_target_is_proved);
    assert_int_equal(stack_read(k.target, 0, 16, &frames, &stopped), OK);
    kit_print_stack(&frames, stopped);
    assert_true(stopped > 0);
    assert_true(place_of(&frames, "wait_for_ever") >= 0);
    assert_true(place_of(&frames, "main") > place_of(&frames, "wait_for_ever"));
    assert_int_equal(place_of(&frames, "_start"), -1);
    assert_int_equal(place_of(&frames, "__libc_start"), -1);
    texts_done(&frames);
    kit_stop(&k);
}

static void reports_a_process_that_has_ended(void **state)
{
    struct texts frames = {0};
    double stopped = 1;
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(stack_read(pid, 0, 16, &frames, &stopped), ERR_GONE);
    assert_int_equal(frames.n, 0);
    assert_true(stopped == 0);
}

static const char nested[] = "import time\n"
                             "def nap(_): time.sleep(1000)\n"
                             "def via_c(): list(map(nap, [1]))\n"
                             "def deep(n): deep(n - 1) if n else via_c()\n"
                             "print('up', flush=True)\n"
                             "deep(30)\n";

/* Waits until the process sleeps where it should. */
static void read_until(pid_t pid, size_t max, const char *words, struct texts *frames, double *stopped)
{
    double until = clock_now() + 30;
    for (;;) {
        texts_done(frames);
        enum err err = stack_read(pid, 0, max, frames, stopped);
        if (!err && place_of(frames, words) >= 0)
            return;
        assert_true(clock_now() < until);
        usleep(10 * 1000);
    }
}

static void puts_python_frames_where_the_interpreter_runs_them(void **state)
{
    struct python p;
    struct texts frames = {0};
    double stopped;
    (void)state;
    if (!python_start(&p, 13, nested))
        skip();
    read_until(p.pid, 64, "nanosleep", &frames, &stopped);
    kit_print_stack(&frames, stopped);
    int sleep = place_of(&frames, "nanosleep"), nap = place_of(&frames, "nap  <string>:2"),
        map = place_of(&frames, "map_next"), via = place_of(&frames, "via_c  <string>:3"),
        deep = place_of(&frames, "deep  <string>:4"), module = place_of(&frames, "<module>  <string>:6");
    assert_true(sleep >= 0 && sleep < nap);
    assert_true(nap < via && via < deep && deep < module);
    assert_true(map < 0 || (nap < map && map < via)); /* the name of a static function may have been stripped */
    assert_int_equal(place_of(&frames, "_PyEval"), -1);
    assert_int_equal(module, frames.n - 1);
    texts_done(&frames);
    read_until(p.pid, 16, "nanosleep", &frames, &stopped);
    assert_true(frames.n <= 16);
    assert_true(place_of(&frames, " more") > 0);
    assert_true(place_of(&frames, "nap  <string>:2") >= 0);
    texts_done(&frames);
    python_stop(&p);
}

/* A process that strace or gdb traces cannot be traced by another one, but its memory can be read. */
static void reads_python_frames_if_native_ones_are_denied(void **state)
{
    struct python p;
    struct texts frames = {0};
    double stopped = 1;
    (void)state;
    if (!python_start(&p, 13, nested))
        skip();
    read_until(p.pid, 64, "nanosleep", &frames, &stopped);
    texts_done(&frames);
    pid_t tracer = python_trace(&p);
    assert_int_equal(stack_native(p.pid, 0, 64, &frames, NULL), ERR_DENIED);
    texts_done(&frames);
    assert_int_equal(stack_read(p.pid, 0, 64, &frames, &stopped), OK);
    assert_int_equal(place_of(&frames, "nap  <string>:2"), 0);
    assert_true(stopped == 0);
    kill(tracer, SIGKILL);
    assert_int_equal(waitpid(tracer, NULL, 0), tracer);
    texts_done(&frames);
    python_stop(&p);
}

static void says_python_if_its_frames_cannot_be_read(void **state)
{
    struct python p;
    struct texts frames = {0};
    double stopped;
    const char *path = getenv("PATH");
    char *kept = path ? strdup(path) : NULL;
    (void)state;
    if (!kept || !python_start(&p, -12, nested)) {
        free(kept);
        skip();
    }
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0); /* without py-spy */
    read_until(p.pid, 64, "(Python)", &frames, &stopped);
    assert_true(frames.n <= 8);
    assert_int_equal(place_of(&frames, "_PyEval"), -1);
    assert_int_equal(setenv("PATH", kept, 1), 0);
    free(kept);
    texts_done(&frames);
    python_stop(&p);
}

/* The hang that poolscope is made to explain: a fork after Polars has run a query. */
static void shows_where_a_forked_worker_of_polars_hangs(void **state)
{
    struct python p;
    struct texts frames = {0};
    double stopped;
    pid_t worker;
    (void)state;
    if (!python_start_polars(&p, &worker))
        skip();
    read_until(worker, 16, "wait_and_reset", &frames, &stopped);
    kit_print_stack(&frames, stopped);
    int latch = place_of(&frames, "LockLatch::wait_and_reset"), filter = place_of(&frames, "DataFrame::filter"),
        rows = place_of(&frames, "rows_of  "), file = place_of(&frames, "tests/programs/pool_filter.py:");
    assert_int_equal(latch, 0);
    assert_true(filter > latch);
    assert_true(frames.n <= 16);
    if (place_of(&frames, "(Python)") < 0) { /* CPython 3.13 or later, or py-spy is installed */
        struct buf line;
        buf_init(&line, 4096);
        assert_true(rows > filter);
        assert_int_equal(file, rows);
        assert_int_equal(stack_brief(&frames, &line), OK);
        print_message("  %s\n", buf_text(&line));
        assert_non_null(strstr(buf_text(&line), "LockLatch::wait_and_reset ← DataFrame.filter ← rows_of "));
        buf_done(&line);
    }
    texts_done(&frames);
    python_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demangles_and_shortens_names),
        cmocka_unit_test(shortens_forms_that_only_demanglers_write),
        cmocka_unit_test(keeps_the_end_of_a_long_path_and_the_start_of_a_long_segment),
        cmocka_unit_test(bounds_a_name_that_demangles_without_end),
        cmocka_unit_test(survives_noise_as_a_name),
        cmocka_unit_test(describes_a_python_frame_by_its_place),
        cmocka_unit_test(shortens_a_stack_to_one_line),
        cmocka_unit_test(leaves_out_frames_that_only_wait_or_start_threads),
        cmocka_unit_test(reports_a_process_that_has_ended),
        cmocka_unit_test(puts_python_frames_where_the_interpreter_runs_them),
        cmocka_unit_test(reads_python_frames_if_native_ones_are_denied),
        cmocka_unit_test(says_python_if_its_frames_cannot_be_read),
        cmocka_unit_test(shows_where_a_forked_worker_of_polars_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
