/* SPDX-License-Identifier: MIT
 * The list of panes, and which of them each kind of screen shows. */
#include "tui/panes/pane.h"

const struct pane_ops *const pane_ops[PANE_COUNT] = {
    [PANE_TABLE] = &pane_table_ops,       [PANE_WORKERS] = &pane_workers_ops,
    [PANE_TIMELINE] = &pane_timeline_ops, [PANE_DIAGNOSIS] = &pane_diagnosis_ops,
    [PANE_METHOD] = &pane_method_ops,     [PANE_RESULTS] = &pane_results_ops,
    [PANE_LOG] = &pane_log_ops,           [PANE_PROCESSES] = &pane_processes_ops,
    [PANE_OUTPUT] = &pane_output_ops,     [PANE_INSPECTOR] = &pane_inspector_ops,
};

const struct pane_set pane_sets[SCOPES] = {
    [SCOPE_EXPLORE] = {7,
                       {PANE_TABLE, PANE_WORKERS, PANE_TIMELINE, PANE_DIAGNOSIS, PANE_METHOD, PANE_RESULTS, PANE_LOG}},
    [SCOPE_WATCH] = {5, {PANE_PROCESSES, PANE_DIAGNOSIS, PANE_OUTPUT, PANE_INSPECTOR, PANE_LOG}},
    [SCOPE_ATTACH] = {4, {PANE_PROCESSES, PANE_DIAGNOSIS, PANE_INSPECTOR, PANE_LOG}},
};

int pane_number(enum scope scope, enum pane_id pane)
{
    for (int i = 0; i < pane_sets[scope].n; i++)
        if (pane_sets[scope].v[i] == pane)
            return i + 1;
    return 0;
}
