/* SPDX-License-Identifier: MIT
 * What the commands without a screen share. */
#include "tui/cli/headless.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/startup.h"
#include "core/report/report.h"
#include "tui/cli/outputs.h"

enum { REPORT_MAX = 1 << 30 };

int headless_signals(void)
{
    static const int waited_for[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof waited_for / sizeof *waited_for; i++)
        if (!signal_is_ignored(waited_for[i]))
            sigaddset(&set, waited_for[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        fprintf(stderr, "poolscope: cannot wait for signals: %s\n", strerror(errno));
    return fd;
}

void headless_complain(const struct problem *p)
{
    fprintf(stderr, "poolscope: %s\n", p->text);
}

static enum err write_report(const struct cli *c, const struct model *m, const char *mode, struct report_end end)
{
    struct buf report;
    buf_init(&report, REPORT_MAX);
    enum err err = c->json ? report_json(m, mode, &report) : report_text(m, end, &report);
    if (err)
        fprintf(stderr, "poolscope: cannot make the report: %s\n", err_text(err));
    else
        err = outputs_write_report(c->outputs, &report);
    buf_done(&report);
    return err;
}

enum err headless_report(const struct cli *c, const struct model *m, const char *mode, struct report_end *end)
{
    enum err err = write_report(c, m, mode, *end);
    end->failed |= err && err != ERR_CANCELLED;
    if (c->outputs->lost && write_report(c, m, mode, *end)) {
        /* stderr was the last place to write it to */
    }
    if (!err && m->table_error && (c->output || c->json))
        fprintf(stderr, "poolscope: %s\n", m->table_error); /* an error must not be only in a file */
    else if (!err && m->host_died && (c->output || c->json))
        fputs("poolscope: the host process died, and its workers with it\n", stderr);
    return err;
}
