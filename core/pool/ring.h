/* SPDX-License-Identifier: MIT
 * The two rings between a host and one worker, in memory that both have mapped: tasks go down, answers come up, each
 * with one writer and one reader, in order. No system call while both are awake; who finds nothing to do sleeps, and is
 * woken by the other: the worker on a shared futex in this memory, the host by the pool's bell (an eventfd).
 *
 * What each may believe of the other: a task is claimed by its worker with a compare-and-swap before it begins, and the
 * host takes an unclaimed one back by the same means. So when a worker dies, at any instruction, it is known of every
 * task whether it was begun. The host keeps all else that it needs in its own memory and checks what it reads here. */
#ifndef POOL_RING_H
#define POOL_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum {
    RING_CELLS = 512,     /* of each ring; a power of two */
    RING_CODE_MAX = 1024, /* bytes of a code that travels in the ring; a longer one goes over the socket */
    RING_TEXT_MAX = 512,  /* of an error */
    RING_RANGES_MAX = 128 /* of a result; one with more goes over the socket */
};

enum ring_kind { RING_FILTER, RING_SCAN, RING_NOOP, RING_QUIT, RING_KINDS };
enum { RING_FAR = 0x80 }; /* with a kind: the rest of it comes over the socket, as a message */

/* What a worker answers. */
struct ring_answer {
    uint32_t place; /* of its task */
    bool far;       /* the ranges, or the error, lie in a message that was sent before */
    bool failed;
    int64_t rows;
    double seconds;
    uint32_t len; /* words in `ranges`, or bytes of `text` */
    union {
        int64_t ranges[2 * RING_RANGES_MAX]; /* pairs: first row, count */
        char text[RING_TEXT_MAX + 1];        /* the error, NUL-terminated */
    };
};

struct ring; /* the shared memory */

/* One side's end of it. */
struct ring_end {
    struct ring *shared; /* NULL: none */
    uint32_t tasks;      /* place of the next task to be written, or read */
    uint32_t answers;
    uint32_t limit; /* how far the other side has read, as last seen */
};

/* New shared memory: *fd (close-on-exec) is for a worker that does not inherit the mapping. */
enum err ring_new(struct ring_end *out, int *fd) MUST_CHECK;
enum err ring_open(int fd, struct ring_end *out) MUST_CHECK;  /* ERR_PARSE: it is no ring of this version */
struct ring_end ring_other_end(const struct ring_end *fresh); /* of a forked worker, which has the mapping */
void ring_close(struct ring_end *r);

/* --- the host's side --- */

/* For a task whose code has `len` bytes. */
bool ring_has_room(struct ring_end *r, size_t len);

/* Writes a task, for which there must be room; returns its place, which names it. `far`: the code was sent over the
 * socket. */
uint32_t ring_put(struct ring_end *r, enum ring_kind kind, const char *code, size_t len, bool far);

/* True if the task at `place` was not begun and now never will be. */
bool ring_take_back(struct ring_end *r, uint32_t place);

/* Wakes the worker if it sleeps: after puts, and after answers were read. */
void ring_wake(struct ring_end *r);

/* The next answer. ERR_AGAIN: none yet; ERR_PARSE: nothing that a worker of ours writes. */
enum err ring_get(struct ring_end *r, struct ring_answer *out) MUST_CHECK;
bool ring_has_answer(const struct ring_end *r);
bool ring_is_ready(const struct ring_end *r); /* its worker is set up */

/* From now on the worker rings the bell when it has answered, as it does with a new ring; no longer. */
void ring_doze(struct ring_end *r);
void ring_rise(struct ring_end *r);

/* --- the worker's side --- */

struct ring_task {
    enum ring_kind kind;
    bool far;
    uint32_t place;
    size_t len;
    char code[RING_CODE_MAX + 1]; /* NUL-terminated */
};

void ring_say_ready(struct ring_end *r, int bell);

/* The next task, claimed; waits for it. True if it waited. */
bool ring_next(struct ring_end *r, int bell, struct ring_task *out);
bool ring_is_empty(const struct ring_end *r);

/* Waits while there is no room. */
void ring_answer(struct ring_end *r, int bell, const struct ring_answer *a);

/* Rings the bell if the host sleeps. */
void ring_tell(struct ring_end *r, int bell);

#endif
