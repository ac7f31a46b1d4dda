/* SPDX-License-Identifier: MIT
 * The lines of evidence that several rules have in common. */
#include "core/hang/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

size_t hang_living_threads(const struct evidence *e)
{
    size_t n = 0;
    for (size_t i = 0; i < e->nthreads; i++)
        n += !thread_ended(&e->threads[i]);
    return n;
}

bool hang_is_python(const struct evidence *e)
{
    const char *slash = e->exe ? strrchr(e->exe, '/') : NULL;
    const char *program = slash ? slash + 1 : "";
    return strncmp(program, "python", 6) == 0 || strncmp(e->name, "python", 6) == 0;
}

bool hang_lost_threads(const struct evidence *e)
{
    return e->forked_without_exec && e->parent_threads > (int64_t)hang_living_threads(e);
}

bool hang_seems_to_have_lost_threads(const struct evidence *e)
{
    return e->forked_without_exec && e->parent_threads < 0 && e->ghost_stacks > 0;
}

enum err hang_say(char **out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(out, fmt, ap);
    va_end(ap);
    if (n < 0)
        *out = NULL;
    return n < 0 ? ERR_NOMEM : OK;
}

/* "it was forked at 00:00.3 from poolscope 14065, which had 5 threads; this child has 1" */
enum err hang_say_fork(const struct hang_case *c, struct texts *lines)
{
    const struct evidence *e = c->e, *parent = scene_find(c->scene, e->first_parent);
    double at = e->started_at - c->settings->started;
    char clock[24], when[32] = "";
    size_t n = hang_living_threads(e);
    if (!e->forked_without_exec)
        return OK;
    text_clock(at, clock);
    if (at >= 0) /* else it is older than the watch */
        snprintf(when, sizeof when, " at %s", clock);
    const char *name = parent ? parent->name : "process";
    enum err err = OK;
    if (e->parent_threads >= 0)
        err = texts_addf(lines, "it was forked%s from %s %d, which had %s%lld thread%s; this child has %zu", when, name,
                         (int)e->first_parent, e->parent_threads_at_least ? "at least " : "",
                         (long long)e->parent_threads, e->parent_threads == 1 ? "" : "s", n);
    else
        err = texts_addf(lines, "it was forked%s from %s %d; this child has %zu thread%s", when, name,
                         (int)e->first_parent, n, n == 1 ? "" : "s");
    if (!err && e->parent_threads < 0 && e->ghost_stacks > 0)
        err = texts_addf(lines, "its memory has %zu stack%s that no thread uses, probably left by its parent's threads",
                         e->ghost_stacks, e->ghost_stacks == 1 ? "" : "s");
    return err;
}

/* "its only thread waits for the private futex at 0x7f3a12e81ac8, without a timeout, and had slept for 3.9 s when it
 * was seen" */
enum err hang_say_thread(const struct hang_case *c, const struct thread_evidence *t, struct texts *lines)
{
    enum { LINE_MAX = 512 };
    char asleep[24];
    struct buf line;
    buf_init(&line, LINE_MAX);
    if (hang_living_threads(c->e) == 1)
        buf_add_text(&line, "its only thread ");
    else
        buf_addf(&line, "thread %d %s ", (int)t->tid, t->name);
    buf_add_text(&line, t->state == 'R' ? "is " : "waits for ");
    if (t->futex.waiting && t->futex.private_op)
        buf_addf(&line, "the private futex at 0x%llx, %s a timeout", (unsigned long long)t->futex.address,
                 t->futex.has_timeout ? "with" : "without");
    else if (thread_waits_for(c->e, t, &line)) {
        /* line.err has the error */
    }
    if (t->state == 'S')
        buf_addf(&line, ", and had slept for %s when it was seen",
                 text_seconds(c->scene->taken - t->asleep_since, asleep));
    enum err err = line.err ? line.err : texts_add(lines, buf_text(&line));
    buf_done(&line);
    return err;
}

enum err hang_say_threads(const struct hang_case *c, struct texts *lines)
{
    enum { SHOWN = 8 };
    size_t said = 0, living = hang_living_threads(c->e);
    enum err err = OK;
    for (size_t i = 0; i < c->e->nthreads && said < SHOWN && !err; i++) {
        const struct thread_evidence *t = &c->e->threads[i];
        if (thread_ended(t))
            continue;
        err = hang_say_thread(c, t, lines);
        said++;
    }
    if (!err && living > said)
        err = texts_addf(lines, "it has %zu more thread%s", living - said, living - said == 1 ? "" : "s");
    return err;
}

enum err hang_say_awaited(const struct evidence *e, struct texts *lines)
{
    if (e->parent_waits)
        return texts_addf(lines, "its parent, process %d, waits for it to end", (int)e->ppid);
    return e->has_task ? texts_add(lines, "it has a task, and somebody waits for the result") : OK;
}
