/* SPDX-License-Identifier: MIT
 * What is derived from the model each time it is asked for: counts, look-ups, the outcome. */
#include "core/model/model.h"

const char *const outcome_names[] = {"running", "finished", "failed", "hung", "timeout", NULL};

double model_run_seconds(const struct model *m, double time)
{
    return time > m->run_asked ? time - m->run_asked : 0;
}

bool model_run_active(const struct model *m)
{
    return m->run > 0 && m->run_ended < 0;
}

bool model_goes_on(const struct model *m)
{
    return model_run_active(m) || (m->root && !m->command_ended);
}

const struct model_process *model_process(const struct model *m, int64_t pid)
{
    for (size_t i = m->nprocesses; i-- > 0;)
        if (m->processes[i].seen.pid == pid)
            return &m->processes[i];
    return NULL;
}

const char *model_output(const struct model *m, uint64_t *from, size_t *len)
{
    uint64_t start = m->output_end - m->noutput;
    if (*from < start)
        *from = start;
    if (*from > m->output_end)
        *from = m->output_end;
    *len = (size_t)(m->output_end - *from);
    return m->output ? m->output + (*from - start) : "";
}

size_t model_count_tasks(const struct model *m, enum task_state state)
{
    return m->counts[state];
}

size_t model_settled_tasks(const struct model *m)
{
    return m->total - m->counts[TASK_PENDING] - m->counts[TASK_RUNNING];
}

const struct finding *model_finding_of(const struct model *m, int64_t pid)
{
    for (size_t i = 0; i < m->nfindings; i++)
        if (m->findings[i].pid == pid)
            return &m->findings[i];
    return NULL;
}

const struct finding *model_worst_finding(const struct model *m)
{
    const struct finding *worst = NULL;
    for (size_t i = 0; i < m->nfindings; i++)
        if (!worst || m->findings[i].certainty > worst->certainty)
            worst = &m->findings[i];
    return worst;
}

enum outcome model_outcome(const struct model *m)
{
    const struct finding *worst = model_worst_finding(m);
    if (worst && worst->certainty >= CERTAINTY_LIKELY)
        return OUTCOME_HUNG;
    if (m->timed_out)
        return OUTCOME_TIMEOUT;
    if (m->root)
        return !m->command_ended                          ? OUTCOME_RUNNING
               : m->command_code > 0 || m->command_signal ? OUTCOME_FAILED
                                                          : OUTCOME_FINISHED;
    if (m->host_died)
        return OUTCOME_FAILED;
    if (m->run == 0 || model_run_active(m))
        return OUTCOME_RUNNING;
    if (m->stopped || model_count_tasks(m, TASK_FINISHED) < m->total)
        return OUTCOME_FAILED;
    return OUTCOME_FINISHED;
}

double model_slow_after(const struct model *m)
{
    enum { ENOUGH = 20, TIMES = 4 };
    static const double least = 0.1; /* seconds: a shorter wait is not noticed */
    double slow = TIMES * durations_quantile(&m->durations, 0.95);
    return m->durations.n < ENOUGH ? 0 : slow > least ? slow : least;
}

bool model_is_slow(const struct model *m, const struct model_worker *w, double now)
{
    double after = model_slow_after(m);
    return after > 0 && w->state == WORKER_BUSY && w->task != 0 && now - w->since > after;
}
