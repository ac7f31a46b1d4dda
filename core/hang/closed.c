/* SPDX-License-Identifier: MIT
 * Can anything outside a process end its waits? A futex in private memory can be woken only by a task that has this
 * memory. If all of these tasks sleep, and nothing will wake one of them, nobody is left to do it. Each condition of
 * the table rules out one way in which somebody could. */
#include "core/hang/private.h"

#include <linux/futex.h>
#include <signal.h>
#include <string.h>

enum answer { NO, YES, CANNOT_TELL };

struct condition {
    enum answer (*ask)(const struct evidence *e);
    bool decides;        /* NO means "not closed"; otherwise NO is a doubt */
    const char *holds;   /* what the process does not have, as evidence; NULL: not mentioned */
    const char *fails;   /* the doubt after NO */
    const char *unknown; /* the doubt after CANNOT_TELL */
};

static enum answer from(bool yes)
{
    return yes ? YES : NO;
}

static enum answer asleep_at_one_instant(const struct evidence *e)
{
    return from(e->at_one_instant && e->threads_seen == SEEN && hang_living_threads(e) > 0);
}

/* When the owner of a lock with priority inheritance ends, the kernel passes the lock on (futex(2)). Only of the
 * process's own threads is it known that they stay asleep. */
static bool has_pi_owner_outside(const struct evidence *e, const struct thread_evidence *t)
{
    bool is_pi = t->futex.command == FUTEX_LOCK_PI || t->futex.command == FUTEX_LOCK_PI2;
    pid_t owner;
    return is_pi && (futex_wait_lock(&t->futex, &owner) != LOCK_PI || !evidence_thread(e, owner));
}

/* True if only a task with the same memory can wake the thread: it waits for a private futex, or for a word in private
 * memory, which the kernel may clear when a thread of the same process ends. */
static bool waits_for_own_kind(const struct evidence *e, const struct thread_evidence *t)
{
    return t->state == 'S' && t->futex.waiting && !t->futex.has_timeout && !has_pi_owner_outside(e, t) &&
           (futex_wait_is_own(&t->futex) || thread_joins(e, t) != 0);
}

static enum answer all_wait_for_own_kind(const struct evidence *e)
{
    for (size_t i = 0; i < e->nthreads; i++)
        if (!thread_ended(&e->threads[i]) && !waits_for_own_kind(e, &e->threads[i]))
            return NO;
    return YES;
}

static enum answer no_timer(const struct evidence *e)
{
    return e->timers_seen == SEEN ? from(e->timers == 0) : CANNOT_TELL;
}

static enum answer shares_with_none(const struct evidence *e)
{
    return e->shares_seen == SEEN ? from(e->shares_with == 0) : CANNOT_TELL;
}

static enum answer no_tracer(const struct evidence *e)
{
    return from(e->tracer == 0);
}

static uint64_t bit(int signal)
{
    return 1ull << (signal - 1);
}

static bool maps_readline(const struct evidence *e)
{
    for (size_t i = 0; i < e->libraries.n; i++)
        if (strstr(e->libraries.v[i], "readline"))
            return true;
    return false;
}

/* Handlers that runtimes install for themselves wake nobody: Rust, Go's C parts and faulthandler report crashes, glibc
 * cancels threads and changes their ids (32, 33), Python takes note of SIGINT and, in its module readline, which pytest
 * loads, of SIGWINCH (CPython's Modules/readline.c: the handler sets a flag). But a Python program with a single thread
 * that was not forked may be waiting for exactly that SIGINT. */
static uint64_t harmless_handlers(const struct evidence *e)
{
    bool waits_for_interrupt = !e->forked_without_exec && hang_living_threads(e) == 1 &&
                               thread_wait_kind(evidence_telling_thread(e)) == WAIT_FUTEX;
    bool python = hang_is_python(e);
    return bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGABRT) | bit(SIGILL) | bit(32) | bit(33) |
           (python && !waits_for_interrupt ? bit(SIGINT) : 0) | (python && maps_readline(e) ? bit(SIGWINCH) : 0);
}

bool hang_has_handler(const struct evidence *e)
{
    return (e->sig_caught & ~harmless_handlers(e)) != 0;
}

static enum answer no_handler(const struct evidence *e)
{
    return from(!hang_has_handler(e));
}

static enum answer no_pending_signal(const struct evidence *e)
{
    return from(e->sig_pending == 0);
}

static enum answer no_io_uring(const struct evidence *e)
{
    if (e->fds_seen != SEEN || e->maps_seen != SEEN)
        return CANNOT_TELL;
    for (size_t i = 0; i < e->nfds; i++)
        if (e->fds[i].kind == FD_IO_URING)
            return NO;
    return from(!e->io_uring_mapped);
}

static const struct condition conditions[] = {
    {asleep_at_one_instant, true, NULL, NULL, NULL},
    {all_wait_for_own_kind, true, NULL, NULL, NULL},
    {no_timer, true, "no timer", NULL, "poolscope cannot tell whether it has timers: /proc/PID/timers cannot be read"},
    {shares_with_none, true, "no process that shares its memory", NULL,
     "poolscope cannot tell whether another process shares its memory: kcmp is not allowed, or new processes start too "
     "fast"},
    {no_handler, false, "no signal handler", "a signal handler is installed: a signal could wake it", NULL},
    {no_pending_signal, false, "no pending signal", "a signal is pending", NULL},
    {no_tracer, false, "no tracer", "another process traces it", NULL},
    {no_io_uring, false, "no io_uring", "it has an io_uring: a finished request could wake it",
     "poolscope cannot tell whether it has an io_uring: its open files cannot be read"},
};
/* The first two are about its waits, the others about the rest of the process. */
enum { CONDITIONS = sizeof conditions / sizeof *conditions, OF_WAITS = 2 };

static enum closed ask_from(const struct evidence *e, size_t first)
{
    enum closed closed = CLOSED_PROVED;
    for (size_t i = first; i < CONDITIONS; i++) {
        enum answer a = conditions[i].ask(e);
        if (a == NO && conditions[i].decides)
            return CLOSED_NOT;
        if (a != YES)
            closed = CLOSED_PERHAPS;
    }
    return closed;
}

enum closed hang_closed(const struct evidence *e)
{
    return ask_from(e, 0);
}

enum closed hang_quiet(const struct evidence *e)
{
    return ask_from(e, OF_WAITS);
}

bool hang_undisturbed(const struct evidence *e)
{
    return no_handler(e) == YES && no_pending_signal(e) == YES && no_tracer(e) == YES;
}

enum err hang_say_closed(const struct evidence *e, struct texts *lines)
{
    enum { LINE_MAX = 1024 };
    struct buf held;
    const char *last = NULL;
    enum err err = OK;
    buf_init(&held, LINE_MAX);
    for (size_t i = 0; i < CONDITIONS; i++)
        if (conditions[i].holds && conditions[i].ask(e) == YES) {
            if (last)
                buf_addf(&held, "%s%s", held.len ? ", " : "", last);
            last = conditions[i].holds;
        }
    if (last)
        err = texts_addf(lines, "it has %s%s%s", buf_text(&held), held.len ? " and " : "", last);
    for (size_t i = 0; i < CONDITIONS && !err; i++) {
        enum answer a = conditions[i].ask(e);
        const char *doubt = a == YES ? NULL : a == NO ? conditions[i].fails : conditions[i].unknown;
        if (doubt)
            err = texts_add(lines, doubt);
    }
    buf_done(&held);
    return err;
}
