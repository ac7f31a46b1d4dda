/* SPDX-License-Identifier: MIT
 * Opening the table of a file or a stream, reading a stream as it arrives, and noticing that a file changes. */
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

/* Bytes of a packed file that one step reads; fewer until the first rows are shown. */
enum { PUMP = 1 << 20, FIRST_PUMP = 64 * 1024 };

/* A longer stream that has no complete first line yet is tried again only when it is twice as long. */
enum { EAGER = 1 << 20 };

static const double settle_time = 0.15; /* seconds after the last write before a file is read again */

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
        return; /* then a change is noticed when rows are read */
    s->watch = inotify_add_watch(s->inotify, s->options.path, WHAT);
    if (s->watch < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->inotify, &interest) < 0)
        io_close(&s->inotify);
}

/* The watch begins before the file is read, so that a change while it is read is not missed. */
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

/* Whether enough of the stream may have arrived for a table. */
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
    s->grown = s->input.ended; /* the query server is told of the end even if no more bytes have come */
    return may_open(s) ? table_view_open_table(s) : OK;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* Reads the file of that name from its first row. Filters and order are kept, and applied once more. */
static enum err reload(struct table_view *s, const char *why)
{
    int fd = table_input_open_file(s->options.path);
    if (fd < 0) {
        if (!s->gone_said)
            table_view_tell(s, TABLE_VIEW_SAYS, 0,
                            "The file was deleted or moved; the rows of the old file are still shown");
        s->gone_said = true;
        return OK;
    }
    io_close(&s->inotify);
    table_view_drop_server(s, why);
    io_close(&s->input.fd);
    s->input.fd = fd;
    s->gone_said = s->rewritten = s->grown = false;
    enum err err = open_watched(s);
    if (!err && s->fault.text[0]) { /* rows that no longer exist are not shown */
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
        return reload(s, "Another file has this name now; it was read again");
    if (change == TABLE_TRUNCATED)
        return reload(s, "The file became shorter; it was read again");
    if (change == TABLE_REWRITTEN)
        return reload(s, "The file was rewritten; it was read again");
    if (change == TABLE_GROWN && !s->grown) {
        s->grown = true;
        if (!s->follow)
            table_view_tell(s, TABLE_VIEW_SAYS, 0, "The file has grown; F shows the new rows");
    }
    return OK;
}

enum err table_view_look(struct table_view *s)
{
    if (s->input.streaming)
        return OK;
    if (something_happened(s) && !s->rewritten) {
        s->rewritten = true; /* perhaps: look_again finds out when no more writes follow */
        table_view_arm(s, settle_time);
        return OK;
    }
    return s->rewritten ? look_again(s) : OK;
}
