/* SPDX-License-Identifier: MIT
 * A file without a name (O_TMPFILE of open(2)) disappears if its writer is killed; when complete, it is linked. */
#include "core/base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"

enum { NAMES_MAX = 100 };

static int open_nameless(const char *path, mode_t mode)
{
    char *folder = target_folder(path);
    int fd = folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode) : -1;
    free(folder);
    return fd;
}

/* Links a file without a name. EEXIST: the name is taken. */
static bool give_name(const struct new_file *f, const char *name)
{
    char by_fd[40];
    snprintf(by_fd, sizeof by_fd, "/proc/self/fd/%d", f->fd);
    return linkat(AT_FDCWD, by_fd, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Gives the temporary name to the file, or creates the file under it if there is none yet. */
static bool take_name(struct new_file *f, mode_t mode)
{
    if (f->fd < 0)
        return (f->fd = open(f->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode)) >= 0;
    return give_name(f, f->temporary);
}

static enum err name_beside(struct new_file *f, mode_t mode)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        if (asprintf(&f->temporary, "%s.%ld-%d", f->target.path, (long)getpid(), i) < 0) {
            f->temporary = NULL;
            return ERR_NOMEM;
        }
        if (take_name(f, mode))
            return OK;
        free(f->temporary);
        f->temporary = NULL;
        if (errno != EEXIST)
            break;
    }
    return err_from_errno(errno);
}

static enum err begin(struct new_file *f, unsigned how, struct problem *problem)
{
    struct target *t = &f->target;
    /* a file that replaces another gets the other's mode when it is complete; until then only its owner may read it */
    mode_t mode = t->exists || (how & NEW_FILE_PRIVATE) ? 0600 : 0666;
    f->stream = t->fd >= 0;
    if (f->stream && !(how & NEW_FILE_STREAM))
        return problem_set(problem, ERR_USAGE, "%s: not a regular file, so it cannot be replaced", t->name);
    f->fd = f->stream ? t->fd : open_nameless(t->path, mode);
    t->fd = -1;
    return f->fd >= 0 || !name_beside(f, mode) ? OK : problem_errno(problem, "%s: cannot write", t->name);
}

enum err new_file_begin_at(struct target *target, unsigned how, struct new_file *out, struct problem *problem)
{
    struct new_file f = {.fd = -1, .target = *target};
    enum err err = begin(&f, how, problem);
    *target = (struct target){.fd = -1};
    if (err)
        new_file_drop(&f);
    else
        *out = f;
    return err;
}

enum err new_file_begin(const char *path, unsigned how, struct new_file *out, struct problem *problem)
{
    struct target target;
    enum err err = target_find(path, &target, problem);
    return err ? err : new_file_begin_at(&target, how, out, problem);
}

void new_file_drop(struct new_file *f)
{
    int error = errno;
    io_close(&f->fd);
    if (f->temporary)
        unlink(f->temporary);
    free(f->temporary);
    target_done(&f->target);
    *f = (struct new_file){.fd = -1, .target = {.fd = -1}};
    errno = error;
}

enum err new_file_write(struct new_file *f, const void *data, size_t len, int stop, struct problem *problem)
{
    enum err err = io_write_until(f->fd, data, len, stop);
    if (err == ERR_CANCELLED)
        return problem_set(problem, err, "%s: stopped before everything was written", f->target.name);
    return err ? problem_errno(problem, "%s: cannot write", f->target.name) : OK;
}

/* Where no file exists, the link is made at once, so that a killed writer leaves no temporary name. An existing file
 * can only be replaced by a rename. Not every file system can rename without replacing; there a second link is made. */
static bool take_place(struct new_file *f, bool replace)
{
    const char *path = f->target.path;
    if (!f->temporary && give_name(f, path))
        return true;
    if (!f->temporary && name_beside(f, 0600))
        return false;
    if (replace)
        return rename(f->temporary, path) == 0;
    if (renameat2(AT_FDCWD, f->temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    return (errno == EINVAL || errno == ENOSYS) && link(f->temporary, path) == 0 && unlink(f->temporary) == 0;
}

/* Copies mode and owner of the replaced file, as far as permitted. If its group cannot be kept, the new group gets no
 * rights. Errors are ignored: a file system without modes leaves the file as it was made, with none for others. */
static void keep_rights(const struct new_file *f)
{
    const struct stat *was = &f->target.st;
    mode_t mode = was->st_mode & 0777;
    if (!f->target.exists)
        return;
    if (fchown(f->fd, was->st_uid, was->st_gid) < 0 && fchown(f->fd, (uid_t)-1, was->st_gid) < 0)
        mode &= ~(mode_t)S_IRWXG;
    fchmod(f->fd, mode);
}

/* The path may have become something else meanwhile; a rename would replace a link, not the file that it names. */
static bool is_still_a_file(const struct new_file *f)
{
    struct stat now;
    return lstat(f->target.path, &now) < 0 || S_ISREG(now.st_mode);
}

static enum err put_in_place(struct new_file *f, bool replace, struct problem *problem)
{
    if (!is_still_a_file(f))
        return problem_set(problem, ERR_USAGE, "%s: it is no longer a regular file", f->target.name);
    keep_rights(f);
    if (fsync(f->fd) < 0 || !take_place(f, replace))
        return problem_errno(problem, "%s: cannot write", f->target.name);
    free(f->temporary); /* the file has its final name now */
    f->temporary = NULL;
    return OK;
}

enum err new_file_commit(struct new_file *f, bool replace, struct problem *problem)
{
    enum err err = OK;
    if (!f->stream)
        err = put_in_place(f, replace, problem);
    else if (close(f->fd) < 0)
        err = problem_errno(problem, "%s: cannot write", f->target.name);
    if (f->stream)
        f->fd = -1;
    new_file_drop(f);
    return err;
}
