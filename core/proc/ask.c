/* SPDX-License-Identifier: MIT
 * Asking every process, or every thread of a process, while new ones start and old ones end: see ask.h. */
#include "core/proc/ask.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core/proc/read.h"

/* Asks the numbers that were not there before. *news: there was one. */
static enum err ask_those(const struct ints *now, const struct ints *before, proc_ask *ask, void *context, bool *news)
{
    *news = false;
    for (size_t i = 0; i < now->n; i++) {
        if (proc_has_number(before, now->v[i]))
            continue;
        *news = true;
        if (!ask(context, (pid_t)now->v[i]))
            return ERR_CANCELLED;
    }
    return OK;
}

enum err proc_ask_each(int dir, const char *path, proc_ask *ask, void *context)
{
    enum { ROUNDS = 16, NUMBERS_MAX = 1 << 22 };
    struct ints before = {0};
    bool news = true;
    enum err err = OK;
    for (int i = 0; i < ROUNDS && news && !err; i++) {
        struct ints now = {0};
        err = proc_list_numbers(dir, path, NUMBERS_MAX, &now);
        if (!err)
            err = ask_those(&now, &before, ask, context, &news);
        ints_done(&before);
        before = now;
    }
    ints_done(&before);
    return !err && news ? ERR_AGAIN : err;
}

struct pass {
    int folder;
    off_t at;     /* the place of the last number that was asked in the folder, or of an entry before it */
    int64_t last; /* all numbers up to this one have been asked */
    bool ended;
};

/* Asks the next number that is in the folder now. The one that was asked last is listed again: the place after it is
 * not known until the next entry is read. */
static enum err ask_next(struct pass *p, proc_ask *ask, void *context)
{
    _Alignas(struct dirent64) char list[128]; /* at least two entries: names of /proc are short */
    if (lseek(p->folder, p->at, SEEK_SET) < 0)
        return err_from_errno(errno);
    ssize_t n = getdents64(p->folder, list, sizeof list);
    if (n < 0)
        return err_from_errno(errno);
    p->ended = n == 0;
    for (const char *at = list; at < list + n; at += ((const struct dirent64 *)at)->d_reclen) {
        const struct dirent64 *entry = (const struct dirent64 *)at;
        int64_t number = proc_number(entry->d_name);
        if (number > p->last) {
            p->last = number;
            return ask(context, (pid_t)number) ? OK : ERR_CANCELLED;
        }
        p->at = entry->d_off;
    }
    return OK;
}

/* The pid that the kernel gave out last: the last field of /proc/loadavg. */
static enum err newest(int root, int *pid)
{
    char text[128];
    size_t len;
    enum err err = proc_read_short(root, "loadavg", text, sizeof text, &len);
    if (!err && sscanf(text, "%*s %*s %*s %*s %d", pid) != 1)
        err = ERR_PARSE;
    return err;
}

enum err proc_ask_processes(int root, proc_ask *ask, void *context)
{
    enum { STEPS = 1 << 18 };
    struct pass p = {.last = -1};
    int before, after;
    enum err err = newest(root, &before);
    if (!err)
        err = proc_open_dir(root, ".", &p.folder);
    if (err)
        return err;
    for (int i = 0; i < STEPS && !p.ended && !err; i++)
        err = ask_next(&p, ask, context);
    if (!err)
        err = p.ended ? newest(root, &after) : ERR_AGAIN;
    if (!err && after < before)
        err = ERR_AGAIN;
    close(p.folder);
    return err;
}
