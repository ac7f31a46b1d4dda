/* SPDX-License-Identifier: MIT
 * Look-ups in a scene. */
#include <stdlib.h>

#include "core/proc/memory.h"

size_t proc_place_of(const struct scene *s, pid_t pid)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->procs[mid].pid < pid)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct evidence *scene_find(const struct scene *s, pid_t pid)
{
    size_t i = proc_place_of(s, pid);
    return i < s->n && s->procs[i].pid == pid ? &s->procs[i] : NULL;
}

static int by_inode(const void *key, const void *at)
{
    uint64_t x = *(const uint64_t *)key, y = ((const struct pipe_check *)at)->inode;
    return (x > y) - (x < y);
}

const struct pipe_check *scene_pipe(const struct scene *s, uint64_t inode)
{
    return s->npipes > 0 ? bsearch(&inode, s->pipes, s->npipes, sizeof *s->pipes, by_inode) : NULL;
}
