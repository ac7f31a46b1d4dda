/* SPDX-License-Identifier: MIT
 * Small programs that hang, or look like it. A program that hangs prints "meant PID" for each process that will never
 * continue; a healthy one prints "ready" once it is in the state that is to be watched. What they wait for is real. They
 * are built without sanitizers, whose runtimes have locks and threads of their own. */
#ifndef TESTS_PROGRAMS_CORPUS_H
#define TESTS_PROGRAMS_CORPUS_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

struct corpus_program {
    const char *name;
    void (*run)(void); /* returning is exit status 0 */
};

/* A table for each file; a NULL name ends it. */
extern const struct corpus_program corpus_forks[];   /* threads that a fork lost */
extern const struct corpus_program corpus_locks[];   /* circles, and locks whose holder has ended */
extern const struct corpus_program corpus_shared[];  /* the same across processes */
extern const struct corpus_program corpus_pipes[];   /* pipes and sockets that nobody writes, reads or closes */
extern const struct corpus_program corpus_ends[];    /* healthy: pipes that look similar */
extern const struct corpus_program corpus_signals[]; /* healthy: woken by signals and timers */
extern const struct corpus_program corpus_waits[];   /* healthy: all that a process may wait for */
extern const struct corpus_program corpus_works[];   /* healthy: they run, or one thread will wake the others */
extern const struct corpus_program corpus_outside[]; /* healthy: another process will wake them */
extern const struct corpus_program corpus_hostile[]; /* they try to harm the watcher */

/* Seconds until a healthy program continues: longer than any wait that is reported for its length alone. */
enum { LATER = 7 };

void say(const char *word);           /* a line on stdout */
void say_meant(void);                 /* "meant PID" with the pid of this process */
void die(const char *what);           /* prints the words and errno, and exits */
pthread_t start(void *(*run)(void *), void *arg);
pid_t child(void (*run)(void));       /* forks; the child exits with 0 when `run` returns */
int wait_for(pid_t pid);              /* the exit status as a shell reports it */
void nap(double seconds);
void compute(double seconds);         /* of CPU time */
void *shared_memory(size_t size);     /* shared with children; zeroed */
void sleep_for_ever(void);            /* sleeps again and again */
void make_pipe(int fds[2]);

/* Two pipes between a process and its child; each has only the ends that it needs. */
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
void take_two(struct locks *l, unsigned i, unsigned n); /* takes lock i, and once all n have one, the next */

#endif
