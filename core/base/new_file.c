/* SPDX-License-Identifier: MIT
 * A file without a name (O_TMPFILE) leaves nothing behind, however its writer ends; when whole, it is given one. */
#include "core/base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"

enum { NAMES_MAX = 100 };

static int open_nameless(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
    free(folder);
    return fd;
}

/* Only to what has no name yet; EEXIST: the name is another's. */
static bool give_name(const struct new_file *f, const char *name)
{
    char by_fd[40];
    snprintf(by_fd, sizeof by_fd, "/proc/self/fd/%d", f->fd);
    return linkat(AT_FDCWD, by_fd, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* What has no name gets the temporary one; where there is nothing yet, a file is made under it. */
static bool take_name(struct new_file *f)
{
    if (f->fd < 0)
        return (f->fd = open(f->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666)) >= 0;
    return give_name(f, f->temporary);
}

static enum err name_beside(struct new_file *f)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        if (asprintf(&f->temporary, "%s.%ld-%d", f->path, (long)getpid(), i) < 0) {
            f->temporary = NULL;
            return ERR_NOMEM;
        }
        if (take_name(f))
            return OK;
        free(f->temporary);
        f->temporary = NULL;
        if (errno != EEXIST)
            break;
    }
    return err_from_errno(errno);
}

enum err new_file_begin(const char *path, struct new_file *out, struct problem *problem)
{
    struct new_file f = {.fd = open_nameless(path), .path = strdup(path)};
    if (f.path && (f.fd >= 0 || name_beside(&f) == OK)) {
        *out = f;
        return OK;
    }
    enum err e = f.path ? problem_errno(problem, "%s: cannot write", path)
                        : problem_set(problem, ERR_NOMEM, "%s: out of memory", path);
    new_file_drop(&f);
    return e;
}

void new_file_drop(struct new_file *f)
{
    int error = errno;
    io_close(&f->fd);
    if (f->temporary)
        unlink(f->temporary);
    free(f->temporary);
    free(f->path);
    *f = (struct new_file){.fd = -1};
    errno = error;
}

/* At once where nothing lies there, so that a writer that is killed leaves no other name behind. No link replaces what
 * lies there, but a rename does. Not every file system can rename without replacing; then a second link does it. */
static bool take_place(struct new_file *f, bool replace)
{
    if (!f->temporary && give_name(f, f->path))
        return true;
    if (!f->temporary && name_beside(f))
        return false;
    if (replace)
        return rename(f->temporary, f->path) == 0;
    if (renameat2(AT_FDCWD, f->temporary, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0)
        return true;
    return (errno == EINVAL || errno == ENOSYS) && link(f->temporary, f->path) == 0 && unlink(f->temporary) == 0;
}

enum err new_file_commit(struct new_file *f, bool replace, struct problem *problem)
{
    enum err e = OK;
    if (fsync(f->fd) < 0 || !take_place(f, replace))
        e = problem_errno(problem, "%s: cannot write", f->path);
    if (!e) { /* it has another name now */
        free(f->temporary);
        f->temporary = NULL;
    }
    new_file_drop(f);
    return e;
}
