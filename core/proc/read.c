/* SPDX-License-Identifier: MIT
 * Reading /proc with openat from the fd of a folder, so that everything belongs to one process even if its number is
 * reused meanwhile, and a folder of files can stand in for /proc. A process that ends while it is read gives ESRCH, one
 * that has ended ENOENT: both are ERR_GONE. */
#include "core/proc/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/io.h"

enum err proc_open_dir(int dir, const char *path, int *fd)
{
    *fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? err_from_errno(errno) : OK;
}

enum err proc_open_pid(int root, pid_t pid, int *fd)
{
    char name[16];
    snprintf(name, sizeof name, "%d", (int)pid);
    return proc_open_dir(root, name, fd);
}

enum err proc_read(int dir, const char *path, struct buf *b)
{
    buf_clear(b);
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    enum err err = io_read_all(fd, b);
    close(fd);
    return err;
}

enum err proc_read_short(int dir, const char *path, char *text, size_t cap, size_t *len)
{
    *len = 0;
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    ssize_t n;
    do
        n = read(fd, text, cap - 1);
    while (n < 0 && errno == EINTR);
    enum err err = n < 0 ? err_from_errno(errno) : OK;
    close(fd);
    *len = n < 0 ? 0 : (size_t)n;
    text[*len] = '\0';
    return err;
}

enum err proc_read_link(int dir, const char *path, char *text, size_t cap)
{
    ssize_t n = readlinkat(dir, path, text, cap - 1);
    text[n < 0 ? 0 : n] = '\0';
    return n < 0 ? err_from_errno(errno) : OK;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t proc_number(const char *name)
{
    int64_t n = 0;
    if (!*name)
        return -1;
    for (; *name; name++) {
        if (*name < '0' || *name > '9' || n > INT32_MAX / 10)
            return -1;
        n = n * 10 + (*name - '0');
    }
    return n;
}

enum err proc_list_numbers(int dir, const char *path, size_t max, struct ints *out)
{
    int fd;
    enum err err = proc_open_dir(dir, path, &fd);
    if (err)
        return err;
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return ERR_NOMEM;
    }
    while (!err) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (!entry) {
            err = err_from_errno(errno);
            break;
        }
        int64_t n = proc_number(entry->d_name);
        if (n >= 0)
            err = out->n < max ? ints_add(out, n) : ERR_TOO_BIG;
    }
    closedir(d);
    if (out->n > 1)
        qsort(out->v, out->n, sizeof *out->v, by_value);
    return err;
}

bool proc_has_number(const struct ints *rising, int64_t n)
{
    return rising->n > 0 && bsearch(&n, rising->v, rising->n, sizeof n, by_value);
}

bool proc_is_real(int root)
{
    struct statfs fs;
    return fstatfs(root, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}
