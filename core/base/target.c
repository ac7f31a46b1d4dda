/* SPDX-License-Identifier: MIT
 * Follows the symbolic links at the end of a path one by one, as the kernel does, except for links that another user
 * may have planted, and links in /proc, whose text is not the file they lead to. */
#include "core/base/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/io.h"

enum { LINKS_MAX = 40 }; /* as many as the kernel follows: path_resolution(7) */

char *target_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum err no_memory(const struct target *t, struct problem *problem)
{
    return problem_set(problem, ERR_NOMEM, "%s: %s", t->name, err_text(ERR_NOMEM));
}

/* In a sticky folder that everybody may write to, only files of this user and of the folder's owner are trusted. */
static bool may_be_planted(const char *path, const struct stat *st)
{
    struct stat dir;
    char *folder = target_folder(path);
    bool shared = folder && stat(folder, &dir) == 0 && (dir.st_mode & S_ISVTX) && (dir.st_mode & S_IWOTH);
    free(folder);
    return shared && st->st_uid != geteuid() && st->st_uid != dir.st_uid;
}

static bool is_in_proc(const char *path)
{
    struct statfs fs;
    char *folder = target_folder(path);
    bool in_proc = folder && statfs(folder, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
    free(folder);
    return in_proc;
}

/* Replaces the path by the link's text, which is relative to the link's folder. */
static enum err follow_link(struct target *t, struct problem *problem)
{
    char to[PATH_MAX], *next = NULL;
    ssize_t n = readlink(t->path, to, sizeof to - 1);
    if (n < 0)
        return problem_errno(problem, "%s: cannot follow this link", t->name);
    to[n] = '\0';
    if (to[0] == '/')
        next = strdup(to);
    else if (asprintf(&next, "%.*s%s", (int)(last_part(t->path) - t->path), t->path, to) < 0)
        next = NULL;
    if (!next)
        return no_memory(t, problem);
    free(t->path);
    t->path = next;
    return OK;
}

/* Sets `exists` and `st`; *magic: the last part is a link in /proc, which leads to an open file. */
static enum err follow(struct target *t, bool *magic, struct problem *problem)
{
    *magic = false;
    for (int i = 0; i < LINKS_MAX; i++) {
        t->exists = lstat(t->path, &t->st) == 0;
        if (!t->exists)
            return errno == ENOENT ? OK : problem_errno(problem, "%s: cannot write", t->name);
        if (S_ISLNK(t->st.st_mode) && is_in_proc(t->path)) {
            *magic = true;
            return OK;
        }
        if (!S_ISDIR(t->st.st_mode) && may_be_planted(t->path, &t->st))
            return problem_set(problem, ERR_USAGE,
                               "%s: it belongs to another user, in a folder that everybody may "
                               "write to; name a file in a folder of your own",
                               t->name);
        if (!S_ISLNK(t->st.st_mode))
            return OK;
        enum err err = follow_link(t, problem);
        if (err)
            return err;
    }
    errno = ELOOP;
    return problem_errno(problem, "%s: cannot write", t->name);
}

/* N of /proc/self/fd/N, whatever the folder is called in the path; -1: a descriptor of another process. */
static int own_descriptor(const char *path)
{
    char ours[32], real[PATH_MAX];
    char *folder = target_folder(path), *end;
    bool found = folder && realpath(folder, real);
    free(folder);
    snprintf(ours, sizeof ours, "/proc/%ld/", (long)getpid());
    if (!found || strncmp(real, ours, strlen(ours)) != 0 || strcmp(last_part(real), "fd") != 0)
        return -1;
    long n = strtol(last_part(path), &end, 10);
    return *end || n < 0 || n > INT_MAX ? -1 : (int)n;
}

/* Duplicates a descriptor that the program was started with: those that it opened itself are close-on-exec. */
static int duplicate(int fd)
{
    int flags = fcntl(fd, F_GETFD), how = fcntl(fd, F_GETFL);
    if (flags < 0 || how < 0 || (flags & FD_CLOEXEC) || (how & O_ACCMODE) == O_RDONLY) {
        errno = EBADF;
        return -1;
    }
    int copy;
    return io_dup(fd, &copy) ? -1 : copy;
}

/* A file that another process has open is appended to, because its offset cannot be shared. */
static enum err open_stream(struct target *t, bool magic, struct problem *problem)
{
    int own = magic ? own_descriptor(t->path) : -1;
    t->fd = own >= 0 ? duplicate(own)
                     : open(t->path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (magic ? O_APPEND : O_NOFOLLOW));
    if (t->fd < 0 && errno == ENXIO && S_ISFIFO(t->st.st_mode))
        return problem_set(problem, ERR_USAGE, "%s: no process reads this FIFO; start its reader first", t->name);
    if (t->fd < 0 || fstat(t->fd, &t->st) < 0)
        return problem_errno(problem, "%s: cannot write", t->name);
    if (own < 0 && io_set_nonblock(t->fd, 0))
        return problem_errno(problem, "%s: cannot write", t->name);
    return OK;
}

static enum err open_if_stream(struct target *t, bool magic, struct problem *problem)
{
    const char *is = !t->exists                ? NULL
                     : S_ISDIR(t->st.st_mode)  ? "a directory"
                     : S_ISBLK(t->st.st_mode)  ? "a block device"
                     : S_ISSOCK(t->st.st_mode) ? "a socket"
                                               : NULL;
    if (is)
        return problem_set(problem, ERR_USAGE, "%s is %s; name a file", t->name, is);
    if (!t->exists && !*last_part(t->path))
        return problem_set(problem, ERR_USAGE, "\"%s\" is not a file name", t->name);
    return t->exists && !S_ISREG(t->st.st_mode) ? open_stream(t, magic, problem) : OK;
}

static enum err find_stdout(struct target *t, struct problem *problem)
{
    t->exists = true;
    return io_dup(STDOUT_FILENO, &t->fd) || fstat(t->fd, &t->st) < 0
               ? problem_errno(problem, "%s: cannot write", t->name)
               : OK;
}

enum err target_find(const char *path, struct target *out, struct problem *problem)
{
    bool magic, standard = strcmp(path, "-") == 0;
    struct target t = {.name = strdup(standard ? "stdout" : path), .path = strdup(path), .fd = -1};
    enum err err = t.name && t.path ? OK : problem_set(problem, ERR_NOMEM, "%s: %s", path, err_text(ERR_NOMEM));
    if (!err && standard)
        err = find_stdout(&t, problem);
    else if (!err && !(err = follow(&t, &magic, problem)))
        err = open_if_stream(&t, magic, problem);
    if (err)
        target_done(&t);
    else
        *out = t;
    return err;
}

void target_done(struct target *t)
{
    int error = errno;
    io_close(&t->fd);
    free(t->name);
    free(t->path);
    *t = (struct target){.fd = -1};
    errno = error;
}

bool target_is_file(const struct target *t, const struct stat *file)
{
    return t->exists && S_ISREG(file->st_mode) && t->st.st_dev == file->st_dev && t->st.st_ino == file->st_ino;
}

bool target_same(const struct target *a, const struct target *b)
{
    struct stat x, y;
    if (a->exists || b->exists)
        return a->exists && b->exists && target_is_file(a, &b->st);
    char *of_a = target_folder(a->path), *of_b = target_folder(b->path);
    bool same = of_a && of_b && stat(of_a, &x) == 0 && stat(of_b, &y) == 0 && x.st_dev == y.st_dev &&
                x.st_ino == y.st_ino && strcmp(last_part(a->path), last_part(b->path)) == 0;
    free(of_a);
    free(of_b);
    return same;
}
