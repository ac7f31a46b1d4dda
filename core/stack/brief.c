/* SPDX-License-Identifier: MIT
 * A stack in one line. It goes by the words of the lines (proc_frame_words.c): that is all a report has of a stack. */
#include "core/stack/stack.h"

#include <stdbool.h>
#include <string.h>

/* What stands before a frame's file. */
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

/* The last two words of a path: type and function. A closure has none of its own and does not count. */
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

/* A library's frame without its file. */
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
    enum { INNERMOST = 4 }; /* shown where no code of the user is known */
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
