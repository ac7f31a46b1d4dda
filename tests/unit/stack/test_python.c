/* SPDX-License-Identifier: MIT
 * Reading Python frames: of a real interpreter, and of a made-up one in the memory of this process, which may have any
 * version and hold any nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/stack/python.h"
#include "tests/kit/python_kit.h"

/* Stand-ins for the interpreter's structs; the table says where their fields are. */
struct text {
    uint64_t head[2], length, hash;
    uint32_t state, pad;
    char data[64];
};
struct bytes {
    uint64_t head[2], length, hash;
    unsigned char data[64];
};
struct code {
    uint64_t head[2], file, name, lines, copies;
    int32_t first_line;
    unsigned char code[64];
};
struct frame {
    uint64_t code, previous, instruction;
    int32_t copy;
    unsigned char owner;
};
struct thread {
    uint64_t next, frame, tid;
};
struct interpreter {
    uint64_t next, threads;
};
struct runtime {
    uint64_t words[128], interpreters;
};

/* The only cookie in the writable data of this program. */
static struct runtime runtime = {.words = {0x7970677562656478}};
static struct interpreter interpreter;
static struct thread threads[2];
static struct frame frames[4];
static struct code codes[2];
static struct text texts[3];
static struct bytes lines;
static struct {
    uint64_t n, entries[2];
} copies;

enum { RUNTIME, INTERPRETER, THREAD, FRAME, CODE, BYTES, TEXT };
struct layout {
    uint64_t version;
    unsigned start[7], tid;
};
static const struct layout layouts[] = {
    {0x030d00f0, {3, 6, 19, 28, 34, 64, 67}, 6},
    {0x030e00f0, {3, 6, 22, 31, 39, 74, 77}, 6},
    {0x030f00f0, {3, 6, 22, 39, 47, 86, 89}, 9},
    {0x031100a1, {3, 6, 22, 39, 47, 86, 89}, 9}, /* a future version, which may keep the layout */
};

static void set_section(const struct layout *l, int section, uint64_t size, const uint64_t *offsets, size_t n)
{
    uint64_t *words = &runtime.words[l->start[section]];
    words[0] = size;
    memcpy(words + 1, offsets, n * sizeof *offsets);
}

#define SECTION(l, section, type, ...)                                                                                 \
    set_section(l, section, sizeof(struct type), (const uint64_t[]){__VA_ARGS__},                                      \
                sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void make_table(const struct layout *l, bool free_threaded)
{
    memset(runtime.words + 1, 0, sizeof runtime.words - sizeof *runtime.words);
    runtime.words[1] = l->version;
    runtime.words[2] = free_threaded;
    SECTION(l, RUNTIME, runtime, 0, offsetof(struct runtime, interpreters));
    SECTION(l, INTERPRETER, interpreter, 0, offsetof(struct interpreter, next), offsetof(struct interpreter, threads));
    SECTION(l, THREAD, thread, 0, offsetof(struct thread, next), 0, offsetof(struct thread, frame));
    runtime.words[l->start[THREAD] + l->tid] = offsetof(struct thread, tid);
    SECTION(l, FRAME, frame, offsetof(struct frame, previous), offsetof(struct frame, code),
            offsetof(struct frame, instruction), 0, offsetof(struct frame, owner));
    SECTION(l, CODE, code, offsetof(struct code, file), 0, offsetof(struct code, name), offsetof(struct code, lines),
            offsetof(struct code, first_line), 0, 0, 0, offsetof(struct code, code));
    if (l->version >> 16 > 0x030d) { /* the last word of a section, before the size of the next one */
        runtime.words[l->start[FRAME] + 7] = offsetof(struct frame, copy);
        runtime.words[l->start[CODE] + 10] = offsetof(struct code, copies);
    }
    SECTION(l, BYTES, bytes, offsetof(struct bytes, length), offsetof(struct bytes, data));
    SECTION(l, TEXT, text, offsetof(struct text, state), offsetof(struct text, length), offsetof(struct text, data));
}

static uint64_t address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void make_text(struct text *t, const char *text, bool free_threaded)
{
    memset(t, 0, sizeof *t);
    t->length = strlen(text);
    t->state = (1u | 1u << 3 | 1u << 4) << (free_threaded ? 8 : 2); /* kind 1, compact, ascii */
    memcpy(t->data, text, t->length);
}

/* outer calls inner: unit 5 of inner is line 12, unit 1 of outer is line 40. There is a mark between and after them. */
static void make_interpreter(const struct layout *l, bool free_threaded)
{
    static const unsigned char table[] = {0x80 | 11 << 3 | 1, 0, 0, 0x80 | 13 << 3 | 3, 2, 0x80 | 10 << 3, 0, 0};
    bool bytes_for_interned = free_threaded && l->version >> 16 > 0x030d;
    make_table(l, free_threaded);
    make_text(&texts[0], "inner", bytes_for_interned);
    make_text(&texts[1], "outer", bytes_for_interned);
    make_text(&texts[2], "/a/b.py", bytes_for_interned);
    memset(&lines, 0, sizeof lines);
    lines.length = sizeof table;
    memcpy(lines.data, table, sizeof table); /* units 0 and 1: +1; 2 to 5: +1; 6: +0 */
    for (int i = 0; i < 2; i++)
        codes[i] = (struct code){.file = address(&texts[2]),
                                 .name = address(&texts[i]),
                                 .lines = address(&lines),
                                 .first_line = i ? 39 : 10,
                                 .copies = address(&copies)};
    copies.n = 2;
    copies.entries[0] = address(codes[0].code);
    copies.entries[1] = address(codes[0].code) + 6; /* as if the copy were there */
    frames[0] = (struct frame){address(&codes[0]) | 1, address(&frames[1]), address(codes[0].code) + 10, 0, 0};
    frames[1] = (struct frame){0, address(&frames[2]), 0, 0, 3};
    frames[2] = (struct frame){address(&codes[1]), address(&frames[3]), address(codes[1].code) + 2, 0, 1};
    frames[3] = (struct frame){0, 0, 0, 0, 4};
    threads[0] = (struct thread){address(&threads[1]), 0, 1};
    threads[1] = (struct thread){0, address(&frames[0]), (uint64_t)getpid()};
    interpreter = (struct interpreter){0, address(&threads[0])};
    runtime.interpreters = address(&interpreter);
}

static enum err read_self(struct python_frames *out)
{
    bool older;
    enum err err = python_read(getpid(), 0, 64, out, &older);
    assert_false(older);
    return err;
}

static void reads_the_layouts_of_all_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * sizeof layouts / sizeof *layouts; i++) {
        struct python_frames f;
        make_interpreter(&layouts[i / 2], i % 2);
        assert_int_equal(read_self(&f), OK);
        assert_int_equal(f.n, 2);
        assert_string_equal(f.v[0].function, "inner");
        assert_string_equal(f.v[0].file, "/a/b.py");
        assert_int_equal(f.v[0].line, 12);
        assert_true(f.v[0].entry);
        assert_string_equal(f.v[1].function, "outer");
        assert_int_equal(f.v[1].line, 40);
        assert_true(f.v[1].entry);
        python_frames_done(&f);
    }
}

static void finds_the_line_in_a_copy_of_the_bytecode(void **state)
{
    struct python_frames f;
    (void)state;
    make_interpreter(&layouts[1], true);
    frames[0].copy = 1;
    frames[0].instruction = copies.entries[1] + 2; /* unit 1 */
    assert_int_equal(read_self(&f), OK);
    assert_int_equal(f.v[0].line, 11);
    python_frames_done(&f);
    frames[0].copy = 2; /* there is no such copy */
    assert_int_equal(read_self(&f), OK);
    assert_int_equal(f.v[0].line, 0);
    python_frames_done(&f);
}

static void reads_text_that_is_not_ascii(void **state)
{
    static const uint16_t wide[] = {0x6e, 0x4e16, 0xd800};
    struct python_frames f;
    (void)state;
    make_interpreter(&layouts[0], false);
    texts[0].length = 2;
    texts[0].state = (1u | 1u << 3) << 2;
    memcpy(texts[0].data + 16, "\xfc\x41", 2); /* Latin-1 */
    texts[1].length = 3;
    texts[1].state = (2u | 1u << 3) << 2;
    memcpy(texts[1].data + 16, wide, sizeof wide);
    assert_int_equal(read_self(&f), OK);
    assert_string_equal(f.v[0].function, "üA");
    assert_string_equal(f.v[1].function, "n世?");
    python_frames_done(&f);
}

static void takes_the_only_thread_of_a_fork_for_the_main_thread(void **state)
{
    struct python_frames f;
    (void)state;
    make_interpreter(&layouts[0], false);
    threads[1].tid = 1;                             /* the number of the parent's thread */
    assert_int_equal(read_self(&f), ERR_NOT_FOUND); /* either thread could be the one */
    interpreter.threads = address(&threads[1]);
    assert_int_equal(read_self(&f), OK);
    python_frames_done(&f);
}

/* Puts one piece of nonsense into a fresh interpreter: either the rest makes sense, or there is an error. */
static void survives_every_kind_of_nonsense(void **state)
{
    static const uint64_t wild[] = {0, 1, 8, 4096, UINT64_MAX, UINT64_MAX - 7, 1ull << 47, 1ull << 63};
    uint64_t *const fields[] = {
        &runtime.interpreters,
        &interpreter.next,
        &interpreter.threads,
        &threads[0].next,
        &threads[1].next,
        &threads[1].frame,
        &frames[0].code,
        &frames[0].previous,
        &frames[0].instruction,
        &frames[2].code,
        &frames[2].previous,
        &codes[0].file,
        &codes[0].name,
        &codes[0].lines,
        &codes[1].copies,
        &texts[0].length,
        &texts[2].length,
        &lines.length,
        &copies.n,
        &copies.entries[1],
    };
    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (size_t j = 0; j < sizeof wild / sizeof *wild; j++) {
            struct python_frames f;
            make_interpreter(&layouts[1], j % 2);
            frames[2].copy = 1;
            *fields[i] = wild[j];
            enum err err = read_self(&f);
            assert_true(!err || err == ERR_NOT_FOUND || err == ERR_PARSE);
            assert_true(!err ? f.n > 0 && f.n <= 64 : f.n == 0);
            python_frames_done(&f);
        }
}

static void ends_if_lists_run_in_circles(void **state)
{
    struct python_frames f;
    (void)state;
    make_interpreter(&layouts[1], false);
    frames[2].previous = address(&frames[0]);
    assert_int_equal(read_self(&f), OK);
    assert_int_equal(f.n, 64);
    python_frames_done(&f);
    frames[1].previous = address(&frames[1]); /* only marks */
    assert_int_equal(read_self(&f), OK);
    assert_int_equal(f.n, 1);
    python_frames_done(&f);
    make_interpreter(&layouts[1], false);
    threads[1] = (struct thread){address(&threads[0]), 0, 1};
    assert_int_equal(read_self(&f), ERR_PARSE);
    make_interpreter(&layouts[1], false);
    interpreter = (struct interpreter){address(&interpreter), 0};
    assert_int_equal(read_self(&f), ERR_NOT_FOUND);
}

/* Asserts that all accepted offsets are inside their struct. */
static void assert_within(const struct python_offsets *o)
{
    assert_true(o->thread_size <= PYTHON_STRUCT_MAX && o->frame_size <= PYTHON_STRUCT_MAX);
    assert_true(o->code_size <= PYTHON_STRUCT_MAX);
    assert_true(o->thread_next + 8 <= o->thread_size && o->thread_frame + 8 <= o->thread_size);
    assert_true(o->thread_tid + 8 <= o->thread_size);
    assert_true(o->frame_previous + 8 <= o->frame_size && o->frame_code + 8 <= o->frame_size);
    assert_true(o->frame_instruction + 8 <= o->frame_size && o->frame_owner < o->frame_size);
    assert_true(o->code_file + 8 <= o->code_size && o->code_name + 8 <= o->code_size);
    assert_true(o->code_lines + 8 <= o->code_size && o->code_first_line + 4 <= o->code_size);
    if (o->copies_code)
        assert_true(o->frame_copy + 4 <= o->frame_size && o->code_copies + 8 <= o->code_size);
}

static void refuses_tables_that_make_no_sense(void **state)
{
    static const uint64_t wild[] = {0, 1, 7, 100, 4096, 1 << 20, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - 8};
    struct python_offsets o;
    size_t accepted = 0;
    (void)state;
    make_table(&layouts[1], true);
    assert_int_equal(python_parse_offsets(runtime.words, sizeof runtime.words, &o), OK);
    for (size_t len = 0; len < 70 * 8; len++)
        assert_int_equal(python_parse_offsets(runtime.words, len, &o), ERR_PARSE);
    srand(11);
    for (int i = 0; i < 100000; i++) {
        make_table(&layouts[i % 4], i % 8 > 3);
        for (int n = rand() % 4; n >= 0; n--)
            runtime.words[1 + rand() % 127] = wild[(size_t)rand() % (sizeof wild / sizeof *wild)];
        if (!python_parse_offsets(runtime.words, sizeof runtime.words, &o)) {
            assert_within(&o);
            accepted++;
        }
    }
    assert_true(accepted > 0);
    for (uint64_t version = 0; version < 0x030d0000; version += 0x10000) {
        make_table(&layouts[0], false);
        runtime.words[1] = version;
        assert_int_equal(python_parse_offsets(runtime.words, sizeof runtime.words, &o), ERR_PARSE);
    }
}

static void reads_line_tables_of_any_bytes(void **state)
{
    static const unsigned char table[] = {
        0x80 | 15 << 3 | 1,                       /* units 0, 1: no location */
        0x80 | 14 << 3,     0x40 | 8, 1, 0, 1, 1, /* unit 2: +36 (72 in two bytes), then the end line and two columns */
        0x80 | 13 << 3,     3,                    /* unit 3: -1 */
        0x80 | 2 << 3 | 7,  0x11,                 /* 4 to 11: same line */
        0x80 | 12 << 3,     1,        2,          /* 12: +2 */
    };
    static const int expected[] = {0, 0, 136, 135, 135, 135, 135, 135, 135, 135, 135, 135, 137, 0};
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(python_line(table, sizeof table, 100, i), expected[i]);
    assert_int_equal(python_line(table, sizeof table, INT32_MAX, 12), 0);
    assert_int_equal(python_line(table, sizeof table, INT32_MIN, 12), 0);
    srand(5);
    for (int i = 0; i < 100000; i++) {
        unsigned char noise[32];
        for (size_t j = 0; j < sizeof noise; j++)
            noise[j] = (unsigned char)rand();
        size_t len = (size_t)rand() % sizeof noise;
        assert_true(python_line(noise, len, rand() - rand(), (uint64_t)(rand() % 100)) >= 0);
    }
}

static const char script[] = "import threading, time\n"
                             "class Sleeper:\n"
                             "    def nap(self):\n"
                             "        time.sleep(1000)\n"
                             "def outer():\n"
                             "    def inner():\n"
                             "        (lambda: Sleeper().nap())()\n"
                             "    inner()\n"
                             "threading.Thread(target=outer, daemon=True).start()\n"
                             "print('up', flush=True)\n"
                             "threading.Event().wait()\n";

/* Reads until the innermost frame is `function`. */
static void read_until(const struct python *p, pid_t tid, const char *function, struct python_frames *f)
{
    double until = clock_now() + 30;
    bool older;
    while (python_read(p->pid, tid, 64, f, &older) || strcmp(f->v[0].function, function) != 0) {
        python_frames_done(f);
        assert_true(clock_now() < until);
        usleep(10 * 1000);
    }
}

static void assert_frame(const struct python_frame *f, const char *function, const char *file, int line)
{
    assert_string_equal(f->function, function);
    assert_string_equal(f->file, file);
    assert_int_equal(f->line, line);
}

static void reads_nested_functions_of_a_real_python(void **state)
{
    struct python p;
    struct python_frames f;
    pid_t tid;
    (void)state;
    if (!python_start(&p, 13, script))
        skip();
    read_until(&p, 0, "Condition.wait", &f);
    assert_frame(&f.v[f.n - 1], "<module>", "<string>", 11);
    assert_true(f.v[f.n - 1].entry);
    python_frames_done(&f);
    tid = python_other_thread(&p);
    read_until(&p, tid, "Sleeper.nap", &f);
    assert_frame(&f.v[0], "Sleeper.nap", "<string>", 4);
    assert_frame(&f.v[1], "outer.<locals>.inner.<locals>.<lambda>", "<string>", 7);
    assert_frame(&f.v[2], "outer.<locals>.inner", "<string>", 7);
    assert_frame(&f.v[3], "outer", "<string>", 8);
    assert_string_equal(f.v[4].function, "Thread.run");
    python_frames_done(&f);
    python_stop(&p);
}

/* Puts a stand-in for py-spy into a folder of its own, the first of PATH. */
struct stand_in {
    char folder[64], path[96], *kept;
};

static void stand_in_start(struct stand_in *s, const char *body)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/poolscope-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof s->path, "%s/py-spy", s->folder);
    FILE *f = fopen(s->path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(s->path, 0755), 0);
    s->kept = strdup(getenv("PATH") ? getenv("PATH") : "");
    struct buf path;
    buf_init(&path, 64 * 1024);
    assert_int_equal(buf_addf(&path, "%s:%s", s->folder, s->kept), OK);
    assert_int_equal(setenv("PATH", buf_text(&path), 1), 0);
    buf_done(&path);
}

static void stand_in_stop(struct stand_in *s)
{
    assert_int_equal(setenv("PATH", s->kept, 1), 0);
    free(s->kept);
    assert_int_equal(unlink(s->path), 0);
    assert_int_equal(rmdir(s->folder), 0);
}

static void accepts_only_a_sound_answer_from_py_spy(void **state)
{
    static const struct {
        const char *body;
        enum err err;
        size_t frames;
    } cases[] = {
        {"[ \"$*\" = 'dump --nonblocking --json --pid 42' ] &&"
         " echo '[{\"os_thread_id\": 42, \"frames\": [{\"name\": \"f\","
         " \"filename\": \"a.py\", \"line\": 7, \"is_entry\": false}, {}]}]'",
         OK, 2},
        {"echo '[{\"os_thread_id\": 43, \"frames\": []}]'", ERR_NOT_FOUND, 0},
        {"echo '[{\"os_thread_id\": null, \"thread_name\": \"MainThread\", \"frames\": [{}]}]'", OK, 1},
        {"echo '[{\"os_thread_id\": 42, \"frames\": {}}]'", ERR_PARSE, 0},
        {"echo '[{\"os_thread_id\": 42}]'", ERR_PARSE, 0},
        {"echo '{}'", ERR_PARSE, 0},
        {"echo Error: denied; exit 1", ERR_PARSE, 0},
        {"exit 1", ERR_PARSE, 0},
        {"exec cat /dev/zero", ERR_TOO_BIG, 0},
        {"exec sleep 1000", ERR_AGAIN, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stand_in s;
        struct python_frames f;
        stand_in_start(&s, cases[i].body);
        assert_int_equal(python_ask_pyspy(42, 42, 64, &f), cases[i].err);
        assert_int_equal(f.n, cases[i].frames);
        if (i == 0) {
            assert_frame(&f.v[0], "f", "a.py", 7);
            assert_false(f.v[0].entry);
            assert_frame(&f.v[1], "?", "?", 0);
        }
        python_frames_done(&f);
        stand_in_stop(&s);
    }
}

static void works_without_py_spy(void **state)
{
    struct python_frames f;
    const char *path = getenv("PATH");
    char *kept = strdup(path ? path : "");
    (void)state;
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    assert_int_equal(python_ask_pyspy(getpid(), 0, 64, &f), ERR_NOT_FOUND);
    assert_int_equal(setenv("PATH", kept, 1), 0);
    free(kept);
}

static void asks_py_spy_for_an_older_python(void **state)
{
    struct python p;
    struct python_frames f;
    (void)state;
    if (!python_start(&p, -12, script))
        skip();
    enum err err = python_stack(p.pid, 0, 64, &f);
    if (err == ERR_NOT_FOUND || err == ERR_PARSE)
        print_message("no py-spy here, or it must not read\n");
    else
        assert_int_equal(err, OK);
    if (!err)
        assert_string_equal(f.v[f.n - 1].function, "<module>");
    python_frames_done(&f);
    python_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_layouts_of_all_versions),
        cmocka_unit_test(finds_the_line_in_a_copy_of_the_bytecode),
        cmocka_unit_test(reads_text_that_is_not_ascii),
        cmocka_unit_test(takes_the_only_thread_of_a_fork_for_the_main_thread),
        cmocka_unit_test(survives_every_kind_of_nonsense),
        cmocka_unit_test(ends_if_lists_run_in_circles),
        cmocka_unit_test(refuses_tables_that_make_no_sense),
        cmocka_unit_test(reads_line_tables_of_any_bytes),
        cmocka_unit_test(reads_nested_functions_of_a_real_python),
        cmocka_unit_test(accepts_only_a_sound_answer_from_py_spy),
        cmocka_unit_test(works_without_py_spy),
        cmocka_unit_test(asks_py_spy_for_an_older_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
