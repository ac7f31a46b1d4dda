/* SPDX-License-Identifier: MIT
 * The latch is a counter in private memory, on which latch_wait sleeps by futex(2). The wait has no timeout and ends
 * only if a thread of the same process counts the latch down, which never happens in a forked child. */
#include "core/engine/private.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void latch_set(struct latch *l, uint32_t count)
{
    atomic_store_explicit(&l->left, count, memory_order_relaxed);
}

/* After the count is 0 only the address of the word is used, because the latch may already be reused. */
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
