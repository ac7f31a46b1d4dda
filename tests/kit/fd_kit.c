/* SPDX-License-Identifier: MIT
 * Fds, by fstat(2) and open(2). */
#include "tests/kit/fd_kit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

bool same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}
