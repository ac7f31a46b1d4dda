/* SPDX-License-Identifier: MIT
 * Recognises locks of glibc by their words: which kind of lock, and its owner's TID. Locks of others have some words in
 * common with them (many use 2 for "contended"), so all words of a lock must fit together. Pure.
 * Sources: glibc's struct_mutex.h, lowlevellock.h and struct_rwlock.h (sysdeps/nptl/bits). */
#include "core/proc/private.h"

#include <linux/futex.h>

enum { TID_MAX = 1 << 22, USERS_MAX = 4096 };
enum { KIND_TYPE = 3, KIND_RECURSIVE = 1, KIND_ROBUST = 16, KIND_PI = 32, KIND_SHARED = 128, KIND_ELISION = 256 | 512 };

static bool is_tid(uint32_t n)
{
    return n > 0 && n <= TID_MAX;
}

static bool has_only(uint32_t kind, uint32_t bits)
{
    return (kind & ~bits) == 0;
}

static bool counts_right(const struct futex_wait *f)
{
    return (f->count > 0) == ((f->kind & KIND_TYPE) == KIND_RECURSIVE);
}

/* A normal, recursive, error-checking or adaptive mutex: the word is 2, and the owner follows. */
static bool is_mutex(const struct futex_wait *f)
{
    enum { HELD_WITH_WAITERS = 2 };
    return f->command == FUTEX_WAIT && f->expected == HELD_WITH_WAITERS && is_tid(f->owner) && f->users > 0 &&
           f->users <= USERS_MAX && has_only(f->kind, KIND_TYPE | KIND_SHARED | KIND_ELISION) && counts_right(f) &&
           f->private_op == !(f->kind & KIND_SHARED);
}

/* A robust mutex: the owner is in the word itself, where the kernel looks for it when a thread dies; always shared. */
static bool is_robust(const struct futex_wait *f)
{
    return f->command == FUTEX_WAIT && !f->private_op && f->word & FUTEX_WAITERS && !(f->word & FUTEX_OWNER_DIED) &&
           is_tid(f->owner) && f->owner == (f->word & FUTEX_TID_MASK) && f->users <= USERS_MAX && f->count > 0 &&
           f->kind & KIND_ROBUST && has_only(f->kind, KIND_TYPE | KIND_ROBUST | KIND_SHARED | KIND_ELISION);
}

/* With priority inheritance, the kernel keeps the owner in the word, whatever else the lock has. */
static bool is_pi(const struct futex_wait *f)
{
    return (f->command == FUTEX_LOCK_PI || f->command == FUTEX_LOCK_PI2) && !(f->word & FUTEX_OWNER_DIED) &&
           is_tid(f->word & FUTEX_TID_MASK);
}

/* True if these words of a pthread_rwlock_t fit together: the readers' state, the number of writers, padding, the
 * writer's TID, and whether it is shared. */
static bool is_written(uint32_t readers, uint32_t writers, uint32_t pad3, uint32_t pad4, uint32_t writer,
                       uint32_t shared)
{
    enum { WRITE_PHASE = 1, WRITE_LOCKED = 2, WRITERS_MAX = 1 << 20 };
    return (readers & (WRITE_PHASE | WRITE_LOCKED)) == (WRITE_PHASE | WRITE_LOCKED) && writers < WRITERS_MAX &&
           pad3 == 0 && pad4 == 0 && is_tid(writer) && shared <= 1;
}

/* A reader waits at the futex of the phase (8 bytes into the lock), a writer at that of the writers (12 bytes). Both
 * words are then 3: held, and somebody sleeps. */
static bool is_rwlock(const struct futex_wait *f, pid_t *holder)
{
    enum { HELD_WITH_WAITERS = 3 };
    if (f->command != FUTEX_WAIT_BITSET || f->expected != HELD_WITH_WAITERS)
        return false;
    bool reads = is_written(f->before[1], f->before[2], f->owner, f->users, f->kind, f->tail);
    bool writes = is_written(f->before[0], f->before[1], f->count, f->owner, f->users, f->kind);
    *holder = (pid_t)(reads ? f->kind : f->users);
    return reads != writes;
}

enum futex_lock futex_wait_lock(const struct futex_wait *f, pid_t *holder)
{
    enum futex_lock lock = LOCK_NONE;
    *holder = 0;
    if (!f->waiting || f->has_timeout || f->word_seen != SEEN)
        return LOCK_NONE;
    if (is_pi(f)) {
        *holder = (pid_t)(f->word & FUTEX_TID_MASK);
        return LOCK_PI;
    }
    if (f->word != f->expected)
        return LOCK_NONE;
    if (is_rwlock(f, holder))
        return LOCK_WRITER;
    lock = is_mutex(f) ? LOCK_MUTEX : is_robust(f) ? LOCK_ROBUST : LOCK_NONE;
    *holder = lock ? (pid_t)f->owner : 0;
    return lock;
}

const char *futex_lock_name(enum futex_lock lock)
{
    static const char *const names[] = {
        [LOCK_NONE] = "lock",
        [LOCK_MUTEX] = "mutex",
        [LOCK_ROBUST] = "robust mutex",
        [LOCK_PI] = "mutex with priority inheritance",
        [LOCK_WRITER] = "read-write lock",
    };
    return names[lock];
}

bool futex_wait_is_own(const struct futex_wait *f)
{
    return f->private_op || f->home == WORD_PRIVATE;
}
