/* SPDX-License-Identifier: MIT
 * The file of a run without a screen. The host reads plain files only, so a stream is first spooled to its end here,
 * piece by piece and without waiting for it. */
#include "core/observer/private.h"

enum { PUMP = 1 << 20 }; /* bytes of a packed file that one step spools */

static bool is_internal(enum err err)
{
    return err == ERR_NOMEM || err == ERR_LIMIT;
}

enum err observer_load(struct observer *o, struct problem *problem)
{
    enum err err = table_input_open(o->options.path, NULL, o->epoll, &o->input, problem);
    if (err && !is_internal(err))
        return run_fail_table(o, problem->text, false);
    return err || table_input_has_more(&o->input) ? err : run_start_host(o, problem);
}

enum err source_step(struct observer *o, bool *changed)
{
    struct problem problem;
    if (!table_input_is_ready(&o->input))
        return OK;
    enum err err = table_input_pump(&o->input, PUMP, &problem);
    bool internal = is_internal(err);
    if (!err && !table_input_has_more(&o->input)) {
        err = run_start_host(o, &problem);
        internal = true;
    }
    if (!err)
        return OK;
    table_input_close(&o->input);
    *changed = true;
    return run_fail_table(o, problem.text, internal);
}
