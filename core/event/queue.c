/* SPDX-License-Identifier: MIT
 * A bounded ring of events under one lock, with an eventfd(2) for the reader's poll. */
#include "core/event/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/io.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t room; /* signalled when an event was taken or the queue is closed */
    struct event *ring;
    size_t capacity, first, n;
    bool closed;
    int fd; /* eventfd; its counter is 1 while n > 0 */
};

enum err queue_new(size_t capacity, struct queue **out)
{
    struct queue *q = calloc(1, sizeof *q);
    if (!q)
        return ERR_NOMEM;
    q->capacity = capacity;
    q->ring = calloc(capacity, sizeof *q->ring);
    q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!q->ring || q->fd < 0) {
        enum err err = q->ring ? err_from_errno(errno) : ERR_NOMEM;
        io_close(&q->fd);
        free(q->ring);
        free(q);
        return err;
    }
    pthread_mutex_init(&q->lock, NULL); /* neither can fail on Linux with default attributes */
    pthread_cond_init(&q->room, NULL);
    *out = q;
    return OK;
}

void queue_free(struct queue *q)
{
    if (!q)
        return;
    for (size_t i = 0; i < q->n; i++)
        event_done(&q->ring[(q->first + i) % q->capacity]);
    pthread_cond_destroy(&q->room);
    pthread_mutex_destroy(&q->lock);
    close(q->fd);
    free(q->ring);
    free(q);
}

int queue_fd(const struct queue *q)
{
    return q->fd;
}

enum err queue_post(struct queue *q, struct event *e)
{
    pthread_mutex_lock(&q->lock);
    while (q->n == q->capacity && !q->closed)
        pthread_cond_wait(&q->room, &q->lock);
    bool taken = !q->closed;
    if (taken) {
        q->ring[(q->first + q->n) % q->capacity] = *e;
        if (q->n++ == 0)
            eventfd_write(q->fd, 1); /* cannot fail: the counter is 0 */
    }
    pthread_mutex_unlock(&q->lock);
    if (!taken)
        event_done(e);
    *e = (struct event){0};
    return taken ? OK : ERR_CLOSED;
}

enum err queue_take(struct queue *q, struct event *out)
{
    eventfd_t count;
    pthread_mutex_lock(&q->lock);
    bool some = q->n > 0;
    if (some) {
        *out = q->ring[q->first];
        q->first = (q->first + 1) % q->capacity;
        if (--q->n == 0)
            eventfd_read(q->fd, &count);
        pthread_cond_signal(&q->room);
    }
    pthread_mutex_unlock(&q->lock);
    return some ? OK : ERR_AGAIN;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->room);
    pthread_mutex_unlock(&q->lock);
}
