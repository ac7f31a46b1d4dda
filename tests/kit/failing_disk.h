/* SPDX-License-Identifier: MIT
 * A file on a failing disk: a FUSE file system with one file, served by a child process. Reading beyond a certain byte
 * fails with EIO; that byte can be changed while the file is open. */
#ifndef TESTS_KIT_FAILING_DISK_H
#define TESTS_KIT_FAILING_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct failing_disk {
    char path[64];          /* of the file */
    char dir[48];           /* where it is mounted */
    _Atomic uint64_t *good; /* bytes that can be read; shared with the child */
    pid_t server;
};

/* Mounts a file with the bytes of the file at `backing`, of which the first `good` can be read. False if FUSE cannot be
 * mounted here (there is no /dev/fuse, or it is not allowed); then nothing has to be undone. */
bool failing_disk_mount(struct failing_disk *d, const char *backing, uint64_t good);

/* Touches the file, so that inotify(7) reports a change. */
void failing_disk_touch(const struct failing_disk *d);

/* Unmounts the file system, and waits until the child has exited. */
void failing_disk_unmount(struct failing_disk *d);

#endif
