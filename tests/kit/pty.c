/* SPDX-License-Identifier: MIT
 * A pseudo-terminal whose other side is libvterm. Bytes are carried between the two while a test waits. */
#include "tests/kit/pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/io.h"
#include "tests/kit/program.h"

struct pty {
    pid_t pid;
    int fd;             /* the side of the terminal, not of the program */
    bool reaped, ended; /* ended: no process has the other side open */
    int status;
    VTerm *vt;
    VTermScreen *screen;
    int rows, cols;
    bool alternate, cursor_visible, mouse;
    struct termios initial;
    struct buf raw, text;
};

static int on_property(VTermProp prop, VTermValue *value, void *user)
{
    struct pty *p = user;
    if (prop == VTERM_PROP_ALTSCREEN)
        p->alternate = value->boolean;
    else if (prop == VTERM_PROP_CURSORVISIBLE)
        p->cursor_visible = value->boolean;
    else if (prop == VTERM_PROP_MOUSE)
        p->mouse = value->number != VTERM_PROP_MOUSE_NONE;
    return 1;
}

/* Sends what the terminal itself answers, such as a cursor report. A program that has exited does not read it. */
static void on_answer(const char *bytes, size_t len, void *user)
{
    struct pty *p = user;
    if (io_write_all(p->fd, bytes, len))
        p->ended = true;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

_Noreturn static void run_child(int terminal, const char *const *argv, const char *const *env)
{
    if (login_tty(terminal) < 0)
        _exit(127);
    program_default_signals();
    for (; env && *env; env++) {
        if (strchr(*env, '='))
            putenv((char *)*env);
        else
            unsetenv(*env);
    }
    execv(argv[0], (char *const *)argv);
    perror(argv[0]);
    _exit(127);
}

static void make_screen(struct pty *p)
{
    p->vt = vterm_new(p->rows, p->cols);
    assert_non_null(p->vt);
    vterm_set_utf8(p->vt, 1);
    vterm_output_set_callback(p->vt, on_answer, p);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_set_callbacks(p->screen, &callbacks, p);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
}

struct pty *pty_open(int rows, int cols, const char *const *argv, const char *const *env)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    struct pty *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->rows = rows;
    p->cols = cols;
    p->cursor_visible = true;
    buf_init(&p->raw, (size_t)256 << 20);
    buf_init(&p->text, (size_t)1 << 20);
    make_screen(p);
    int terminal;
    assert_int_equal(openpty(&p->fd, &terminal, NULL, NULL, &size), 0);
    assert_int_equal(fcntl(p->fd, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(tcgetattr(p->fd, &p->initial), 0);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0)
        run_child(terminal, argv, env);
    close(terminal);
    return p;
}

void pty_free(struct pty *p)
{
    if (!p)
        return;
    if (!p->reaped) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    io_close(&p->fd);
    vterm_free(p->vt);
    buf_done(&p->raw);
    buf_done(&p->text);
    free(p);
}

pid_t pty_pid(const struct pty *p)
{
    return p->pid;
}

/* Reads what the program has written, waiting at most `milliseconds` for it. Returns how many bytes came. */
static size_t take_some(struct pty *p, int milliseconds)
{
    char bytes[16384];
    struct pollfd ready = {.fd = p->ended ? -1 : p->fd, .events = POLLIN};
    if (poll(&ready, 1, milliseconds) <= 0 || !(ready.revents & (POLLIN | POLLHUP)))
        return 0;
    ssize_t n = read(p->fd, bytes, sizeof bytes);
    if (n <= 0) { /* EIO: no process has the other side open */
        p->ended = n == 0 || (errno != EINTR && errno != EAGAIN);
        return 0;
    }
    assert_int_equal(buf_add(&p->raw, bytes, (size_t)n), OK);
    vterm_input_write(p->vt, bytes, (size_t)n);
    return (size_t)n;
}

static void reap(struct pty *p)
{
    if (!p->reaped && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
        p->reaped = true;
}

void pty_type(struct pty *p, const char *keys)
{
    if (io_write_all(p->fd, keys, strlen(keys)))
        fail_msg("the program does not read these keys: %s", keys);
}

void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    while (take_some(p, 0) > 0)
        ;
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->vt, rows, cols);
    assert_int_equal(ioctl(p->fd, TIOCSWINSZ, &size), 0);
}

static void add_utf8(struct buf *b, uint32_t c)
{
    char bytes[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(lead[n] | c);
    buf_add(b, bytes, n);
}

static void add_row(struct pty *p, int row)
{
    size_t end = p->text.len;
    for (int col = 0; col < p->cols;) {
        VTermScreenCell cell;
        vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
        if (cell.chars[0] == 0)
            buf_add_char(&p->text, ' ');
        for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
            add_utf8(&p->text, cell.chars[i]);
        if (cell.chars[0] != 0 && cell.chars[0] != ' ')
            end = p->text.len;
        col += cell.width > 0 ? cell.width : 1;
    }
    p->text.len = end;
    buf_add_char(&p->text, '\n');
}

const char *pty_screen(struct pty *p)
{
    while (take_some(p, 0) > 0)
        ;
    buf_clear(&p->text);
    for (int row = 0; row < p->rows; row++)
        add_row(p, row);
    return buf_text(&p->text);
}

static regex_t compile(const char *regex)
{
    regex_t compiled;
    assert_int_equal(regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
    return compiled;
}

static bool screen_matches(struct pty *p, const regex_t *compiled)
{
    return regexec(compiled, pty_screen(p), 0, NULL, 0) == 0;
}

bool pty_shows(struct pty *p, const char *regex)
{
    regex_t compiled = compile(regex);
    bool shows = screen_matches(p, &compiled);
    regfree(&compiled);
    return shows;
}

_Noreturn static void fail_with_screen(struct pty *p, const char *waited_for)
{
    fprintf(stderr, "waited %d s for %s; the screen (%s):\n%s", PTY_BOUND, waited_for,
            p->reaped ? "the program has exited" : "the program runs", pty_screen(p)); /* print_error cuts at 1024 */
    if (!p->reaped)
        kill(p->pid, SIGKILL); /* the tests after this one must not find it */
    fail();
    abort();
}

void pty_wait_until(struct pty *p, bool (*done)(void *arg), void *arg, const char *what)
{
    double end = clock_now() + PTY_BOUND;
    while (!done(arg)) {
        if (clock_now() > end)
            fail_with_screen(p, what);
        take_some(p, 20);
        reap(p);
    }
}

/* True once the program has exited and all of its output has been read. */
static bool over(struct pty *p)
{
    reap(p);
    return p->reaped && take_some(p, 0) == 0;
}

/* Looks at the screen again only when bytes have come; that is most of the work of a test that waits. */
static void wait_for(struct pty *p, const char *regex, bool wanted)
{
    regex_t compiled = compile(regex);
    double end = clock_now() + PTY_BOUND;
    while (screen_matches(p, &compiled) != wanted) {
        bool last = false;
        while (!last && take_some(p, 20) == 0)
            last = clock_now() > end || over(p);
        if (last && screen_matches(p, &compiled) != wanted) {
            if (!wanted)
                print_error("this should go away:\n");
            fail_with_screen(p, regex);
        }
    }
    regfree(&compiled);
}

void pty_wait_text(struct pty *p, const char *regex)
{
    wait_for(p, regex, true);
}

void pty_wait_no_text(struct pty *p, const char *regex)
{
    wait_for(p, regex, false);
}

size_t pty_read_for(struct pty *p, double seconds)
{
    double end = clock_now() + seconds, left;
    size_t total = 0;
    while ((left = end - clock_now()) > 0)
        total += take_some(p, (int)(left * 1000) + 1);
    return total;
}

static bool has_exited(void *arg)
{
    struct pty *p = arg;
    reap(p);
    return p->reaped;
}

int pty_wait_exit(struct pty *p)
{
    pty_wait_until(p, has_exited, p, "the program's exit");
    while (take_some(p, 0) > 0)
        ;
    return p->status;
}

static bool has_stopped(void *arg)
{
    const struct pty *p = arg;
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == p->pid;
}

void pty_wait_stopped(struct pty *p)
{
    pty_wait_until(p, has_stopped, p, "the program to stop");
}

void pty_signal(struct pty *p, int signum)
{
    assert_false(p->reaped);
    assert_int_equal(kill(p->pid, signum), 0);
}

void pty_hang_up(struct pty *p)
{
    io_close(&p->fd);
    p->ended = true;
}

const char *pty_raw(const struct pty *p, size_t *len)
{
    *len = p->raw.len;
    return buf_text(&p->raw);
}

bool pty_raw_has(const struct pty *p, const char *bytes)
{
    return p->raw.len > 0 && memmem(p->raw.data, p->raw.len, bytes, strlen(bytes));
}

static bool any_colour(struct pty *p)
{
    for (int row = 0; row < p->rows; row++) {
        for (int col = 0; col < p->cols; col++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
            if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))
                return true;
        }
    }
    return false;
}

bool pty_is_styled(struct pty *p, int row, int col)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(p->screen, (VTermPos){.row = row, .col = col}, &cell);
    bool ink = cell.chars[0] != 0 && cell.chars[0] != ' ';
    return cell.attrs.reverse || cell.attrs.underline || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg) ||
           (ink && (cell.attrs.bold || !VTERM_COLOR_IS_DEFAULT_FG(&cell.fg)));
}

struct pty_modes pty_modes(struct pty *p)
{
    while (take_some(p, 0) > 0)
        ;
    struct pty_modes m = {p->alternate, p->cursor_visible, p->mouse, any_colour(p), {0}};
    assert_int_equal(tcgetattr(p->fd, &m.termios), 0);
    return m;
}

static bool is_restored(void *arg)
{
    struct pty *p = arg;
    struct pty_modes m = pty_modes(p);
    return !m.alternate && m.cursor_visible && !m.mouse && m.termios.c_iflag == p->initial.c_iflag &&
           m.termios.c_oflag == p->initial.c_oflag && m.termios.c_lflag == p->initial.c_lflag &&
           memcmp(m.termios.c_cc, p->initial.c_cc, sizeof p->initial.c_cc) == 0;
}

void pty_wait_restored(struct pty *p)
{
    pty_wait_until(p, is_restored, p, "the terminal as it was");
}
