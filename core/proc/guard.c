/* SPDX-License-Identifier: MIT
 * Is a process the guard of a terminal? It runs this program and has the guard's name. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/proc/private.h"

static bool is_named(pid_t pid, const char *name)
{
    char path[64], comm[64];
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *f = fopen(path, "re");
    bool is = f && fgets(comm, sizeof comm, f);
    if (f)
        fclose(f);
    return is && strncmp(comm, name, strlen(name)) == 0 && strcmp(comm + strlen(name), "\n") == 0;
}

bool proc_is_guard(pid_t pid)
{
    char path[64];
    struct stat ours, its;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    return is_named(pid, PROC_GUARD_NAME) && stat("/proc/self/exe", &ours) == 0 && stat(path, &its) == 0 &&
           ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}
