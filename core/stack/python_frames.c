/* SPDX-License-Identifier: MIT
 * A list of Python frames. */
#include <stdlib.h>

#include "core/stack/python.h"

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
