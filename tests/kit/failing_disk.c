/* SPDX-License-Identifier: MIT
 * The file system, by libfuse, and the process that serves it. Reads bypass the page cache, so that each one reaches
 * the file system. */
#define FUSE_USE_VERSION 31
#include "tests/kit/failing_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char name[] = "/table.csv";

struct served {
    const char *backing;
    const _Atomic uint64_t *good;
};

static const struct served *served(void)
{
    return fuse_get_context()->private_data;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *fi)
{
    (void)fi;
    if (strcmp(path, name) == 0)
        return stat(served()->backing, st) < 0 ? -errno : 0;
    *st = (struct stat){.st_mode = S_IFDIR | 0755, .st_nlink = 2};
    return strcmp(path, "/") == 0 ? 0 : -ENOENT;
}

static int set_times(const char *path, const struct timespec times[2], struct fuse_file_info *fi)
{
    (void)path;
    (void)fi;
    return utimensat(AT_FDCWD, served()->backing, times, 0) < 0 ? -errno : 0;
}

static int open_file(const char *path, struct fuse_file_info *fi)
{
    (void)path;
    fi->direct_io = 1;
    return 0;
}

static int read_file(const char *path, char *out, size_t len, off_t at, struct fuse_file_info *fi)
{
    uint64_t good = *served()->good;
    (void)path;
    (void)fi;
    if ((uint64_t)at >= good)
        return -EIO;
    if (len > good - (uint64_t)at)
        len = (size_t)(good - (uint64_t)at);
    int fd = open(served()->backing, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, out, len, at);
    int failed = errno;
    close(fd);
    return n < 0 ? -failed : (int)n;
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    config->attr_timeout = config->entry_timeout = 0;
    return fuse_get_context()->private_data;
}

/* Says so on `ready` once it is mounted; ends with SIGTERM, which comes at the latest when the test ends. */
static _Noreturn void serve(const struct failing_disk *d, const char *backing, int ready)
{
    static const struct fuse_operations operations = {
        .init = begin, .getattr = get_attributes, .utimens = set_times, .open = open_file, .read = read_file};
    char *argv[] = {(char *)"failing_disk", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct served self = {backing, d->good};
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    struct fuse *fuse = fuse_new(&args, &operations, sizeof operations, &self);
    if (!fuse || fuse_mount(fuse, d->dir) != 0 || fuse_set_signal_handlers(fuse_get_session(fuse)) != 0)
        _exit(1);
    if (write(ready, "x", 1) == 1)
        fuse_loop(fuse);
    fuse_unmount(fuse);
    _exit(0);
}

static void forget(struct failing_disk *d)
{
    waitpid(d->server, NULL, 0);
    munmap((void *)d->good, sizeof *d->good);
    rmdir(d->dir);
}

bool failing_disk_mount(struct failing_disk *d, const char *backing, uint64_t good)
{
    int ready[2];
    char byte;
    *d = (struct failing_disk){.dir = "/tmp/poolscope-disk-XXXXXX"};
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->path, sizeof d->path, "%s%s", d->dir, name);
    d->good = mmap(NULL, sizeof *d->good, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true((void *)d->good != MAP_FAILED);
    *d->good = good;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    d->server = fork();
    assert_true(d->server >= 0);
    if (d->server == 0)
        serve(d, backing, ready[1]);
    close(ready[1]);
    bool mounted = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    if (!mounted)
        forget(d);
    return mounted;
}

void failing_disk_touch(const struct failing_disk *d)
{
    assert_int_equal(utimensat(AT_FDCWD, d->path, NULL, 0), 0);
}

void failing_disk_unmount(struct failing_disk *d)
{
    kill(d->server, SIGTERM);
    forget(d);
}
