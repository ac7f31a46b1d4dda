/* SPDX-License-Identifier: MIT
 * Rule pipe-cycle: processes wait for each other through pipes or sockets. A process that writes to a full pipe is
 * never idle, so if the circle has such a write, a wait for a child's end closes it as well (a queue that is joined
 * before it is drained). If all of them read, each must wait for input from another one. */
#include "core/hang/private.h"

/* "python3 4242 and python3 4243 wait for each other: …" */
static enum err say_summary(const struct hang_case *c, const struct hang_knot *k, const struct knot_facts *f,
                            char **out)
{
    const struct evidence *first = &c->scene->procs[k->members[0]], *last = &c->scene->procs[k->members[k->n - 1]];
    const char *how = f->writes && f->children
                          ? "one has filled a pipe that the other reads only after the first has ended"
                      : f->writes && f->reads ? "one has filled a pipe that nobody reads, and another waits for input"
                      : f->writes             ? "each has filled a pipe that nobody reads"
                                              : "each waits for input from another, and none writes";
    if (k->n == 1)
        return hang_say(out, "it has filled a pipe that only it could read");
    if (k->n == 2)
        return hang_say(out, "%s %d and %s %d wait for each other: %s", first->name, (int)first->pid, last->name,
                        (int)last->pid, how);
    return hang_say(out, "%zu processes wait for each other: %s", k->n, how);
}

static enum err say_fix(const struct hang_case *c, const struct knot_facts *f, char **out)
{
    bool python = hang_is_python(c->e);
    if (f->writes && f->children && python)
        return hang_say(out,
                        "read before you wait: queue.get() before process.join(), communicate() instead of wait()");
    if (f->writes && f->children)
        return hang_say(out, "read the child's output to its end before waitpid()");
    if (f->writes && python)
        return hang_say(out,
                        "write and read at the same time: subprocess.Popen.communicate(), or a thread for one of them");
    if (f->writes)
        return hang_say(out, "read and write as poll() allows, or in two threads");
    return hang_say(out, "one of them has to write first: send before you receive, and flush what was written");
}

enum err hang_match_pipe_cycle(const struct hang_case *c, struct finding *out, bool *holds)
{
    const struct hang_knot *k;
    struct knot_facts f;
    bool tells = hang_knot_teller(c, 1u << EDGE_WRITE, &k, &f) ||
                 (hang_knot_teller(c, 1u << EDGE_READ, &k, &f) && f.writes == 0 && f.io_circle);
    int certainty = tells && f.locks + f.file_locks == 0 ? hang_knot_certainty(c, k, &f, f.writes == 0) : -1;
    *holds = certainty >= 0;
    if (!*holds)
        return OK;
    out->certainty = certainty;
    out->tid = evidence_telling_thread(c->e)->tid;
    enum err err = say_summary(c, k, &f, &out->summary);
    if (!err)
        err = hang_say_knot(c, k, &out->evidence);
    if (!err)
        err = hang_say(&out->cause, "%s", f.writes ? "undrained-queue" : "unknown");
    return err ? err : say_fix(c, &f, &out->fix);
}
