/* SPDX-License-Identifier: MIT
 * A bounded queue through which other threads pass events to the observer's main thread. Any thread may post; only one
 * thread takes, and polls the queue's fd. */
#ifndef EVENT_QUEUE_H
#define EVENT_QUEUE_H

#include "core/event/event.h"

struct queue;

enum err queue_new(size_t capacity, struct queue **out) MUST_CHECK;
void queue_free(struct queue *q); /* frees queued events, too; no other thread may use the queue any more */

/* Readable (poll(2)) while the queue is not empty. */
int queue_fd(const struct queue *q);

/* Takes the content of `e`, which is empty afterwards, also on error. Waits while the queue is full, so that no event
 * is dropped; ERR_CLOSED once the queue is closed. */
enum err queue_post(struct queue *q, struct event *e) MUST_CHECK;

/* Removes the oldest event; ERR_AGAIN if the queue is empty. */
enum err queue_take(struct queue *q, struct event *out) MUST_CHECK;

/* From now on queue_post returns ERR_CLOSED; waiting posters are woken. */
void queue_close(struct queue *q);

#endif
