/* SPDX-License-Identifier: MIT
 * Healthy: only a signal, a timer or a message from the kernel can wake them, and it will. */
#include "tests/programs/corpus.h"

#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static sem_t woken;

static void wake(int sig)
{
    (void)sig;
    sem_post(&woken);
}

static void handle(int sig)
{
    struct sigaction action = {.sa_handler = wake, .sa_flags = SA_RESTART};
    sigaction(sig, &action, NULL);
}

static void wait_until_woken(void)
{
    while (sem_wait(&woken) < 0)
        continue;
}

static sigset_t blocked(int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return set;
}

/* The main thread of a server only waits for the signal that ends it. */
static void handler_posts(void)
{
    sem_init(&woken, 0, 0);
    handle(SIGTERM);
    handle(SIGINT);
    say("ready");
    wait_until_woken();
}

static void forked_handler_posts(void)
{
    exit(wait_for(child(handler_posts)));
}

static void interval_timer(void)
{
    struct itimerval later = {.it_value.tv_sec = LATER};
    sem_init(&woken, 0, 0);
    handle(SIGALRM);
    setitimer(ITIMER_REAL, &later, NULL);
    wait_until_woken();
}

static void start_timer(struct sigevent *how)
{
    struct itimerspec later = {.it_value.tv_sec = LATER};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, how, &timer) || timer_settime(timer, 0, &later, NULL))
        die("timer_create");
}

static void posix_timer(void)
{
    struct sigevent how = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    sem_init(&woken, 0, 0);
    handle(SIGRTMIN);
    start_timer(&how);
    wait_until_woken();
}

static void wake_from_timer(union sigval value)
{
    (void)value;
    sem_post(&woken);
}

static void timer_thread(void)
{
    struct sigevent how = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = wake_from_timer};
    sem_init(&woken, 0, 0);
    start_timer(&how);
    wait_until_woken();
}

/* The end of its child will wake it. */
static void nap_long(void)
{
    nap(LATER);
}

static void child_ends(void)
{
    sem_init(&woken, 0, 0);
    handle(SIGCHLD);
    child(nap_long);
    wait_until_woken();
}

static void *take_signals(void *arg)
{
    int sig;
    sigset_t *set = arg;
    sigwait(set, &sig);
    sem_post(&woken);
    return NULL;
}

static void signal_thread(void)
{
    sigset_t set = blocked(SIGTERM);
    sem_init(&woken, 0, 0);
    start(take_signals, &set);
    say("ready");
    wait_until_woken();
}

static void in_pause(void)
{
    say("ready");
    pause();
}

static void in_sigsuspend(void)
{
    sigset_t none;
    blocked(SIGUSR1);
    sigemptyset(&none);
    say("ready");
    sigsuspend(&none);
}

static void in_sigwait(void)
{
    sigset_t set = blocked(SIGUSR1);
    int sig;
    say("ready");
    sigwait(&set, &sig);
}

static void in_signalfd(void)
{
    sigset_t set = blocked(SIGUSR1);
    struct signalfd_siginfo info;
    int fd = signalfd(-1, &set, 0);
    say("ready");
    if (read(fd, &info, sizeof info) < 0)
        die("signalfd");
}

static void in_timerfd(void)
{
    struct itimerspec later = {.it_value.tv_sec = LATER};
    uint64_t times;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, &later, NULL);
    if (read(fd, &times, sizeof times) < 0)
        die("timerfd");
}

static void in_epoll_of_timerfd(void)
{
    struct itimerspec often = {.it_value.tv_nsec = 200000000, .it_interval.tv_nsec = 200000000};
    struct epoll_event event = {.events = EPOLLIN};
    uint64_t times;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0), epoll = epoll_create1(0);
    timerfd_settime(fd, 0, &often, NULL);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    say("ready");
    while (epoll_wait(epoll, &event, 1, -1) == 1 && read(fd, &times, sizeof times) > 0)
        continue;
}

/* An event from another process. */
static int event_fd;

static void tell_later(void)
{
    nap(LATER);
    if (eventfd_write(event_fd, 1))
        die("eventfd");
}

static void in_eventfd(void)
{
    eventfd_t value;
    event_fd = eventfd(0, 0);
    child(tell_later);
    if (eventfd_read(event_fd, &value))
        die("eventfd");
}

const struct corpus_program corpus_signals[] = {
    {"signal-handler", handler_posts},
    {"signal-handler-forked", forked_handler_posts},
    {"signal-itimer", interval_timer},
    {"signal-timer", posix_timer},
    {"signal-timer-thread", timer_thread},
    {"signal-child-ends", child_ends},
    {"signal-thread", signal_thread},
    {"signal-pause", in_pause},
    {"signal-sigsuspend", in_sigsuspend},
    {"signal-sigwait", in_sigwait},
    {"signal-signalfd", in_signalfd},
    {"signal-timerfd", in_timerfd},
    {"signal-epoll-timerfd", in_epoll_of_timerfd},
    {"signal-eventfd", in_eventfd},
    {NULL, NULL},
};
