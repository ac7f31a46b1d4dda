/* SPDX-License-Identifier: MIT
 * Why a process may not be read, and what to do about it: ptrace(2), "Ptrace access mode checking"; credentials(7);
 * Documentation/admin-guide/LSM/Yama.rst. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/proc/private.h"

/* The bit of CAP_SYS_PTRACE in CapEff: capabilities(7), linux/capability.h. */
enum { PTRACE_BIT = 19 };

static bool may_trace_all(int root)
{
    char text[4096];
    const char *line;
    unsigned long long caps;
    size_t len;
    if (proc_read_short(root, "self/status", text, sizeof text, &len) || !(line = strstr(text, "\nCapEff:")))
        return false;
    return sscanf(line, "\nCapEff:%llx", &caps) == 1 && (caps >> PTRACE_BIT & 1);
}

static int yama_scope(int root)
{
    char text[16];
    size_t len;
    return proc_read_short(root, "sys/kernel/yama/ptrace_scope", text, sizeof text, &len) ? 0 : atoi(text);
}

static enum err look_at(int root, pid_t pid, struct denial *out)
{
    char path[32];
    struct proc_status status;
    struct stat st;
    *out = (struct denial){.ours = geteuid(), .trace_all = may_trace_all(root), .yama = yama_scope(root)};
    snprintf(path, sizeof path, "%d/status", (int)pid);
    enum err err = proc_status_at(root, path, &status);
    if (err)
        return err;
    if (fstatat(root, path, &st, 0) < 0)
        return err_from_errno(errno);
    out->owner = (uid_t)status.uid;
    out->shielded = st.st_uid != out->owner; /* proc(5): root owns the files of a process that is not dumpable */
    return OK;
}

enum err proc_denial_look(pid_t pid, struct denial *out)
{
    int root;
    enum err err = proc_open_dir(AT_FDCWD, "/proc", &root);
    if (!err) {
        err = look_at(root, pid, out);
        close(root);
    }
    return err;
}

static enum err add_user(uid_t uid, struct buf *out)
{
    char names[4096];
    struct passwd pw, *found = NULL;
    if (getpwuid_r(uid, &pw, names, sizeof names, &found) == 0 && found)
        return buf_add_text(out, found->pw_name);
    return buf_addf(out, "%u", (unsigned)uid);
}

enum err denial_words(const struct denial *d, struct buf *out)
{
    if (d->trace_all) /* poolscope has all the rights it can have */
        return buf_add_text(
            out, d->yama >= 3 ? "kernel.yama.ptrace_scope is 3: nobody may read it until the machine is restarted"
                              : "a security module or a sandbox forbids it");
    if (d->ours == 0)
        return buf_add_text(out, "root lacks CAP_SYS_PTRACE here, as in a container: grant it "
                                 "(docker run --cap-add SYS_PTRACE)");
    if (d->owner != d->ours) {
        buf_add_text(out, "it belongs to user ");
        add_user(d->owner, out);
        return buf_add_text(out, ": run poolscope as that user or as root");
    }
    if (d->yama >= 2)
        return buf_addf(out, "kernel.yama.ptrace_scope is %d: %s", d->yama,
                        d->yama == 2 ? "only root may read it: run poolscope as root"
                                     : "nobody may read it until the machine is restarted");
    if (d->yama == 1)
        return buf_add_text(out, "kernel.yama.ptrace_scope is 1: start it with `poolscope watch`, run poolscope as "
                                 "root, or `sysctl kernel.yama.ptrace_scope=0`");
    return buf_add_text(out, d->shielded
                                 ? "it has made itself unreadable (PR_SET_DUMPABLE), or has more rights than it was "
                                   "started with: run poolscope as root"
                                 : "it has privileges that poolscope lacks: run poolscope as root");
}
