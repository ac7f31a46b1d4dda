/* SPDX-License-Identifier: MIT
 * Two rings between the host and one worker, in memory that both have mapped: tasks go down to the worker, answers come
 * up. Each ring has one writer and one reader and keeps its order. While both sides are awake no system call is needed.
 * A side that finds nothing to do sleeps and is woken by the other: the worker sleeps on a futex in this memory, the
 * host on the pool's bell (an eventfd).
 *
 * What each side may believe: a worker claims a task with a compare-and-swap before it begins, and the host takes an
 * unclaimed task back in the same way. So when a worker dies, at any instruction, the host knows of every task whether
 * it was begun. Everything else that the host needs it keeps in its own memory, and it checks what it reads from here.
 */
#ifndef POOL_RING_H
#define POOL_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum {
    RING_CELLS = 512,     /* in each ring; a power of two */
    RING_CODE_MAX = 1024, /* bytes of a code that travels in the ring; a longer one goes over the socket */
    RING_TEXT_MAX = 512,  /* bytes of an error */
    RING_RANGES_MAX = 128 /* ranges of a result; a result with more goes over the socket */
};

enum ring_kind { RING_FILTER, RING_SCAN, RING_NOOP, RING_QUIT, RING_KINDS };
enum { RING_BY_SOCKET = 0x80 }; /* added to a kind: the code comes as a message over the socket */

/* A worker's answer to a task. The place of a task is the number of its first cell since the ring was made; it names
 * the task for both sides. */
struct ring_answer {
    uint32_t place;
    bool by_socket; /* the ranges are in a message that was sent before this answer */
    bool failed;
    int64_t rows;
    double seconds;
    uint32_t len; /* numbers in `ranges`, or bytes of `text` */
    union {
        int64_t ranges[2 * RING_RANGES_MAX]; /* pairs: first row, count */
        char text[RING_TEXT_MAX + 1];        /* the error, NUL-terminated */
    };
};

struct ring; /* the shared memory */

/* One side's view of the rings. */
struct ring_end {
    struct ring *shared; /* NULL: none */
    uint32_t tasks;      /* place of the next task to be written (host) or read (worker) */
    uint32_t answers;    /* place of the next answer to be read (host) or written (worker) */
    uint32_t limit;      /* this side may write up to this place, as far as it knows */
};

/* Makes the shared memory. *fd (close-on-exec) is for a worker that does not inherit the mapping. */
enum err ring_new(struct ring_end *out, int *fd) MUST_CHECK;
enum err ring_open(int fd, struct ring_end *out) MUST_CHECK;  /* ERR_PARSE: not a ring of this version */
struct ring_end ring_other_end(const struct ring_end *fresh); /* for a forked worker, which has the mapping */
void ring_close(struct ring_end *r);

/* --- the host's side --- */

/* Is there room for a task whose code has `len` bytes? */
bool ring_has_room(struct ring_end *r, size_t len);

/* Writes a task, for which there must be room, and returns its place. `by_socket`: the code was sent over the socket.
 */
uint32_t ring_put(struct ring_end *r, enum ring_kind kind, const char *code, size_t len, bool by_socket);

/* True if the task at `place` was not begun and now never will be. */
bool ring_take_back(struct ring_end *r, uint32_t place);

/* Wakes the worker if it sleeps. To be called after tasks were put or answers were read. */
void ring_wake(struct ring_end *r);

/* Reads the next answer. ERR_AGAIN: there is none yet; ERR_PARSE: it is not what a worker of ours writes. */
enum err ring_get(struct ring_end *r, struct ring_answer *out) MUST_CHECK;
bool ring_has_answer(const struct ring_end *r);
bool ring_is_ready(const struct ring_end *r); /* the worker can take tasks */

/* On: the worker rings the bell when it has answered. It is on in a new ring. */
void ring_bell_on(struct ring_end *r);
void ring_bell_off(struct ring_end *r);

/* --- the worker's side --- */

struct ring_task {
    enum ring_kind kind;
    bool by_socket;
    uint32_t place;
    size_t len;
    char code[RING_CODE_MAX + 1]; /* NUL-terminated */
};

void ring_set_ready(struct ring_end *r, int bell);

/* Waits for the next task and claims it. Returns true if it had to sleep. */
bool ring_next(struct ring_end *r, int bell, struct ring_task *out);

/* Writes an answer. Waits while there is no room. The host is not notified. */
void ring_answer(struct ring_end *r, int bell, const struct ring_answer *a);

/* Rings the bell if the host has turned it on. */
void ring_notify_host(struct ring_end *r, int bell);

#endif
