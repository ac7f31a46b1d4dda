/* SPDX-License-Identifier: MIT
 * What is not read at each look: items, which are read only if a finding may depend on them (the words of futexes and
 * where they are, timers, who shares the memory), and what is costly or seldom changes (open files, PSS, command line).
 */
#include "core/proc/memory.h"
#include "core/proc/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"

static void read_words(struct evidence *e, int root, int dir, double now)
{
    int mem = openat(dir, "mem", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < e->nthreads; i++) {
        struct futex_wait *f = &e->threads[i].futex;
        if (!f->waiting || f->has_timeout)
            continue;
        f->word_seen = mem < 0 ? DENIED : NOT_SEEN;
        f->words_at = now;
        if (mem >= 0)
            proc_futex_read_words(&e->threads[i], root, mem, e->other_numbers);
    }
    if (mem >= 0)
        close(mem);
}

static void read_timers(struct evidence *e, int pid_dir)
{
    struct buf b;
    buf_init(&b, PROC_FILE_MAX);
    enum err err = proc_read(pid_dir, "timers", &b);
    e->timers_seen = !err ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
    e->timers = proc_count_key(buf_text(&b), b.len, "ID");
    buf_done(&b);
}

static void read_pss(struct evidence *e, int dir)
{
    char text[2048];
    size_t len;
    uint64_t kib = 0;
    enum err err = proc_read_short(dir, "smaps_rollup", text, sizeof text, &len);
    if (!err)
        err = proc_parse_key(text, len, "Pss", &kib);
    e->pss_seen = !err ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
    e->pss_kib = !err ? (int64_t)kib : -1;
}

static enum err read_command(struct evidence *e, int dir)
{
    enum { COMMAND_MAX = 4096 };
    struct buf raw, safe;
    buf_init(&raw, PROC_FILE_MAX);
    buf_init(&safe, COMMAND_MAX);
    char *command = NULL;
    if (!proc_read(dir, "cmdline", &raw) && raw.len > 0) {
        enum err err = proc_parse_command(raw.data, raw.len, &safe);
        if (err == ERR_TOO_BIG)
            safe.err = OK; /* the beginning is enough */
    } else {
        buf_add_text(&safe, e->command ? e->command : ""); /* a process that has ended has none any more */
        if (safe.len == 0)
            buf_addf(&safe, "[%s]", e->name);
    }
    command = buf_take(&safe);
    if (command) {
        free(e->command);
        e->command = command;
    }
    buf_done(&safe);
    buf_done(&raw);
    return command ? OK : ERR_NOMEM;
}

static enum err read_identity(struct evidence *e, int dir)
{
    char target[4096];
    free(e->exe);
    e->exe = NULL;
    if (!proc_read_link(dir, "exe", target, sizeof target) && !(e->exe = text_dup(target)))
        return ERR_NOMEM;
    return read_command(e, dir);
}

/* Opens the folder of a living thread: a main thread that has ended shows neither memory nor files. */
static enum err open_living(const struct evidence *e, int pid_dir, int *dir)
{
    char path[32] = ".";
    const struct thread_evidence *living = NULL;
    for (size_t i = 0; i < e->nthreads; i++) {
        const struct thread_evidence *t = &e->threads[i];
        if (!thread_ended(t) && (!living || t->tid == e->pid))
            living = t;
    }
    if (living && living->tid != e->pid)
        snprintf(path, sizeof path, "task/%d", (int)living->tid);
    return proc_open_dir(pid_dir, path, dir);
}

/* Finds the other ends of the sockets at which the process waits. */
static void read_peers(struct evidence *e, const struct scene *s, int root)
{
    struct scene_memory *m = s->memory;
    for (size_t i = 0; i < e->nthreads; i++) {
        const struct fd_evidence *fd = thread_waits_through(e, &e->threads[i]);
        if (!fd || fd->kind != FD_SOCKET || fd->peer || !proc_is_real(root))
            continue;
        if (m->netlink < 0)
            m->netlink = proc_unix_open();
        e->fds[fd - e->fds].peer = proc_unix_peer(m->netlink, fd->inode);
    }
}

/* Its open files were read after a look had found it asleep, and it has slept on since. */
static bool has_fds_of_sleep(const struct evidence *e, const struct scene *s)
{
    return e->fds_seen == SEEN && s->memory->kept[e - s->procs].costly_at >= evidence_asleep_since(e);
}

void proc_read_items(struct evidence *e, const struct scene *s, int root, int pid_dir)
{
    int dir;
    if (open_living(e, pid_dir, &dir))
        return; /* everything stays NOT_SEEN */
    read_words(e, root, dir, s->now);
    if (proc_waits_for_others(e)) {
        if (!has_fds_of_sleep(e, s))
            proc_read_fds(e, dir);
        read_peers(e, s, root);
    }
    if (proc_may_be_dead(e))
        proc_read_maps(e, dir);
    close(dir);
    if (proc_is_dead_end(e))
        proc_read_deep(e, s, root, pid_dir);
}

void proc_read_all_words(struct evidence *e, const struct scene *s, int root, int pid_dir)
{
    int dir;
    if (open_living(e, pid_dir, &dir))
        return;
    read_words(e, root, dir, s->now);
    close(dir);
}

void proc_read_deep(struct evidence *e, const struct scene *s, int root, int pid_dir)
{
    int dir;
    double before = clock_now();
    if (open_living(e, pid_dir, &dir))
        return;
    if (e->maps_seen == NOT_SEEN)
        proc_read_maps(e, dir);
    read_timers(e, pid_dir);
    proc_read_shares(e, s, root);
    read_pss(e, dir);
    close(dir);
    s->memory->time_left -= clock_now() - before;
}

enum err proc_read_costly(struct evidence *e, int root, int pid_dir, bool words, double now)
{
    int dir;
    enum err err = open_living(e, pid_dir, &dir);
    if (err)
        return err;
    proc_read_fds(e, dir);
    read_pss(e, dir);
    if (words)
        read_words(e, root, dir, now);
    err = read_identity(e, dir);
    close(dir);
    return err;
}
