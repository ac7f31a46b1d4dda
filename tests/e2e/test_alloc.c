/* SPDX-License-Identifier: MIT
 * The real program when memory runs out. tests/failing_malloc.so makes the n-th allocation of one kind of its processes
 * fail, alone or with all that follow. Whatever n is, the program goes on, or ends with a message and a documented exit
 * status. No signal kills it, it does not hang, it leaves no process, and its report agrees with its exit status.
 *
 * The environment variable ALLOCS says how many n are tried for each case; "all" tries every one. ALLOC_ONLY names the
 * cases to run; ALLOC_TRACE (NAME:ROLE:N, or NAME:ROLE:N+ with all that follow) shows where one allocation failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/failing_malloc.h"
#include "tests/kit/program.h"
#include "tests/kit/pty.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
enum { CAN_FAIL = 0 }; /* a sanitizer brings an allocator of its own, which must be the only one */
#else
enum { CAN_FAIL = 1 };
#endif

enum { AT_ONCE = 8, ARGS_MAX = 24, FIRST = 200 };

/* One step of a person at the explorer: the keys, and a text that the screen shows once they have had their effect.
 * After a failed allocation they may have none, so the test waits for the text only for a moment. */
struct step {
    const char *keys, *shows;
};

struct scenario {
    const char *name;
    const char *args[ARGS_MAX];
    enum failing_role role;
    const char *statuses;     /* the exit statuses that are right besides 125, such as "0 1" */
    const struct step *steps; /* NULL: it runs without a terminal */
    bool json;                /* it writes a report of `run` or `watch` to stdout */
    bool bench_json;          /* it writes a report of `bench` to stdout */
    bool same_output;         /* with status 0, stdout has the lines of a run without failures */
    int samples;              /* how many n are tried in each of the two modes, unless ALLOCS says otherwise */
};

static size_t excused; /* attempts that ended inside ncurses or libvterm */
static char *folder, *library, *sample, *corpus;

/* One run of the program. */
struct attempt {
    const struct scenario *s;
    char *order_path;
    struct failing_malloc *order;
    struct program program;
    struct pty *pty;
    size_t step;
    unsigned quits;
    double step_began, ends;
    bool over;
};

static void make_order(struct attempt *t, uint64_t at, bool from_then_on, bool trace)
{
    const struct failing_malloc order = {.role = (int32_t)t->s->role,
                                         .at = at,
                                         .from_then_on = from_then_on,
                                         .trace = trace,
                                         .sees_signals = !strstr(t->s->name, "hung")};
    t->order_path = file_with((const char *)&order, sizeof order);
    int fd = open(t->order_path, O_RDWR | O_CLOEXEC);
    t->order = mmap(NULL, sizeof order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    assert_true(t->order != MAP_FAILED);
}

static void set_environment(const struct attempt *t)
{
    setenv("builddir", folder, 1);
    setenv("FAILING_MALLOC", t->order_path, 1);
    setenv("LD_PRELOAD", library, 1);
}

static void reset_environment(const char *builddir)
{
    unsetenv("LD_PRELOAD");
    unsetenv("FAILING_MALLOC");
    setenv("builddir", builddir, 1);
}

static const char *real_argument(const char *arg)
{
    return strcmp(arg, "SAMPLE") == 0 ? sample : strcmp(arg, "CORPUS") == 0 ? corpus : arg;
}

static void begin(struct attempt *t, const struct scenario *s, uint64_t at, bool from_then_on, bool trace)
{
    const char *args[ARGS_MAX + 1] = {NULL}, *argv[ARGS_MAX + 2] = {NULL};
    char *builddir = strdup(getenv("builddir") ? getenv("builddir") : "build");
    *t = (struct attempt){.s = s};
    make_order(t, at, from_then_on, trace);
    set_environment(t);
    for (size_t i = 0; i < ARGS_MAX && s->args[i]; i++)
        args[i] = argv[i + 1] = real_argument(s->args[i]);
    argv[0] = program_path();
    t->ends = clock_now() + PROGRAM_BOUND;
    if (s->steps)
        t->pty = pty_open(30, 120, argv, NULL);
    else
        program_start(&t->program, args, NULL);
    reset_environment(builddir);
    free(builddir);
}

static void end(struct attempt *t)
{
    if (t->s->steps)
        pty_free(t->pty);
    else
        program_done(&t->program);
    munmap(t->order, sizeof *t->order);
    file_done(t->order_path);
}

/* The explorer */

static void type(struct attempt *t, const char *keys)
{
    if (kin_alive(pty_pid(t->pty)))
        pty_type(t->pty, keys);
}

/* Types the next keys once the last ones have had their effect. After the last step, types the keys that quit until the
 * program has ended. */
static void go_on(struct attempt *t)
{
    static const double after_failure = 0.5, without_failure = 3;
    const struct step *step = &t->s->steps[t->step];
    if (!kin_alive(pty_pid(t->pty))) {
        pty_wait_exit(t->pty);
        t->over = true;
        return;
    }
    pty_read_for(t->pty, 0.005);
    if (t->step_began == 0)
        t->step_began = clock_now();
    double waited = clock_now() - t->step_began;
    if (step->shows && !pty_shows(t->pty, step->shows) &&
        waited < (t->order->failures ? after_failure : without_failure))
        return;
    if (!step->keys && waited < 0.1)
        return;
    static const char *const leave[] = {"q", "y", "q", "\x1b"}; /* y answers a question */
    type(t, step->keys ? step->keys : leave[t->quits++ % 4]);
    t->step_began = 0;
    t->step += step->keys != NULL;
}

static void look(struct attempt *t)
{
    if (t->s->steps) {
        go_on(t);
    } else {
        program_look(&t->program);
        t->over = t->program.status >= 0;
    }
}

/* The check functions return what is wrong with how the program ended, or NULL. */

static int status_of(const struct attempt *t)
{
    if (!t->s->steps)
        return t->program.status;
    int status = pty_wait_exit(t->pty);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_documented(const struct scenario *s, int status)
{
    char word[16], all[64];
    snprintf(word, sizeof word, " %d ", status);
    snprintf(all, sizeof all, " %s 125 ", s->statuses);
    return strstr(all, word) != NULL;
}

/* The number after the last "exit " of a text report, or -1. */
static int said_status(const char *text)
{
    int said = -1;
    for (const char *at = text; (at = strstr(at, "; exit ")); at++)
        said = atoi(at + strlen("; exit "));
    return said;
}

static const char *check_text(const char *err, int status)
{
    int said = said_status(err);
    if (said >= 0 && said != status)
        return "the text report says another exit status";
    if (status == 125 && !strstr(err, "poolscope: "))
        return "status 125 without a sentence";
    return NULL;
}

static const char *check_json(const struct attempt *t, int status)
{
    const char *text = buf_text(&t->program.out);
    json_t *root = *text ? json_loads(text, 0, NULL) : NULL;
    const char *outcome = json_string_value(json_object_get(root, "outcome")), *wrong = NULL;
    bool died = strstr(buf_text(&t->program.err), "the host process died") != NULL;
    if (*text && !root)
        wrong = "the report is no JSON";
    else if (!root && status != 125)
        wrong = "there is no report";
    else if (root && !outcome)
        wrong = "the report has no outcome";
    else if (root && status == 125 && !died && !json_object_get(root, "error"))
        wrong = "a report was written, and the status is 125";
    else if (root && status == 0 && strcmp(outcome, "finished") != 0)
        wrong = "status 0, and the outcome is not \"finished\"";
    else if (root && status == 124 && strcmp(outcome, "hung") != 0 && strcmp(outcome, "timeout") != 0)
        wrong = "status 124, and the outcome is not \"hung\"";
    else if (root && status == 1 && strcmp(outcome, "failed") != 0)
        wrong = "status 1, and the outcome is not \"failed\"";
    json_decref(root);
    return wrong;
}

static const char *check_bench(const struct attempt *t, int status)
{
    enum { COMPARED = 6 };
    const char *text = buf_text(&t->program.out);
    json_t *root = *text ? json_loads(text, 0, NULL) : NULL, *rows = json_object_get(root, "compared");
    const char *wrong = *text && !root ? "the report is no JSON" : NULL;
    bool failed = false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *state = json_string_value(json_object_get(json_array_get(rows, i), "state"));
        failed |= !state || strcmp(state, "failed") == 0;
    }
    if (!wrong && (status == 0 || status == 1) && json_array_size(rows) != COMPARED)
        wrong = "a row is missing in the report";
    if (!wrong && (status == 0 || status == 1) && failed != (status == 1))
        wrong = "the rows of the report contradict the status";
    if (!wrong && status == 125 && root && !json_object_get(root, "error"))
        wrong = "a report was written, and the status is 125";
    json_decref(root);
    return wrong;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of `text`, sorted, since results come in the order of completion. Freed by the caller. */
static char *sorted(const char *text)
{
    enum { LINES_MAX = 4096 };
    static char *lines[LINES_MAX];
    size_t n = 0, len = strlen(text);
    char *copy = strdup(text), *out = calloc(1, len + 2), *rest;
    for (char *line = strtok_r(copy, "\n", &rest); line && n < LINES_MAX; line = strtok_r(NULL, "\n", &rest))
        lines[n++] = line;
    qsort(lines, n, sizeof *lines, by_text);
    for (size_t i = 0; i < n; i++)
        strcat(strcat(out, lines[i]), "\n");
    free(copy);
    return out;
}

static const char *check_output(const struct attempt *t, const char *expected)
{
    char *lines = sorted(buf_text(&t->program.out));
    bool same = strcmp(lines, expected) == 0;
    free(lines);
    return same ? NULL : "status 0, and stdout is not that of a run without failures";
}

static bool is_restored(struct attempt *t)
{
    struct pty_modes m = pty_modes(t->pty);
    return !m.alternate && m.cursor_visible && !m.mouse && (m.termios.c_lflag & ICANON) && (m.termios.c_lflag & ECHO);
}

static const char *check_terminal(struct attempt *t, int status)
{
    if (!is_restored(t))
        return "the terminal is not restored";
    if (status == 125 && !pty_raw_has(t->pty, "poolscope: "))
        return "status 125 without a sentence";
    return NULL;
}

/* Library functions that do not check their allocations: those of ncurses that read the description of the terminal,
 * before anything is shown (ncurses cannot be given another allocator), and those of libvterm that make the terminal of
 * a watched program. Nothing else is excused. */
static const char *const unchecked_in_libraries[] = {
    "_nc_find_type_entry", "_nc_tiparm", "_nc_setupterm", "vterm_obtain_state", "vterm_obtain_screen",
};
static const char ncurses_gives_up[] = "\"?\", line 0, col 0: Out of memory"; /* _nc_err_abort calls exit(3) */

/* Finds the name of the function that crashed by addr2line(1), from the backtrace that failing_malloc.so wrote. */
static bool name_crash(struct attempt *t, char *out, size_t size)
{
    size_t len;
    unsigned long address = 0;
    char command[256], line[256] = "";
    const char *raw = pty_raw(t->pty, &len), *at = strstr(raw, "failing_malloc: signal");
    const char *library_at = at ? strstr(at, "libtinfo") : NULL;
    at = at ? strstr(at, "/poolscope(+") : NULL;
    if (library_at && at && library_at < at) { /* a shared ncurses crashed */
        snprintf(out, size, "%s", unchecked_in_libraries[0]);
        return true;
    }
    if (!at || sscanf(at, "/poolscope(+%lx)", &address) != 1)
        return false;
    snprintf(command, sizeof command, "addr2line -f -e %s/poolscope %#lx", folder, address);
    FILE *names = popen(command, "r");
    bool read = names && fgets(line, sizeof line, names);
    if (names)
        pclose(names);
    line[strcspn(line, "\n")] = '\0';
    snprintf(out, size, "%s", line);
    return read;
}

static bool is_of_a_library(struct attempt *t, int status)
{
    char name[256];
    if (status == 1 && pty_raw_has(t->pty, ncurses_gives_up))
        return true;
    if (status != 128 + SIGSEGV || !name_crash(t, name, sizeof name))
        return false;
    for (size_t i = 0; i < sizeof unchecked_in_libraries / sizeof *unchecked_in_libraries; i++)
        if (strcmp(name, unchecked_in_libraries[i]) == 0)
            return true;
    fprintf(stderr, "%s crashed\n", name);
    return false;
}

static bool has_crash(const char *text)
{
    return text_matches(text, "signal (4|6|7|8|11)\\b|SIGSEGV|SIGABRT|^(free|malloc|realloc)\\(|corrupted");
}

static const char *find_fault(struct attempt *t, const char *expected)
{
    int status = status_of(t);
    const char *wrong = NULL;
    if (t->s->steps && is_of_a_library(t, status)) {
        excused++;
        return NULL;
    }
    if (status >= 128 && !is_documented(t->s, status))
        return "it was ended by a signal";
    if (!is_documented(t->s, status))
        return "the exit status is not one for this";
    if (t->order->signal)
        return "one of its processes was ended by a signal";
    if (t->s->steps)
        return check_terminal(t, status);
    if (has_crash(buf_text(&t->program.err)))
        return "a process crashed";
    wrong = check_text(buf_text(&t->program.err), status);
    if (!wrong && t->s->json)
        wrong = check_json(t, status);
    if (!wrong && t->s->bench_json)
        wrong = check_bench(t, status);
    if (!wrong && t->s->same_output && status == 0)
        wrong = check_output(t, expected);
    return wrong;
}

static void print_fault(struct attempt *t, const char *wrong)
{
    fprintf(stderr, "%s, role %d, n = %llu%s, %llu failed: %s; status %d\n", t->s->name, (int)t->s->role,
            (unsigned long long)t->order->at, t->order->from_then_on ? " and all after it" : "",
            (unsigned long long)t->order->failures, wrong, t->over ? status_of(t) : -1);
    if (t->s->steps)
        fprintf(stderr, "%s\n", pty_screen(t->pty));
    else
        fprintf(stderr, "%.2000s\n%.3000s\n", buf_text(&t->program.out), buf_text(&t->program.err));
}

/* Runs up to AT_ONCE attempts side by side. Returns how many of them had a fault. */
static size_t run_together(struct attempt *attempts, size_t n, const char *expected)
{
    size_t faults = 0;
    for (size_t running = n; running > 0; nap()) {
        running = 0;
        for (size_t i = 0; i < n; i++) {
            if (!attempts[i].over && clock_now() < attempts[i].ends)
                look(&attempts[i]);
            running += !attempts[i].over && clock_now() < attempts[i].ends;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const char *wrong = attempts[i].over ? find_fault(&attempts[i], expected) : "it hangs";
        if (wrong)
            print_fault(&attempts[i], wrong);
        faults += wrong != NULL;
        end(&attempts[i]);
    }
    kin_wait_none();
    return faults;
}

/* The i-th of `samples` numbers between 1 and `all`. Half of the numbers are among the first, since a program makes
 * different allocations while it starts; the others are spread evenly over the rest. */
static uint64_t sample_number(size_t i, size_t samples, uint64_t all)
{
    uint64_t first = all < FIRST ? all : FIRST;
    size_t early = samples > 2 * FIRST ? FIRST : all <= FIRST ? samples : samples / 2;
    if (samples >= all)
        return i + 1;
    if (i < early)
        return 1 + i * first / early;
    return first + 1 + (i - early) * (all - first) / (samples - early);
}

static size_t how_many(const struct scenario *s, uint64_t all)
{
    const char *wish = getenv("ALLOCS");
    uint64_t n = !wish ? (uint64_t)s->samples : strcmp(wish, "all") == 0 ? all : strtoull(wish, NULL, 10);
    return (size_t)(n > all ? all : n);
}

/* Runs without failures. Returns how many allocations that takes; `expected` gets the output, sorted. */
static uint64_t count_all(const struct scenario *s, char **expected)
{
    struct attempt t;
    begin(&t, s, 0, false, false);
    while (!t.over && clock_now() < t.ends) {
        look(&t);
        nap();
    }
    const char *wrong = t.over ? find_fault(&t, "") : "it hangs";
    *expected = NULL;
    if (t.over && !s->steps)
        *expected = sorted(buf_text(&t.program.out));
    if (wrong && !s->same_output) {
        print_fault(&t, wrong);
        fail();
    }
    uint64_t n = t.order->counts[s->role];
    end(&t);
    kin_wait_none();
    return n;
}

/* Prints where the n-th allocation was made. */
static void trace(const struct scenario *s, uint64_t at, bool from_then_on)
{
    struct attempt t;
    begin(&t, s, at, from_then_on, true);
    while (!t.over && clock_now() < t.ends) {
        look(&t);
        nap();
    }
    if (s->steps) {
        size_t len;
        const char *raw = pty_raw(t.pty, &len);
        fprintf(stderr, "%.*s\n", (int)len, raw);
    } else {
        fprintf(stderr, "%s\n", buf_text(&t.program.err));
    }
    end(&t);
    kin_wait_none();
}

static size_t try_all(const struct scenario *s, uint64_t all, bool from_then_on, const char *expected)
{
    struct attempt attempts[AT_ONCE];
    size_t samples = how_many(s, all), faults = 0;
    excused = 0;
    for (size_t i = 0; i < samples; i += AT_ONCE) {
        size_t n = samples - i < AT_ONCE ? samples - i : AT_ONCE;
        for (size_t k = 0; k < n; k++)
            begin(&attempts[k], s, sample_number(i + k, samples, all), from_then_on, false);
        faults += run_together(attempts, n, expected);
    }
    fprintf(stderr, "%s, role %d: %zu of %llu allocations failed%s, %zu faults, %zu ended inside ncurses or libvterm\n",
            s->name, (int)s->role, samples, (unsigned long long)all, from_then_on ? " with all after them" : "", faults,
            excused);
    return faults;
}

static void survives(void **state)
{
    const struct scenario *s = *state;
    const char *only = getenv("ALLOC_TRACE");
    char *expected;
    if (!CAN_FAIL)
        skip();
    if (only) {
        char name[64];
        int role, n;
        if (sscanf(only, "%63[^:]:%d:%d", name, &role, &n) == 3 && strcmp(name, s->name) == 0 && role == (int)s->role)
            trace(s, (uint64_t)n, only[strlen(only) - 1] == '+');
        return;
    }
    uint64_t all = count_all(s, &expected);
    assert_true(all > 0);
    size_t faults = try_all(s, all, false, expected);
    faults += try_all(s, all, true, expected);
    free(expected);
    assert_int_equal(faults, 0);
}

/* Down three rows, a filter and its removal, a run of the picked codes, the diagnosis, the help. */
static const struct step explore[] = {
    {"jjj", "hoge"}, {"&", NULL},       {"age>20\r", "age"}, {"u", NULL},    {"gg", NULL},
    {"r", "hoge"},   {"e", "tasks in"}, {"?", NULL},         {"\x1b", NULL}, {NULL, NULL},
};

static const struct step watch_steps[] = {
    {"j", "hello"}, {"e", NULL}, {"?", NULL}, {"\x1b", NULL}, {NULL, NULL},
};

#define CODES "-c", "0001", "-c", "00002", "-c", "0005", "-w", "2"
#define RUN   "run", CODES, "-t", "2"
static const struct scenario scenarios[] = {
    {"run", {RUN, "-s", "spawn", "SAMPLE"}, ROLE_MAIN, "0 1", .same_output = true, .samples = 4},
    {"run", {RUN, "-s", "spawn", "SAMPLE"}, ROLE_HOST, "0 1", .same_output = true, .samples = 4},
    {"run", {RUN, "-s", "spawn", "SAMPLE"}, ROLE_WORKER, "0 1", .same_output = true, .samples = 2},
    {"run-json", {RUN, "-s", "spawn", "--format", "json", "SAMPLE"}, ROLE_MAIN, "0 1", .json = true, .samples = 4},
    {"run-json", {RUN, "-s", "spawn", "--format", "json", "SAMPLE"}, ROLE_HOST, "0 1", .json = true, .samples = 2},
    {"run-record",
     {RUN, "-s", "spawn", "--record", "/dev/null", "SAMPLE"},
     ROLE_MAIN,
     "0 1",
     .same_output = true,
     .samples = 2},
    {"run-forkserver", {RUN, "-s", "forkserver", "SAMPLE"}, ROLE_FORKSERVER, "0 1", .same_output = true, .samples = 2},
    {"run-forkserver",
     {RUN, "-s", "forkserver", "SAMPLE"},
     ROLE_FORKSERVER + ROLE_FORK,
     "0 1",
     .same_output = true,
     .samples = 2},
    {"run-fork",
     {RUN, "-s", "fork", "--at-fork", "reinit", "SAMPLE"},
     ROLE_HOST + ROLE_FORK,
     "0 1",
     .same_output = true,
     .samples = 2},
    {"run-hung", {RUN, "-s", "fork", "--timeout", "2", "SAMPLE"}, ROLE_MAIN, "124 1", .samples = 1},
    {"run-hung-json",
     {RUN, "-s", "fork", "--timeout", "2", "--format", "json", "SAMPLE"},
     ROLE_MAIN,
     "124 1",
     .json = true,
     .samples = 1},
    {"watch", {"watch", "--headless", "--", "/bin/sh", "-c", "sleep 0.2; exit 3"}, ROLE_MAIN, "3", .samples = 3},
    {"watch",
     {"watch", "--headless", "--", "/bin/sh", "-c", "sleep 0.2; exit 3"},
     ROLE_MAIN + ROLE_FORK,
     "3",
     .samples = 2},
    {"watch-hung",
     {"watch", "--headless", "--timeout", "2", "--", "CORPUS", "fork-condvar"},
     ROLE_MAIN + ROLE_FORK,
     "124",
     .samples = 1},
    {"watch-json",
     {"watch", "--headless", "--format", "json", "--", "/bin/sh", "-c", "sleep 0.2; exit 3"},
     ROLE_MAIN + ROLE_FORK,
     "3",
     .json = true,
     .samples = 2},
    {"bench",
     {"bench", CODES, "-t", "2", "--rounds", "1", "--format", "json", "SAMPLE"},
     ROLE_MAIN,
     "0 1",
     .bench_json = true,
     .samples = 1},
    {"bench",
     {"bench", CODES, "-t", "2", "--rounds", "1", "--format", "json", "SAMPLE"},
     ROLE_HOST,
     "0 1",
     .bench_json = true,
     .samples = 1},
    {"explorer", {"-s", "spawn", CODES, "-t", "2", "SAMPLE"}, ROLE_MAIN, "0", .steps = explore, .samples = 1},
    {"explorer", {"-s", "spawn", CODES, "-t", "2", "SAMPLE"}, ROLE_HOST, "0", .steps = explore, .samples = 1},
    {"watch-screen",
     {"watch", "--", "/bin/sh", "-c", "echo hello; sleep 60"},
     ROLE_MAIN + ROLE_FORK,
     "143 137 129 0",
     .steps = watch_steps,
     .samples = 2},
};

static void copy_program(const char *to)
{
    struct buf bytes;
    buf_init(&bytes, (size_t)256 << 20);
    file_read(program_path(), &bytes);
    int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, bytes.data, bytes.len), OK);
    close(fd);
    buf_done(&bytes);
}

/* Makes a folder with the program but without poolscope-pool, which is linked statically, so that LD_PRELOAD does not
 * work on it. All processes of the pool then run the program itself. */
static int set_up(void **state)
{
    const char *dir = getenv("TMPDIR"), *build = getenv("builddir") ? getenv("builddir") : "build";
    char *path;
    (void)state;
    kin_adopt();
    assert_true(asprintf(&folder, "%s/poolscope-alloc-XXXXXX", dir ? dir : "/tmp") > 0);
    assert_non_null(mkdtemp(folder));
    assert_true(asprintf(&path, "%s/poolscope", folder) > 0);
    assert_true(asprintf(&library, "%s/tests/failing_malloc.so", build) > 0);
    assert_true(asprintf(&corpus, "%s/tests/corpus_program", build) > 0);
    sample = source_path("assets/sample.csv");
    copy_program(path);
    free(path);
    return 0;
}

static int tear_down(void **state)
{
    char *path;
    (void)state;
    assert_true(asprintf(&path, "%s/poolscope", folder) > 0);
    unlink(path);
    rmdir(folder);
    free(path);
    free(folder);
    free(library);
    free(corpus);
    free(sample);
    return 0;
}

int main(void)
{
    enum { COUNT = sizeof scenarios / sizeof *scenarios };
    static struct CMUnitTest tests[COUNT];
    static char names[COUNT][96];
    size_t n = 0;
    const char *only = getenv("ALLOC_ONLY");
    for (size_t i = 0; i < COUNT; i++) {
        if (only && strcmp(only, scenarios[i].name) != 0)
            continue;
        snprintf(names[n], sizeof names[n], "%s goes on or ends with a message when memory runs out, role %d",
                 scenarios[i].name, (int)scenarios[i].role);
        tests[n] = (struct CMUnitTest){names[n], survives, NULL, kin_none_left, (void *)&scenarios[i]};
        n++;
    }
    return _cmocka_run_group_tests("alloc", tests, n, set_up, tear_down);
}
