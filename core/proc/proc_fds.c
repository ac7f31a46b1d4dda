/* SPDX-License-Identifier: MIT
 * The open files of a process: what each is, and in which direction pipes and sockets are open. */
#include "core/proc/proc_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS_MAX = 65536 };

/* The link's permission bits say how the file is open. */
static void read_directions(struct fd_evidence *fd, int fd_dir, const char *name)
{
    struct stat st;
    if (fstatat(fd_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    fd->can_read = st.st_mode & S_IRUSR;
    fd->can_write = st.st_mode & S_IWUSR;
}

static bool read_fd(struct fd_evidence *fd, int fd_dir, int number)
{
    char name[16], target[64];
    *fd = (struct fd_evidence){.fd = number};
    snprintf(name, sizeof name, "%d", number);
    if (proc_read_link(fd_dir, name, target, sizeof target))
        return false; /* closed meanwhile */
    proc_parse_fd_link(target, fd);
    if (fd->kind == FD_PIPE || fd->kind == FD_SOCKET)
        read_directions(fd, fd_dir, name);
    return true;
}

static enum err read_all(struct evidence *e, int fd_dir)
{
    struct ints numbers = {0};
    enum err err = proc_list_numbers(fd_dir, ".", FDS_MAX, &numbers);
    if (!err && !(e->fds = calloc(numbers.n ? numbers.n : 1, sizeof *e->fds)))
        err = ERR_NOMEM;
    for (size_t i = 0; i < numbers.n && !err; i++)
        e->nfds += read_fd(&e->fds[e->nfds], fd_dir, (int)numbers.v[i]);
    ints_done(&numbers);
    return err;
}

void proc_read_fds(struct evidence *e, int pid_dir)
{
    int fd_dir;
    free(e->fds);
    e->fds = NULL;
    e->nfds = 0;
    enum err err = proc_open_dir(pid_dir, "fd", &fd_dir);
    if (!err) {
        err = read_all(e, fd_dir);
        close(fd_dir);
    }
    e->fds_seen = err == OK ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
}
