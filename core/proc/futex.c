/* SPDX-License-Identifier: MIT
 * What a blocked system call and its arguments say of a futex(2), and the words at its address. The arguments of a
 * restarted call (restart_syscall) are stale; such a thread does not count as waiting for a futex. */
#include "core/proc/private.h"

#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/base/io.h"

/* The same on all architectures but alpha; older headers lack them. */
enum { NR_FUTEX_WAITV = 449, NR_FUTEX_WAIT = 455 };
enum { FLAG2_PRIVATE = FUTEX_PRIVATE_FLAG, WAITERS_MAX = 128 };

/* futex(word, op, value, timeout, …) */
static void decode_futex(struct thread_evidence *t)
{
    uint32_t op = (uint32_t)t->args[1], command = op & (uint32_t)FUTEX_CMD_MASK;
    static const uint32_t waits[] = {FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_LOCK_PI, FUTEX_LOCK_PI2,
                                     FUTEX_WAIT_REQUEUE_PI};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        if (command == waits[i])
            t->futex = (struct futex_wait){.waiting = true,
                                           .private_op = op & FUTEX_PRIVATE_FLAG,
                                           .command = command,
                                           .has_timeout = t->args[3] != 0,
                                           .expected = (uint32_t)t->args[2],
                                           .address = t->args[0]};
}

/* futex_wait(word, value, mask, flags, timeout, clock) */
static void decode_futex_wait(struct thread_evidence *t)
{
    t->futex = (struct futex_wait){.waiting = true,
                                   .private_op = t->args[3] & FLAG2_PRIVATE,
                                   .command = FUTEX_WAIT,
                                   .has_timeout = t->args[4] != 0,
                                   .expected = (uint32_t)t->args[1],
                                   .address = t->args[0]};
}

/* futex_waitv(waiters, n, flags, timeout, clock): the words and their flags are in the process's memory */
static void decode_futex_waitv(struct thread_evidence *t)
{
    t->futex = (struct futex_wait){.waiting = true, .command = FUTEX_WAIT, .has_timeout = t->args[3] != 0};
}

void proc_futex_decode(struct thread_evidence *t)
{
    t->futex = (struct futex_wait){0};
    if (t->syscall_seen != SEEN)
        return;
    if (t->syscall == SYS_futex)
        decode_futex(t);
    else if (t->syscall == NR_FUTEX_WAITV)
        decode_futex_waitv(t);
    else if (t->syscall == NR_FUTEX_WAIT)
        decode_futex_wait(t);
}

/* The array of struct futex_waitv. It counts as private only if all of its words are. */
static void read_waiters(struct thread_evidence *t, int mem)
{
    struct {
        uint64_t value, address;
        uint32_t flags, reserved;
    } waiters[WAITERS_MAX];
    uint64_t n = t->args[1];
    if (n == 0 || n > WAITERS_MAX || io_read_at(mem, waiters, n * sizeof *waiters, t->args[0]))
        return;
    t->futex.private_op = true;
    for (uint64_t i = 0; i < n; i++)
        if (!(waiters[i].flags & FLAG2_PRIVATE))
            t->futex.private_op = false;
    t->futex.address = waiters[0].address;
    t->futex.expected = (uint32_t)waiters[0].value;
}

/* Finds the process whose thread has this TID now: /proc/TID also exists for a thread. */
static void find_owner(struct futex_wait *f, int root, pid_t tid)
{
    struct proc_status status;
    char path[32];
    snprintf(path, sizeof path, "%d/status", (int)tid);
    enum err err = proc_status_at(root, path, &status);
    f->owner_seen = !err || err == ERR_GONE ? SEEN : err == ERR_DENIED ? DENIED : NOT_SEEN;
    f->owner_process = !err ? status.tgid : 0;
}

/* Reads from 12 bytes before the address to 24 bytes after it, or, as far as that is not mapped, less. */
static bool read_words(struct futex_wait *f, int mem)
{
    enum { BEFORE = 3, WORDS = 6 };
    uint32_t words[BEFORE + WORDS] = {0};
    if (io_read_at(mem, words, sizeof words, f->address - BEFORE * sizeof *words)) {
        memset(words, 0, sizeof words);
        if (io_read_at(mem, words + BEFORE, WORDS * sizeof *words, f->address) &&
            io_read_at(mem, words + BEFORE, sizeof *words, f->address))
            return false;
    }
    memcpy(f->before, words, sizeof f->before);
    f->word = words[BEFORE];
    f->count = words[BEFORE + 1];
    f->owner = words[BEFORE + 2];
    f->users = words[BEFORE + 3];
    f->kind = words[BEFORE + 4];
    f->tail = words[BEFORE + 5];
    return true;
}

void proc_futex_read_words(struct thread_evidence *t, int root, int mem, bool other_numbers)
{
    struct futex_wait *f = &t->futex;
    pid_t holder;
    if (t->syscall == NR_FUTEX_WAITV)
        read_waiters(t, mem);
    f->owner_seen = NOT_SEEN;
    f->owner_process = 0;
    f->word_seen = read_words(f, mem) ? SEEN : NOT_SEEN;
    if (f->word_seen == SEEN && !other_numbers && futex_wait_lock(f, &holder))
        find_owner(f, root, holder);
}
