/* SPDX-License-Identifier: MIT
 * What holds a knot together, who tells of it, how sure it is, and how it is told. */
#include "core/hang/private.h"

#include <stdlib.h>

static const struct evidence *member(const struct hang_case *c, const struct hang_knot *k, size_t i)
{
    return &c->scene->procs[k->members[i]];
}

static bool is_io(const struct hang_wait *w)
{
    return w->kind == EDGE_READ || w->kind == EDGE_WRITE;
}

/* The one with whom it talks through what it waits at: where several others have the end, nobody drew a circle, some
 * inherited what was not meant for them. */
static const struct evidence *partner(const struct hang_case *c, const struct hang_wait *w)
{
    const struct evidence *other = NULL;
    for (size_t i = 0; i < w->n; i++) {
        const struct evidence *who = hang_graph_who(c->graph, w, i);
        if (who == w->from)
            continue;
        if (other)
            return NULL;
        other = who;
    }
    return other;
}

static size_t index_of(const struct hang_case *c, const struct hang_knot *k, const struct evidence *e)
{
    size_t i = 0;
    while (i < k->n && member(c, k, i) != e)
        i++;
    return i;
}

/* True if it reads from or writes to another one that is still in the circle. */
static bool leads_on(const struct hang_case *c, const struct hang_knot *k, const bool *in, size_t i)
{
    struct hang_wait w;
    for (size_t at = 0; hang_graph_wait(c->graph, member(c, k, i), &at, &w);) {
        const struct evidence *other = is_io(&w) ? partner(c, &w) : NULL;
        if (other && in[index_of(c, k, other)])
            return true;
    }
    return false;
}

/* It has the end itself that it waits for others to use. */
static bool holds_itself(const struct hang_case *c, const struct evidence *from)
{
    struct hang_wait w;
    for (size_t at = 0; hang_graph_wait(c->graph, from, &at, &w);)
        for (size_t i = 0; i < w.n && is_io(&w); i++)
            if (hang_graph_who(c->graph, &w, i) == from)
                return true;
    return false;
}

/* Peels off all that have no read or write to another one: what remains goes round. Workers that all hold their own
 * ends do so because they inherited them: that is another thing. */
static bool has_io_circle(const struct hang_case *c, const struct hang_knot *k)
{
    enum { LARGEST = 256 }; /* larger ones nobody has drawn */
    bool in[LARGEST + 1] = {false}, changed = true, found = false;
    if (k->n > LARGEST)
        return false;
    for (size_t i = 0; i < k->n; i++)
        in[i] = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < k->n; i++)
            if (in[i] && !leads_on(c, k, in, i)) {
                in[i] = false;
                changed = true;
            }
    }
    for (size_t i = 0; i < k->n; i++)
        found |= in[i] && !holds_itself(c, member(c, k, i));
    return found;
}

void hang_knot_facts(const struct hang_case *c, const struct hang_knot *k, struct knot_facts *out)
{
    *out = (struct knot_facts){0};
    size_t *const counts[] = {
        [EDGE_CHILD] = &out->children, [EDGE_READ] = &out->reads,           [EDGE_WRITE] = &out->writes,
        [EDGE_LOCK] = &out->locks,     [EDGE_FILE_LOCK] = &out->file_locks, [EDGE_WORD] = &out->words};
    for (size_t i = 0; i < k->n; i++) {
        struct hang_wait w;
        for (size_t at = 0; hang_graph_wait(c->graph, member(c, k, i), &at, &w);)
            ++*counts[w.kind];
        out->has_handler |= hang_has_handler(member(c, k, i));
    }
    out->io_circle = out->reads + out->writes > 0 && has_io_circle(c, k);
}

static bool waits_so(const struct hang_case *c, const struct evidence *from, unsigned kinds)
{
    struct hang_wait w;
    for (size_t at = 0; hang_graph_wait(c->graph, from, &at, &w);)
        if (kinds & 1u << w.kind)
            return true;
    return false;
}

static bool has_parent_in(const struct hang_case *c, const struct hang_knot *k, const struct evidence *e)
{
    const struct evidence *parent = scene_find(c->scene, e->ppid);
    return parent && hang_graph_knot(c->graph, parent) == k;
}

/* In most knots one look at the first member tells that another one is not the teller. */
static bool is_teller(const struct hang_case *c, const struct hang_knot *k, unsigned kinds)
{
    bool inner = has_parent_in(c, k, c->e), before = true;
    if (!waits_so(c, c->e, kinds))
        return false;
    for (size_t i = 0; i < k->n; i++) {
        const struct evidence *other = member(c, k, i);
        if (other == c->e && inner)
            return true;
        if (other == c->e)
            before = false;
        else if (waits_so(c, other, kinds) && (has_parent_in(c, k, other) || (before && !inner)))
            return false;
    }
    return true;
}

bool hang_knot_teller(const struct hang_case *c, unsigned kinds, const struct hang_knot **k, struct knot_facts *f)
{
    *k = hang_graph_knot(c->graph, c->e);
    if (!*k || !is_teller(c, *k, kinds))
        return false;
    hang_knot_facts(c, *k, f);
    return true;
}

int hang_knot_certainty(const struct hang_case *c, const struct hang_knot *k, const struct knot_facts *f, bool as_idle)
{
    if (k->stuck == STUCK_PROVED)
        return CERTAINTY_PROVED;
    if (c->scene->taken - k->since < c->settings->hang_after || (as_idle && f->has_handler))
        return -1;
    return CERTAINTY_LIKELY;
}

/* "python3 4242, itself" */
static void say_who(const struct hang_case *c, const struct hang_wait *w, struct buf *line)
{
    enum { SHOWN = 4 };
    for (size_t i = 0; i < w->n && i < SHOWN; i++) {
        const struct evidence *who = hang_graph_who(c->graph, w, i);
        const char *comma = i > 0 ? ", " : "";
        if (who == w->from)
            buf_addf(line, "%sit itself", comma);
        else
            buf_addf(line, "%s%s %d", comma, who->name, (int)who->pid);
    }
    if (w->n > SHOWN)
        buf_addf(line, " and %zu more", w->n - SHOWN);
}

static void say_io(const struct hang_wait *w, struct buf *line)
{
    static const char *const things[] = {[FD_PIPE] = "pipe", [FD_SOCKET] = "socket", [FD_EVENTFD] = "eventfd"};
    bool reads = w->kind == EDGE_READ;
    buf_addf(line, " %s %s %llu%s; who could %s: ", reads ? "reads from" : "writes to", things[w->fd->kind],
             (unsigned long long)w->fd->inode, reads ? "" : ", which is full", reads ? "write" : "read");
}

static void say_wait(const struct hang_case *c, const struct hang_wait *w, struct buf *line)
{
    const struct futex_wait *f = &w->thread->futex;
    pid_t holder;
    buf_addf(line, "%s %d", w->from->name, (int)w->from->pid);
    if (is_io(w))
        say_io(w, line);
    else if (w->kind == EDGE_LOCK)
        buf_addf(line, " waits for a %s in shared memory, at 0x%llx, that is held by ",
                 futex_lock_name(futex_wait_lock(f, &holder)), (unsigned long long)f->address);
    else if (w->kind == EDGE_FILE_LOCK)
        buf_add_text(line, " waits for the lock of a file that is held by ");
    else if (w->kind == EDGE_WORD)
        buf_addf(line, " waits at 0x%llx in shared memory; who has it: ", (unsigned long long)f->address);
    else
        buf_add_text(line, " waits for the end of ");
    say_who(c, w, line);
}

/* One line a thread that waits for others. */
static enum err say_member(const struct hang_case *c, const struct evidence *from, struct texts *lines)
{
    enum { LINE_MAX = 512, SHOWN = 4 };
    struct hang_wait w;
    size_t n = 0;
    enum err err = OK;
    for (size_t at = 0; n < SHOWN && !err && hang_graph_wait(c->graph, from, &at, &w); n++) {
        struct buf line;
        buf_init(&line, LINE_MAX);
        say_wait(c, &w, &line);
        err = line.err ? line.err : texts_add(lines, buf_text(&line));
        buf_done(&line);
    }
    return err;
}

static enum err say_doubt(const struct hang_case *c, const struct hang_knot *k, struct texts *lines)
{
    struct hang_wait w;
    for (size_t i = 0; i < k->n; i++)
        for (size_t at = 0; hang_graph_wait(c->graph, member(c, k, i), &at, &w);) {
            const struct pipe_check *p = w.fd && w.fd->kind == FD_PIPE ? scene_pipe(c->scene, w.fd->inode) : NULL;
            if (p && p->doubt)
                return texts_addf(lines, "not proved: %s", p->doubt);
            if (w.fd && w.fd->kind == FD_SOCKET)
                return texts_add(lines, "not proved: a socket may have a timeout that cannot be seen");
        }
    return texts_add(lines, "not proved: somebody else might end one of these waits");
}

enum err hang_say_knot(const struct hang_case *c, const struct hang_knot *k, struct texts *lines)
{
    enum { SHOWN = 8 };
    enum err err = OK;
    for (size_t i = 0; i < k->n && i < SHOWN && !err; i++)
        err = say_member(c, member(c, k, i), lines);
    if (!err && k->n > SHOWN)
        err = texts_addf(lines, "and %zu processes more that wait for each other", k->n - SHOWN);
    if (err || k->stuck != STUCK_PROVED)
        return err ? err : say_doubt(c, k, lines);
    return texts_add(lines,
                     "all of them were asleep in these waits at one instant, and nobody else can end one: no signal "
                     "handler, no signal pending, no timer, no tracer, no shared memory, no other holder");
}
