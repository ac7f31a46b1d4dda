/* SPDX-License-Identifier: MIT
 * A watched command: its start and end, what it wrote, and what looking at it showed and cost. */
#include <stdlib.h>
#include <string.h>

#include "core/model/private.h"

enum err model_on_command_started(struct model *m, struct event *e)
{
    m->root = e->command.pid;
    m->attached = e->command.attached;
    model_take_text(&m->command, &e->command.text);
    return OK;
}

enum err model_on_command_exited(struct model *m, struct event *e)
{
    m->command_ended = true;
    m->command_code = e->command.code;
    m->command_signal = e->command.signal;
    m->run_ended = e->time;
    return OK;
}

/* The buffer takes twice the bytes that are kept, and is cut when it is full, so that each byte is moved at most once.
 */
enum err model_on_output(struct model *m, struct event *e)
{
    const char *text = e->note.text ? e->note.text : "";
    size_t all = strlen(text), len = all < MODEL_OUTPUT_MAX ? all : MODEL_OUTPUT_MAX;
    if (!m->output && !(m->output = malloc(2 * MODEL_OUTPUT_MAX)))
        return ERR_NOMEM;
    if (m->noutput + len > 2 * MODEL_OUTPUT_MAX) {
        size_t kept = MODEL_OUTPUT_MAX - len;
        memmove(m->output, m->output + m->noutput - kept, kept);
        m->noutput = kept;
    }
    memcpy(m->output + m->noutput, text + all - len, len);
    m->noutput += len;
    m->output_end += all;
    m->output_at = e->time;
    return OK;
}

static void inspection_done(struct event_inspection *i)
{
    struct event e = {.type = EVENT_INSPECTION, .inspection = *i};
    event_done(&e);
    *i = (struct event_inspection){0};
}

enum err model_on_inspection(struct model *m, struct event *e)
{
    inspection_done(&m->inspection);
    m->inspection = e->inspection;
    e->inspection = (struct event_inspection){0};
    return OK;
}

enum err model_on_sampled(struct model *m, struct event *e)
{
    m->sampling = e->sampling;
    return OK;
}

enum err model_on_denied(struct model *m, struct event *e)
{
    m->denied.pid = e->denied.pid;
    model_take_text(&m->denied.name, &e->denied.name);
    model_take_text(&m->denied.why, &e->denied.why);
    return OK;
}

void model_clear_command(struct model *m)
{
    free(m->command);
    free(m->output);
    inspection_done(&m->inspection);
    free(m->denied.name);
    free(m->denied.why);
}
