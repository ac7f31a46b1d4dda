/* SPDX-License-Identifier: MIT
 * Parsers for files of /proc: see parse.h. The bytes may be anything, and need not end with a NUL. */
#include "core/proc/private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/* The bytes that are still to be parsed. */
struct scan {
    const char *at, *end;
};

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
        s->at++;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return 99;
}

/* Takes digits up to the first other character. False if there is none, or on overflow. */
static bool scan_number(struct scan *s, unsigned base, uint64_t *out)
{
    const char *first = s->at;
    uint64_t n = 0;
    for (; s->at < s->end && digit_value(*s->at) < (int)base; s->at++)
        if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, (uint64_t)digit_value(*s->at), &n))
            return false;
    *out = n;
    return s->at > first;
}

/* Takes blanks and a decimal number; a negative one as an int64_t would have it. */
static bool scan_decimal(struct scan *s, uint64_t *out)
{
    skip_blanks(s);
    bool minus = s->at < s->end && *s->at == '-';
    s->at += minus;
    if (!scan_number(s, 10, out))
        return false;
    if (minus)
        *out = -*out;
    return true;
}

static bool scan_hex(struct scan *s, uint64_t *out)
{
    skip_blanks(s);
    if (s->end - s->at > 2 && s->at[0] == '0' && s->at[1] == 'x')
        s->at += 2;
    return scan_number(s, 16, out);
}

static bool scan_char(struct scan *s, char c)
{
    bool found = s->at < s->end && *s->at == c;
    s->at += found;
    return found;
}

/* Copies a name that may hold any bytes so that it is safe to show, cut at a whole character. */
static void copy_safe(char out[PROC_NAME_MAX], const char *text, size_t len)
{
    struct text_glyph glyph;
    size_t n = 0;
    while (len > 0) {
        size_t used = text_next(text, len, &glyph);
        size_t add = strlen(glyph.bytes);
        if (n + add >= PROC_NAME_MAX)
            break;
        memcpy(out + n, glyph.bytes, add);
        n += add;
        text += used;
        len -= used;
    }
    out[n] = '\0';
}

/* Fields are counted as in proc(5): pid 1, comm 2, state 3. */
enum {
    STAT_PPID = 4,
    STAT_FLAGS = 9,
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_THREADS = 20,
    STAT_STARTED = 22,
    STAT_EXIT_CODE = 52
};

/* It follows after fields that are not needed; 0 if it is missing. */
static int scan_exit_code(struct scan *s)
{
    uint64_t field = 0;
    for (int i = STAT_STARTED + 1; i <= STAT_EXIT_CODE; i++)
        if (!scan_decimal(s, &field))
            return 0;
    return (int)field;
}

enum err proc_parse_stat(const char *text, size_t len, struct proc_stat *out)
{
    *out = (struct proc_stat){0};
    const char *open = memchr(text, '(', len), *close = memrchr(text, ')', len); /* comm may contain a ')' */
    if (!open || !close || close < open)
        return ERR_PARSE;
    struct scan s = {close + 1, text + len};
    skip_blanks(&s);
    if (s.at == s.end)
        return ERR_PARSE;
    struct proc_stat st = {.state = *s.at++};
    uint64_t field[STAT_STARTED + 1];
    for (int i = STAT_PPID; i <= STAT_STARTED; i++)
        if (!scan_decimal(&s, &field[i]))
            return ERR_PARSE;
    copy_safe(st.name, open + 1, (size_t)(close - open - 1));
    st.ppid = (pid_t)field[STAT_PPID];
    st.flags = (uint32_t)field[STAT_FLAGS];
    st.cpu_ticks = field[STAT_UTIME] + field[STAT_STIME];
    st.threads = (int64_t)field[STAT_THREADS];
    st.started = field[STAT_STARTED];
    st.exit_code = st.state == 'Z' ? scan_exit_code(&s) : 0;
    *out = st;
    return OK;
}

/* Takes the next line; false after the last one. */
static bool next_line(struct scan *rest, struct scan *line)
{
    if (rest->at == rest->end)
        return false;
    const char *newline = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
    *line = (struct scan){rest->at, newline ? newline : rest->end};
    rest->at = newline ? newline + 1 : rest->end;
    return true;
}

/* Takes "key:" if the line starts with it. */
static bool skip_key(struct scan *line, const char *key)
{
    size_t n = strlen(key);
    if ((size_t)(line->end - line->at) <= n || memcmp(line->at, key, n) != 0 || line->at[n] != ':')
        return false;
    line->at += n + 1;
    return true;
}

/* NSpid has a number for each namespace, from that of this /proc down to the process's own. */
static bool has_two_numbers(struct scan *line)
{
    uint64_t n;
    return scan_decimal(line, &n) && scan_decimal(line, &n);
}

/* The lines of status that are used, in the order of the file. "Uid" begins with the real one; the last two may be
 * missing. */
enum { TGID, TRACER, UID, THREADS, PENDING, SHARED, BLOCKED, IGNORED, CAUGHT, VOLUNTARY, NONVOLUNTARY, WANTED };
static const struct {
    const char *key;
    bool hex;
} wanted[] = {{"Tgid", false},
              {"TracerPid", false},
              {"Uid", false},
              {"Threads", false},
              {"SigPnd", true},
              {"ShdPnd", true},
              {"SigBlk", true},
              {"SigIgn", true},
              {"SigCgt", true},
              {"voluntary_ctxt_switches", false},
              {"nonvoluntary_ctxt_switches", false}};
static_assert(sizeof wanted / sizeof *wanted == WANTED, "one line for each value");

enum err proc_parse_status(const char *text, size_t len, struct proc_status *out)
{
    struct scan rest = {text, text + len}, line;
    uint64_t v[WANTED] = {0};
    size_t i = 0;
    bool other_numbers = false;
    *out = (struct proc_status){0};
    while (i < WANTED && next_line(&rest, &line)) {
        if (skip_key(&line, "NSpid"))
            other_numbers = has_two_numbers(&line);
        if (!skip_key(&line, wanted[i].key))
            continue;
        if (!(wanted[i].hex ? scan_hex : scan_decimal)(&line, &v[i]))
            return ERR_PARSE;
        i++;
    }
    if (i < VOLUNTARY)
        return ERR_PARSE;
    *out = (struct proc_status){
        .tgid = (pid_t)v[TGID],
        .tracer = (pid_t)v[TRACER],
        .uid = (int64_t)v[UID],
        .threads = (int64_t)v[THREADS],
        .other_numbers = other_numbers,
        .pending = v[PENDING],
        .shared_pending = v[SHARED],
        .blocked = v[BLOCKED],
        .ignored = v[IGNORED],
        .caught = v[CAUGHT],
        .has_switches = i == WANTED,
        .voluntary = v[VOLUNTARY],
        .nonvoluntary = v[NONVOLUNTARY],
    };
    return OK;
}

enum err proc_parse_syscall(const char *text, size_t len, struct proc_syscall *out)
{
    static const char running[] = "running";
    struct scan s = {text, text + len};
    uint64_t number;
    *out = (struct proc_syscall){0};
    if (len >= sizeof running - 1 && memcmp(text, running, sizeof running - 1) == 0) {
        *out = (struct proc_syscall){.running = true, .number = -1};
        return OK;
    }
    struct proc_syscall c = {0};
    if (!scan_decimal(&s, &number))
        return ERR_PARSE;
    c.number = (long)(int64_t)number;
    for (int i = 0; i < 6 && c.number >= 0; i++)
        if (!scan_hex(&s, &c.args[i]))
            return ERR_PARSE;
    if (!scan_hex(&s, &c.sp) || !scan_hex(&s, &c.pc))
        return ERR_PARSE;
    *out = c;
    return OK;
}

enum err proc_parse_numbers(const char *text, size_t len, struct ints *out)
{
    struct scan s = {text, text + len};
    uint64_t n;
    for (;;) {
        skip_blanks(&s);
        scan_char(&s, '\n');
        if (s.at == s.end)
            return OK;
        if (!scan_number(&s, 10, &n) || n > INT32_MAX)
            return ERR_PARSE;
        if (ints_add(out, (int64_t)n))
            return ERR_NOMEM;
    }
}

static void skip_word(struct scan *s)
{
    skip_blanks(s);
    while (s->at < s->end && *s->at != ' ')
        s->at++;
}

/* "7: POSIX  ADVISORY  WRITE 4242 08:01:131 0 EOF" is a lock; "7: -> POSIX …" follows for each waiter, with more blanks
 * before the arrow if it waits for another waiter. In the end all wait for the same holder. */
enum err proc_parse_locks(const char *text, size_t len, size_t max, struct proc_file_lock *out, size_t *n)
{
    enum { WORDS_BEFORE_PID = 3 };
    struct scan rest = {text, text + len}, s;
    uint64_t id, pid, holder_id = 0, holder = 0;
    for (*n = 0; *n < max && next_line(&rest, &s);) {
        if (!scan_decimal(&s, &id) || !scan_char(&s, ':'))
            return ERR_PARSE;
        skip_blanks(&s);
        bool waits = scan_char(&s, '-') && scan_char(&s, '>');
        for (int i = 0; i < WORDS_BEFORE_PID; i++)
            skip_word(&s);
        if (!scan_decimal(&s, &pid))
            return ERR_PARSE;
        if (!waits) {
            holder_id = id;
            holder = pid;
        } else if (id == holder_id) {
            out[(*n)++] = (struct proc_file_lock){(pid_t)pid, (pid_t)holder};
        }
    }
    return OK;
}

enum err proc_parse_map(const char *text, size_t len, struct proc_map *out, size_t *used)
{
    struct scan rest = {text, text + len}, s;
    uint64_t major, minor, inode;
    *out = (struct proc_map){0};
    *used = 0;
    if (!next_line(&rest, &s))
        return ERR_NOT_FOUND;
    *used = (size_t)(rest.at - text);
    struct proc_map m = {0};
    if (!scan_number(&s, 16, &m.start) || !scan_char(&s, '-') || !scan_number(&s, 16, &m.end) || !scan_char(&s, ' ') ||
        s.end - s.at < 5)
        return ERR_PARSE;
    m.readable = s.at[0] == 'r';
    m.writable = s.at[1] == 'w';
    m.executable = s.at[2] == 'x';
    m.shared = s.at[3] != 'p';
    s.at += 4;
    skip_blanks(&s);
    if (!scan_number(&s, 16, &m.offset))
        return ERR_PARSE;
    skip_blanks(&s);
    if (!scan_number(&s, 16, &major) || !scan_char(&s, ':') || !scan_number(&s, 16, &minor) ||
        !scan_decimal(&s, &inode))
        return ERR_PARSE;
    m.file = inode ? (major << 20 | minor) << 40 ^ inode : 0;
    skip_blanks(&s);
    m.name = s.at;
    m.name_len = (size_t)(s.end - s.at);
    *out = m;
    return OK;
}

enum err proc_parse_key(const char *text, size_t len, const char *key, uint64_t *out)
{
    struct scan rest = {text, text + len}, line;
    *out = 0;
    while (next_line(&rest, &line))
        if (skip_key(&line, key))
            return scan_decimal(&line, out) ? OK : ERR_PARSE;
    return ERR_NOT_FOUND;
}

size_t proc_count_key(const char *text, size_t len, const char *key)
{
    struct scan rest = {text, text + len}, line;
    size_t n = 0;
    while (next_line(&rest, &line))
        n += skip_key(&line, key);
    return n;
}

void proc_parse_fd_link(const char *target, struct fd_evidence *out)
{
    static const struct {
        const char *prefix;
        enum fd_kind kind;
        bool has_inode;
    } kinds[] = {
        {"pipe:[", FD_PIPE, true},
        {"socket:[", FD_SOCKET, true},
        {"anon_inode:[eventfd]", FD_EVENTFD, false},
        {"anon_inode:[eventpoll]", FD_EPOLL, false},
        {"anon_inode:[io_uring]", FD_IO_URING, false},
        {"anon_inode:[timerfd]", FD_TIMERFD, false},
        {"anon_inode:[signalfd]", FD_SIGNALFD, false},
        {"anon_inode:[pidfd]", FD_PIDFD, false},
        {"pidfd:[", FD_PIDFD, false},
        {"/dev/tty", FD_TTY, false},
        {"/dev/pts/", FD_TTY, false},
        {"/dev/console", FD_TTY, false},
        {"/", FD_FILE, false},
    };
    out->kind = FD_OTHER;
    out->inode = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].prefix);
        if (strncmp(target, kinds[i].prefix, n) != 0)
            continue;
        out->kind = kinds[i].kind;
        if (kinds[i].has_inode)
            out->inode = strtoull(target + n, NULL, 10);
        return;
    }
}

enum err proc_parse_command(const char *text, size_t len, struct buf *out)
{
    while (len > 0 && text[len - 1] == '\0')
        len--;
    while (len > 0) {
        const char *nul = memchr(text, '\0', len);
        size_t n = nul ? (size_t)(nul - text) : len;
        text_add_safe(out, text, n);
        if (!nul)
            break;
        buf_add_char(out, ' ');
        text += n + 1;
        len -= n + 1;
    }
    return out->err;
}
