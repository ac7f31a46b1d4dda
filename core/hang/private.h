/* SPDX-License-Identifier: MIT
 * What the rules share. A rule is an entry of the table in hang_rules.c and a function in a file of its own. */
#ifndef HANG_PRIVATE_H
#define HANG_PRIVATE_H

#include "core/hang/hang.h"

struct hang_graph;

/* What a rule looks at: one process, the scene it stands in, and who waits for whom there. */
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

/* hang_closed.c: can anything but the process itself end its waits? */
enum closed {
    CLOSED_NOT,     /* somebody can, or one of its threads is awake or will wake up by itself */
    CLOSED_PERHAPS, /* nobody was seen who could, but not all could be seen or ruled out */
    CLOSED_PROVED   /* nobody, short of a signal or a tracer from outside */
};
enum closed hang_closed(const struct evidence *e);
/* The same of its insides alone: whatever its threads wait for, nothing in it will stir by itself. */
enum closed hang_quiet(const struct evidence *e);
/* No signal that is due, and nobody who traces it: its threads stay in their waits. */
bool hang_undisturbed(const struct evidence *e);
bool hang_has_handler(const struct evidence *e); /* of its own: not what runtimes install */
/* The conditions that hold, in one line, and each doubt in a line of its own. */
enum err hang_say_closed(const struct evidence *e, struct texts *lines) MUST_CHECK;

/* hang_graph.c: who waits for whom, across processes. */

enum stuck {
    STUCK_NOT,     /* somebody who may go on can end one of its waits */
    STUCK_PERHAPS, /* nobody was seen who could */
    STUCK_PROVED   /* nobody can */
};

enum hang_edge_kind {
    EDGE_CHILD,     /* it waits for the end of */
    EDGE_READ,      /* it reads, and the write end has */
    EDGE_WRITE,     /* it writes into what is full, and the read end has */
    EDGE_LOCK,      /* it waits for a lock in shared memory that is held by */
    EDGE_FILE_LOCK, /* it waits for the lock of a file that is held by */
    EDGE_WORD,      /* it waits for a word in shared memory that is mapped by */
    EDGE_OTHER_END  /* who has its own end of the pipe, or maps the lock, might let it go: counts for proofs only */
};

/* One wait of a thread, and all who could end it. */
struct hang_wait {
    enum hang_edge_kind kind;
    const struct evidence *from;
    const struct thread_evidence *thread; /* of `from` */
    const struct fd_evidence *fd;         /* of READ and WRITE: through which */
    size_t node, n;                       /* for hang_graph_who: so many */
};

/* Processes that wait for each other and for nobody else: the root of what waits for them. */
struct hang_knot {
    size_t *members;
    size_t n; /* places in the scene, rising */
    enum stuck stuck;
    double since; /* clock_now() when the last of them fell asleep */
};

enum err hang_graph_new(const struct scene *s, struct hang_graph **out) MUST_CHECK;
void hang_graph_free(struct hang_graph *g);
const struct hang_knot *hang_graph_knot(const struct hang_graph *g, const struct evidence *e); /* NULL: in none */
/* Those that wait for it, directly or through others: in a knot, its other members too. */
enum err hang_graph_victims(const struct hang_graph *g, const struct evidence *e, struct ints *out) MUST_CHECK;

/* The waits of a process's threads for others, one after the other; start with *at = 0. */
bool hang_graph_wait(const struct hang_graph *g, const struct evidence *from, size_t *at, struct hang_wait *out);
const struct evidence *hang_graph_who(const struct hang_graph *g, const struct hang_wait *w, size_t i);

/* hang_knot.c: what holds a knot together. */

struct knot_facts {
    size_t reads, writes, children, words, locks, file_locks; /* waits within */
    bool io_circle;   /* a circle of reads and writes among different processes */
    bool has_handler; /* one of them has */
};

/* True if `e` is the member that tells of its knot: of those with such a wait one whose parent is a member, too, or
 * else the first. Only then *k and *f are filled. */
bool hang_knot_teller(const struct hang_case *c, unsigned kinds, const struct hang_knot **k, struct knot_facts *f);
void hang_knot_facts(const struct hang_case *c, const struct hang_knot *k, struct knot_facts *out);
/* The certainty that a knot gives, or -1: too early to speak. `as_idle`: who idles for work looks alike. */
int hang_knot_certainty(const struct hang_case *c, const struct hang_knot *k, const struct knot_facts *f, bool as_idle);
/* A line for each wait within the knot, then what makes it sure, or not. */
enum err hang_say_knot(const struct hang_case *c, const struct hang_knot *k, struct texts *lines) MUST_CHECK;

/* hang_words.c: facts in words. */
size_t hang_living_threads(const struct evidence *e);
enum err hang_say(char **out, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
enum err hang_say_fork(const struct hang_case *c, struct texts *lines) MUST_CHECK;
enum err hang_say_thread(const struct hang_case *c, const struct thread_evidence *t, struct texts *lines) MUST_CHECK;
enum err hang_say_threads(const struct hang_case *c, struct texts *lines) MUST_CHECK;
enum err hang_say_awaited(const struct evidence *e, struct texts *lines) MUST_CHECK;
bool hang_is_python(const struct evidence *e);
/* It was forked, and threads that its parent had then are not there: known; or told by the stacks they left. */
bool hang_lost_threads(const struct evidence *e);
bool hang_seems_to_have_lost_threads(const struct evidence *e);

/* hang_names.c: which library's threads are likely to be missed, and the cure for that one. Adds the line that says
 * what speaks for it, and sets out->fix. */
enum err hang_say_cure(const struct hang_case *c, struct finding *out) MUST_CHECK;

#endif
