/* SPDX-License-Identifier: MIT
 * The Python frames of a thread: from memory if its interpreter says how, else by asking py-spy. */
#include "core/stack/python.h"

#include <stdlib.h>

void python_frames_done(struct python_frames *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->v[i].function);
        free(f->v[i].file);
    }
    free(f->v);
    *f = (struct python_frames){0};
}

enum err python_frames_add(struct python_frames *f, struct python_frame frame)
{
    struct python_frame *v = frame.function && frame.file ? realloc(f->v, (f->n + 1) * sizeof *v) : NULL;
    if (!v) {
        free(frame.function);
        free(frame.file);
        return ERR_NOMEM;
    }
    f->v = v;
    f->v[f->n++] = frame;
    return OK;
}

enum err python_stack(pid_t pid, pid_t tid, size_t max, struct python_frames *out)
{
    bool older;
    enum err err = python_read(pid, tid, max, out, &older);
    return older ? python_ask_pyspy(pid, tid, max, out) : err;
}
