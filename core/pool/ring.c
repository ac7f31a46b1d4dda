/* SPDX-License-Identifier: MIT
 * A record is a task or an answer. It takes one cell, and more cells if its bytes do not fit. The first word of its
 * first cell is written last and contains the record's place. So a reader sees from the cell alone that the record is
 * there, and reads the other side's counters only when it runs out of room. */
#include "core/pool/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <math.h> /* isinf: nothing that needs libm */
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RING_MAGIC = 0x706f6f01, LINE = 64, SPIN = 100 };

/* The state of a task, stored together with its place. */
enum { CELL_FULL = 1, CELL_CLAIMED, CELL_TAKEN_BACK };

struct task_cell {
    _Atomic uint32_t state; /* place * 4 + one of the above; 0 in a cell that continues a record */
    uint8_t kind, unused;
    uint16_t len;
    char bytes[24];
};

struct answer_cell {
    _Atomic uint32_t state; /* place * 2 + 1; 0 in a cell that continues a record */
    uint8_t by_socket, failed;
    uint16_t len;  /* bytes that follow in continuing cells */
    uint32_t task; /* the task's place */
    float seconds;
    int64_t rows;
    int64_t first; /* row of the only range; -1: the ranges follow, or there are none */
};

struct more_cell { /* continues a record */
    _Atomic uint32_t zero;
    char bytes[28];
};

union cell {
    struct task_cell task;
    struct answer_cell answer;
    struct more_cell more;
};
_Static_assert(sizeof(union cell) == 32, "two cells fit into a cache line");

struct ring {
    uint32_t magic;
    alignas(LINE) _Atomic uint32_t host_sleeps;   /* written by both; 1: the bell is on */
    _Atomic uint32_t answers_read;                /* written by the host; cells before this place are free */
    alignas(LINE) _Atomic uint32_t worker_sleeps; /* a shared futex; 1 while the worker sleeps on it */
    _Atomic uint32_t tasks_read;                  /* written by the worker; cells before this place are free */
    _Atomic uint32_t ready;
    alignas(LINE) union cell tasks[RING_CELLS];
    alignas(LINE) union cell answers[RING_CELLS];
};

static enum err ring_map(int fd, struct ring_end *out)
{
    void *at = mmap(NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return err_from_errno(errno);
    *out = (struct ring_end){.shared = at, .limit = RING_CELLS};
    return OK;
}

enum err ring_new(struct ring_end *out, int *fd)
{
    int memory = memfd_create("poolscope-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0)
        return err_from_errno(errno);
    /* Sealed, because a worker that made the file shorter would kill the host by SIGBUS. */
    bool made = ftruncate(memory, sizeof(struct ring)) == 0 &&
                fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
    enum err err = made ? ring_map(memory, out) : err_from_errno(errno);
    if (err) {
        close(memory);
        return err;
    }
    out->shared->magic = RING_MAGIC;
    ring_bell_on(out);
    *fd = memory;
    return OK;
}

enum err ring_open(int fd, struct ring_end *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_from_errno(errno);
    if (st.st_size != sizeof(struct ring))
        return ERR_PARSE;
    enum err err = ring_map(fd, out);
    if (!err && out->shared->magic != RING_MAGIC) {
        ring_close(out);
        err = ERR_PARSE;
    }
    return err;
}

struct ring_end ring_other_end(const struct ring_end *fresh)
{
    return (struct ring_end){.shared = fresh->shared, .limit = RING_CELLS};
}

void ring_close(struct ring_end *r)
{
    if (r->shared)
        munmap(r->shared, sizeof *r->shared);
    *r = (struct ring_end){0};
}

static union cell *cell_at(union cell *cells, uint32_t place)
{
    return &cells[place % RING_CELLS];
}

static uint32_t more_cells(size_t bytes)
{
    enum { EACH = sizeof((struct more_cell *)0)->bytes };
    return (uint32_t)((bytes + EACH - 1) / EACH);
}

/* Writes bytes to the cells from `place` on. */
static void write_more(union cell *cells, uint32_t place, const char *from, size_t len)
{
    while (len > 0) {
        struct more_cell *c = &cell_at(cells, place++)->more;
        size_t n = len < sizeof c->bytes ? len : sizeof c->bytes;
        atomic_store_explicit(&c->zero, 0, memory_order_relaxed);
        memcpy(c->bytes, from, n);
        from += n;
        len -= n;
    }
}

/* The reverse of write_more. */
static void read_more(union cell *cells, uint32_t place, char *to, size_t len)
{
    while (len > 0) {
        const struct more_cell *c = &cell_at(cells, place++)->more;
        size_t n = len < sizeof c->bytes ? len : sizeof c->bytes;
        memcpy(to, c->bytes, n);
        to += n;
        len -= n;
    }
}

static uint32_t task_cells(size_t len)
{
    enum { FIRST = sizeof((struct task_cell *)0)->bytes };
    return 1 + (len > FIRST ? more_cells(len - FIRST) : 0);
}

static uint32_t task_state(uint32_t place, uint32_t state)
{
    return place << 2 | state;
}

static uint32_t answer_state(uint32_t place)
{
    return place << 1 | 1;
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

/* How a wake-up is never missed: a side that is about to sleep sets its word to 1 and then looks once more for work. A
 * side that has written something then checks whether the other's word is 1. Both use an atomic exchange on that word.
 * One of the two exchanges is the later one, and it sees everything that was written before the earlier one. So either
 * the sleeper sees the work, or the writer sees that the other side sleeps. */

/* --- the host's side ---------------------------------------------------------------------------------------------- */

bool ring_has_room(struct ring_end *r, size_t len)
{
    uint32_t cells = task_cells(len);
    if ((int32_t)(r->limit - r->tasks - cells) >= 0)
        return true;
    uint32_t read = atomic_load_explicit(&r->shared->tasks_read, memory_order_acquire);
    if (r->tasks - read <= RING_CELLS) /* any other value cannot be right, and is ignored */
        r->limit = read + RING_CELLS;
    return (int32_t)(r->limit - r->tasks - cells) >= 0;
}

uint32_t ring_put(struct ring_end *r, enum ring_kind kind, const char *code, size_t len, bool by_socket)
{
    size_t first = sizeof((struct task_cell *)0)->bytes;
    uint32_t place = r->tasks;
    struct task_cell *c = &cell_at(r->shared->tasks, r->tasks)->task;
    c->kind = (uint8_t)(kind | (by_socket ? RING_BY_SOCKET : 0));
    c->len = (uint16_t)len;
    if (len > 0)
        memcpy(c->bytes, code, len < first ? len : first);
    if (len > first)
        write_more(r->shared->tasks, r->tasks + 1, code + first, len - first);
    atomic_store_explicit(&c->state, task_state(r->tasks, CELL_FULL), memory_order_release);
    r->tasks += task_cells(len);
    return place;
}

bool ring_take_back(struct ring_end *r, uint32_t place)
{
    struct task_cell *c = &cell_at(r->shared->tasks, place)->task;
    uint32_t full = task_state(place, CELL_FULL);
    return atomic_compare_exchange_strong(&c->state, &full, task_state(place, CELL_TAKEN_BACK));
}

void ring_wake(struct ring_end *r)
{
    if (atomic_exchange(&r->shared->worker_sleeps, 0) == 1)
        futex_wake(&r->shared->worker_sleeps);
}

bool ring_has_answer(const struct ring_end *r)
{
    struct answer_cell *c = &cell_at(r->shared->answers, r->answers)->answer;
    return atomic_load_explicit(&c->state, memory_order_acquire) == answer_state(r->answers);
}

bool ring_is_ready(const struct ring_end *r)
{
    return atomic_load_explicit(&r->shared->ready, memory_order_acquire) != 0;
}

static enum err read_rest(struct ring_end *r, uint16_t len, int64_t first, struct ring_answer *out)
{
    size_t most = out->failed ? RING_TEXT_MAX : sizeof out->ranges;
    if (len > most || (!out->failed && len % (2 * sizeof *out->ranges) != 0))
        return ERR_PARSE;
    read_more(r->shared->answers, r->answers + 1, out->text, len);
    out->len = len;
    if (out->failed) {
        out->text[len] = '\0';
    } else if (len == 0 && first >= 0) {
        out->ranges[0] = first;
        out->ranges[1] = out->rows;
        out->len = 2;
    } else {
        out->len = (uint32_t)(len / sizeof *out->ranges);
    }
    return OK;
}

enum err ring_get(struct ring_end *r, struct ring_answer *out)
{
    const struct answer_cell *c = &cell_at(r->shared->answers, r->answers)->answer;
    if (!ring_has_answer(r))
        return ERR_AGAIN;
    uint16_t len = c->len;
    int64_t first = c->first;
    out->place = c->task;
    out->by_socket = c->by_socket;
    out->failed = c->failed;
    out->rows = c->rows;
    out->seconds = c->seconds;
    enum err err = read_rest(r, len, first, out);
    if (!(out->seconds >= 0) || isinf(out->seconds))
        err = ERR_PARSE;
    r->answers += 1 + more_cells(len);
    atomic_store_explicit(&r->shared->answers_read, r->answers, memory_order_release);
    return err;
}

void ring_bell_on(struct ring_end *r)
{
    atomic_exchange(&r->shared->host_sleeps, 1);
}

void ring_bell_off(struct ring_end *r)
{
    atomic_store_explicit(&r->shared->host_sleeps, 0, memory_order_relaxed);
}

/* --- the worker's side -------------------------------------------------------------------------------------------- */

void ring_notify_host(struct ring_end *r, int bell)
{
    uint64_t one = 1;
    if (atomic_exchange(&r->shared->host_sleeps, 0) == 1 && write(bell, &one, sizeof one) < 0) {
        /* A write fails only if the counter is full, and then the bell has been rung already. */
    }
}

void ring_set_ready(struct ring_end *r, int bell)
{
    atomic_store_explicit(&r->shared->ready, 1, memory_order_release);
    ring_notify_host(r, bell);
}

static uint32_t next_state(const struct ring_end *r)
{
    return atomic_load_explicit(&cell_at(r->shared->tasks, r->tasks)->task.state, memory_order_acquire);
}

static bool has_task(const struct ring_end *r)
{
    uint32_t state = next_state(r);
    return state == task_state(r->tasks, CELL_FULL) || state == task_state(r->tasks, CELL_TAKEN_BACK);
}

static bool has_answer_room(struct ring_end *r, uint32_t cells)
{
    if ((int32_t)(r->limit - r->answers - cells) < 0)
        r->limit = atomic_load_explicit(&r->shared->answers_read, memory_order_acquire) + RING_CELLS;
    return (int32_t)(r->limit - r->answers - cells) >= 0;
}

/* Sleeps until `ready`, which the host brings about by writing a task or reading an answer. */
static void sleep_until(struct ring_end *r, int bell, bool (*ready)(struct ring_end *r, uint32_t cells), uint32_t cells)
{
    _Atomic uint32_t *word = &r->shared->worker_sleeps;
    atomic_exchange(word, 1);
    ring_notify_host(r, bell); /* of answers that it was not notified of yet */
    while (!ready(r, cells) && atomic_load_explicit(word, memory_order_relaxed) == 1)
        futex_wait(word, 1);
    atomic_store_explicit(word, 0, memory_order_relaxed);
}

static bool task_ready(struct ring_end *r, uint32_t unused)
{
    (void)unused;
    return has_task(r);
}

/* Claims the next task if there is one, and skips tasks that were taken back. The cells of all tasks before it are free
 * from now on. Its own cells are not: if this worker dies, the host reads there whether the task was claimed. */
static bool claim(struct ring_end *r, struct ring_task *out)
{
    while (has_task(r)) {
        struct task_cell *c = &cell_at(r->shared->tasks, r->tasks)->task;
        uint32_t full = task_state(r->tasks, CELL_FULL);
        size_t first = sizeof c->bytes, len = c->len <= RING_CODE_MAX ? c->len : RING_CODE_MAX;
        atomic_store_explicit(&r->shared->tasks_read, r->tasks, memory_order_release);
        bool claimed = atomic_compare_exchange_strong(&c->state, &full, task_state(r->tasks, CELL_CLAIMED));
        if (claimed) {
            out->place = r->tasks;
            out->kind = (enum ring_kind)(c->kind & ~RING_BY_SOCKET);
            out->by_socket = c->kind & RING_BY_SOCKET;
            out->len = len;
            memcpy(out->code, c->bytes, len < first ? len : first);
            if (len > first)
                read_more(r->shared->tasks, r->tasks + 1, out->code + first, len - first);
            out->code[len] = '\0';
        }
        r->tasks += task_cells(len);
        if (claimed)
            return true;
        atomic_store_explicit(&r->shared->tasks_read, r->tasks, memory_order_release);
    }
    return false;
}

bool ring_next(struct ring_end *r, int bell, struct ring_task *out)
{
    bool slept = false;
    /* These tries take less time than a system call. Trying for 20 us, on one side or on both, was measured with two
     * processors: an idle round trip took twice as long, because the trying side occupied the processor on which the
     * other side was woken. */
    for (int i = 0; i < SPIN; i++) {
        if (claim(r, out))
            return false;
    }
    while (!claim(r, out)) {
        sleep_until(r, bell, task_ready, 0);
        slept = true;
    }
    return slept;
}

void ring_answer(struct ring_end *r, int bell, const struct ring_answer *a)
{
    bool one_range = !a->failed && !a->by_socket && a->len == 2 && a->ranges[1] == a->rows;
    size_t len = a->by_socket || one_range ? 0 : a->failed ? a->len : a->len * sizeof *a->ranges;
    uint32_t cells = 1 + more_cells(len);
    while (!has_answer_room(r, cells))
        sleep_until(r, bell, has_answer_room, cells);
    struct answer_cell *c = &cell_at(r->shared->answers, r->answers)->answer;
    write_more(r->shared->answers, r->answers + 1, a->text, len);
    c->by_socket = a->by_socket;
    c->failed = a->failed;
    c->len = (uint16_t)len;
    c->task = a->place;
    c->seconds = (float)a->seconds;
    c->rows = a->rows;
    c->first = one_range ? a->ranges[0] : -1;
    atomic_store_explicit(&c->state, answer_state(r->answers), memory_order_release);
    r->answers += cells;
}
