/* SPDX-License-Identifier: MIT
 * Words that several panes share. */
#include "tui/panes/words.h"

#include <stdio.h>
#include <string.h>

const char *words_state(const struct model *m, const struct model_worker *w, char out[64])
{
    const struct finding *f = w->state == WORKER_HUNG ? model_finding_of(m, w->pid) : NULL;
    if (f)
        snprintf(out, 64, "%s, %s", worker_state_names[w->state], certainty_names[f->certainty]);
    else
        snprintf(out, 64, "%s", worker_state_names[w->state]);
    return out;
}

enum role words_role(enum worker_state state)
{
    static const enum role roles[] = {
        [WORKER_STARTING] = ROLE_DIM, [WORKER_IDLE] = ROLE_TEXT, [WORKER_BUSY] = ROLE_BUSY,
        [WORKER_SLOW] = ROLE_WARN,    [WORKER_HUNG] = ROLE_BAD,  [WORKER_EXITED] = ROLE_DIM,
        [WORKER_KILLED] = ROLE_WARN,
    };
    return roles[state];
}

const char *words_task(const struct model *m, int64_t task)
{
    const struct model_task *t = model_task(m, task);
    return !t ? "" : t->code ? t->code : "all rows";
}

const char *words_process(const struct model *m, int64_t pid, char out[64])
{
    const struct model_worker *w = model_worker_by_pid(m, pid);
    if (w)
        snprintf(out, 64, "worker %lld", (long long)w->id);
    else
        snprintf(out, 64, "process %lld", (long long)pid);
    return out;
}

const char *words_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(path, "-") == 0 ? "standard input" : slash && slash[1] ? slash + 1 : path;
}
