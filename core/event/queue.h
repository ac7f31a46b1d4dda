/* SPDX-License-Identifier: MIT
 * The queue by which other threads hand events to the observer's main thread. Bounded; the reader polls its fd.
 * Any thread may post; one thread takes. */
#ifndef EVENT_QUEUE_H
#define EVENT_QUEUE_H

#include "core/event/event.h"

struct queue;

enum err queue_new(size_t capacity, struct queue **out) MUST_CHECK;
void queue_free(struct queue *q); /* frees what is still in it; no other thread may use it any more */

/* Readable (poll) while something is in the queue. */
int queue_fd(const struct queue *q);

/* Gives `e` away: it is empty afterwards, also on error. Waits while the queue is full, unless it was closed
 * (ERR_CLOSED): the poster is slowed down, nothing is dropped. */
enum err queue_post(struct queue *q, struct event *e) MUST_CHECK;

/* Takes the oldest event; ERR_AGAIN if there is none. */
enum err queue_take(struct queue *q, struct event *out) MUST_CHECK;

/* Wakes and refuses every poster from now on. */
void queue_close(struct queue *q);

#endif
