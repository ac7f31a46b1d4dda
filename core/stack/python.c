/* SPDX-License-Identifier: MIT
 * The Python frames of a thread: from its memory if the interpreter describes its layout, else from py-spy. */
#include "core/stack/python.h"

enum err python_stack(pid_t pid, pid_t tid, size_t max, struct python_frames *out)
{
    bool older;
    enum err err = python_read(pid, tid, max, out, &older);
    return older ? python_ask_pyspy(pid, tid, max, out) : err;
}
