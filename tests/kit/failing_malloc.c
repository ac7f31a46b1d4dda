/* SPDX-License-Identifier: MIT
 * A library for LD_PRELOAD whose allocation functions fail when the test says so. It counts the allocations of each
 * process of poolscope; other programs, such as a watched command, allocate as always. */
#include "tests/kit/failing_malloc.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator of glibc under its other names, which need no look-up by dlsym(3) and so no memory. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

enum { TRACES_MAX = 3, FRAMES_MAX = 40 };

static struct failing_malloc *order; /* NULL: not a process of poolscope, or main has not begun */
static int role;
static pid_t counted; /* the process that `count` belongs to */
static uint64_t count;
static _Thread_local bool tracing __attribute__((tls_model("initial-exec")));

static void write_trace(const char *what)
{
    void *frames[FRAMES_MAX];
    char line[128];
    tracing = true; /* backtrace(3) may allocate */
    int n = snprintf(line, sizeof line, "failing_malloc: %s in process %d, role %d\n", what, (int)getpid(), role);
    if (write(STDERR_FILENO, line, (size_t)n) == n)
        backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    tracing = false;
}

static void on_fatal_signal(int signum)
{
    char what[32];
    snprintf(what, sizeof what, "signal %d", signum);
    order->signal = signum;
    write_trace(what);
    raise(signum); /* SA_RESETHAND has restored the default action */
}

/* argv[0] and argv[1] of this process, each at most `size` bytes long. */
static void read_command(char *program, char *first, size_t size)
{
    char line[4096] = "";
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = '\0';
    snprintf(program, size, "%s", line);
    snprintf(first, size, "%s", (ssize_t)strlen(line) < n ? line + strlen(line) + 1 : "");
}

static bool is_poolscope(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    const char *name = strrchr(path, '/');
    return name && strcmp(name, "/poolscope") == 0;
}

__attribute__((constructor)) static void begin(void)
{
    static const char *const commands[] = {[ROLE_HOST] = "poolscope-host",
                                           [ROLE_FORKSERVER] = "poolscope-forkserver",
                                           [ROLE_WORKER] = "poolscope-worker",
                                           [ROLE_DESK] = "poolscope-query"};
    const char *path = getenv("FAILING_MALLOC");
    char program[64], first[64];
    int fd = path && is_poolscope() ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    read_command(program, first, sizeof first);
    for (int i = ROLE_HOST; i <= ROLE_DESK; i++)
        if (strcmp(first, commands[i]) == 0)
            role = i;
    struct failing_malloc *map = mmap(NULL, sizeof *map, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        _exit(127);
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; map->sees_signals && i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &(struct sigaction){.sa_handler = on_fatal_signal, .sa_flags = SA_RESETHAND | SA_NODEFER},
                  NULL);
    tracing = true;
    void *frame;
    backtrace(&frame, 1); /* the first call loads a library, which a signal handler must not do */
    tracing = false;
    counted = getpid();
    order = map;
}

static void begin_again_after_fork(pid_t pid)
{
    counted = pid;
    count = 0;
    if (role < ROLE_FORK)
        role += ROLE_FORK;
}

/* Counts one allocation. True if it is to fail. */
static bool fails_now(void)
{
    if (!order || tracing)
        return false;
    pid_t pid = getpid();
    if (pid != counted)
        begin_again_after_fork(pid);
    uint64_t n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    uint64_t most = __atomic_load_n(&order->counts[role], __ATOMIC_RELAXED);
    while (n > most &&
           !__atomic_compare_exchange_n(&order->counts[role], &most, n, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    if (order->role != role || order->at == 0 || n < order->at || (n > order->at && !order->from_then_on))
        return false;
    if (__atomic_add_fetch(&order->failures, 1, __ATOMIC_RELAXED) <= TRACES_MAX && order->trace)
        write_trace("an allocation fails");
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails_now() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}

void *memalign(size_t alignment, size_t size)
{
    return fails_now() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    int saved = errno;
    void *p = memalign(alignment, size);
    errno = saved;
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}
