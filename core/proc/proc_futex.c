/* SPDX-License-Identifier: MIT
 * What a blocked system call and its arguments say of a futex(2), and the words at its address. Numbers that a
 * restarted system call shows (restart_syscall) are stale: such a thread is taken to wait for something else. */
#include "core/proc/proc_priv.h"

#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "core/base/io.h"

/* The same on all architectures but one; older headers lack them. */
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
            t->futex = (struct futex_wait){.waiting = true, .private_op = op & FUTEX_PRIVATE_FLAG, .command = command,
                                           .has_timeout = t->args[3] != 0, .expected = (uint32_t)t->args[2],
                                           .address = t->args[0]};
}

/* futex_wait(word, value, mask, flags, timeout, clock) */
static void decode_futex_wait(struct thread_evidence *t)
{
    t->futex = (struct futex_wait){.waiting = true, .private_op = t->args[3] & FLAG2_PRIVATE, .command = FUTEX_WAIT,
                                   .has_timeout = t->args[4] != 0, .expected = (uint32_t)t->args[1],
                                   .address = t->args[0]};
}

/* futex_waitv(waiters, n, flags, timeout, clock): which words, and whether private, stands in the process's memory */
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

static void read_waiters(struct thread_evidence *t, int mem)
{
    struct { uint64_t value, address; uint32_t flags, reserved; } waiters[WAITERS_MAX];
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

/* Whose thread has this TID now? /proc finds a thread by its TID too. */
static void find_owner(struct futex_wait *f, int root)
{
    struct proc_status status;
    char text[8192];
    size_t len;
    int dir;
    enum err e = proc_open_pid(root, (pid_t)f->owner, &dir);
    if (!e) {
        e = proc_read_short(dir, "status", text, sizeof text, &len);
        if (!e)
            e = proc_parse_status(text, len, &status);
        io_close(&dir);
    }
    f->owner_seen = e == OK || e == ERR_GONE ? SEEN : e == ERR_DENIED ? DENIED : NOT_SEEN;
    f->owner_process = e == OK ? status.tgid : 0;
}

void proc_futex_read_words(struct thread_evidence *t, int root, int mem)
{
    struct futex_wait *f = &t->futex;
    uint32_t words[5] = {0};
    if (t->syscall == NR_FUTEX_WAITV)
        read_waiters(t, mem);
    if (io_read_at(mem, words, sizeof words, f->address) && io_read_at(mem, words, sizeof *words, f->address))
        return;
    f->word_seen = SEEN;
    f->word = words[0];
    f->count = words[1];
    f->owner = words[2];
    f->users = words[3];
    f->kind = words[4];
    if (futex_wait_is_held_mutex(f))
        find_owner(f, root);
}

/* The layout and the values of a glibc pthread_mutex_t of the plain kinds (normal, recursive, error-checking,
 * adaptive). Other locks have a 2 in their word as well and no owner: all values must fit together. */
bool futex_wait_is_held_mutex(const struct futex_wait *f)
{
    enum { HELD_WITH_WAITERS = 2, TID_MAX = 1 << 22, USERS_MAX = 4096 };
    enum { TYPE = 3, RECURSIVE = 1, PSHARED = 128, ELISION = 256 | 512 };
    bool recursive = (f->kind & TYPE) == RECURSIVE;
    return f->waiting && f->private_op && !f->has_timeout && f->command == FUTEX_WAIT && f->word_seen == SEEN &&
           f->expected == HELD_WITH_WAITERS && f->word == HELD_WITH_WAITERS && f->owner > 0 && f->owner <= TID_MAX &&
           f->users > 0 && f->users <= USERS_MAX && (f->kind & ~(uint32_t)(TYPE | PSHARED | ELISION)) == 0 &&
           (f->count > 0) == recursive;
}
