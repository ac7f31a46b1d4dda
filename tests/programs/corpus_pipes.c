/* SPDX-License-Identifier: MIT
 * Pipes and sockets: processes that wait for each other, and an end of file that never comes. */
#include "tests/programs/corpus.h"

#include <sys/socket.h>
#include <unistd.h>

int to_parent[2], to_child[2];

void keep_childs_ends(void)
{
    close(to_parent[0]);
    close(to_child[1]);
}

void keep_parents_ends(void)
{
    close(to_parent[1]);
    close(to_child[0]);
}

void make_pipes(void)
{
    make_pipe(to_parent);
    make_pipe(to_child);
}

void write_much(int fd)
{
    static char bytes[MUCH];
    for (size_t done = 0; done < sizeof bytes;) {
        ssize_t n = write(fd, bytes + done, sizeof bytes - done);
        if (n < 0)
            die("write");
        done += (size_t)n;
    }
}

void read_bytes(int fd, size_t n)
{
    char bytes[4096];
    while (n > 0) {
        ssize_t got = read(fd, bytes, n < sizeof bytes ? n : sizeof bytes);
        if (got < 0)
            die("read");
        if (got == 0)
            return;
        n -= (size_t)got;
    }
}

void read_to_end(int fd)
{
    read_bytes(fd, (size_t)-1);
}

static void answer_before_reading(void)
{
    keep_childs_ends();
    say_meant();
    write_much(to_parent[1]);
    read_to_end(to_child[0]);
}

/* All input is written to a filter before its output is read. */
static void both_write(void)
{
    make_pipes();
    pid_t pid = child(answer_before_reading);
    keep_parents_ends();
    say_meant();
    write_much(to_child[1]);
    read_to_end(to_parent[0]);
    wait_for(pid);
}

static void wait_for_question(void)
{
    keep_childs_ends();
    say_meant();
    read_bytes(to_child[0], 1);
    write_much(to_parent[1]);
}

/* The request was never sent, so both read. */
static void both_read(void)
{
    make_pipes();
    pid_t pid = child(wait_for_question);
    keep_parents_ends();
    say_meant();
    read_bytes(to_parent[0], 1);
    wait_for(pid);
}

static int ends[2];

static void read_second_end(void)
{
    close(ends[0]);
    say_meant();
    read_bytes(ends[1], 1);
}

static void both_read_socket(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        die("socketpair");
    pid_t pid = child(read_second_end);
    close(ends[1]);
    say_meant();
    read_bytes(ends[0], 1);
    wait_for(pid);
}

/* Three processes in a ring, each reading from the previous one. */
static int ring[RING][2];

static void read_in_ring(int i)
{
    for (int k = 0; k < RING; k++) {
        if (k != i)
            close(ring[k][0]);
        if (k != (i + 1) % RING)
            close(ring[k][1]);
    }
    say_meant();
    read_bytes(ring[i][0], 1);
    write_much(ring[(i + 1) % RING][1]);
}

static void read_first(void) { read_in_ring(0); }
static void read_second(void) { read_in_ring(1); }
static void read_third(void) { read_in_ring(2); }

static void three_read(void)
{
    for (int i = 0; i < RING; i++)
        make_pipe(ring[i]);
    pid_t a = child(read_first), b = child(read_second), c = child(read_third);
    for (int i = 0; i < RING; i++) {
        close(ring[i][0]);
        close(ring[i][1]);
    }
    wait_for(a);
    wait_for(b);
    wait_for(c);
}

static void write_without_reader(void)
{
    keep_childs_ends();
    say_meant();
    write_much(to_parent[1]);
}

/* It reads the answer only after the child has ended, but the child ends only once it is read. */
static void wait_before_reading(void)
{
    make_pipes();
    pid_t pid = child(write_without_reader);
    keep_parents_ends();
    say_meant();
    wait_for(pid);
    read_to_end(to_parent[0]);
}

/* It waits for an end of file, but has not closed its own copy of the write end. */
static void read_own_end(void)
{
    say_meant();
    read_to_end(to_child[0]);
}

static void own_write_end(void)
{
    make_pipes();
    pid_t pid = child(read_own_end);
    keep_parents_ends();
    close(to_child[1]);
    wait_for(pid);
}

/* Two workers that end at the end of file; the second one has a copy of the write end of the first one's pipe. */
static int to_worker[2][2];

static void serve_first(void)
{
    close(to_worker[0][1]);
    say_meant();
    read_to_end(to_worker[0][0]);
}

static void serve_second(void)
{
    close(to_worker[1][1]);
    say_meant();
    read_to_end(to_worker[1][0]);
}

static void siblings_write_end(void)
{
    make_pipe(to_worker[0]);
    make_pipe(to_worker[1]);
    pid_t first = child(serve_first), second = child(serve_second);
    close(to_worker[0][1]);
    wait_for(first);
    close(to_worker[1][1]);
    wait_for(second);
}

const struct corpus_program corpus_pipes[] = {
    {"pipe-both-write", both_write},
    {"pipe-both-read", both_read},
    {"pipe-three-read", three_read},
    {"socket-both-read", both_read_socket},
    {"pipe-wait-before-reading", wait_before_reading},
    {"pipe-own-write-end", own_write_end},
    {"pipe-siblings-write-end", siblings_write_end},
    {NULL, NULL},
};
