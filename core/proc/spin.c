/* SPDX-License-Identifier: MIT
 * Does the only thread of a process spin, that is, keep reading a word that nobody changes? A computation uses the CPU
 * as well, and of neither can system calls be seen, as a running thread shows none. But a computation calls functions
 * and keeps values on the stack, while a spinning thread leaves its stack as it is. So the stacks are read again and
 * again, without a stop. */
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/io.h"

enum { PAGE = 4096, PAGES_MAX = 1024, PAGES_AT_ONCE = 512 };

/* Seconds: until the first comparison, and at least between two. */
static const double settled = 0.5, pause_least = 0.25;
enum { COSTS_AT_MOST = 20 }; /* a 20th of the time */
static_assert(PAGE % sizeof(uint64_t) == 0, "mix takes whole words");

struct reading {
    int mem, pagemap;
    size_t pages; /* read so far */
    uint64_t hash;
    bool complete;
};

static void mix(uint64_t *hash, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        *hash = (*hash ^ word) * 0x9e3779b97f4a7c15;
        *hash ^= *hash >> 29;
    }
}

/* Reads only pages that exist: reading another one would create it. */
static void read_part(struct reading *r, uint64_t start, uint64_t end)
{
    static const uint64_t there = 3ull << 62; /* present, or swapped out */
    uint64_t entries[PAGES_AT_ONCE];
    unsigned char page[PAGE];
    size_t n = (end - start) / PAGE;
    if (io_read_at(r->pagemap, entries, n * sizeof *entries, start / PAGE * sizeof *entries))
        r->complete = false;
    for (size_t i = 0; i < n && r->complete; i++) {
        if (!(entries[i] & there))
            continue;
        if (++r->pages > PAGES_MAX || io_read_at(r->mem, page, sizeof page, start + i * PAGE))
            r->complete = false;
        else
            mix(&r->hash, page, sizeof page);
    }
}

static void read_stack(struct reading *r, const struct proc_map *m)
{
    const uint64_t step = (uint64_t)PAGES_AT_ONCE * PAGE;
    for (uint64_t at = m->start; at < m->end && r->complete; at += step)
        read_part(r, at, m->end - at < step ? m->end : at + step);
}

/* Reads all stacks, also those that are left of the parent's threads: which one the thread uses is not known. */
static void read_stacks(struct reading *r, const char *text, size_t len)
{
    static const char name[] = "[stack]";
    struct proc_map m, below = {0};
    size_t used, stacks = 0;
    for (; len > 0 && r->complete; text += used, len -= used) {
        if (proc_parse_map(text, len, &m, &used))
            continue;
        bool is_main = m.name_len == sizeof name - 1 && memcmp(m.name, name, m.name_len) == 0;
        if (is_main || proc_is_stack_like(&m, &below)) {
            read_stack(r, &m);
            stacks++;
        }
        below = m;
    }
    r->complete = r->complete && stacks > 0 && r->pages > 0;
}

static bool hash_stacks(int pid_dir, uint64_t *hash)
{
    struct reading r = {.complete = true};
    struct buf maps;
    buf_init(&maps, PROC_FILE_MAX);
    r.mem = openat(pid_dir, "mem", O_RDONLY | O_CLOEXEC);
    r.pagemap = openat(pid_dir, "pagemap", O_RDONLY | O_CLOEXEC);
    r.complete = r.mem >= 0 && r.pagemap >= 0 && sysconf(_SC_PAGESIZE) == PAGE && !proc_read(pid_dir, "maps", &maps);
    if (r.complete)
        read_stacks(&r, buf_text(&maps), maps.len);
    io_close(&r.pagemap);
    io_close(&r.mem);
    buf_done(&maps);
    *hash = r.hash;
    return r.complete;
}

static const struct thread_evidence *only_thread(const struct evidence *e)
{
    const struct thread_evidence *only = NULL;
    for (size_t i = 0; i < e->nthreads; i++) {
        if (thread_ended(&e->threads[i]))
            continue;
        if (only)
            return NULL;
        only = &e->threads[i];
    }
    return only;
}

/* Starts the comparison over. */
static void begin(struct evidence *e, struct proc_kept *k, const struct thread_evidence *t, double now)
{
    e->spins_since = now;
    e->spin_looks = 0;
    e->spin_cpu = 0;
    k->spin_voluntary = t->voluntary;
    k->spin_ticks = t->cpu_ticks;
    k->stack_at = 0;
}

static void compare_stacks(struct evidence *e, struct proc_kept *k, const struct thread_evidence *t, int pid_dir,
                           double now)
{
    uint64_t hash;
    double before = clock_thread_cpu();
    bool known = k->stack_at > 0, read = hash_stacks(pid_dir, &hash);
    k->stack_cost = clock_thread_cpu() - before;
    if (!read || (known && hash != k->stack_hash))
        begin(e, k, t, now);
    else
        e->spin_looks += known;
    k->stack_hash = hash;
    k->stack_at = now;
}

void proc_follow_spin(struct evidence *e, struct proc_kept *k, struct scene_memory *m, int pid_dir, double now)
{
    const struct thread_evidence *t = only_thread(e);
    double pause = k->stack_cost * COSTS_AT_MOST > pause_least ? k->stack_cost * COSTS_AT_MOST : pause_least;
    if (!t || t->state != 'R' || !e->forked_without_exec || t->switches_seen != SEEN) {
        e->spins_since = 0;
        return;
    }
    if (k->spin_forgiven)
        k->spin_voluntary = t->voluntary; /* stopping it to read its stack caused a switch */
    k->spin_forgiven = false;
    if (e->spins_since == 0 || t->voluntary != k->spin_voluntary)
        begin(e, k, t, now);
    e->spin_cpu = (double)(t->cpu_ticks - k->spin_ticks) / (double)sysconf(_SC_CLK_TCK);
    if (now - e->spins_since < settled || now - k->stack_at < pause || m->time_left <= 0)
        return;
    compare_stacks(e, k, t, pid_dir, now);
    m->time_left -= k->stack_cost;
}
