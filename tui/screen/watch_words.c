/* SPDX-License-Identifier: MIT
 * The texts above the panes while a program is watched: which program it is, whether anything hangs, how it ended. */
#include "tui/screen/screen.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

struct living {
    size_t processes;
    long long threads;
};

static struct living count_living(const struct model *m)
{
    struct living n = {0};
    for (size_t i = 0; i < m->nprocesses; i++) {
        const struct model_process *p = &m->processes[i];
        if (p->gone)
            continue;
        n.processes++;
        n.threads += p->seen.threads;
    }
    return n;
}

static const char *command_of(const struct model *m)
{
    const struct model_process *root = model_process(m, m->root);
    return m->command ? m->command : root && root->seen.command ? root->seen.command : "";
}

/* "exited with status 1"; "" while it runs. */
static void end_words(const struct model *m, char *out, size_t size)
{
    if (!m->command_ended)
        out[0] = '\0';
    else if (m->command_signal)
        snprintf(out, size, "ended by signal %lld", (long long)m->command_signal);
    else if (m->command_code < 0)
        snprintf(out, size, "ended");
    else
        snprintf(out, size, "exited with status %lld", (long long)m->command_code);
}

void screen_watch_title(const struct app *a, double now, struct buf *left, struct buf *middle, struct buf *right)
{
    char clock[24], end[64];
    const struct model *m = a->model;
    struct living n = count_living(m);
    const char *command = command_of(m);
    if (a->scope == SCOPE_ATTACH)
        buf_addf(left, "attached to %lld   ", (long long)m->root);
    else
        buf_add_text(left, "watch   ");
    if (text_add_safe(left, command, strlen(command)))
        return;
    buf_addf(middle, "%zu process%s, %lld thread%s", n.processes, n.processes == 1 ? "" : "es", n.threads,
             n.threads == 1 ? "" : "s");
    end_words(m, end, sizeof end);
    buf_addf(right, "%s%s%s", end, *end ? "   " : "", text_clock(now > 0 ? now : 0, clock));
}

static void calm_end(const struct app *a, double now, enum role *role, char *line, size_t size)
{
    char end[64], seconds[24];
    const struct model *m = a->model;
    bool well = !m->command_signal && m->command_code <= 0;
    end_words(m, end, sizeof end);
    *role = m->timed_out ? ROLE_WARN : well ? ROLE_GOOD : ROLE_WARN;
    snprintf(line, size, "The program %s after %s%s; nothing hung.", end, text_seconds(now, seconds),
             m->timed_out ? ", at its time limit (--timeout)" : "");
}

void screen_watch_calm(const struct app *a, double now, enum role *role, char *line, size_t size)
{
    *role = ROLE_CALM;
    if (a->model->command_ended)
        calm_end(a, now, role, line, size);
    else
        snprintf(line, size, "Nothing hangs so far. Computing, sleeping or waiting for input is not a hang.");
}

void screen_watch_next(const struct app *a, char *line, size_t size)
{
    if (a->model->command_ended)
        snprintf(line, size, "%s quits, %s writes the report.", command_key(a->commands, "quit"),
                 command_key(a->commands, "write"));
    else if (a->scope == SCOPE_ATTACH)
        snprintf(line, size, "poolscope only watches this program and never stops it, except to read a stack (%s).",
                 command_key(a->commands, "stack"));
    else if (a->typing)
        snprintf(line, size, "Keys go to the program; %s ends typing.", command_key(a->commands, "stop-typing"));
    else
        snprintf(line, size, "%s types into the program; %s asks it to end.", command_key(a->commands, "type"),
                 command_key(a->commands, "stop-all"));
}

void screen_watch_status(const struct app *a, const char *verdict, char *line, size_t size)
{
    const struct model *m = a->model;
    char end[64];
    end_words(m, end, sizeof end);
    snprintf(line, size, "%s %zu %s", a->scope == SCOPE_ATTACH ? "attach" : "watch", count_living(m).processes,
             *verdict ? verdict
             : *end   ? end
                      : "running");
}
