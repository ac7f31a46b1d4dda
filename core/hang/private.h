/* SPDX-License-Identifier: MIT
 * What the rules share. Each rule is an entry of the table in rules.c and a function hang_match_* in a file of its own,
 * which sets *holds and, if it holds, certainty, tid, summary, evidence, cause and fix of `out`. All functions but
 * those that make lists are pure; their only error is ERR_NOMEM. */
#ifndef HANG_PRIVATE_H
#define HANG_PRIVATE_H

#include "core/hang/hang.h"

struct hang_graph;

/* What a rule looks at: process `e`, its scene, and the graph of who waits for whom in it. */
struct hang_case {
    const struct scene *scene;
    const struct evidence *e;
    const struct hang_settings *settings;
    const struct hang_graph *graph;
};

enum err hang_match_orphaned_lock(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_lock_cycle(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_no_waker(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_pipe_cycle(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_self_held_pipe(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_lost_worker(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_spinning(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;
enum err hang_match_stalled(const struct hang_case *c, struct finding *out, bool *holds) MUST_CHECK;

/* closed.c: a process is closed if nothing outside of it can end its waits. */
enum closed {
    CLOSED_NOT,     /* somebody can, or one of its threads is awake or will wake up by itself */
    CLOSED_PERHAPS, /* nobody was found who could, but somebody could not be ruled out */
    CLOSED_PROVED   /* nobody can, except by sending it a signal or tracing it */
};
enum closed hang_closed(const struct evidence *e);
/* The same without regard to what its threads wait for: nothing in the process will wake up by itself. */
enum closed hang_quiet(const struct evidence *e);
/* True if it has no signal handler, no pending signal and no tracer that could interrupt its waits. */
bool hang_undisturbed(const struct evidence *e);
bool hang_has_handler(const struct evidence *e); /* other than those that runtimes install */
/* Adds the conditions that hold in one line, and each doubt in a line of its own. */
enum err hang_say_closed(const struct evidence *e, struct texts *lines) MUST_CHECK;

/* graph.c: who waits for whom, across processes. A process is stuck if none of its waits will ever end. */

enum stuck {
    STUCK_NOT,     /* a process that may continue can end one of its waits */
    STUCK_PERHAPS, /* no such process was found */
    STUCK_PROVED   /* there is none */
};

/* What a process waits for, and from whom. */
enum hang_edge_kind {
    EDGE_CHILD,     /* for a process to end */
    EDGE_READ,      /* for input, from the holders of the write end */
    EDGE_WRITE,     /* for room, from the holders of the read end */
    EDGE_LOCK,      /* for a lock in shared memory, from its owner */
    EDGE_FILE_LOCK, /* for a file lock, from its owner */
    EDGE_WORD,      /* for a word in shared memory to change, from the processes that map it */
    EDGE_OTHER_END /* other holders of its own end of the pipe, or mappers of the lock, might end it: only for proofs */
};

/* One wait of a thread, and how many processes could end it. */
struct hang_wait {
    enum hang_edge_kind kind;
    const struct evidence *from;
    const struct thread_evidence *thread; /* of `from` */
    const struct fd_evidence *fd;         /* of EDGE_READ and EDGE_WRITE, else NULL */
    size_t node, n;                       /* hang_graph_who names the n processes */
};

/* Processes that wait for each other and for nobody else; other processes may wait for them. */
struct hang_knot {
    size_t *members;
    size_t n; /* places in scene.procs, rising; owned by the graph */
    enum stuck stuck;
    double since; /* clock_now() when the last member fell asleep */
};

/* The graph refers to the scene, which must stay as it is. ERR_NOMEM. Free with hang_graph_free. */
enum err hang_graph_new(const struct scene *s, struct hang_graph **out) MUST_CHECK;
void hang_graph_free(struct hang_graph *g);
const struct hang_knot *hang_graph_knot(const struct hang_graph *g,
                                        const struct evidence *e); /* the knot it is in, or NULL */
/* Adds the pids of all processes that wait for `e`, directly or through others, to `out`. */
enum err hang_graph_victims(const struct hang_graph *g, const struct evidence *e, struct ints *out) MUST_CHECK;

/* The next wait of the process's threads for other processes; start with *at = 0. False after the last one. */
bool hang_graph_wait(const struct hang_graph *g, const struct evidence *from, size_t *at, struct hang_wait *out);
/* The process number i, below w->n, that could end the wait. */
const struct evidence *hang_graph_who(const struct hang_graph *g, const struct hang_wait *w, size_t i);

/* knot.c: what kinds of waits hold a knot together. */

struct knot_facts {
    size_t reads, writes, children, words, locks, file_locks; /* numbers of waits */
    bool io_circle;   /* reads and writes lead in a circle through different processes */
    bool has_handler; /* hang_has_handler is true of a member */
};

/* True if process c->e is in a knot and the finding about that knot is to be its finding. Of the members that wait in
 * one of these kinds (bits 1u << enum hang_edge_kind) it is one whose parent is a member, too, or else the first. Sets
 * *k, and, if true, *f. */
bool hang_knot_teller(const struct hang_case *c, unsigned kinds, const struct hang_knot **k, struct knot_facts *f);
void hang_knot_facts(const struct hang_case *c, const struct hang_knot *k, struct knot_facts *out);
/* The certainty of a finding about the knot, or -1 if it is too early for one. `as_idle`: idle workers look the same.
 */
int hang_knot_certainty(const struct hang_case *c, const struct hang_knot *k, const struct knot_facts *f, bool as_idle);
/* Adds a line for each wait in the knot, then why it is proved or not. */
enum err hang_say_knot(const struct hang_case *c, const struct hang_knot *k, struct texts *lines) MUST_CHECK;

/* words.c: lines of evidence. hang_say sets *out to a new text, owned by the caller; the others add to `lines`. */
size_t hang_living_threads(const struct evidence *e);
enum err hang_say(char **out, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
enum err hang_say_fork(const struct hang_case *c, struct texts *lines) MUST_CHECK;
enum err hang_say_thread(const struct hang_case *c, const struct thread_evidence *t, struct texts *lines) MUST_CHECK;
enum err hang_say_threads(const struct hang_case *c, struct texts *lines) MUST_CHECK;
enum err hang_say_awaited(const struct evidence *e, struct texts *lines) MUST_CHECK;
bool hang_is_python(const struct evidence *e);
/* It was forked, and lacks threads that its parent had then. "Seems": only stacks that are left in its memory say so.
 */
bool hang_lost_threads(const struct evidence *e);
bool hang_seems_to_have_lost_threads(const struct evidence *e);

/* names.c: adds a line that says which library's threads are probably missing, and sets out->fix for it. */
enum err hang_say_cure(const struct hang_case *c, struct finding *out) MUST_CHECK;

#endif
