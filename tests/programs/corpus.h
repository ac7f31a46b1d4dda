/* SPDX-License-Identifier: MIT
 * Small programs that hang, or look as if. Each prints "meant PID" for a process that will never go on, or "ready" when
 * it has come to the state that it is to be looked at in. What they wait for is real. Built without
 * sanitizers: their runtimes have locks and threads of their own. */
#ifndef TESTS_PROGRAMS_CORPUS_H
#define TESTS_PROGRAMS_CORPUS_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

struct corpus_program {
    const char *name;
    void (*run)(void); /* returning is exit status 0 */
};

/* One table a file; each ends with a NULL name. */
extern const struct corpus_program corpus_forks[];   /* threads that a fork lost */
extern const struct corpus_program corpus_locks[];   /* cycles, and locks whose holder is gone */
extern const struct corpus_program corpus_shared[];  /* the same across processes */
extern const struct corpus_program corpus_pipes[];   /* pipes and sockets that nobody writes, or reads, or closes */
extern const struct corpus_program corpus_ends[];    /* healthy: pipes that look like those */
extern const struct corpus_program corpus_signals[]; /* healthy: woken by signals and timers */
extern const struct corpus_program corpus_waits[];   /* healthy: all that a process may wait for */
extern const struct corpus_program corpus_works[];   /* healthy: they move, or one of them will wake the others */
extern const struct corpus_program corpus_outside[]; /* healthy: somebody outside will */
extern const struct corpus_program corpus_hostile[]; /* they try to do harm to who watches */

/* Seconds until a healthy program goes on: longer than any wait that is reported for its length alone. */
enum { LATER = 7 };

void say(const char *word);           /* a line on stdout */
void say_meant(void);                 /* this process is the one that is meant */
void die(const char *what);           /* with errno */
pthread_t start(void *(*run)(void *), void *arg);
pid_t child(void (*run)(void));       /* forks; the child exits with 0 when `run` returns */
int wait_for(pid_t pid);              /* its status as a shell has it */
void nap(double seconds);
void compute(double seconds);         /* of CPU time */
void *shared_memory(size_t size);     /* between a process and what it forks; zeroes */
void sleep_for_ever(void);            /* a real sleep, again and again */
void make_pipe(int fds[2]);

/* Two pipes between a process and its child, each with just the ends that it needs. */
enum { MUCH = 256 * 1024 };           /* more than a pipe holds */
extern int to_parent[2], to_child[2];
void make_pipes(void);
void keep_childs_ends(void);
void keep_parents_ends(void);
void write_much(int fd);              /* MUCH bytes */
void read_bytes(int fd, size_t n);    /* or until the end of file */
void read_to_end(int fd);

/* Locks for a ring of threads or processes that each take two. */
enum { RING = 3 };
struct locks {
    pthread_mutex_t lock[RING];
    pthread_barrier_t all_hold_one;
    pthread_cond_t changed;
};
void make_locks(struct locks *l, unsigned holders, int pshared);
void take_two(struct locks *l, unsigned i, unsigned n); /* one lock, and when everybody has one, the next */

#endif
