/* SPDX-License-Identifier: MIT
 * The children of a process, from task/TID/children or, if the kernel was built without that file, by looking at the
 * parents of all processes. */
#include "core/proc/private.h"

#include <stdio.h>
#include <unistd.h>

enum { PIDS_MAX = 1 << 22, CHILDREN_MAX = 16 * 1024 * 1024 };

static enum err add_from_task(int pid_dir, pid_t tid, struct buf *b, struct ints *out)
{
    char path[48];
    snprintf(path, sizeof path, "task/%d/children", (int)tid);
    enum err err = proc_read(pid_dir, path, b);
    return err ? err : proc_parse_numbers(buf_text(b), b->len, out);
}

static enum err add_from_tasks(int pid_dir, pid_t pid, bool all_threads, struct ints *out)
{
    struct ints tids = {0};
    struct buf b;
    buf_init(&b, CHILDREN_MAX);
    enum err err = add_from_task(pid_dir, pid, &b, out);
    if (!err && all_threads)
        err = proc_list_numbers(pid_dir, "task", PIDS_MAX, &tids);
    for (size_t i = 0; i < tids.n && !err; i++) {
        if (tids.v[i] != pid)
            err = add_from_task(pid_dir, (pid_t)tids.v[i], &b, out);
        if (err == ERR_GONE)
            err = OK; /* the thread has ended, and another one has its children now */
    }
    ints_done(&tids);
    buf_done(&b);
    return err;
}

static enum err add_by_parent(int root, pid_t parent, struct ints *out)
{
    struct ints pids = {0};
    struct proc_stat stat;
    enum err err = proc_list_numbers(root, ".", PIDS_MAX, &pids);
    for (size_t i = 0; i < pids.n && !err; i++)
        if (!proc_stat_of(root, (pid_t)pids.v[i], &stat) && stat.ppid == parent)
            err = ints_add(out, pids.v[i]);
    ints_done(&pids);
    return err;
}

enum err proc_add_children(int root, int pid_dir, pid_t pid, bool all_threads, struct ints *out)
{
    size_t before = out->n;
    enum err err = add_from_tasks(pid_dir, pid, all_threads, out);
    if (err != ERR_GONE || out->n > before)
        return err;
    if (faccessat(pid_dir, "task", F_OK, 0) < 0)
        return ERR_GONE;
    return add_by_parent(root, pid, out);
}
