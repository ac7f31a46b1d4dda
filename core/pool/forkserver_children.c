/* SPDX-License-Identifier: MIT
 * The pool's side of workers that are the forkserver's children: their births and ends are messages, and when the
 * forkserver dies they die with it. */
#include "core/pool/private.h"

#include <signal.h>
#include <stdlib.h>

static struct slot *slot_of(struct pool *p, int64_t ticket)
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
        if (!s->asked)
            pool_unborn(p, m->error);
        slot_abandon(p, s);
        return;
    }
    slot_on_worker_started(p, s, (struct child){.pid = (pid_t)m->pid, .pidfd = *pidfd, .epoll = -1}, forkserver,
                           m->threads);
    *pidfd = -1;
}

/* One death, not many: it counts once however many workers were still to come. */
static void on_forkserver_ended(struct pool *p, const struct child_end *how)
{
    char text[64];
    int trouble = p->trouble;
    pool_note(p, NOTE_WARNING, "the forkserver %s, and its workers with it; another is started when one is needed",
              child_end_text(how, text));
    for (int i = 0; i < p->options.workers && !p->options.method->reaps; i++) {
        struct slot *s = &p->slots[i];
        if (s->state == SLOT_FREE)
            continue;
        child_kill(&s->child); /* the kernel has done so, if it was one of ours to the end */
        if (s->child.pidfd >= 0)
            child_ended(&s->child, POOL_PATIENCE_MS);
        slot_ended(p, s, &(struct child_end){.signal = SIGKILL});
    }
    if (p->trouble > trouble)
        p->trouble = trouble + (how->signal == SIGKILL ? 1 : POOL_TROUBLE_MAX / 3);
}

void pool_read_forkserver(struct pool *p)
{
    struct message m;
    struct child_end how;
    int pidfd;
    enum err err;
    while (!(err = forkserver_receive(p->options.forkserver, &m, &pidfd, &how))) {
        struct slot *s = slot_of(p, m.ticket);
        if (s && m.type == MESSAGE_FORKED && s->id == 0)
            on_forked(p, s, &m, &pidfd, forkserver_pid(p->options.forkserver));
        else if (s && m.type == MESSAGE_EXITED)
            slot_ended(p, s, &(struct child_end){.code = (int)m.exit_code, .signal = (int)m.signal});
        forkserver_discard(&m, &pidfd);
    }
    if (err == ERR_CLOSED)
        on_forkserver_ended(p, &how);
}
