/* SPDX-License-Identifier: MIT
 * Merges a native stack with the Python frames that run on it. Each call of the interpreter's C function runs a group
 * of Python frames that ends with an entry: counted from the innermost, the n-th call has the n-th group. */
#include "core/stack/stack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/io.h"
#include "core/stack/frames.h"
#include "core/proc/read.h"

enum { NATIVE_MAX = 256, PYTHON_MAX = 512, LINE_MAX = 2048 };

/* Lines with the lowest weight are dropped first. Innermost native frames weigh more: they are closer to the wait. */
enum weight { WEIGHT_NONE, WEIGHT_FAR, WEIGHT_LIBRARY, WEIGHT_NEAR, WEIGHT_MOST };
enum { NEAR_FRAMES = 6 };

struct line {
    char *text;
    enum weight weight;
    bool dropped;
};

struct stack {
    struct line *v; /* owned, texts too */
    size_t n;
    size_t told; /* native frames that are worth showing, so far */
    const struct python_frames *python;
    size_t next; /* the next Python frame */
    char cwd[4096];
};

static enum err add_line(struct stack *s, const char *text, enum weight weight)
{
    struct line *v = realloc(s->v, (s->n + 1) * sizeof *v);
    if (!v)
        return ERR_NOMEM;
    s->v = v;
    v[s->n] = (struct line){.text = text_dup(text), .weight = weight};
    return v[s->n].text ? (s->n++, OK) : ERR_NOMEM;
}

static enum err add_python_frame(struct stack *s, const struct python_frame *f)
{
    static const enum weight weights[] = {
        [OWNER_USER] = WEIGHT_MOST, [OWNER_LIBRARY] = WEIGHT_LIBRARY, [OWNER_STANDARD] = WEIGHT_FAR};
    struct buf line;
    buf_init(&line, LINE_MAX);
    enum err err = frame_describe(f, s->cwd, &line) == ERR_NOMEM ? ERR_NOMEM : OK;
    if (!err)
        err = add_line(s, buf_text(&line), weights[frame_owner_of(f->file)]);
    buf_done(&line);
    return err;
}

/* Adds Python frames up to the next entry. */
static enum err add_python_group(struct stack *s)
{
    enum err err = OK;
    for (bool last = false; s->next < s->python->n && !last && !err; s->next++) {
        last = s->python->v[s->next].entry;
        err = add_python_frame(s, &s->python->v[s->next]);
    }
    return err;
}

/* If the Python frames are unknown, one line replaces those that follow each other. */
static enum err add_python_word(struct stack *s)
{
    static const char word[] = "(Python)";
    return s->n > 0 && strcmp(s->v[s->n - 1].text, word) == 0 ? OK : add_line(s, word, WEIGHT_MOST);
}

static enum err add_native_frame(struct stack *s, const char *symbol)
{
    struct buf name;
    buf_init(&name, LINE_MAX);
    enum err err = stack_demangle(symbol, &name) == ERR_NOMEM ? ERR_NOMEM : OK;
    enum frame_kind kind = frame_kind_of(symbol, buf_text(&name));
    enum weight weight = s->told == 0 ? WEIGHT_MOST : s->told < NEAR_FRAMES ? WEIGHT_NEAR : WEIGHT_FAR;
    if (!err && kind == FRAME_RUNS_PYTHON)
        err = s->python->n > 0 ? add_python_group(s) : add_python_word(s);
    else if (!err && kind == FRAME_TELLS)
        err = add_line(s, buf_text(&name), weight);
    s->told += kind == FRAME_TELLS;
    buf_done(&name);
    return err;
}

/* If no frame is worth showing, shows all. */
static enum err add_as_it_is(struct stack *s, const struct texts *native)
{
    enum err err = OK;
    for (size_t i = 0; i < native->n && !err; i++)
        err = add_line(s, native->v[i], WEIGHT_FAR);
    return err;
}

/* If the native stack is unknown or cut short, the rest of the Python frames comes last. */
static enum err merge(struct stack *s, const struct texts *native)
{
    enum err err = OK;
    for (size_t i = 0; i < native->n && !err; i++)
        err = add_native_frame(s, native->v[i]);
    while (s->next < s->python->n && !err)
        err = add_python_group(s);
    return !err && s->n == 0 ? add_as_it_is(s, native) : err;
}

/* The number of lines to show: lines in a row that are dropped become one. */
static size_t count_lines(const struct stack *s)
{
    size_t lines = 0;
    for (size_t i = 0; i < s->n; i++)
        lines += !s->v[i].dropped || i == 0 || !s->v[i - 1].dropped;
    return lines;
}

/* Drops the outermost of the lines with the lowest weight, but never the innermost line. */
static void drop_one(struct stack *s)
{
    size_t least = 0;
    for (size_t i = s->n; i-- > 1;)
        if (!s->v[i].dropped && (least == 0 || s->v[i].weight < s->v[least].weight))
            least = i;
    s->v[least].dropped = least > 0;
}

/* A single dropped line is shown nevertheless: "… 1 more" would be as long. */
static enum err add_shown(struct stack *s, size_t max, struct texts *frames)
{
    enum { ROOM_FOR_A_GAP = 3 };
    enum err err = OK;
    while (max >= ROOM_FOR_A_GAP && count_lines(s) > max)
        drop_one(s);
    for (size_t i = 0, next; i < s->n && frames->n < max && !err; i = next) {
        for (next = i; next < s->n && s->v[next].dropped; next++)
            continue;
        if (next - i > 1)
            err = texts_addf(frames, "… %zu more", next - i);
        else
            err = texts_add(frames, s->v[i].text);
        next += next == i;
    }
    return err;
}

static void read_cwd(pid_t tid, struct stack *s)
{
    char path[32];
    int dir;
    snprintf(path, sizeof path, "/proc/%d", (int)tid);
    if (proc_open_dir(AT_FDCWD, path, &dir))
        return;
    if (proc_read_link(dir, "cwd", s->cwd, sizeof s->cwd))
        s->cwd[0] = '\0';
    io_close(&dir);
}

static void stack_done(struct stack *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i].text);
    free(s->v);
    free(s);
}

enum err stack_read(pid_t pid, pid_t tid, size_t max, struct texts *frames, double *stopped)
{
    struct texts native = {0};
    struct python_frames python = {0};
    struct stack *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_NOMEM;
    s->python = &python;
    if (stopped)
        *stopped = 0;
    enum err native_err = stack_native(pid, tid, NATIVE_MAX, &native, stopped), err = native_err;
    if (err != ERR_NOMEM && err != ERR_GONE)
        err = python_stack(pid, tid, PYTHON_MAX, &python) == ERR_NOMEM ? ERR_NOMEM : OK;
    if (!err && native.n == 0 && python.n == 0)
        err = native_err ? native_err : ERR_NOT_FOUND;
    if (!err) {
        read_cwd(tid ? tid : pid, s);
        err = merge(s, &native);
    }
    if (!err)
        err = add_shown(s, max, frames);
    stack_done(s);
    python_frames_done(&python);
    texts_done(&native);
    return err;
}
