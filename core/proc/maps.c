/* SPDX-License-Identifier: MIT
 * What /proc/PID/maps says: in which memory the futex words are, what is shared, which libraries are loaded, whether an
 * io_uring is mapped, and how many stacks no thread uses (a forked child keeps the stacks of its parent's threads, but
 * not the threads). As there may be many thousands of mappings and threads, one pass goes over both. */
#include "core/proc/private.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

enum { SHARED_MAX = 1024, LIBRARIES_MAX = 256 };

/* An address of a thread whose mapping is to be found. */
struct point {
    uint64_t address;
    struct thread_evidence *t;
};

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct point *)a)->address, y = ((const struct point *)b)->address;
    return (x > y) - (x < y);
}

static bool holds(const struct proc_map *m, uint64_t address)
{
    return address >= m->start && address < m->end;
}

/* A word in a private mapping belongs to the process alone once it was written, and a lock was written. In a mapping
 * that cannot be written it may still be the page of a file that others map. */
static void set_home(struct futex_wait *f, const struct proc_map *m)
{
    if (!m->shared) {
        f->home = m->writable ? WORD_PRIVATE : WORD_UNKNOWN;
        return;
    }
    f->home = WORD_SHARED;
    f->home_file = m->file;
    f->home_offset = m->offset + (f->address - m->start);
}

static bool is_guard(const struct proc_map *m)
{
    return !m->readable && !m->writable && !m->executable && !m->shared && m->name_len == 0;
}

/* A thread's stack is anonymous memory for reading and writing, right above its guard. Heaps of malloc are below
 * theirs. */
bool proc_is_stack_like(const struct proc_map *m, const struct proc_map *below)
{
    enum { SMALLEST_STACK = 16 * 1024, LARGEST_GUARD = 1024 * 1024 };
    return m->readable && m->writable && !m->executable && !m->shared && m->name_len == 0 && is_guard(below) &&
           below->end == m->start && below->end - below->start <= LARGEST_GUARD && m->end - m->start >= SMALLEST_STACK;
}

static bool is_named(const struct proc_map *m, const char *name)
{
    return m->name_len == strlen(name) && memcmp(m->name, name, m->name_len) == 0;
}

static bool has_number(const struct ints *list, int64_t n)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i] == n)
            return true;
    return false;
}

static void add_shared(struct evidence *e, const struct proc_map *m)
{
    if (!m->shared || !m->file || has_number(&e->shared_maps, (int64_t)m->file))
        return;
    if (e->shared_maps.n >= SHARED_MAX || ints_add(&e->shared_maps, (int64_t)m->file))
        e->maps_seen = NOT_SEEN; /* the list is incomplete, so it proves nothing */
}

/* Adds each library once: its mappings follow each other. */
static void add_library(struct evidence *e, const struct proc_map *m)
{
    const char *slash = memrchr(m->name, '/', m->name_len);
    const char *name = slash ? slash + 1 : m->name;
    size_t len = (size_t)(m->name + m->name_len - name);
    struct buf safe;
    if (!slash || e->libraries.n >= LIBRARIES_MAX || !memmem(name, len, ".so", 3))
        return;
    buf_init(&safe, PROC_NAME_MAX * 4);
    text_add_safe(&safe, name, len);
    const char *last = e->libraries.n ? e->libraries.v[e->libraries.n - 1] : "";
    if (!safe.err && strcmp(buf_text(&safe), last) != 0 && texts_add(&e->libraries, buf_text(&safe))) {
        /* without memory the name is left out */
    }
    buf_done(&safe);
}

/* Takes the points up to the end of the mapping and counts those in it. Points and mappings both rise. */
static size_t take_points(const struct point *points, size_t n, size_t *at, const struct proc_map *m, bool are_words)
{
    size_t inside = 0;
    for (; *at < n && points[*at].address < m->end; ++*at) {
        if (!holds(m, points[*at].address))
            continue;
        inside++;
        if (are_words)
            set_home(&points[*at].t->futex, m);
    }
    return inside;
}

static void take_maps(struct evidence *e, const char *text, size_t len, const struct point *words, size_t nwords,
                      const struct point *stacks, size_t nstacks)
{
    struct proc_map m, below = {0};
    size_t used, word = 0, stack = 0;
    for (; len > 0; text += used, len -= used) {
        if (proc_parse_map(text, len, &m, &used))
            continue; /* skip a line that is not a mapping */
        take_points(words, nwords, &word, &m, true);
        size_t used_as_stack = take_points(stacks, nstacks, &stack, &m, false);
        add_shared(e, &m);
        add_library(e, &m);
        if (is_named(&m, "anon_inode:[io_uring]"))
            e->io_uring_mapped = true;
        if (used_as_stack == 0 && proc_is_stack_like(&m, &below))
            e->ghost_stacks++;
        below = m;
    }
}

static enum err read_all(struct evidence *e, const struct buf *maps)
{
    size_t nwords = 0, nstacks = 0, n = e->nthreads ? e->nthreads : 1;
    struct point *words = calloc(n, sizeof *words), *stacks = calloc(n, sizeof *stacks);
    enum err err = words && stacks ? OK : ERR_NOMEM;
    for (size_t i = 0; i < e->nthreads && !err; i++) {
        struct thread_evidence *t = &e->threads[i];
        if (t->futex.waiting)
            words[nwords++] = (struct point){t->futex.address, t};
        stacks[nstacks++] = (struct point){t->sp, t};
    }
    if (!err) {
        qsort(words, nwords, sizeof *words, by_address);
        qsort(stacks, nstacks, sizeof *stacks, by_address);
        take_maps(e, buf_text(maps), maps->len, words, nwords, stacks, nstacks);
    }
    free(words);
    free(stacks);
    return err;
}

void proc_read_maps(struct evidence *e, int pid_dir)
{
    struct buf b;
    buf_init(&b, PROC_FILE_MAX);
    enum err err = proc_read(pid_dir, "maps", &b);
    e->io_uring_mapped = false;
    e->ghost_stacks = 0;
    ints_done(&e->shared_maps);
    texts_done(&e->libraries);
    e->maps_seen = !err ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
    if (!err && read_all(e, &b))
        e->maps_seen = NOT_SEEN;
    buf_done(&b);
}
