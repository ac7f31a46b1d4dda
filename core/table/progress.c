/* SPDX-License-Identifier: MIT
 * Shared progress is in memory whose size is sealed, so it cannot shrink while it is read. */
#include "core/table/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"

void table_progress_begin(struct table_progress *p, uint64_t total)
{
    if (!p)
        return;
    atomic_store(&p->done, 0);
    atomic_store(&p->total, total);
}

void table_progress_add(struct table_progress *p, uint64_t bytes)
{
    if (p)
        atomic_fetch_add_explicit(&p->done, bytes, memory_order_relaxed);
}

void table_progress_stop(struct table_progress *p)
{
    if (p)
        atomic_store(&p->stop, 1);
}

bool table_progress_stopped(const struct table_progress *p)
{
    return p && atomic_load_explicit(&p->stop, memory_order_relaxed);
}

enum err table_progress_share(struct table_progress **out, int *fd)
{
    *fd = memfd_create("poolscope-progress", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0)
        return err_from_errno(errno);
    enum err err = OK;
    if (ftruncate(*fd, sizeof **out) < 0 || fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        err = err_from_errno(errno);
    if (!err)
        err = table_progress_map(*fd, out);
    if (err)
        io_close(fd);
    return err;
}

enum err table_progress_map(int fd, struct table_progress **out)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof **out)
        return ERR_PARSE;
    void *map = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return ERR_NOMEM;
    *out = map;
    return OK;
}

void table_progress_unmap(struct table_progress *p)
{
    if (p)
        munmap(p, sizeof *p);
}
