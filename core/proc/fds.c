/* SPDX-License-Identifier: MIT
 * The open files of a process: what each is, and whether pipes are open for reading or writing. */
#include "core/proc/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* If a process has more open files, nothing is known of them: to read them all would take too long. */
enum { FDS_MAX = 16384 };

/* The permission bits of the link say how the file was opened. Sockets are always open for both. */
static void read_directions(struct fd_evidence *fd, int fd_dir, const char *name)
{
    struct stat st;
    if (fstatat(fd_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    fd->can_read = st.st_mode & S_IRUSR;
    fd->can_write = st.st_mode & S_IWUSR;
}

/* The link of an eventfd or a pidfd has no number, but its fdinfo has. */
static void read_info(struct fd_evidence *fd, int pid_dir)
{
    char path[32], text[1024];
    size_t len;
    const char *key = fd->kind == FD_PIDFD ? "Pid" : "eventfd-id";
    snprintf(path, sizeof path, "fdinfo/%d", fd->fd);
    if (proc_read_short(pid_dir, path, text, sizeof text, &len) || proc_parse_key(text, len, key, &fd->inode) ||
        (int64_t)fd->inode < 0) /* -1: the process of the pidfd has ended */
        fd->inode = 0;
}

static bool read_fd(struct fd_evidence *fd, int pid_dir, int fd_dir, int number)
{
    char name[16], target[64];
    *fd = (struct fd_evidence){.fd = number};
    snprintf(name, sizeof name, "%d", number);
    if (proc_read_link(fd_dir, name, target, sizeof target))
        return false; /* closed meanwhile */
    proc_parse_fd_link(target, fd);
    fd->can_read = fd->can_write = fd->kind == FD_SOCKET;
    if (fd->kind == FD_PIPE)
        read_directions(fd, fd_dir, name);
    if (fd->kind == FD_EVENTFD || fd->kind == FD_PIDFD)
        read_info(fd, pid_dir);
    return true;
}

static enum err read_all(struct evidence *e, int pid_dir, int fd_dir)
{
    struct ints numbers = {0};
    enum err err = proc_list_numbers(fd_dir, ".", FDS_MAX, &numbers);
    if (!err && !(e->fds = calloc(numbers.n ? numbers.n : 1, sizeof *e->fds)))
        err = ERR_NOMEM;
    for (size_t i = 0; i < numbers.n && !err; i++)
        e->nfds += read_fd(&e->fds[e->nfds], pid_dir, fd_dir, (int)numbers.v[i]);
    ints_done(&numbers);
    return err;
}

/* Since Linux 6.2 the size of the folder is the number of files; before, it is 0. */
static bool has_too_many(int pid_dir)
{
    struct stat st;
    return fstatat(pid_dir, "fd", &st, 0) == 0 && st.st_size > FDS_MAX;
}

/* Takes over the known peers: that of a socket never changes. Both lists are in rising order. */
static void keep_peers(struct evidence *e, const struct fd_evidence *old, size_t nold)
{
    size_t k = 0;
    for (size_t i = 0; i < e->nfds; i++) {
        while (k < nold && old[k].fd < e->fds[i].fd)
            k++;
        if (k < nold && old[k].fd == e->fds[i].fd && old[k].kind == e->fds[i].kind && old[k].inode == e->fds[i].inode)
            e->fds[i].peer = old[k].peer;
    }
}

void proc_read_fds(struct evidence *e, int pid_dir)
{
    struct fd_evidence *old = e->fds;
    size_t nold = e->nfds;
    int fd_dir;
    e->fds = NULL;
    e->nfds = 0;
    enum err err = has_too_many(pid_dir) ? ERR_TOO_BIG : proc_open_dir(pid_dir, "fd", &fd_dir);
    if (!err) {
        err = read_all(e, pid_dir, fd_dir);
        close(fd_dir);
    }
    keep_peers(e, old, nold);
    free(old);
    e->fds_seen = !err ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
}
