/* SPDX-License-Identifier: MIT
 * The latch: a counter in this process's own memory, and futex(2) to sleep on it. The wait is private and has no
 * timeout, so it ends only if a thread of the same process counts it down: what a forked child's copy never sees. */
#include "core/engine/private.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void latch_set(struct latch *l, uint32_t count)
{
    atomic_store_explicit(&l->left, count, memory_order_relaxed);
}

/* The one who counts to 0 touches only the word's address from then on, never its value. */
void latch_count_down(struct latch *l)
{
    if (atomic_fetch_sub_explicit(&l->left, 1, memory_order_acq_rel) == 1)
        syscall(SYS_futex, &l->left, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void latch_wait(struct latch *l)
{
    uint32_t left;
    while ((left = atomic_load_explicit(&l->left, memory_order_acquire)) != 0)
        syscall(SYS_futex, &l->left, FUTEX_WAIT_PRIVATE, left, NULL, NULL, 0);
}
