/* SPDX-License-Identifier: MIT
 * Healthy: idle programs, which wait for clients, messages, locks of other programs, changes of files, or input. */
#include "tests/programs/corpus.h"

#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_somewhere(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) || listen(fd, 5))
        die("listen");
    return fd;
}

static void in_accept(void)
{
    int fd = listen_somewhere();
    say("ready");
    accept(fd, NULL, NULL);
}

/* A prefork server: all its workers accept connections from one socket. */
static int listening;

static void accept_clients(void)
{
    for (;;)
        close(accept(listening, NULL, NULL));
}

static void prefork_server(void)
{
    enum { WORKERS = 4 };
    listening = listen_somewhere();
    for (int i = 0; i < WORKERS; i++)
        child(accept_clients);
    say("ready");
    while (wait(NULL) > 0)
        child(accept_clients);
}

/* One of its workers was killed and replaced; the new one waits for clients like the others. */
static void prefork_server_with_loss(void)
{
    listening = listen_somewhere();
    child(accept_clients);
    pid_t lost = child(accept_clients);
    nap(0.2);
    kill(lost, SIGKILL);
    wait_for(lost);
    child(accept_clients);
    say("ready");
    wait(NULL);
}

static void in_epoll(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listen_somewhere(), &event);
    say("ready");
    epoll_wait(epoll, &event, 1, -1);
}

static void in_poll(void)
{
    struct pollfd p = {.fd = listen_somewhere(), .events = POLLIN};
    say("ready");
    poll(&p, 1, -1);
}

static void in_select(void)
{
    fd_set set;
    int fd = listen_somewhere();
    FD_ZERO(&set);
    FD_SET(fd, &set);
    say("ready");
    select(fd + 1, &set, NULL, NULL, NULL);
}

static void *in_accept_thread(void *arg)
{
    accept_clients();
    return arg;
}

/* Its threads wait for clients, and its main thread waits for them. */
static void threaded_server(void)
{
    listening = listen_somewhere();
    pthread_t a = start(in_accept_thread, NULL), b = start(in_accept_thread, NULL);
    say("ready");
    pthread_join(a, NULL);
    pthread_join(b, NULL);
}

static void in_mq_receive(void)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
    char name[32], message[16];
    snprintf(name, sizeof name, "/corpus-%d", (int)getpid());
    mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
    mq_unlink(name);
    say("ready");
    if (mq_receive(queue, message, sizeof message, NULL) < 0)
        die("mq_receive");
}

/* System V queues and semaphores outlive their processes: the first one removes them, which ends the other's wait. */
static void in_msgrcv(void)
{
    struct { long type; char text[16]; } message;
    int id = msgget(IPC_PRIVATE, 0600);
    pid_t pid = fork();
    if (pid == 0) {
        msgrcv(id, &message, sizeof message.text, 0, 0);
        _exit(0);
    }
    nap(LATER);
    msgctl(id, IPC_RMID, NULL);
    wait_for(pid);
}

static void in_semop(void)
{
    struct sembuf down = {.sem_op = -1};
    int id = semget(IPC_PRIVATE, 1, 0600);
    pid_t pid = fork();
    if (pid == 0) {
        semop(id, &down, 1);
        _exit(0);
    }
    nap(LATER);
    semctl(id, 0, IPC_RMID);
    wait_for(pid);
}

/* Two processes lock one file: the second waits for the first. */
static int lock_file(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    if (fd < 0)
        die("open");
    return fd;
}

static void in_flock(void)
{
    char path[64];
    int fd = lock_file();
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), fd);
    flock(fd, LOCK_EX);
    pid_t pid = fork();
    if (pid == 0) {
        int mine = open(path, O_RDWR);
        say("ready");
        flock(mine, LOCK_EX);
        _exit(0);
    }
    sleep_for_ever();
}

static void in_fcntl_lock(void)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = lock_file();
    fcntl(fd, F_SETLKW, &whole);
    pid_t pid = fork();
    if (pid == 0) {
        fcntl(fd, F_SETLKW, &whole);
        _exit(0);
    }
    nap(LATER);
    fcntl(fd, F_SETLK, &(struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET});
    wait_for(pid);
}

static void in_inotify(void)
{
    char event[4096];
    int fd = inotify_init();
    inotify_add_watch(fd, "/proc/self", IN_CREATE);
    say("ready");
    if (read(fd, event, sizeof event) < 0)
        die("inotify");
}

/* Idle workers wait for a semaphore that they share. */
static sem_t *tasks;

static void serve_tasks(void)
{
    for (;;)
        sem_wait(tasks);
}

static void shared_semaphore(void)
{
    tasks = shared_memory(sizeof *tasks);
    sem_init(tasks, 1, 0);
    pid_t a = child(serve_tasks), b = child(serve_tasks);
    say("ready");
    wait_for(a);
    wait_for(b);
}

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
} *monitor;

static void serve_monitor(void)
{
    pthread_mutex_lock(&monitor->lock);
    for (;;)
        pthread_cond_wait(&monitor->changed, &monitor->lock);
}

static void shared_condvar(void)
{
    pthread_mutexattr_t mutex_attr;
    pthread_condattr_t cond_attr;
    pthread_mutexattr_init(&mutex_attr);
    pthread_mutexattr_setpshared(&mutex_attr, PTHREAD_PROCESS_SHARED);
    pthread_condattr_init(&cond_attr);
    pthread_condattr_setpshared(&cond_attr, PTHREAD_PROCESS_SHARED);
    monitor = shared_memory(sizeof *monitor);
    pthread_mutex_init(&monitor->lock, &mutex_attr);
    pthread_cond_init(&monitor->changed, &cond_attr);
    pid_t a = child(serve_monitor), b = child(serve_monitor);
    say("ready");
    wait_for(a);
    wait_for(b);
}

/* Like sshd and cron: forks twice, starts a session, then runs for ever. Here the first process stays, to be watched. */
static void accept_as_daemon(void)
{
    setsid();
    listening = listen_somewhere();
    child(accept_clients);
}

static void sshd_like(void)
{
    wait_for(child(accept_as_daemon));
    say("ready");
    sleep_for_ever();
}

static void run_jobs(void)
{
    setsid();
    for (;;) {
        nap(0.5);
        if (fork() == 0)
            _exit(0); /* a job, which is reaped later, as cron does */
        if (waitpid(-1, NULL, WNOHANG) < 0)
            continue;
    }
}

static void start_cron(void)
{
    child(run_jobs);
}

static void cron_like(void)
{
    wait_for(child(start_cron));
    say("ready");
    sleep_for_ever();
}

/* A shell at its prompt and a program on a terminal that waits for a line, while nobody types. */
static void on_terminal(char *const argv[])
{
    char bytes[4096];
    int terminal;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    nap(0.5);
    if (pid < 0 || read(terminal, bytes, sizeof bytes) <= 0)
        die("forkpty");
    say("ready");
    while (read(terminal, bytes, sizeof bytes) > 0)
        continue;
}

static void shell_at_prompt(void)
{
    on_terminal((char *[]){"sh", "-i", NULL});
}

static void python_at_prompt(void)
{
    on_terminal((char *[]){"python3", "-q", NULL});
}

static void line_of_terminal(void)
{
    on_terminal((char *[]){"sh", "-c", "echo 'Your name?'; read name", NULL});
}

const struct corpus_program corpus_waits[] = {
    {"wait-accept", in_accept},
    {"wait-prefork-server", prefork_server},
    {"wait-prefork-loss", prefork_server_with_loss},
    {"wait-threaded-server", threaded_server},
    {"wait-epoll", in_epoll},
    {"wait-poll", in_poll},
    {"wait-select", in_select},
    {"wait-mq", in_mq_receive},
    {"wait-msgrcv", in_msgrcv},
    {"wait-semop", in_semop},
    {"wait-flock", in_flock},
    {"wait-fcntl-lock", in_fcntl_lock},
    {"wait-inotify", in_inotify},
    {"wait-shared-semaphore", shared_semaphore},
    {"wait-shared-condvar", shared_condvar},
    {"wait-sshd-like", sshd_like},
    {"wait-cron-like", cron_like},
    {"wait-shell", shell_at_prompt},
    {"wait-python", python_at_prompt},
    {"wait-line", line_of_terminal},
    {NULL, NULL},
};
