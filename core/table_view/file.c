/* SPDX-License-Identifier: MIT
 * The file behind the open table: opened at once, or a stream that is pumped; and what becomes of it
 * while it is open. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/io.h"
#include "core/table_view/private.h"

/* A piece of a stream between two looks at the keys. */
enum { PUMP = 1 << 20, FIRST_PUMP = 64 * 1024 };

/* What is longer and has no first line yet is looked at again when it is twice as long. */
enum { EAGER = 1 << 20 };

static const double settle_time = 0.15; /* a file that is being written anew is not read at each write */

static struct table_options table_options(const struct table_view *s)
{
    return (struct table_options){.path = s->options.path,
                                  .key = s->options.key,
                                  .overrides = s->overrides,
                                  .noverrides = s->noverrides,
                                  .delimiter = s->options.delimiter,
                                  .no_header = s->options.no_header,
                                  .unpacker = &table_unpacker};
}

enum err table_view_open_table(struct table_view *s)
{
    struct table *t = NULL;
    struct problem problem = {""};
    struct table_options options = table_options(s);
    if (!options.delimiter)
        options.delimiter = table_sniff(s->input.stream ? table_stream_spool(s->input.stream).fd : s->input.fd);
    enum err err = s->input.stream ? table_stream_open_table(s->input.stream, &options, &t, &problem)
                                   : table_open(s->input.fd, &options, &t, &problem);
    if (!err) {
        if (!s->input.ended)
            s->fault.text[0] = '\0';
        if (s->input.stream)
            s->spooled = table_stream_size(s->input.stream);
        table_view_take_table(s, t);
        return OK;
    }
    if (err != ERR_AGAIN)
        s->fault = problem;
    s->version++;
    return err == ERR_NOMEM ? err : OK;
}

static void watch_file(struct table_view *s)
{
    enum { WHAT = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF };
    struct epoll_event interest = {.events = EPOLLIN};
    if (strcmp(s->options.path, "-") == 0 || s->inotify >= 0)
        return;
    s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (s->inotify < 0)
        return; /* then a change is noticed where it is read */
    s->watch = inotify_add_watch(s->inotify, s->options.path, WHAT);
    if (s->watch < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->inotify, &interest) < 0)
        io_close(&s->inotify);
}

/* Watched before it is read: one that is being changed just then cannot be read, and its change is told afterwards. */
static enum err open_watched(struct table_view *s)
{
    watch_file(s);
    return table_view_open_table(s);
}

enum err table_view_open_file(struct table_view *s, struct problem *problem)
{
    enum err err = table_input_open(s->options.path, s->options.encoding, s->epoll, &s->input, problem);
    if (!err && !s->input.streaming && (err = open_watched(s)))
        problem_set(problem, err, "%s: %s", s->options.path, err_text(err));
    table_view_arm(s, 0);
    return err;
}

bool table_view_reads(const struct table_view *s, const char *path)
{
    struct stat open, named;
    return fstat(s->input.fd, &open) == 0 && stat(path, &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

/* There may be enough of the stream for a table. */
static bool may_open(struct table_view *s)
{
    uint64_t size = s->input.stream ? table_stream_size(s->input.stream) : 0;
    if (s->table || !s->input.stream || (!s->input.ended && (size == 0 || (size > EAGER && size < 2 * s->tried))))
        return false;
    s->tried = size;
    return true;
}

enum err table_view_pump(struct table_view *s)
{
    struct problem problem;
    if (!table_input_is_ready(&s->input))
        return OK;
    s->version++;
    if (table_input_pump(&s->input, s->table ? PUMP : FIRST_PUMP, &problem)) {
        s->fault = problem;
        table_view_tell(s, TABLE_VIEW_FAILED, 0, problem.text);
    }
    s->grown = s->input.ended; /* the query server is told of the end even if no byte came since */
    return may_open(s) ? table_view_open_table(s) : OK;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* The file of that name once more, from its first row. Filters and order are kept and asked for anew. */
static enum err reload(struct table_view *s, const char *why)
{
    int fd = table_input_open_file(s->options.path);
    if (fd < 0) {
        if (!s->gone_said)
            table_view_tell(s, TABLE_VIEW_SAYS, 0, "The file was deleted or moved; what was opened is still shown");
        s->gone_said = true;
        return OK;
    }
    io_close(&s->inotify);
    table_view_drop_server(s, why);
    io_close(&s->input.fd);
    s->input.fd = fd;
    s->gone_said = s->rewritten = s->grown = false;
    enum err err = open_watched(s);
    if (!err && s->fault.text[0]) { /* nothing is shown that is not there any more */
        table_free(s->table);
        s->table = NULL;
    }
    table_view_forget_views(s);
    table_view_check_again(s);
    table_view_tell(s, TABLE_VIEW_RELOADED, 0, why);
    table_view_arm(s, 0);
    return err;
}

static bool something_happened(struct table_view *s)
{
    char events[4096];
    bool some = false;
    while (s->inotify >= 0 && read(s->inotify, events, sizeof events) > 0)
        some = true;
    return some;
}

static enum err look_again(struct table_view *s)
{
    enum table_change change = s->table ? table_changed(s->table) : TABLE_REWRITTEN;
    s->rewritten = false;
    if (s->table && !table_is_file(s->table, s->options.path))
        return reload(s, "Another file has this name now: read anew");
    if (change == TABLE_TRUNCATED)
        return reload(s, "The file became shorter: read anew");
    if (change == TABLE_REWRITTEN)
        return reload(s, "The file was rewritten: read anew");
    if (change == TABLE_GROWN && !s->grown) {
        s->grown = true;
        if (!s->follow)
            table_view_tell(s, TABLE_VIEW_SAYS, 0, "The file has grown; F follows it");
    }
    return OK;
}

enum err table_view_look(struct table_view *s)
{
    if (s->input.streaming)
        return OK;
    if (something_happened(s) && !s->rewritten) {
        s->rewritten = true; /* or so it may be: when it has come to rest, it is looked at */
        table_view_arm(s, settle_time);
        return OK;
    }
    return s->rewritten ? look_again(s) : OK;
}
