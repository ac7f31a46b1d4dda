/* SPDX-License-Identifier: MIT
 * Runs the corpus: some programs at a time, each under its own `poolscope watch`. */
#include "tests/corpus/corpus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/program.h"

enum { AT_ONCE = 16, TRIES = 4, LINE_MAX = 2048 };

/* Seconds. A healthy program is watched for at least `look` after it was ready; if --timeout came before, it runs again
 * with more time. A program that must end by itself has `plenty`, but not a hang that is known to be missed. */
static const double look_time = 1.5, first_time = 7.5, more_time = 2, plenty = 100, pending_time = 10;
/* More than ending the watch takes after --timeout; and until a killed process has ended. */
static const double bound = 30, patience = 5;

struct slot {
    struct corpus_run *run; /* NULL: free */
    struct program program;
    char *report;                       /* path */
    double seconds;                     /* --timeout */
    double started, ready_at, ended_at; /* clock_now(); 0: not yet */
    int tries;
};

static bool until_ended(const struct corpus_case *c)
{
    return !c->rule && c->status == UNTIL_ENDED;
}

static bool on_path(const char *program)
{
    char path[4096];
    const char *dirs = getenv("PATH");
    for (const char *at = dirs; at && *at; at += strcspn(at, ":"), at += *at == ':') {
        snprintf(path, sizeof path, "%.*s/%s", (int)strcspn(at, ":"), at, program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static bool is_missing(const char *need)
{
    const char *value = need && *need == '$' ? getenv(need + 1) : NULL;
    return need && (*need == '$' ? !value || !*value : !on_path(need));
}

/* The shell waits for the program, unless nobody is to wait for it. */
static void shell_line(const struct corpus_case *c, char *line, size_t size)
{
    static const char *const forms[] = {[BY_C] = "\"$corpus\" %s",
                                        [BY_HANGS] = "\"$python\" \"$programs/hangs.py\" %s",
                                        [BY_HEALTHY] = "\"$python\" \"$programs/healthy.py\" %s",
                                        [BY_SHELL] = "%s"};
    char what[LINE_MAX];
    snprintf(what, sizeof what, forms[c->by], c->run ? c->run : c->name);
    snprintf(line, size, c->alone ? "exec %s" : "%s; exit $?", what);
}

static void start(struct slot *s)
{
    char line[LINE_MAX], seconds[32];
    const char *args[] = {"watch", "--headless", "--format", "json", "--on-hang", "kill", "--timeout", seconds,
                          "-o",    s->report,    "--",       "sh",   "-c",        line,   NULL};
    shell_line(s->run->c, line, sizeof line);
    snprintf(seconds, sizeof seconds, "%g", s->seconds);
    setenv("corpus_case", s->run->name, 1);
    s->started = clock_now();
    s->ready_at = s->ended_at = 0;
    program_start(&s->program, args, NULL);
    fcntl(s->program.out_fd, F_SETFL, O_APPEND); /* processes that write at the same time would overwrite each other */
    fcntl(s->program.err_fd, F_SETFL, O_APPEND);
}

static double time_for(const struct corpus_case *c)
{
    const char *longer = getenv("CORPUS_SECONDS"); /* to watch longer, by hand */
    if (until_ended(c))
        return longer ? atof(longer) : c->seconds > 0 ? c->seconds : first_time;
    return c->rule && c->pending && !longer ? pending_time : c->seconds > 0 ? c->seconds : plenty;
}

/* POSIX semaphores are files there: sem_overview(7). */
static const char semaphores[] = "/dev/shm that may be written";

/* What the case needs and this machine lacks, or NULL. */
static const char *missing_of(const struct corpus_case *c)
{
    const char *need = c->needs ? c->needs : c->by == BY_HANGS || c->by == BY_HEALTHY ? "python3" : NULL;
    if (is_missing(need))
        return need;
    return c->semaphores && access("/dev/shm", W_OK) != 0 ? semaphores : NULL;
}

static void begin(struct slot *s, struct corpus_run *run)
{
    if ((run->missing = missing_of(run->c)))
        return;
    *s = (struct slot){.run = run, .report = file_with("", 0), .seconds = time_for(run->c)};
    start(s);
}

static bool belongs_to(pid_t pid, const char *name)
{
    enum { ENVIRON_MAX = 1 << 20 };
    char path[64], marker[96];
    struct buf b;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    int len = snprintf(marker, sizeof marker, "corpus_case=%s", name) + 1;
    buf_init(&b, ENVIRON_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool found = fd >= 0 && !io_read_all(fd, &b) && memmem(b.data, b.len, marker, (size_t)len);
    if (fd >= 0)
        close(fd);
    buf_done(&b);
    return found;
}

/* Processes that a watch has left become our children. */
static size_t count_left(const struct slot *s, int sig)
{
    pid_t kin[KIN_MAX];
    size_t left = 0, n = kin_children(getpid(), kin);
    for (size_t i = 0; i < n; i++)
        if (kin[i] != s->program.pid && belongs_to(kin[i], s->run->name)) {
            left++;
            if (sig)
                kill(kin[i], sig);
        }
    return left;
}

static json_t *read_report(const char *path)
{
    json_error_t error;
    return json_load_file(path, JSON_REJECT_DUPLICATES, &error);
}

static void finish(struct slot *s)
{
    struct corpus_run *r = s->run;
    r->status = s->program.status;
    r->ready = s->ready_at > 0 && s->ended_at - s->ready_at >= look_time;
    r->report = read_report(s->report);
    r->out = strdup(buf_text(&s->program.out));
    r->err = strdup(buf_text(&s->program.err));
    program_done(&s->program);
    r->left = count_left(s, SIGKILL);
    while (count_left(s, SIGKILL) > 0)
        continue;
    file_done(s->report);
    *s = (struct slot){0};
}

/* The time was up before the program could be watched, because the machine is busy. */
static bool was_too_short(const struct slot *s)
{
    return until_ended(s->run->c) && s->program.status == 124 && s->tries + 1 < TRIES &&
           (s->ready_at == 0 || s->ended_at - s->ready_at < look_time);
}

static void again(struct slot *s)
{
    program_done(&s->program);
    s->seconds *= more_time;
    s->tries++;
    start(s);
}

static void step(struct slot *s)
{
    double now = clock_now();
    program_look(&s->program);
    if (s->ready_at == 0 && strstr(buf_text(&s->program.out), "ready"))
        s->ready_at = now;
    if (s->program.status < 0) {
        if (now - s->started > s->seconds + bound)
            finish(s);
        return;
    }
    if (s->ended_at == 0)
        s->ended_at = now;
    if (count_left(s, 0) > 0 && now - s->ended_at < patience)
        return;
    if (count_left(s, 0) == 0 && was_too_short(s))
        again(s);
    else
        finish(s);
}

static void set_path(const char *name, const char *top, const char *path)
{
    char whole[4096];
    snprintf(whole, sizeof whole, "%s/%s", top, path);
    setenv(name, whole, 1);
}

/* Unless the environment names another Python with Polars, the one that ./bootstrap check installs. */
static void set_polars(const char *name, const char *build, const char *path)
{
    char whole[4096];
    snprintf(whole, sizeof whole, "%s/%s", build, path);
    if (access(whole, X_OK) == 0)
        setenv(name, whole, 0);
}

/* Sets the variables that the shell lines of the cases use. */
static void set_up(char *folder)
{
    const char *source = getenv("srcdir"), *build = getenv("builddir");
    source = source ? source : ".";
    build = build ? build : "build";
    set_path("programs", source, "tests/programs");
    set_path("sample", source, "assets/sample.csv");
    set_path("corpus", build, "tests/corpus_program");
    set_polars("POLARS_NEW", build, "polars-new/bin/python");
    set_polars("POLARS_OLD", build, "polars-old/bin/python");
    setenv("python", "python3", 0);
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(EXIT_FAILURE);
    }
    setenv("folder", folder, 1);
    setenv("TMPDIR", folder, 1);                   /* for compilers that are killed before they clean up */
    setenv("semaphores", strrchr(folder, '/'), 1); /* the prefix of their names: a killed pool does not remove them */
}

static void clean_up(const char *folder)
{
    char line[160];
    snprintf(line, sizeof line, "rm -rf '%s' '/dev/shm/sem.%s'-*", folder, strrchr(folder, '/') + 1);
    if (system(line))
        fprintf(stderr, "%s is left\n", folder);
}

/* Reaps orphans that have ended. */
static void reap(const struct slot *slots)
{
    siginfo_t info = {0};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0) {
        for (size_t i = 0; i < AT_ONCE; i++)
            if (slots[i].run && slots[i].program.pid == info.si_pid && slots[i].program.status < 0)
                return;
        waitpid(info.si_pid, NULL, 0);
        info.si_pid = 0;
    }
}

/* The next run to start, or `n`. Neighbours in the table are alike, and some are heavy, so they do not run together. */
static size_t next_of(size_t i, size_t n)
{
    enum { STRIDE = 9 };
    if (i + STRIDE < n)
        return i + STRIDE;
    size_t row = i % STRIDE + 1;
    return row < STRIDE && row < n ? row : n;
}

void corpus_run_all(struct corpus_run *runs, size_t n)
{
    struct slot slots[AT_ONCE] = {0};
    char folder[] = "/tmp/poolscope-corpus-XXXXXX";
    size_t next = 0, busy;
    set_up(folder);
    do {
        busy = 0;
        for (size_t i = 0; i < AT_ONCE; i++) {
            for (; !slots[i].run && next < n; next = next_of(next, n))
                begin(&slots[i], &runs[next]);
            if (slots[i].run)
                step(&slots[i]);
            busy += slots[i].run != NULL;
        }
        reap(slots);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    } while (busy > 0 || next < n);
    clean_up(folder);
}

void corpus_run_done(struct corpus_run *r)
{
    json_decref(r->report);
    free(r->out);
    free(r->err);
}
