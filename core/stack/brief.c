/* SPDX-License-Identifier: MIT
 * A stack in one line. It is made from the lines of stack_read (frame_describe), as a report has nothing else. */
#include "core/stack/stack.h"

#include <stdbool.h>
#include <string.h>

/* Between a frame's function and its file. */
static const char gap[] = "  ";

static bool is_users(const char *line)
{
    const char *file = strstr(line, gap);
    return file && file[strlen(gap)] != '(';
}

static bool is_elision(const char *line)
{
    return strncmp(line, "… ", strlen("… ")) == 0;
}

/* The last two segments of a path, type and function; segments such as "{closure}" do not count. */
static const char *last_words(const char *name)
{
    const char *words[3] = {name, name, name};
    for (const char *at = name; (at = strstr(at, "::"));) {
        at += strlen("::");
        if (*at == '{')
            continue;
        words[2] = words[1];
        words[1] = words[0];
        words[0] = at;
    }
    return words[1];
}

/* Leaves out the file of a library. */
static void add_frame(struct buf *out, const char *line)
{
    const char *file = strstr(line, gap);
    if (out->len > 0)
        buf_add_text(out, " ← ");
    if (!file) {
        buf_add_text(out, last_words(line));
        return;
    }
    buf_add(out, line, (size_t)(file - line));
    if (is_users(line))
        buf_addf(out, " %s", file + strlen(gap));
}

enum err stack_brief(const struct texts *frames, struct buf *out)
{
    enum { INNERMOST = 4 }; /* shown if no code of the user is in the stack */
    struct buf line;
    size_t users = 0;
    while (users < frames->n && !is_users(frames->v[users]))
        users++;
    buf_init(&line, out->max);
    for (size_t i = 0; i < frames->n; i++) {
        bool called = i + 1 == users && !is_elision(frames->v[i]);
        if (users < frames->n ? i == 0 || called || i == users : i < INNERMOST && !is_elision(frames->v[i]))
            add_frame(&line, frames->v[i]);
    }
    if (users == frames->n && frames->n > INNERMOST)
        buf_add_text(&line, " ← …");
    enum err err = line.err ? line.err : buf_add(out, buf_text(&line), line.len);
    buf_done(&line);
    return err;
}
