/* SPDX-License-Identifier: MIT
 * A file written whole or not at all: a temporary one beside it, fsync(2), rename(2). */
#include "core/report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"

/* Not a regular file (/dev/stdout, a pipe, a tty): there is nothing to rename over. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static enum err write_straight(const char *path, const char *data, size_t len, struct problem *problem)
{
    bool out = strcmp(path, "-") == 0;
    int fd = out ? STDOUT_FILENO : open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return problem_errno(problem, "%s", path);
    enum err e = io_write_all(fd, data, len);
    if (e)
        problem_errno(problem, "%s", out ? "stdout" : path);
    if (!out && close(fd) < 0 && !e)
        e = problem_errno(problem, "%s", path);
    return e;
}

/* mkstemp makes the file 0600; what the user gets has the rights any new file would have. */
static mode_t new_file_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static enum err fill(int fd, const char *data, size_t len)
{
    enum err e = io_write_all(fd, data, len);
    if (!e && (fchmod(fd, new_file_mode()) < 0 || fsync(fd) < 0))
        e = err_from_errno(errno);
    return e;
}

enum err report_write_file(const char *path, const char *data, size_t len, struct problem *problem)
{
    char *temporary = NULL;
    if (strcmp(path, "-") == 0 || is_special(path))
        return write_straight(path, data, len, problem);
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return problem_set(problem, ERR_NOMEM, "%s: out of memory", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    enum err e = fd < 0 ? err_from_errno(errno) : fill(fd, data, len);
    if (fd >= 0 && close(fd) < 0 && !e)
        e = err_from_errno(errno);
    if (!e && rename(temporary, path) < 0)
        e = err_from_errno(errno);
    if (e) {
        problem_errno(problem, "%s: cannot write", path);
        if (fd >= 0)
            unlink(temporary);
    }
    free(temporary);
    return e;
}
