/* SPDX-License-Identifier: MIT
 * Scenes, from folders that stand in for /proc and from real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/proc/ask.h"
#include "core/proc/private.h"
#include "tests/kit/hang_kit.h"

/* The folders contain system call numbers of x86-64. */
#ifdef __x86_64__
#define ONLY_WHERE_THE_NUMBERS_FIT
#else
#define ONLY_WHERE_THE_NUMBERS_FIT skip()
#endif

static void open_folder_at(struct scene *s, const char *path, pid_t root)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(scene_init(s, fd), OK);
    close(fd);
    assert_int_equal(scene_watch(s, root, true), OK);
}

static void open_folder(struct scene *s, const char *name, pid_t root)
{
    char path[4096];
    const char *srcdir = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/proc/%s", srcdir ? srcdir : ".", name);
    open_folder_at(s, path, root);
}

static void look(struct scene *s)
{
    assert_int_equal(scene_update(s, clock_now()), OK);
}

static void reads_a_forked_child_that_waits_on_a_latch(void **state)
{
    struct scene s;
    struct buf words;
    (void)state;
    ONLY_WHERE_THE_NUMBERS_FIT;
    open_folder(&s, "latch", 14065);
    look(&s);
    assert_int_equal(s.n, 2);
    assert_false(scene_find(&s, 14072)->at_one_instant); /* after one look only */
    look(&s);
    const struct evidence *e = scene_find(&s, 14072), *host = scene_find(&s, 14065);
    assert_true(e->at_one_instant && host->at_one_instant);
    assert_int_equal(e->ppid, 14065);
    assert_true(e->forked_without_exec && !host->forked_without_exec);
    assert_int_equal(host->nthreads, 5);
    assert_int_equal(e->parent_threads_now, 5);
    assert_int_equal(e->nthreads, 1);
    const struct futex_wait *f = &e->threads[0].futex;
    assert_true(f->waiting && f->private_op && !f->has_timeout);
    assert_int_equal(f->command, FUTEX_WAIT_BITSET);
    assert_int_equal(f->address, 0x40);
    assert_int_equal(f->home, WORD_PRIVATE);
    assert_int_equal(f->word_seen, SEEN);
    assert_int_equal(e->ghost_stacks, 2);
    assert_true(e->timers_seen == SEEN && e->timers == 0);
    assert_true(e->shares_seen == NOT_SEEN); /* the processes of a folder have no memory to compare */
    assert_true(e->pss_seen == SEEN && e->pss_kib == 812);
    assert_true(e->parent_waits && e->awaited);
    assert_string_equal(e->command, "app --fast");
    buf_init(&words, 256);
    assert_int_equal(evidence_waits_for(e, &words), OK);
    assert_string_equal(buf_text(&words), "a futex in its own memory, without a timeout");
    buf_clear(&words);
    assert_int_equal(evidence_waits_for(host, &words), OK);
    assert_string_equal(buf_text(&words), "a child to end");
    buf_done(&words);
    scene_done(&s);
}

/* The finding is not proved as long as something cannot be seen. */
static void proves_a_latch_only_if_everything_is_seen(void **state)
{
    struct scene s;
    struct hang_settings settings = {.started = clock_now(), .hang_after = 0};
    struct findings findings = {0};
    (void)state;
    ONLY_WHERE_THE_NUMBERS_FIT;
    open_folder(&s, "latch", 14065);
    assert_int_equal(scene_hint(&s, 14072, 5, true), OK);
    look(&s);
    look(&s);
    assert_int_equal(hang_judge(&s, &settings, &findings), OK);
    assert_int_equal(findings.n, 1);
    assert_int_equal(findings.v[0].certainty, CERTAINTY_LIKELY);
    findings_done(&findings);
    for (size_t i = 0; i < s.n; i++)
        s.procs[i].shares_seen = s.procs[i].fds_seen = SEEN;
    assert_int_equal(hang_judge(&s, &settings, &findings), OK);
    assert_int_equal(findings.n, 1);
    assert_int_equal(findings.v[0].certainty, CERTAINTY_PROVED);
    assert_string_equal(findings.v[0].rule, "no-waker");
    assert_string_equal(findings.v[0].cause, "lost-threads");
    findings_done(&findings);
    scene_done(&s);
}

static void reads_a_mutex_and_finds_its_owner(void **state)
{
    struct scene s;
    struct buf words;
    (void)state;
    ONLY_WHERE_THE_NUMBERS_FIT;
    open_folder(&s, "lock", 14065);
    look(&s);
    look(&s);
    const struct futex_wait *f = &scene_find(&s, 14072)->threads[0].futex;
    pid_t holder;
    assert_int_equal(futex_wait_lock(f, &holder), LOCK_MUTEX);
    assert_int_equal(holder, f->owner);
    assert_int_equal(f->owner, 14066);
    assert_int_equal(f->owner_seen, SEEN);
    assert_int_equal(f->owner_process, 14065);
    buf_init(&words, 256);
    assert_int_equal(evidence_waits_for(scene_find(&s, 14072), &words), OK);
    assert_string_equal(buf_text(&words), "a lock in its own memory that thread 14066 holds, without a timeout");
    buf_done(&words);
    scene_done(&s);
}

static void survives_hostile_names_and_broken_files(void **state)
{
    struct scene s;
    (void)state;
    ONLY_WHERE_THE_NUMBERS_FIT;
    open_folder(&s, "hostile", 50);
    for (int i = 0; i < 5; i++)
        look(&s);
    assert_int_equal(s.n, 2); /* the files of the others are too broken */
    const struct evidence *e = scene_find(&s, 50), *odd = scene_find(&s, 54);
    assert_string_equal(e->name, "a) S 1 (b␊␛[31m\\xff");
    assert_string_equal(e->command, "␛]0;evil␇ two␊lines");
    assert_string_equal(odd->command, "[odd]");
    assert_int_equal(odd->nthreads, 1);
    assert_false(odd->at_one_instant);
    scene_done(&s);
}

static void finds_children_by_their_parent_without_the_file_children(void **state)
{
    struct scene s;
    (void)state;
    open_folder(&s, "ppid", 60);
    look(&s);
    assert_int_equal(s.n, 3);
    assert_non_null(scene_find(&s, 62));
    assert_null(scene_find(&s, 63));
    scene_done(&s);
}

/* If a parent has called exec since the last look at it, its child is not recognised as a copy of it at once. */
static void learns_about_the_threads_of_the_parent_even_late(void **state)
{
    struct scene s;
    char top[] = "/tmp/poolscope-scene-XXXXXX", line[4096];
    const char *srcdir = getenv("srcdir");
    (void)state;
    ONLY_WHERE_THE_NUMBERS_FIT;
    assert_non_null(mkdtemp(top));
    snprintf(line, sizeof line,
             "cp -r '%s/tests/proc/latch/.' %s && cd %s && ln -s /bin/app 14072/exe && ln -s /bin/sh 14065/exe && "
             "cp 14065/stat kept && sed 's/ 4194304 / 4194368 /' kept >14065/stat",
             srcdir ? srcdir : ".", top, top);
    assert_int_equal(system(line), 0);
    open_folder_at(&s, top, 14065);
    for (int i = 0; i < 3; i++)
        look(&s);
    assert_int_equal(scene_find(&s, 14072)->parent_threads, -1);
    snprintf(line, sizeof line, "cd %s && mv kept 14065/stat && ln -sf /bin/app 14065/exe", top);
    assert_int_equal(system(line), 0);
    look(&s);
    assert_int_equal(scene_find(&s, 14072)->parent_threads, 5);
    assert_true(scene_find(&s, 14072)->parent_threads_at_least);
    scene_done(&s);
    snprintf(line, sizeof line, "rm -r %s", top);
    assert_int_equal(system(line), 0);
}

static bool target_reads(const struct kit *k)
{
    const struct evidence *e = scene_find(&k->scene, k->target);
    return e && e->nthreads == 1 && thread_wait_kind(&e->threads[0]) == WAIT_INPUT;
}

static bool target_is_gone(const struct kit *k)
{
    return !scene_find(&k->scene, k->target);
}

static void follows_a_process_that_is_reparented(void **state)
{
    struct kit k;
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_true(kit_start(&k, "orphan"));
    kit_look_until(&k, target_reads);
    kill(k.root, SIGKILL);
    assert_int_equal(waitpid(k.root, NULL, 0), k.root);
    for (int i = 0; i < 3; i++)
        kit_look(&k);
    const struct evidence *e = scene_find(&k.scene, k.target);
    assert_non_null(e);
    assert_int_equal(e->ppid, getpid());
    assert_int_equal(e->first_parent, k.root);
    assert_int_equal(e->parent_threads_now, -1);
    assert_int_equal(k.scene.n, 1);
    kill(k.target, SIGKILL);
    assert_int_equal(waitpid(k.target, NULL, 0), k.target);
    kit_look_until(&k, target_is_gone);
    kit_stop(&k);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void leaves_out_the_root_if_told_to(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "read"));
    assert_int_equal(scene_watch(&k.scene, k.root, false), OK);
    assert_int_equal(scene_hint(&k.scene, k.target, 9, true), OK); /* before the process is seen */
    kit_look_until(&k, target_reads);
    assert_null(scene_find(&k.scene, k.root));
    const struct evidence *e = scene_find(&k.scene, k.target);
    assert_int_equal(e->parent_threads, 9);
    assert_true(e->has_task && e->awaited);
    assert_int_equal(e->parent_threads_now, 5);
    assert_int_equal(scene_watch(&k.scene, 0, false), OK);
    kit_look(&k);
    assert_int_equal(k.scene.n, 0);
    kit_stop(&k);
}

static void knows_open_files_and_their_directions(void **state)
{
    struct kit k;
    size_t readers = 0, writers = 0;
    uint64_t inode = 0;
    (void)state;
    assert_true(kit_start(&k, "read"));
    kit_look_until(&k, target_reads);
    const struct evidence *e = scene_find(&k.scene, k.target);
    assert_int_equal(e->fds_seen, SEEN);
    for (size_t i = 0; i < e->nfds; i++)
        if (e->fds[i].fd == (int)e->threads[0].args[0])
            inode = e->fds[i].inode;
    for (size_t i = 0; i < e->nfds; i++)
        if (e->fds[i].kind == FD_PIPE && e->fds[i].inode == inode) {
            readers += e->fds[i].can_read && !e->fds[i].can_write;
            writers += e->fds[i].can_write && !e->fds[i].can_read;
        }
    assert_int_equal(readers, 1);
    assert_int_equal(writers, 1);
    kit_stop(&k);
}

static void keeps_the_time_asleep_while_nothing_changes(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    kit_look_until(&k, kit_target_is_proved);
    double since = scene_find(&k.scene, k.target)->threads[0].asleep_since;
    for (int i = 0; i < 10; i++)
        kit_look(&k);
    assert_true(scene_find(&k.scene, k.target)->threads[0].asleep_since == since);
    kill(k.target, SIGSTOP); /* being stopped counts as a sign of life */
    kill(k.target, SIGCONT);
    kit_look_until(&k, kit_target_is_proved);
    assert_true(scene_find(&k.scene, k.target)->threads[0].asleep_since > since);
    kit_stop(&k);
}

/* Starts processes without a pause; each ends at once. */
static pid_t start_fork_storm(void)
{
    pid_t storm = fork();
    assert_true(storm >= 0);
    if (storm > 0)
        return storm;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN); /* the kernel reaps them */
    for (;;)
        if (fork() == 0)
            _exit(0);
}

static void proves_a_hang_while_others_fork_without_a_pause(void **state)
{
    struct kit k;
    (void)state;
    assert_true(kit_start(&k, "fork-latch"));
    pid_t storm = start_fork_storm();
    kit_look_until(&k, kit_target_is_proved);
    assert_int_equal(kill(storm, SIGKILL), 0);
    assert_int_equal(waitpid(storm, NULL, 0), storm);
    kit_stop(&k);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Prints the CPU time of a look for each thread; no assertion about speed. */
static void prints_what_a_look_costs(void **state)
{
    static const struct {
        const char *name;
        int threads;
    } sizes[] = {{"many-threads", 257}, {"fork-latch", 6}};
    enum { LOOKS = 50 };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct kit k;
        size_t threads = 0;
        assert_true(kit_start(&k, sizes[i].name));
        kit_look_until(&k, kit_target_is_confirmed);
        double before = cpu_seconds();
        for (int n = 0; n < LOOKS; n++)
            look(&k.scene);
        double took = cpu_seconds() - before;
        for (size_t p = 0; p < k.scene.n; p++)
            threads += k.scene.procs[p].nthreads;
        print_message("%s: %zu processes, %zu threads: %.0f us a look, %.1f us a thread\n", sizes[i].name, k.scene.n,
                      threads, took / LOOKS * 1e6, took / LOOKS / (double)threads * 1e6);
        assert_int_equal(threads, sizes[i].threads);
        kit_stop(&k);
    }
}

/* A folder of numbered files that stands in for /proc. Each number that is asked adds its heir, up to a last one. */
struct heirs {
    int folder;
    pid_t last, stop;
    size_t asked;
};

static bool has_heir(void *context, pid_t n)
{
    struct heirs *h = context;
    char name[16];
    h->asked++;
    snprintf(name, sizeof name, "%d", (int)n);
    assert_int_equal(unlinkat(h->folder, name, 0), 0);
    snprintf(name, sizeof name, "%d", (int)n + 1);
    int fd = n < h->last ? openat(h->folder, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;
    if (fd >= 0)
        close(fd);
    return n != h->stop;
}

static enum err ask_heirs(struct heirs *h)
{
    char path[] = "/tmp/poolscope-test-XXXXXX", line[64];
    assert_non_null(mkdtemp(path));
    h->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(h->folder >= 0);
    close(openat(h->folder, "1", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    enum err err = proc_ask_each(h->folder, ".", has_heir, h);
    close(h->folder);
    snprintf(line, sizeof line, "rm -r %s", path);
    assert_int_equal(system(line), 0);
    return err;
}

static void asks_processes_that_start_meanwhile(void **state)
{
    struct heirs few = {.last = 5}, endless = {.last = 1 << 20}, stopped = {.last = 5, .stop = 3};
    (void)state;
    assert_int_equal(ask_heirs(&few), OK);
    assert_int_equal(few.asked, 5);
    assert_int_equal(ask_heirs(&endless), ERR_AGAIN); /* new heirs kept appearing */
    assert_int_equal(ask_heirs(&stopped), ERR_CANCELLED);
    assert_int_equal(stopped.asked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_forked_child_that_waits_on_a_latch),
        cmocka_unit_test(proves_a_latch_only_if_everything_is_seen),
        cmocka_unit_test(reads_a_mutex_and_finds_its_owner),
        cmocka_unit_test(learns_about_the_threads_of_the_parent_even_late),
        cmocka_unit_test(survives_hostile_names_and_broken_files),
        cmocka_unit_test(finds_children_by_their_parent_without_the_file_children),
        cmocka_unit_test(follows_a_process_that_is_reparented),
        cmocka_unit_test(leaves_out_the_root_if_told_to),
        cmocka_unit_test(knows_open_files_and_their_directions),
        cmocka_unit_test(proves_a_hang_while_others_fork_without_a_pause),
        cmocka_unit_test(keeps_the_time_asleep_while_nothing_changes),
        cmocka_unit_test(asks_processes_that_start_meanwhile),
        cmocka_unit_test(prints_what_a_look_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
