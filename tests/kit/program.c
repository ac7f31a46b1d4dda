/* SPDX-License-Identifier: MIT
 * Starts the program, and looks at processes through /proc. */
#include "tests/kit/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

const char *program_path(void)
{
    static char path[4096];
    const char *dir = getenv("builddir");
    snprintf(path, sizeof path, "%s/poolscope", dir ? dir : "build");
    return path;
}

char *source_path(const char *path)
{
    const char *dir = getenv("srcdir");
    char *whole;
    assert_true(asprintf(&whole, "%s/%s", dir ? dir : ".", path) > 0);
    return whole;
}

void program_default_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int sig = 1; sig < SIGRTMIN; sig++)
        signal(sig, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which cannot be ignored anyway */
    sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void run_child(const struct program *p, const char *const *argv, int input)
{
    program_default_signals();
    setpgid(0, 0);                    /* as a shell does, so that kill(-pid) is C-c */
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives a test that is interrupted */
    if (dup2(input, 0) == 0 && dup2(p->out_fd, 1) == 1 && dup2(p->err_fd, 2) == 2)
        execv(argv[0], (char *const *)argv);
    _exit(127);
}

static int input_of(const char *bytes)
{
    if (!bytes)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    assert_int_equal(io_write_all(fd, bytes, strlen(bytes)), OK);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

void program_start_fd(struct program *p, const char *const *args, int fd)
{
    const char *argv[64] = {program_path()};
    for (size_t n = 1; *args && n < 63; n++)
        argv[n] = *args++;
    program_start_argv(p, argv, fd);
}

void program_start_argv(struct program *p, const char *const *argv, int fd)
{
    *p = (struct program){.status = -1};
    buf_init(&p->out, (size_t)256 << 20);
    buf_init(&p->err, (size_t)256 << 20);
    p->out_fd = memfd_create("stdout", MFD_CLOEXEC);
    p->err_fd = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(fd >= 0 && p->out_fd >= 0 && p->err_fd >= 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0)
        run_child(p, argv, fd);
    close(fd);
}

void program_start(struct program *p, const char *const *args, const char *input)
{
    program_start_fd(p, args, input_of(input));
}

static void refresh(int fd, struct buf *b)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    buf_clear(b);
    char *at = buf_reserve(b, (size_t)st.st_size);
    assert_non_null(at);
    assert_int_equal(io_read_at(fd, at, (size_t)st.st_size, 0), OK);
    b->len = (size_t)st.st_size;
    b->data[b->len] = '\0';
}

void program_look(struct program *p)
{
    int status;
    if (p->status < 0 && waitpid(p->pid, &status, WNOHANG) == p->pid)
        p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    refresh(p->out_fd, &p->out);
    refresh(p->err_fd, &p->err);
}

void program_wait(struct program *p)
{
    double end = clock_now() + PROGRAM_BOUND;
    for (program_look(p); p->status < 0; program_look(p)) {
        if (clock_now() > end) {
            print_error("it has not exited; stdout and stderr:\n%s\n%s\n", buf_text(&p->out), buf_text(&p->err));
            fail();
        }
        nap();
    }
}

void program_done(struct program *p)
{
    if (p->status < 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    io_close(&p->out_fd);
    io_close(&p->err_fd);
    buf_done(&p->out);
    buf_done(&p->err);
}

void program_run(struct program *p, const char *const *args)
{
    program_start(p, args, NULL);
    program_wait(p);
}

void kin_adopt(void)
{
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

/* Reads state and parent from /proc/PID/stat. False if there is no such process. */
static bool read_stat(pid_t pid, char *state, pid_t *parent)
{
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC), ppid;
    if (fd < 0)
        return false;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    char *rest = n > 0 ? strrchr(line, ')') : NULL;
    if (!rest || sscanf(rest + 1, " %c %d", state, &ppid) != 2)
        return false;
    *parent = ppid;
    return true;
}

bool kin_alive(pid_t pid)
{
    char state;
    pid_t parent;
    return read_stat(pid, &state, &parent) && state != 'Z' && state != 'X';
}

size_t kin_children(pid_t parent, pid_t out[KIN_MAX])
{
    size_t n = 0;
    DIR *dir = opendir("/proc");
    assert_non_null(dir);
    for (struct dirent *d; (d = readdir(dir));) {
        char state;
        pid_t pid = (pid_t)atoi(d->d_name), ppid;
        if (pid > 0 && read_stat(pid, &state, &ppid) && ppid == parent && state != 'Z' && state != 'X' && n < KIN_MAX)
            out[n++] = pid;
    }
    closedir(dir);
    return n;
}

size_t kin_below(pid_t root, pid_t out[KIN_MAX])
{
    size_t n = kin_children(root, out);
    for (size_t i = 0; i < n; i++) {
        pid_t below[KIN_MAX];
        size_t more = kin_children(out[i], below);
        for (size_t k = 0; k < more && n < KIN_MAX; k++)
            out[n++] = below[k];
    }
    return n;
}

static void read_of(pid_t pid, const char *file, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);
    if (fd >= 0)
        close(fd);
    for (ssize_t i = 0; i < n; i++)
        if (out[i] == '\0')
            out[i] = ' ';
    out[n > 0 ? n : 0] = '\0';
}

bool kin_command_has(pid_t pid, const char *words)
{
    char command[4096];
    read_of(pid, "cmdline", command, sizeof command);
    return strstr(command, words) != NULL;
}

bool kin_is_named(pid_t pid, const char *name)
{
    char comm[32];
    read_of(pid, "comm", comm, sizeof comm);
    comm[strcspn(comm, "\n")] = '\0';
    return strcmp(comm, name) == 0;
}

void kin_wait_none(void)
{
    pid_t left[KIN_MAX];
    double end = clock_now() + PROGRAM_BOUND;
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        size_t n = kin_below(getpid(), left);
        if (n == 0)
            return;
        if (clock_now() > end) {
            for (size_t i = 0; i < n; i++) {
                char command[4096];
                read_of(left[i], "cmdline", command, sizeof command);
                print_error("has not ended: %d %s\n", (int)left[i], command);
                kill(left[i], SIGKILL);
            }
            fail();
        }
        nap();
    }
}

int kin_none_left(void **state)
{
    (void)state;
    kin_wait_none();
    return 0;
}

char *file_with(const char *bytes, size_t len)
{
    const char *dir = getenv("TMPDIR");
    char *path;
    assert_true(asprintf(&path, "%s/poolscope-test-XXXXXX", dir ? dir : "/tmp") > 0);
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, bytes, len), OK);
    close(fd);
    return path;
}

void file_done(char *path)
{
    unlink(path);
    free(path);
}

static void write_with(const char *path, int flags, const char *text)
{
    int fd = open(path, O_WRONLY | flags | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(io_write_all(fd, text, strlen(text)), OK);
    close(fd);
}

void file_append(const char *path, const char *text)
{
    write_with(path, O_APPEND, text);
}

void file_rewrite(const char *path, const char *text)
{
    write_with(path, O_TRUNC, text);
}

void file_read(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    assert_int_equal(io_read_all(fd, out), OK);
    close(fd);
}

bool text_matches(const char *text, const char *regex)
{
    regex_t compiled;
    assert_int_equal(regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
    bool found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

void assert_text_matches(const char *text, const char *regex)
{
    if (!text_matches(text, regex))
        fail_msg("no match of %s in:\n%s", regex, text);
}

void program_assert_status(const struct program *p, int status)
{
    if (p->status != status)
        fail_msg("exit status %d, not %d; stderr:\n%s", p->status, status, buf_text(&p->err));
}
