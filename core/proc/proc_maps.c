/* SPDX-License-Identifier: MIT
 * What /proc/PID/maps says: in which memory the futex words lie, whether an io_uring is mapped, and how many stacks are
 * left of threads that are not there (a forked child keeps the stacks of its parent's threads, not the threads). */
#include "core/proc/proc_priv.h"

#include <string.h>

static bool holds(const struct proc_map *m, uint64_t address)
{
    return address >= m->start && address < m->end;
}

static void find_homes(struct evidence *e, const struct proc_map *m)
{
    for (size_t i = 0; i < e->nthreads; i++) {
        struct futex_wait *f = &e->threads[i].futex;
        if (f->waiting && holds(m, f->address))
            f->home = m->shared ? WORD_SHARED : WORD_PRIVATE;
    }
}

static bool is_some_stack(const struct evidence *e, const struct proc_map *m)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (holds(m, e->threads[i].sp))
            return true;
    return false;
}

static bool is_guard(const struct proc_map *m)
{
    return !m->readable && !m->writable && !m->executable && !m->shared && m->name_len == 0;
}

/* A thread's stack: read and write, of nothing, right above its guard. Heaps of malloc have the guard above instead. */
static bool is_stack_like(const struct proc_map *m, const struct proc_map *below)
{
    enum { SMALLEST_STACK = 16 * 1024, LARGEST_GUARD = 1024 * 1024 };
    return m->readable && m->writable && !m->executable && !m->shared && m->name_len == 0 && is_guard(below) &&
           below->end == m->start && below->end - below->start <= LARGEST_GUARD &&
           m->end - m->start >= SMALLEST_STACK;
}

static bool is_named(const struct proc_map *m, const char *name)
{
    return m->name_len == strlen(name) && memcmp(m->name, name, m->name_len) == 0;
}

static void take_maps(struct evidence *e, const char *text, size_t len)
{
    struct proc_map m, below = {0};
    size_t used;
    for (; len > 0; text += used, len -= used) {
        if (proc_parse_map(text, len, &m, &used))
            continue; /* a line that is none tells nothing */
        find_homes(e, &m);
        if (is_named(&m, "anon_inode:[io_uring]"))
            e->io_uring_mapped = true;
        if (is_stack_like(&m, &below) && !is_some_stack(e, &m))
            e->ghost_stacks++;
        below = m;
    }
}

void proc_read_maps(struct evidence *e, int pid_dir)
{
    struct buf b;
    buf_init(&b, PROC_FILE_MAX);
    enum err err = proc_read(pid_dir, "maps", &b);
    e->io_uring_mapped = false;
    e->ghost_stacks = 0;
    e->maps_seen = err == OK ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
    if (err == OK)
        take_maps(e, buf_text(&b), b.len);
    buf_done(&b);
}
