/* SPDX-License-Identifier: MIT
 * A new thread inherits the signal mask of its creator, so the creator blocks all signals while it makes the thread. */
#include "core/base/thread.h"

#include <signal.h>

enum err thread_start(pthread_t *out, void *(*run)(void *arg), void *arg)
{
    sigset_t all, before;
    pthread_t made;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&made, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return ERR_NOMEM;
    *out = made;
    return OK;
}
