/* SPDX-License-Identifier: MIT
 * Python frames from `py-spy dump --json`, for interpreters that do not describe their layout. It reads the memory
 * without a stop, too. Its answer is limited in time and length, and is not trusted. */
#include "core/stack/python.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/event/shape.h"
#include "core/proc/identity.h"

/* Seconds. */
static const double patience = 2.0;
enum { ANSWER_MAX = 4 * 1024 * 1024 };

/* Its stdout is `out`, its stderr is dropped. Signals are reset, as ours may be blocked or ignored. */
static enum err spawn_spy(pid_t pid, int out, pid_t *spy)
{
    char number[16];
    char *const argv[] = {"py-spy", "dump", "--nonblocking", "--json", "--pid", number, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    snprintf(number, sizeof number, "%d", (int)pid);
    sigemptyset(&none);
    sigfillset(&all);
    if (posix_spawn_file_actions_init(&files))
        return ERR_NOMEM;
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawnp(spy, "py-spy", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return !failed ? OK : failed == ENOMEM || failed == EAGAIN ? ERR_NOMEM : ERR_NOT_FOUND;
}

/* Reads until the end of file. ERR_AGAIN: that took too long. */
static enum err read_answer(int fd, struct buf *answer)
{
    double until = clock_now() + patience, left;
    while ((left = until - clock_now()) > 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        enum { CHUNK = 16 * 1024 };
        if (poll(&p, 1, (int)(left * 1000) + 1) <= 0)
            continue;
        char *room = buf_reserve(answer, CHUNK);
        if (!room)
            return answer->err;
        ssize_t n = read(fd, room, CHUNK);
        if (n == 0)
            return OK;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return ERR_SYS;
        answer->len += n > 0 ? (size_t)n : 0;
    }
    return ERR_AGAIN;
}

static enum err ask(pid_t pid, struct buf *answer)
{
    int fds[2];
    pid_t spy;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return ERR_SYS;
    enum err err = spawn_spy(pid, fds[1], &spy);
    io_close(&fds[1]);
    if (!err) {
        struct held_child child;
        held_child_take(spy, &child);
        err = read_answer(fds[0], answer);
        held_child_end(&child);
    }
    io_close(&fds[0]);
    return err;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "?";
}

/* CPython 3.11 and later versions mark an entry in different ways. If py-spy says nothing, each frame is one. */
static bool is_entry(const json_t *frame)
{
    const json_t *entry = json_object_get(frame, "is_entry"), *shim = json_object_get(frame, "is_shim_entry");
    return !json_is_boolean(entry) || json_is_true(entry) || json_is_true(shim);
}

static enum err take_frames(const json_t *frames, size_t max, struct python_frames *out)
{
    enum err err = json_is_array(frames) ? OK : ERR_PARSE;
    for (size_t i = 0; i < json_array_size(frames) && i < max && !err; i++) {
        const json_t *f = json_array_get(frames, i);
        json_int_t line = json_integer_value(json_object_get(f, "line"));
        err = python_frames_add(out, (struct python_frame){.function = text_dup(text_of(f, "name")),
                                                           .file = text_dup(text_of(f, "filename")),
                                                           .line = line > 0 && line < INT32_MAX ? (int)line : 0,
                                                           .entry = is_entry(f)});
    }
    return err;
}

/* CPython up to 3.10 does not know the TID: the main thread is then the only one, or the one called MainThread. */
static bool is_thread(const json_t *t, size_t threads, pid_t pid, pid_t tid)
{
    const json_t *number = json_object_get(t, "os_thread_id");
    if (json_is_integer(number))
        return json_integer_value(number) == tid;
    return tid == pid && (threads == 1 || strcmp(text_of(t, "thread_name"), "MainThread") == 0);
}

static enum err take_thread(const json_t *threads, pid_t pid, pid_t tid, size_t max, struct python_frames *out)
{
    if (!json_is_array(threads))
        return ERR_PARSE;
    for (size_t i = 0; i < json_array_size(threads); i++) {
        const json_t *t = json_array_get(threads, i);
        if (is_thread(t, json_array_size(threads), pid, tid))
            return take_frames(json_object_get(t, "frames"), max, out);
    }
    return ERR_NOT_FOUND;
}

enum err python_ask_pyspy(pid_t pid, pid_t tid, size_t max, struct python_frames *out)
{
    struct buf answer;
    *out = (struct python_frames){0};
    buf_init(&answer, ANSWER_MAX);
    enum err err = ask(pid, &answer);
    json_t *threads = err ? NULL : json_loadb(buf_text(&answer), answer.len, JSON_REJECT_DUPLICATES, NULL);
    if (!err)
        err = threads ? take_thread(threads, pid, tid ? tid : pid, max, out) : ERR_PARSE;
    if (err)
        python_frames_done(out);
    json_decref(threads);
    buf_done(&answer);
    return err;
}
