/* SPDX-License-Identifier: MIT
 * Healthy: pipes that look like those of a hang, but that somebody will still write, read or close. */
#include "tests/programs/corpus.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Both read from each other, but a third process has the write end and will write. */
static void write_later(void)
{
    nap(LATER);
    write_much(to_child[1]);
}

static void answer_question(void)
{
    keep_childs_ends();
    read_bytes(to_child[0], MUCH);
    write_much(to_parent[1]);
}

static void third_has_the_end(void)
{
    make_pipes();
    pid_t pid = child(answer_question);
    child(write_later);
    keep_parents_ends();
    read_bytes(to_parent[0], MUCH);
    wait_for(pid);
}

/* No process has the write end: it is queued in a message, which the third process receives later. */
static int post[2];

static void take_end_later(void)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd;
    nap(LATER);
    if (recvmsg(post[1], &m, 0) != 1)
        die("recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    write_much(fd);
}

static void post_end(int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr m = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(post[0], &m, 0) != 1)
        die("sendmsg");
}

static void end_is_queued(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, post))
        die("socketpair");
    pid_t later = child(take_end_later);
    make_pipes();
    pid_t pid = child(answer_question);
    post_end(to_child[1]);
    keep_parents_ends();
    close(to_child[1]);
    read_bytes(to_parent[0], MUCH);
    wait_for(pid);
    wait_for(later);
}

/* Only the reader has the ends of its pipe; but the pipe has a name, so others may open it. */
static char fifo[128];

static void open_later(void)
{
    nap(LATER);
    int fd = open(fifo, O_WRONLY);
    write_much(fd);
}

static void named_pipe(void)
{
    const char *folder = getenv("folder");
    snprintf(fifo, sizeof fifo, "%s/fifo-%d", folder ? folder : "/tmp", (int)getpid());
    if (mkfifo(fifo, 0600))
        die("mkfifo");
    child(open_later);
    int opened = open(fifo, O_RDWR);
    read_bytes(opened, MUCH);
    unlink(fifo);
}

/* It reads its own pipe, to which its signal handler writes. */
static int self[2];

static void tell_self(int sig)
{
    (void)sig;
    if (write(self[1], "x", 1) != 1)
        _exit(1);
}

static void self_pipe(void)
{
    struct itimerval later = {.it_value.tv_sec = LATER};
    make_pipe(self);
    signal(SIGALRM, tell_self);
    setitimer(ITIMER_REAL, &later, NULL);
    read_bytes(self[0], 1);
}

static void *tell_self_later(void *arg)
{
    nap(LATER);
    tell_self(0);
    return arg;
}

static void self_pipe_by_thread(void)
{
    make_pipe(self);
    start(tell_self_later, NULL);
    read_bytes(self[0], 1);
}

/* Both read from each other; a signal handler or a thread of one will write. */
static void tell_child(int sig)
{
    (void)sig;
    write_much(to_child[1]);
}

static void handler_writes(void)
{
    struct itimerval later = {.it_value.tv_sec = LATER};
    struct sigaction action = {.sa_handler = tell_child, .sa_flags = SA_RESTART};
    make_pipes();
    child(answer_question);
    keep_parents_ends();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &later, NULL);
    read_bytes(to_parent[0], MUCH);
}

static void *tell_child_later(void *arg)
{
    nap(LATER);
    tell_child(0);
    return arg;
}

static void thread_writes(void)
{
    make_pipes();
    child(answer_question);
    keep_parents_ends();
    start(tell_child_later, NULL);
    read_bytes(to_parent[0], MUCH);
}

/* The child fills a pipe, and the parent waits for the child; but another process or another thread has the read end
 * and will empty the pipe. */
static void drain_later(void)
{
    close(to_parent[1]);
    nap(LATER);
    read_bytes(to_parent[0], MUCH);
}

static void *drain_in_thread(void *arg)
{
    nap(LATER);
    read_bytes(to_parent[0], MUCH);
    return arg;
}

static void fill(void)
{
    keep_childs_ends();
    write_much(to_parent[1]);
}

static void third_reads(void)
{
    make_pipes();
    child(drain_later);
    pid_t pid = child(fill);
    keep_parents_ends();
    wait_for(pid);
}

static void thread_reads(void)
{
    make_pipes();
    pid_t pid = child(fill);
    keep_parents_ends();
    start(drain_in_thread, NULL);
    wait_for(pid);
}

/* Subscribers wait for news from a server whose threads wait for their messages; the news come through another socket. */
static int lines[2][2];

static void subscribe(int i)
{
    close(lines[i][0]);
    close(lines[!i][0]);
    close(lines[!i][1]);
    read_to_end(lines[i][1]);
}

static void subscribe_0(void) { subscribe(0); }
static void subscribe_1(void) { subscribe(1); }

static void *serve_line(void *fd)
{
    read_to_end(*(int *)fd);
    return NULL;
}

static void subscribers(void)
{
    int door = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un here = {.sun_family = AF_UNIX}; /* the kernel gives it a name */
    if (door < 0 || bind(door, (struct sockaddr *)&here, sizeof here.sun_family) || listen(door, 1))
        die("listen");
    for (int i = 0; i < 2; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, lines[i]))
            die("socketpair");
    child(subscribe_0);
    child(subscribe_1);
    for (int i = 0; i < 2; i++) {
        close(lines[i][1]);
        start(serve_line, &lines[i][0]);
    }
    say("ready");
    accept(door, NULL, NULL);
}

/* The child has the write end of the pipe that its parent reads, and computes. */
static void compute_and_write(void)
{
    keep_childs_ends();
    compute(1);
    write_much(to_parent[1]);
}

static void writer_computes(void)
{
    make_pipes();
    child(compute_and_write);
    keep_parents_ends();
    read_bytes(to_parent[0], MUCH);
}

static void compute_and_read(void)
{
    keep_childs_ends();
    compute(1);
    read_to_end(to_child[0]);
}

static void reader_computes(void)
{
    make_pipes();
    pid_t pid = child(compute_and_read);
    keep_parents_ends();
    write_much(to_child[1]);
    close(to_child[1]);
    wait_for(pid);
}

static void read_slowly(void)
{
    keep_childs_ends();
    for (int i = 0; i < 6; i++) {
        nap(0.5);
        read_bytes(to_child[0], MUCH / 4);
    }
}

static void reader_is_slow(void)
{
    make_pipes();
    pid_t pid = child(read_slowly);
    keep_parents_ends();
    write_much(to_child[1]);
    close(to_child[1]);
    wait_for(pid);
}

/* A worker waits for its next task, and its parent for its own input, whose other end is open elsewhere. */
static int input[2];

static void hold_input(void)
{
    close(input[0]);
    sleep_for_ever();
}

static void serve(void)
{
    keep_childs_ends();
    read_to_end(to_child[0]);
}

static void idle_worker(void)
{
    make_pipe(input);
    child(hold_input);
    close(input[1]);
    make_pipes();
    child(serve);
    keep_parents_ends();
    say("ready");
    read_to_end(input[0]);
}

const struct corpus_program corpus_ends[] = {
    {"pipe-third-has-end", third_has_the_end},
    {"pipe-end-in-message", end_is_queued},
    {"pipe-named", named_pipe},
    {"pipe-self", self_pipe},
    {"pipe-self-thread", self_pipe_by_thread},
    {"pipe-handler-writes", handler_writes},
    {"pipe-thread-writes", thread_writes},
    {"pipe-third-reads", third_reads},
    {"pipe-thread-reads", thread_reads},
    {"socket-subscribers", subscribers},
    {"pipe-writer-computes", writer_computes},
    {"pipe-reader-computes", reader_computes},
    {"pipe-slow-reader", reader_is_slow},
    {"pipe-idle-worker", idle_worker},
    {NULL, NULL},
};
