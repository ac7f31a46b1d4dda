/* SPDX-License-Identifier: MIT
 * Hostile: names with escapes and newlines, very many threads and files, a fork storm, files that are not what they claim
 * to be, a program that traces its watcher. None may do harm, and hangs among them must still be found. */
#include "tests/programs/corpus.h"

#include <elf.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static sem_t never;

static void *wait_for_never(void *arg)
{
    while (sem_wait(&never) < 0)
        continue;
    return arg;
}

/* A child that waits for a thread of its parent. */
static void hang_in_fork(void)
{
    sem_init(&never, 0, 0);
    start(wait_for_never, NULL);
    nap(0.1);
    pid_t pid = fork();
    if (pid == 0) {
        say_meant();
        wait_for_never(NULL);
    }
    wait_for(pid);
}

static const char *folder_of_test(void)
{
    const char *folder = getenv("folder");
    return folder ? folder : "/tmp";
}

/* Runs this program again from a folder, with a name and arguments that would upset a terminal. */
static void bad_names(void)
{
    static const char nasty[] = "x\n\033[2J\033]0;title\a) R 1 \\\"\xff\xc2\x9b";
    char folder[256], path[512];
    if (prctl(PR_SET_NAME, ") Z\n\033[31m\xff", 0, 0, 0))
        die("prctl");
    if (!getenv("renamed")) {
        setenv("renamed", "1", 1);
        snprintf(folder, sizeof folder, "%s/%s-%d", folder_of_test(), nasty, (int)getpid());
        snprintf(path, sizeof path, "%s/%s.so", folder, nasty);
        mkdir(folder, 0700);
        int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
        struct stat st;
        if (from < 0 || to < 0 || fstat(from, &st) || sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
            die("copy");
        close(to);
        execl(path, nasty, "hostile-names", (char *)NULL);
        die("exec");
    }
    hang_in_fork();
}

static void *stay(void *arg)
{
    return wait_for_never(arg);
}

/* As many threads as the machine allows, up to ten thousand; the main thread waits for a signal. */
static void many_threads(void)
{
    enum { THREADS = 10000, STACK = 16 * 1024 };
    pthread_attr_t attr;
    pthread_t t;
    int n = 0;
    sem_init(&never, 0, 0);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    while (n < THREADS && pthread_create(&t, &attr, stay, NULL) == 0)
        n++;
    fprintf(stderr, "%d threads\n", n);
    say("ready");
    pause();
}

/* As many open files as are allowed, up to two hundred thousand. */
static void many_files(void)
{
    enum { FILES = 200000 };
    struct rlimit limit;
    int fds[2], n = 0;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    make_pipe(fds);
    while (n < FILES && dup(fds[n % 2]) >= 0)
        n++;
    fprintf(stderr, "%d files\n", n);
    say("ready");
    read_to_end(fds[0]);
}

/* Four processes that only fork, and whose children fork once more. */
static void storm(void)
{
    enum { ROUNDS = 1500 };
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(fork() < 0);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
}

static void fork_storm(void)
{
    enum { FORKERS = 4 };
    for (int i = 0; i < FORKERS; i++)
        child(storm);
    while (wait(NULL) > 0)
        continue;
}

/* Mappings that look like libraries: the header announces sections and segments that do not exist, or the file was
 * truncated since it was mapped. */
static void map_lie(const char *name, bool is_cut)
{
    enum { SIZE = 8192 };
    char path[256];
    Elf64_Ehdr lie = {.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof lie,
                      .e_shoff = (Elf64_Off)1 << 62, .e_ehsize = sizeof lie, .e_phentsize = sizeof(Elf64_Phdr),
                      .e_phnum = 0xfffe, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 0xfeff, .e_shstrndx = 0xfefe};
    memcpy(lie.e_ident, ELFMAG, SELFMAG);
    lie.e_ident[EI_CLASS] = ELFCLASS64;
    lie.e_ident[EI_DATA] = ELFDATA2LSB;
    lie.e_ident[EI_VERSION] = EV_CURRENT;
    snprintf(path, sizeof path, "%s/lib%s-%d.so", folder_of_test(), name, (int)getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0700);
    if (fd < 0 || ftruncate(fd, SIZE) || pwrite(fd, &lie, sizeof lie, 0) != sizeof lie ||
        mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED || (is_cut && ftruncate(fd, 0)))
        die(path);
    close(fd);
}

static void lying_files(void)
{
    map_lie("lies", false);
    map_lie("cut", true);
    hang_in_fork();
}

/* Traces its watcher and stops it for a moment, again and again. */
static void trace_watcher(void)
{
    pid_t watcher = getppid();
    enum { TIMES = 20 };
    say("ready");
    for (int i = 0; i < TIMES && ptrace(PTRACE_SEIZE, watcher, NULL, NULL) == 0; i++) {
        int status;
        ptrace(PTRACE_INTERRUPT, watcher, NULL, NULL);
        waitpid(watcher, &status, __WALL);
        nap(0.05);
        ptrace(PTRACE_DETACH, watcher, NULL, NULL);
        nap(0.05);
    }
}

const struct corpus_program corpus_hostile[] = {
    {"hostile-names", bad_names},
    {"hostile-threads", many_threads},
    {"hostile-files", many_files},
    {"hostile-fork-storm", fork_storm},
    {"hostile-elf", lying_files},
    {"hostile-tracer", trace_watcher},
    {NULL, NULL},
};
