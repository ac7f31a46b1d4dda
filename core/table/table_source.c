/* SPDX-License-Identifier: MIT
 * Where a table's bytes lie: a regular file where it is, anything else spooled into a sealed memfd. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table/table_priv.h"

/* A pipe that never ends must not eat the machine. */
#define SPOOL_MAX ((uint64_t)16 << 30)

enum { ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

bool table_is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) == (F_SEAL_SHRINK | F_SEAL_WRITE);
}

enum err table_problem(struct problem *problem, enum err e, const char *path)
{
    if (e == ERR_SYS || e == ERR_DENIED)
        problem_errno(problem, "%s: cannot read it", path);
    else
        problem_set(problem, e, "%s: %s", path, err_text(e));
    return e;
}

static enum err copy_all(int from, int to, uint64_t *size)
{
    char *block = malloc(TABLE_BLOCK);
    enum err e = block ? OK : ERR_NOMEM;
    *size = 0;
    while (!e) {
        ssize_t n = read(from, block, TABLE_BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            e = err_from_errno(errno);
        if (n <= 0)
            break;
        *size += (uint64_t)n;
        e = *size > SPOOL_MAX ? ERR_TOO_BIG : io_write_all(to, block, (size_t)n);
    }
    free(block);
    return e;
}

static enum err spool(int fd, const char *path, struct table_source *out, struct problem *problem)
{
    int memory = memfd_create("poolscope-table", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0)
        return problem_errno(problem, "%s: no memory for its bytes", path);
    enum err e = copy_all(fd, memory, &out->size);
    if (e == ERR_TOO_BIG)
        problem_set(problem, e, "%s: longer than %llu GiB; write it to a file first", path,
                    (unsigned long long)(SPOOL_MAX >> 30));
    else if (e)
        table_problem(problem, e, path);
    if (!e && fcntl(memory, F_ADD_SEALS, ALL_SEALS) < 0)
        e = problem_errno(problem, "%s: cannot seal its bytes", path);
    if (e) {
        close(memory);
        return e;
    }
    out->fd = memory;
    out->sealed = true;
    return OK;
}

static enum err share(int fd, const char *path, const struct stat *st, struct table_source *out,
                      struct problem *problem)
{
    out->size = (uint64_t)st->st_size;
    out->mtime_seconds = st->st_mtim.tv_sec;
    out->mtime_nanoseconds = st->st_mtim.tv_nsec;
    out->sealed = table_is_sealed(fd);
    out->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return out->fd < 0 ? problem_errno(problem, "%s", path) : OK;
}

enum err table_source_open(int fd, const char *path, struct table_source *out, struct problem *problem)
{
    struct stat st;
    *out = (struct table_source){.fd = -1};
    if (fstat(fd, &st) < 0)
        return problem_errno(problem, "%s", path);
    if (S_ISDIR(st.st_mode))
        return problem_set(problem, ERR_PARSE, "%s: a directory, not a CSV file", path);
    return S_ISREG(st.st_mode) ? share(fd, path, &st, out, problem) : spool(fd, path, out, problem);
}

void table_source_close(struct table_source *s)
{
    io_close(&s->fd);
}

enum err table_source_check(const struct table_source *s)
{
    struct stat st;
    if (s->sealed)
        return OK;
    if (fstat(s->fd, &st) < 0)
        return err_from_errno(errno);
    bool same = (uint64_t)st.st_size == s->size && st.st_mtim.tv_sec == s->mtime_seconds &&
                st.st_mtim.tv_nsec == s->mtime_nanoseconds;
    return same ? OK : ERR_CHANGED;
}
