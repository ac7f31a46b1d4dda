/* SPDX-License-Identifier: MIT
 * A file on a disk that fails: a FUSE file system of one file, served by a child. From one byte on, the disk gives
 * EIO; where that is can be changed while the file is open. */
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

/* The bytes of the file at `backing`, of which `good` can be read. False: no FUSE can be mounted here (no /dev/fuse, or
 * not allowed), and nothing is left behind. */
bool failing_disk_mount(struct failing_disk *d, const char *backing, uint64_t good);

/* Whoever watches the file is told that it was touched. */
void failing_disk_touch(const struct failing_disk *d);

/* Unmounts it, and waits for the end of the child. */
void failing_disk_unmount(struct failing_disk *d);

#endif
