/* SPDX-License-Identifier: MIT
 * What a worker costs, as the kernel counts it: proportional and unique set size, open fds. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/host/measure.h"

static bool read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err err = fd >= 0 ? io_read_all(fd, out) : ERR_GONE;
    io_close(&fd);
    return !err && out->len > 0;
}

/* The number that follows a name at the start of a line; -1: the name is not there. */
static int64_t number_of(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = text; line && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0)
            return strtoll(line + len, NULL, 10);
    }
    return -1;
}

static int64_t count_fds(pid_t pid)
{
    char path[64];
    int64_t n = 0;
    snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
    DIR *d = opendir(path);
    if (!d)
        return -1;
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

struct worker_memory measure_memory(pid_t pid)
{
    struct worker_memory out = {.pss = -1, .uss = -1, .fds = count_fds(pid)};
    char path[64];
    struct buf text;
    buf_init(&text, 64 << 10);
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)pid);
    if (read_file(path, &text)) {
        int64_t clean = number_of(text.data, "Private_Clean:"), dirty = number_of(text.data, "Private_Dirty:");
        out.pss = number_of(text.data, "Pss:");
        out.uss = clean >= 0 && dirty >= 0 ? clean + dirty : -1;
    }
    buf_done(&text);
    return out;
}

int64_t measure_free_memory(void)
{
    struct buf text;
    buf_init(&text, 64 << 10);
    int64_t kib = read_file("/proc/meminfo", &text) ? number_of(text.data, "MemAvailable:") : -1;
    buf_done(&text);
    return kib > 0 ? kib * 1024 : 0;
}
