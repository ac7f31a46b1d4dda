/* SPDX-License-Identifier: MIT
 * The workers that are children of the forkserver, as the pool sees them: messages report their starts and ends, and
 * they die together with the forkserver. */
#include <signal.h>

#include "core/pool/forkserver.h"
#include "core/pool/private.h"

static struct slot *slot_by_ticket(struct pool *p, int64_t ticket)
{
    for (int i = 0; i < p->options.workers; i++) {
        if (p->slots[i].state != SLOT_FREE && p->slots[i].ticket == ticket)
            return &p->slots[i];
    }
    return NULL;
}

static void on_forked(struct pool *p, struct slot *s, const struct message *m, int *pidfd, pid_t forkserver)
{
    if (m->error) {
        if (!s->expected)
            pool_on_launch_failure(p, m->error);
        slot_abandon(p, s);
        return;
    }
    slot_on_worker_started(p, s, (struct child){.pid = (pid_t)m->pid, .pidfd = *pidfd, .epoll = -1}, forkserver,
                           m->threads);
    *pidfd = -1;
}

/* Counts as one start-up failure, however many workers had been asked for. */
static void on_forkserver_ended(struct pool *p, const struct child_end *how)
{
    char text[64];
    int score = p->failure_score;
    pool_note(p, NOTE_WARNING, "the forkserver %s, and its workers with it; another one is started when it is needed",
              child_end_text(how, text));
    for (int i = 0; i < p->options.workers && !p->options.method->reaps; i++) {
        struct slot *s = &p->slots[i];
        if (s->state == SLOT_FREE)
            continue;
        child_kill(
            &s->child); /* the kernel has done so already, unless the worker has changed its parent-death signal */
        if (s->child.pidfd >= 0)
            child_ended(&s->child, REAP_MS);
        slot_on_worker_ended(p, s, &(struct child_end){.signal = SIGKILL});
    }
    if (p->failure_score > score)
        p->failure_score = score + (how->signal == SIGKILL ? 1 : FAILURE_SCORE_MAX / 3);
}

void pool_read_forkserver(struct pool *p)
{
    struct message m;
    struct child_end how;
    int pidfd;
    enum err err;
    while (!(err = forkserver_receive(p->options.forkserver, &m, &pidfd, &how))) {
        struct slot *s = slot_by_ticket(p, m.ticket);
        if (s && m.type == MESSAGE_FORKED && s->id == 0)
            on_forked(p, s, &m, &pidfd, forkserver_pid(p->options.forkserver));
        else if (s && m.type == MESSAGE_EXITED)
            slot_on_worker_ended(p, s, &(struct child_end){.code = (int)m.exit_code, .signal = (int)m.signal});
        forkserver_discard(&m, &pidfd);
    }
    if (err == ERR_CLOSED)
        on_forkserver_ended(p, &how);
}
