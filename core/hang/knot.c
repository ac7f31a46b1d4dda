/* SPDX-License-Identifier: MIT
 * What kind of waits hold a knot together, which member the finding is about, how certain it is, and its evidence. */
#include "core/hang/private.h"

#include <assert.h>

static const struct evidence *member(const struct hang_case *c, const struct hang_knot *k, size_t i)
{
    return &c->scene->procs[k->members[i]];
}

static bool is_io(const struct hang_wait *w)
{
    return w->kind == EDGE_READ || w->kind == EDGE_WRITE;
}

/* The only other process that holds the end of the pipe or socket; NULL if there are several: then the circle was not
 * built on purpose, some have inherited an end that was not meant for them. */
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

/* True if member i reads from or writes to a partner that is still `in`. */
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

/* True if it holds the end of a pipe for whose use by others it waits. */
static bool holds_itself(const struct hang_case *c, const struct evidence *from)
{
    struct hang_wait w;
    for (size_t at = 0; hang_graph_wait(c->graph, from, &at, &w);)
        for (size_t i = 0; i < w.n && is_io(&w); i++)
            if (hang_graph_who(c->graph, &w, i) == from)
                return true;
    return false;
}

/* Removes members that do not lead on to another one until none is left to remove: the rest is a circle. A circle in
 * which all hold their own ends comes from inherited ends; that is the rule self-held-pipe's. */
static bool has_io_circle(const struct hang_case *c, const struct hang_knot *k)
{
    enum { LARGEST = 256 }; /* nobody builds a larger one on purpose */
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
    size_t *const counts[EDGE_OTHER_END] = {
        [EDGE_CHILD] = &out->children, [EDGE_READ] = &out->reads,           [EDGE_WRITE] = &out->writes,
        [EDGE_LOCK] = &out->locks,     [EDGE_FILE_LOCK] = &out->file_locks, [EDGE_WORD] = &out->words};
    for (size_t i = 0; i < k->n; i++) {
        struct hang_wait w;
        for (size_t at = 0; hang_graph_wait(c->graph, member(c, k, i), &at, &w);)
            ++*counts[w.kind]; /* hang_graph_wait leaves EDGE_OTHER_END out */
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

/* In most knots the first member already shows that another one is not the teller. */
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

/* "python3 4242 itself and python3 4243" */
static void say_who(const struct hang_case *c, const struct hang_wait *w, struct buf *line)
{
    enum { SHOWN = 4 };
    for (size_t i = 0; i < w->n && i < SHOWN; i++) {
        const struct evidence *who = hang_graph_who(c->graph, w, i);
        const char *between = i == 0 ? "" : i + 1 == w->n ? " and " : ", ";
        buf_addf(line, "%s%s %d%s", between, who->name, (int)who->pid, who == w->from ? " itself" : "");
    }
    if (w->n > SHOWN)
        buf_addf(line, " and %zu more", w->n - SHOWN);
}

static void say_io(const struct hang_wait *w, struct buf *line)
{
    static const char *const things[] = {[FD_PIPE] = "pipe", [FD_SOCKET] = "socket", [FD_EVENTFD] = "eventfd"};
    bool reads = w->kind == EDGE_READ;
    assert(w->fd && (w->fd->kind == FD_PIPE || w->fd->kind == FD_SOCKET || w->fd->kind == FD_EVENTFD));
    const char *end = w->fd->kind != FD_PIPE ? "other end" : reads ? "write end" : "read end";
    buf_addf(line, " waits to %s %s %llu%s %s is held by ", reads ? "read from" : "write to", things[w->fd->kind],
             (unsigned long long)w->fd->inode, reads ? ", whose" : ", which is full and whose", end);
}

static void say_wait(const struct hang_case *c, const struct hang_wait *w, struct buf *line)
{
    const struct futex_wait *f = &w->thread->futex;
    pid_t holder;
    buf_addf(line, "%s %d", w->from->name, (int)w->from->pid);
    if (is_io(w))
        say_io(w, line);
    else if (w->kind == EDGE_LOCK)
        buf_addf(line, " waits for the %s at 0x%llx in shared memory, which is held by ",
                 futex_lock_name(futex_wait_lock(f, &holder)), (unsigned long long)f->address);
    else if (w->kind == EDGE_FILE_LOCK)
        buf_add_text(line, " waits for a file lock, which is held by ");
    else if (w->kind == EDGE_WORD)
        buf_addf(line, " waits for a futex at 0x%llx in shared memory, which is mapped by ",
                 (unsigned long long)f->address);
    else
        buf_add_text(line, w->n == 1 ? " waits for the end of " : " waits for one of its children to end: ");
    say_who(c, w, line);
}

/* One line for each thread that waits for others. */
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
                return texts_addf(lines, "this is not proved: %s", p->doubt);
            if (w.fd && w.fd->kind == FD_SOCKET)
                return texts_add(lines, "this is not proved: a socket may have a timeout that cannot be seen");
        }
    return texts_add(lines, "this is not proved: somebody else might end one of these waits");
}

enum err hang_say_knot(const struct hang_case *c, const struct hang_knot *k, struct texts *lines)
{
    enum { SHOWN = 8 };
    enum err err = OK;
    for (size_t i = 0; i < k->n && i < SHOWN && !err; i++)
        err = say_member(c, member(c, k, i), lines);
    if (!err && k->n > SHOWN)
        err = texts_addf(lines, "%zu more process%s in the same circle", k->n - SHOWN,
                         k->n - SHOWN == 1 ? " waits" : "es wait");
    if (err || k->stuck != STUCK_PROVED)
        return err ? err : say_doubt(c, k, lines);
    return texts_add(lines,
                     "all of them were asleep in these waits at one instant, and nobody else can end one: there is no "
                     "signal handler, no pending signal, no timer, no tracer, no shared memory and no other holder");
}
