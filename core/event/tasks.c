/* SPDX-License-Identifier: MIT
 * Packs tasks that ended into one event: each is a few integers in one list; its texts are in two other lists. */
#include <assert.h>
#include <stdlib.h>

#include "core/event/event.h"

/* The integers of a task in `ended`; its ranges follow. */
enum { WORD_TASK, WORD_STATE, WORD_WORKER, WORD_ROWS, WORD_NANOSECONDS, WORD_RANGES, WORDS };
enum { HAS_CODE = 0x100, HAS_ERROR = 0x200, STATE = 0xff }; /* in WORD_STATE */
static_assert((int)TASK_LOST <= (int)STATE, "the state fits into its bits");

static enum err add_text(struct texts *to, const char *text)
{
    return text ? texts_add(to, text) : OK;
}

enum err event_tasks_add(struct event_tasks *t, const struct event_task *e)
{
    const int64_t words[WORDS] = {
        [WORD_TASK] = e->task,
        [WORD_STATE] = e->state | (e->code ? HAS_CODE : 0) | (e->error ? HAS_ERROR : 0),
        [WORD_WORKER] = e->worker,
        [WORD_ROWS] = e->rows,
        [WORD_NANOSECONDS] = (int64_t)(e->seconds * 1e9),
        [WORD_RANGES] = (int64_t)e->ranges.n,
    };
    enum err err = OK;
    for (int i = 0; i < WORDS && !err; i++)
        err = ints_add(&t->ended, words[i]);
    for (size_t i = 0; i < e->ranges.n && !err; i++)
        err = ints_add(&t->ended, e->ranges.v[i]);
    if (!err)
        err = add_text(&t->codes, e->code);
    return err ? err : add_text(&t->errors, e->error);
}

static enum err borrow(const struct texts *from, size_t *at, char **out)
{
    if (*at >= from->n)
        return ERR_PARSE;
    *out = from->v[(*at)++];
    return OK;
}

enum err event_tasks_next(const struct event_tasks *t, struct event_tasks_at *at, struct event_task *out)
{
    const int64_t *words = t->ended.v + at->word;
    size_t left = t->ended.n - at->word;
    if (left == 0)
        return ERR_NOT_FOUND;
    if (left < WORDS || words[WORD_RANGES] < 0 || (uint64_t)words[WORD_RANGES] > left - WORDS ||
        (words[WORD_STATE] & STATE) > TASK_LOST)
        return ERR_PARSE;
    *out = (struct event_task){.run = t->run,
                               .task = words[WORD_TASK],
                               .worker = words[WORD_WORKER],
                               .state = words[WORD_STATE] & STATE,
                               .rows = words[WORD_ROWS],
                               .seconds = (double)words[WORD_NANOSECONDS] / 1e9,
                               .ranges = {.v = (int64_t *)words + WORDS, .n = (size_t)words[WORD_RANGES]}};
    at->word += WORDS + out->ranges.n;
    enum err err = words[WORD_STATE] & HAS_CODE ? borrow(&t->codes, &at->code, &out->code) : OK;
    return !err && words[WORD_STATE] & HAS_ERROR ? borrow(&t->errors, &at->error, &out->error) : err;
}
