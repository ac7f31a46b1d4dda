/* SPDX-License-Identifier: MIT
 * A report into a file, whole or not at all; or into what is no file, as far as it goes. */
#include "core/report/report.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/base/new_file.h"

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

enum err report_write_file(const char *path, const char *data, size_t len, struct problem *problem)
{
    struct new_file f;
    if (strcmp(path, "-") == 0 || is_special(path))
        return write_straight(path, data, len, problem);
    enum err e = new_file_begin(path, &f, problem);
    if (e)
        return e;
    if (io_write_all(f.fd, data, len)) {
        e = problem_errno(problem, "%s: cannot write", path);
        new_file_drop(&f);
        return e;
    }
    return new_file_commit(&f, true, problem);
}
