/* SPDX-License-Identifier: MIT
 * The files stat and status of a process or thread. */
#include <stdio.h>

#include "core/proc/private.h"

enum err proc_stat_at(int dir, const char *path, struct proc_stat *out)
{
    char text[1024];
    size_t len;
    enum err err = proc_read_short(dir, path, text, sizeof text, &len);
    return err ? err : proc_parse_stat(text, len, out);
}

enum err proc_stat_of(int root, pid_t pid, struct proc_stat *out)
{
    char path[32];
    snprintf(path, sizeof path, "%d/stat", (int)pid);
    return proc_stat_at(root, path, out);
}

enum err proc_status_at(int dir, const char *path, struct proc_status *out)
{
    char text[8192];
    size_t len;
    enum err err = proc_read_short(dir, path, text, sizeof text, &len);
    if (err || len < sizeof text - 1)
        return err ? err : proc_parse_status(text, len, out);
    struct buf whole; /* the line "Groups" is very long if the user is in many groups */
    buf_init(&whole, PROC_FILE_MAX);
    err = proc_read(dir, path, &whole);
    if (!err)
        err = proc_parse_status(buf_text(&whole), whole.len, out);
    buf_done(&whole);
    return err;
}
