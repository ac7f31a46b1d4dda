/* SPDX-License-Identifier: MIT
 * What is to be said of each program of the corpus. The shell lines may use $programs, $sample, $corpus, $python and
 * $folder (to build in, of the whole test). */
#include "tests/corpus/corpus.h"

#define LOST_THREADS      .rule = "no-waker", .cause = "lost-threads", .least = CERTAINTY_PROVED
#define HELD_AT_FORK      .rule = "orphaned-lock", .cause = "lock-held-at-fork", .least = CERTAINTY_PROVED
#define LOCK_ORDER        .rule = "lock-cycle", .cause = "lock-order", .least = CERTAINTY_PROVED
#define LOCK_ORDER_SHARED .rule = "lock-cycle", .cause = "lock-order", .least = CERTAINTY_LIKELY
#define PIPE_CYCLE        .rule = "pipe-cycle", .least = CERTAINTY_LIKELY
#define UNDRAINED         .rule = "pipe-cycle", .cause = "undrained-queue", .least = CERTAINTY_LIKELY
#define SELF_HELD         .rule = "self-held-pipe", .cause = "inherited-fd", .least = CERTAINTY_LIKELY
#define DEAD_WORKER       .rule = "lost-worker", .cause = "dead-worker", .least = CERTAINTY_LIKELY
#define SPINNING          .rule = "spinning", .cause = "lost-threads|lock-held-at-fork", .least = CERTAINTY_LIKELY

#define IDLE        .status = UNTIL_ENDED
#define ENDS        .status = 0
#define SHELL(line) .by = BY_SHELL, .run = line
/* Built once, by whichever try has the time. */
#define BUILT(compiler, file, line)                                                                                    \
    .needs = compiler, SHELL("[ -x \"$folder/" file "\" ] || " compiler " " line "; \"$folder/" file "\"")
#define SEMAPHORES .semaphores = true
#define POLARS(which, script, method)                                                                                  \
    .needs = "$POLARS_" which, SEMAPHORES,                                                                             \
    SHELL("\"$POLARS_" which "\" \"$programs/" script ".py\" " method " \"$sample\"")

const struct corpus_case corpus_cases[] = {
    /* The story: a process pool over Polars. */
    {"polars-new-fork", POLARS("NEW", "pool_filter", "fork"), LOST_THREADS, .times = 3},
    {"polars-old-fork", POLARS("OLD", "pool_filter", "fork"), LOST_THREADS, .times = 3},
    {"polars-new-spawn", POLARS("NEW", "pool_filter", "spawn"), .times = 3},
    {"polars-old-spawn", POLARS("OLD", "pool_filter", "spawn"), .times = 3},
    {"polars-new-forkserver", POLARS("NEW", "pool_filter", "forkserver"), .times = 3},
    {"polars-old-forkserver", POLARS("OLD", "pool_filter", "forkserver"), .times = 3},
    {"polars-new-idle-spawn", POLARS("NEW", "pool_idle", "spawn"), IDLE},
    {"polars-new-idle-fork", POLARS("NEW", "pool_idle", "fork"), IDLE},
    {"polars-old-idle-forkserver", POLARS("OLD", "pool_idle", "forkserver"), IDLE},

    /* Threads lost by a fork. */
    {"fork-condvar", BY_C, LOST_THREADS},
    {"fork-many-children", BY_C, LOST_THREADS},
    {"fork-orphan", BY_C, LOST_THREADS},
    {"fork-daemon", BY_C, LOST_THREADS},
    {"fork-from-thread", BY_C, LOST_THREADS},
    {"fork-new-threads", BY_C, LOST_THREADS},
    {"fork-semaphore", BY_C, LOST_THREADS},
    {"fork-futex-latch", BY_C, LOST_THREADS},
    {"fork-barrier", BY_C, LOST_THREADS},
    {"fork-openmp", BUILT("gcc", "openmp", "-O1 -fopenmp -o \"$folder/openmp\" \"$programs/openmp.c\""), LOST_THREADS},
    {"fork-c++", BUILT("g++", "queue", "-std=c++17 -pthread -o \"$folder/queue\" \"$programs/queue.cpp\""),
     LOST_THREADS},
    {"fork-rust", BUILT("rustc", "pool-fork", "-o \"$folder/pool-fork\" \"$programs/pool.rs\"") " fork", LOST_THREADS},
    {"executor_in_fork", BY_HANGS, LOST_THREADS},
    {"queue_in_fork", BY_HANGS, LOST_THREADS},
    {"lock_held_at_fork", BY_HANGS, .rule = "no-waker|orphaned-lock", .cause = "lost-threads|lock-held-at-fork",
     .least = CERTAINTY_PROVED},
    {"log_in_forks", BY_HANGS, .rule = "no-waker|orphaned-lock", .cause = "lost-threads|lock-held-at-fork",
     .least = CERTAINTY_PROVED},
    {"process_pool_over_threads", BY_HANGS, LOST_THREADS, SEMAPHORES},

    /* Locks held at a fork. */
    {"fork-mutex", BY_C, HELD_AT_FORK},
    {"fork-errorcheck-mutex", BY_C, HELD_AT_FORK},
    {"fork-robust-mutex", BY_C, HELD_AT_FORK},
    {"fork-rwlock-written", BY_C, HELD_AT_FORK},
    {"fork-rwlock-read", BY_C, .rule = "no-waker|orphaned-lock", .cause = "lost-threads|lock-held-at-fork",
     .least = CERTAINTY_PROVED},
    {"fork-spinlock", BY_C, SPINNING},
    {"fork-openmp-active",
     BUILT("gcc", "openmp-active",
           "-O1 -fopenmp -o \"$folder/openmp-active\""
           " \"$programs/openmp.c\"; export OMP_WAIT_POLICY=active"),
     SPINNING},

    /* Circles of locks, and lost wake-ups. */
    {"lock-two-threads", BY_C, LOCK_ORDER},
    {"lock-three-threads", BY_C, LOCK_ORDER},
    {"lock-two-alone", BY_C, .run = "lock-two-threads", LOCK_ORDER, .alone = true},
    {"lock-beside-work", BY_C, LOCK_ORDER},
    {"lock-two-writers", BY_C, LOCK_ORDER},
    {"lock-two-pi-threads", BY_C, .rule = "no-waker|lock-cycle", .least = CERTAINTY_PROVED},
    {"lock-join", BY_C, LOCK_ORDER},
    {"lock-twice", BY_C, LOCK_ORDER},
    {"lock-two-processes", BY_C, LOCK_ORDER_SHARED},
    {"lock-parent-waits", BY_C, LOCK_ORDER_SHARED},
    {"flock-two-processes", BY_C, LOCK_ORDER_SHARED},
    {"flock-parent-waits", BY_C, LOCK_ORDER_SHARED},
    {"lost-wakeup", BY_C, .rule = "no-waker", .cause = "unknown", .least = CERTAINTY_PROVED},
    {"locks_in_two_orders", BY_HANGS, .rule = "no-waker|lock-cycle", .least = CERTAINTY_PROVED},

    /* Dead workers. */
    {"lock-holder-exits", BY_C, .rule = "lost-worker|orphaned-lock", .cause = "dead-worker", .least = CERTAINTY_LIKELY},
    {"pool_worker_killed", BY_HANGS, DEAD_WORKER, SEMAPHORES},
    {"queue_reader_killed", BY_HANGS, DEAD_WORKER, SEMAPHORES},

    /* Pipes. */
    {"pipe-both-write", BY_C, PIPE_CYCLE},
    {"pipe-both-read", BY_C, PIPE_CYCLE},
    {"pipe-three-read", BY_C, PIPE_CYCLE},
    {"socket-both-read", BY_C, PIPE_CYCLE},
    {"both_receive", BY_HANGS, PIPE_CYCLE},
    {"pipe-wait-before-reading", BY_C, UNDRAINED},
    {"wait_before_reading", BY_HANGS, UNDRAINED},
    {"write_before_reading", BY_HANGS, PIPE_CYCLE},
    {"join_before_drain", BY_HANGS, UNDRAINED, SEMAPHORES},
    {"pipe-own-write-end", BY_C, SELF_HELD},
    {"pipe-siblings-write-end", BY_C, SELF_HELD},
    {"orphaned_executor", BY_HANGS, .rule = "self-held-pipe|lost-worker", .cause = "inherited-fd|dead-worker",
     .least = CERTAINTY_LIKELY, SEMAPHORES},

    /* Healthy: forks that look dangerous, and locks that will be given. */
    {"fork-join", BY_C, ENDS},
    {"fork-pi-mutex", BY_C, .status = 134},
    {"join_lost_thread", BY_HEALTHY, ENDS},
    {"pool_after_fork", BY_HEALTHY, IDLE},
    {"work-pool-made-anew", BY_C, IDLE},
    {"work-exec-from-threads", BY_C, IDLE},
    {"outside-vfork", BY_C, ENDS},
    {"lock-robust-holder-dies", BY_C, ENDS},
    {"lock-holder-computes", BY_C, IDLE},
    {"lock-holder-sleeps", BY_C, IDLE},
    {"lock-timed", BY_C, IDLE},
    {"lock-join-cancelled", BY_C, ENDS},
    {"lock-is-signal", BY_C, ENDS, .least = CERTAINTY_LIKELY, .pending = "it looks as if it were locked twice"},
    {"lock-shared-is-signal", BY_C, ENDS, .least = CERTAINTY_LIKELY, .pending = "it looks as if it were locked twice"},
    {"flock-alarm", BY_C, ENDS},
    {"work-philosophers", BY_C, IDLE},
    {"work-ping-pong", BY_C, IDLE},
    {"work-condvar-ping-pong", BY_C, IDLE},
    {"work-producer-consumer", BY_C, IDLE},
    {"work-computing", BY_C, IDLE},
    {"work-one-of-many", BY_C, IDLE},
    {"work-forked-computing", BY_C, IDLE, .seconds = 20},
    {"work-forked-registers", BY_C, IDLE, .seconds = 20, .least = CERTAINTY_LIKELY,
     .pending = "what computes in registers alone looks like what spins"},
    {"work-sleeper-wakes", BY_C, ENDS},
    {"outside-sharer", BY_C, ENDS},
    {"outside-sharers-second-thread", BY_C, ENDS},
    {"outside-sharers-relay", BY_C, ENDS},
    {"work-parked-alone", BY_C, .run = "work-parked", .rule = "no-waker", .cause = "unknown",
     .least = CERTAINTY_POSSIBLE, .seconds = 20, .alone = true},
    {"work-parked", BY_C, IDLE, .least = CERTAINTY_PROVED,
     .pending = "that it is parked and not hung, only its author knows; a shell waits for it"},
    {"outside-stopped", BY_C, IDLE},
    {"outside-stopped-for-a-while", BY_C, ENDS},
    {"outside-tracer", BY_C, ENDS},

    /* Healthy: woken by signals and timers. */
    {"signal-handler", BY_C, IDLE},
    {"signal-handler-forked", BY_C, IDLE},
    {"signal-itimer", BY_C, ENDS},
    {"signal-timer", BY_C, ENDS},
    {"signal-timer-thread", BY_C, ENDS},
    {"signal-child-ends", BY_C, ENDS},
    {"signal-thread", BY_C, IDLE},
    {"signal-pause", BY_C, IDLE},
    {"signal-sigsuspend", BY_C, IDLE},
    {"signal-sigwait", BY_C, IDLE},
    {"signal-signalfd", BY_C, IDLE},
    {"signal-timerfd", BY_C, ENDS},
    {"signal-epoll-timerfd", BY_C, IDLE},
    {"signal-eventfd", BY_C, ENDS},
    {"beats_time", BY_HEALTHY, IDLE},
    {"waits_for_timer", BY_HEALTHY, ENDS},
    {"waits_for_signal", BY_HEALTHY, IDLE},
    {"waits_for_alarm", BY_HEALTHY, ENDS},
    {"waits_for_interrupt", BY_HEALTHY, IDLE},
    {"dummy_process", BY_HEALTHY, ENDS},

    /* Healthy: pipes. */
    {"pipe-third-has-end", BY_C, ENDS},
    {"pipe-end-wanders", BY_C, ENDS, .least = CERTAINTY_LIKELY, .pending = "who has the end is ever another one"},
    {"pipe-thread-has-end", BY_C, ENDS},
    {"pipe-end-in-post", BY_C, ENDS},
    {"pipe-named", BY_C, ENDS},
    {"pipe-self", BY_C, ENDS},
    {"pipe-self-thread", BY_C, ENDS},
    {"pipe-handler-writes", BY_C, ENDS},
    {"pipe-thread-writes", BY_C, ENDS},
    {"pipe-third-reads", BY_C, ENDS},
    {"pipe-thread-reads", BY_C, ENDS},
    {"socket-subscribers", BY_C, IDLE},
    {"pipe-writer-computes", BY_C, ENDS},
    {"pipe-reader-computes", BY_C, ENDS},
    {"pipe-slow-reader", BY_C, ENDS},
    {"pipe-idle-worker", BY_C, IDLE},
    {"shell-slow-pipe", SHELL("sleep 3 | cat")},
    {"shell-late-end-of-file", SHELL("{ sleep 7 & echo started; } | cat")},
    {"shell-server-into-pipe", SHELL("{ \"$corpus\" wait-prefork-server & wait; } | cat"), IDLE},
    {"shell-pool-into-pipe", SHELL("\"$python\" \"$programs/healthy.py\" idle_queue | cat"), IDLE, .needs = "python3",
     SEMAPHORES},
    {"shell-full-pipe", SHELL("yes | { echo ready; sleep 1000; }"), IDLE},
    {"shell-named-pipe", SHELL("mkfifo \"$folder/fifo\"; echo ready; cat \"$folder/fifo\""), IDLE},

    /* Healthy: idle servers, daemons, shells and tools. */
    {"wait-accept", BY_C, IDLE},
    {"wait-prefork-server", BY_C, IDLE},
    {"wait-prefork-loss", BY_C, IDLE},
    {"wait-threaded-server", BY_C, IDLE},
    {"wait-epoll", BY_C, IDLE},
    {"wait-poll", BY_C, IDLE},
    {"wait-select", BY_C, IDLE},
    {"wait-mq", BY_C, IDLE},
    {"wait-msgrcv", BY_C, ENDS},
    {"wait-semop", BY_C, ENDS},
    {"wait-flock", BY_C, IDLE},
    {"wait-fcntl-lock", BY_C, ENDS},
    {"wait-inotify", BY_C, IDLE},
    {"wait-shared-semaphore", BY_C, IDLE},
    {"wait-shared-condvar", BY_C, IDLE},
    {"wait-sshd-like", BY_C, IDLE},
    {"wait-cron-like", BY_C, IDLE},
    {"wait-shell", BY_C, IDLE},
    {"wait-python", BY_C, IDLE, .needs = "python3"},
    {"wait-line", BY_C, IDLE},
    {"shell-sleep", SHELL("echo ready; sleep 1000"), IDLE},
    {"shell-jobs", SHELL("for i in 1 2 3; do sleep 1000 & done; echo ready; wait"), IDLE},
    {"shell-stubborn", SHELL("trap '' TERM; echo ready; while :; do sleep 1; done"), IDLE},
    {"shell-timeout", SHELL("echo ready; timeout 1000 sleep 1000"), IDLE},
    {"shell-tail", SHELL("echo ready; tail -f /dev/null"), IDLE},
    {"shell-xargs", SHELL("seq 8 | xargs -P 4 -I{} sleep 0.7")},
    {"shell-make", SHELL("printf 'all: a b c d e f g h\\na b c d e f g h:\\n\\tsleep 1\\n' | make -s -j4 -f -"),
     .needs = "make"},
    {"shell-nested-make", SHELL("make -s -j2 -f \"$programs/nested.mk\""), .needs = "make"},
    {"shell-compiler",
     SHELL("for i in 1 2 3; do gcc -D_GNU_SOURCE -I\"$programs/../..\" -O2 -c"
           " \"$programs/corpus_waits.c\" -o \"$folder/compiled.o\" || exit 1; done"),
     .needs = "gcc"},
    {"shell-strace", SHELL("echo ready; strace -f -o /dev/null sleep 1000"), IDLE, .needs = "strace"},
    {"shell-perl", SHELL("perl -e '$| = 1; print \"ready\\n\"; sleep 1000'"), IDLE, .needs = "perl"},

    /* Hostile. */
    {"hostile-names", BY_C, LOST_THREADS},
    {"hostile-elf", BY_C, LOST_THREADS},
    {"hostile-threads", BY_C, IDLE},
    {"hostile-files", BY_C, IDLE},
    {"hostile-fork-storm", BY_C, ENDS},
    {"hostile-tracer", BY_C, ENDS, .alone = true},

    /* Healthy: idle pools and runtimes. */
    {"idle_threads", BY_HEALTHY, IDLE},
    {"idle_processes-fork", BY_HEALTHY, .run = "idle_processes fork", IDLE, SEMAPHORES},
    {"idle_processes-spawn", BY_HEALTHY, .run = "idle_processes spawn", IDLE, SEMAPHORES},
    {"idle_processes-forkserver", BY_HEALTHY, .run = "idle_processes forkserver", IDLE, SEMAPHORES},
    {"idle_pool-fork", BY_HEALTHY, .run = "idle_pool fork", IDLE, SEMAPHORES},
    {"idle_pool-spawn", BY_HEALTHY, .run = "idle_pool spawn", IDLE, SEMAPHORES},
    {"idle_pool-forkserver", BY_HEALTHY, .run = "idle_pool forkserver", IDLE, SEMAPHORES},
    {"idle_queue", BY_HEALTHY, IDLE, SEMAPHORES},
    {"idle_consumer", BY_HEALTHY, IDLE},
    {"slow_tasks", BY_HEALTHY, IDLE, SEMAPHORES},
    {"busy_pool", BY_HEALTHY, IDLE, SEMAPHORES},
    {"long_tasks", BY_HEALTHY, IDLE, .seconds = 20, SEMAPHORES},
    {"recycled_pool", BY_HEALTHY, IDLE, SEMAPHORES},
    {"pool_after_loss", BY_HEALTHY, IDLE, SEMAPHORES},
    {"pool_after_loss_and_input", BY_HEALTHY, IDLE, SEMAPHORES},
    {"manager", BY_HEALTHY, IDLE},
    {"slow_child", BY_HEALTHY, IDLE},
    {"forks_in_threads", BY_HEALTHY, IDLE},
    {"asyncio_server", BY_HEALTHY, IDLE},
    {"asyncio_in_thread", BY_HEALTHY, IDLE},
    {"http_server", BY_HEALTHY, IDLE},
    {"server_in_thread", BY_HEALTHY, IDLE},
    {"rust-idle", BUILT("rustc", "pool-idle", "-o \"$folder/pool-idle\" \"$programs/pool.rs\"") " idle", IDLE},
    {"rust-held", BUILT("rustc", "pool-held", "-o \"$folder/pool-held\" \"$programs/pool.rs\"") " held", IDLE},
    {"go-idle", BUILT("go", "idle-go", "build -o \"$folder/idle-go\" \"$programs/idle.go\""), IDLE},
    {"java-idle", SHELL("java -XX:-UsePerfData \"$programs/Idle.java\""), IDLE, .needs = "javac"},
    {"node-idle", SHELL("node \"$programs/idle.js\""), IDLE, .needs = "node"},
    {"ruby-idle", SHELL("ruby \"$programs/idle.rb\""), IDLE, .needs = "ruby"},
};
const size_t corpus_ncases = sizeof corpus_cases / sizeof *corpus_cases;
