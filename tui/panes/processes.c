/* SPDX-License-Identifier: MIT
 * The watched processes as a tree: the state of each, since when, how many threads it has, and what it waits for. The
 * cursor stays on its process when others come and go. */
#include "tui/panes/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/panes/words.h"

enum { DEPTH_MAX = 40, TREE_LEAST = 12, TREE_ENOUGH = 24, WAITS_LEAST = 16 };
enum part { PID, STATE, SINCE, THREADS, COLUMNS };
static const struct {
    const char *head;
    int gap, width;
    bool right;
} columns[COLUMNS] = {
    [PID] = {"PID", 1, 7, true},
    [STATE] = {"STATE", 2, 13, false},
    [SINCE] = {"SINCE", 1, 9, true},
    [THREADS] = {"THREADS", 1, 8, true},
};

struct processes_state {
    int64_t *pids; /* owned; the process of each line, as built last */
    size_t n;
    int64_t chosen; /* the process under the cursor */
};

/* The processes to show, sorted in two ways. */
struct forest {
    const struct model_process **by_pid, **by_parent; /* owned */
    size_t n;
};

struct tree_view {
    struct pane *pane;
    const struct view *view;
    const struct forest *forest;
    int tree;
};

static int compare_pids(const void *a, const void *b)
{
    const struct model_process *x = *(const struct model_process *const *)a;
    const struct model_process *y = *(const struct model_process *const *)b;
    return x->seen.pid < y->seen.pid ? -1 : x->seen.pid > y->seen.pid;
}

/* Sorts by parent; the children of one parent keep the order of the model, in which they were first seen. */
static int compare_parents(const void *a, const void *b)
{
    const struct model_process *x = *(const struct model_process *const *)a;
    const struct model_process *y = *(const struct model_process *const *)b;
    if (x->seen.ppid != y->seen.ppid)
        return x->seen.ppid < y->seen.ppid ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Takes the living processes, and the ended ones that hung. */
static enum err forest_fill(struct forest *f, const struct model *m)
{
    size_t most = m->nprocesses ? m->nprocesses : 1;
    f->n = 0;
    f->by_pid = calloc(most, sizeof *f->by_pid);
    f->by_parent = calloc(most, sizeof *f->by_parent);
    if (!f->by_pid || !f->by_parent)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->nprocesses; i++)
        if (!m->processes[i].gone || (m->nfindings > 0 && model_finding_of(m, m->processes[i].seen.pid)))
            f->by_pid[f->n++] = &m->processes[i];
    memcpy(f->by_parent, f->by_pid, f->n * sizeof *f->by_pid);
    qsort(f->by_pid, f->n, sizeof *f->by_pid, compare_pids);
    qsort(f->by_parent, f->n, sizeof *f->by_parent, compare_parents);
    return OK;
}

static bool forest_has(const struct forest *f, int64_t pid)
{
    const struct model_process key = {.seen.pid = pid}, *at = &key;
    return f->n > 0 && bsearch(&at, f->by_pid, f->n, sizeof *f->by_pid, compare_pids);
}

/* The index of the first child of `parent` in by_parent. */
static size_t first_child(const struct forest *f, int64_t parent)
{
    size_t low = 0, high = f->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (f->by_parent[mid]->seen.ppid < parent)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The finding about a hung process that this process waits for; NULL: it waits for none. */
static const struct finding *victim_of(const struct model *m, int64_t pid)
{
    for (size_t i = 0; i < m->nfindings; i++)
        for (size_t k = 0; k < m->findings[i].victims.n; k++)
            if (m->findings[i].victims.v[k] == pid)
                return &m->findings[i];
    return NULL;
}

static enum role state_text(const struct model *m, const struct model_process *p, char *out, size_t size)
{
    const struct finding *f = model_finding_of(m, p->seen.pid), *victim = victim_of(m, p->seen.pid);
    const char *state = p->seen.state ? p->seen.state : "?";
    bool over = p->gone || strcmp(state, "zombie") == 0;
    if (over)
        snprintf(out, size, "%s", p->gone ? "gone" : state);
    else if (f)
        snprintf(out, size, "hung, %s", certainty_names[f->certainty]);
    else if (victim && strcmp(state, "sleeping") == 0)
        snprintf(out, size, "blocked");
    else
        snprintf(out, size, "%s", state);
    if (over)
        return ROLE_DIM;
    if (f)
        return f->certainty == CERTAINTY_PROVED ? ROLE_BAD : ROLE_WARN;
    return victim ? ROLE_WARN : strcmp(state, "running") == 0 ? ROLE_BUSY : ROLE_TEXT;
}

static void since_text(const struct view *v, const struct model_process *p, char out[24])
{
    double asleep = p->seen.asleep_seconds + (v->now - p->last);
    bool sleeps = !p->gone && p->seen.state && strcmp(p->seen.state, "running") != 0;
    if (sleeps)
        text_seconds(asleep > 0 ? asleep : 0, out);
    else
        out[0] = '\0';
}

static void threads_text(const struct model_process *p, char out[48])
{
    const struct event_process *s = &p->seen;
    if (s->forked_without_exec && s->parent_threads > 1)
        snprintf(out, 48, "%lld of %lld", (long long)s->threads, (long long)s->parent_threads);
    else
        snprintf(out, 48, "%lld", (long long)s->threads);
}

static void add_column(struct lines *l, enum part i, enum role role, const char *text)
{
    lines_pad(l, l->column + columns[i].gap);
    if (columns[i].right)
        lines_add_right(l, role, columns[i].width, text, strlen(text));
    else
        lines_add_left(l, role, columns[i].width, text, strlen(text));
}

/* The last column: two blanks and the rest of the width, unless that is too narrow. */
static void add_waits(struct lines *l, int width, enum role role, const char *text)
{
    if (width - l->column - 2 < WAITS_LEAST)
        return;
    lines_pad(l, l->column + 2);
    lines_add_left(l, role, width - l->column, text, strlen(text));
}

static void waits_text(const struct view *v, const struct model_process *p, char *out, size_t size)
{
    const struct finding *victim = victim_of(v->model, p->seen.pid);
    if (p->gone)
        out[0] = '\0';
    else if (victim && !model_finding_of(v->model, p->seen.pid))
        snprintf(out, size, "process %lld, which hangs", (long long)victim->pid);
    else
        snprintf(out, size, "%s", p->seen.waits_for && strcmp(p->seen.waits_for, "running") ? p->seen.waits_for : "");
}

/* The command without the folder of its program, or "forked copy" for a fork that still runs its parent's command. */
static const char *command_words(const struct model *m, const struct model_process *p)
{
    const char *command = p->seen.command ? p->seen.command : "?";
    const struct model_process *parent = p->seen.forked_without_exec ? model_process(m, p->seen.ppid) : NULL;
    if (parent && parent->seen.command && strcmp(parent->seen.command, command) == 0)
        return "forked copy";
    size_t program = strcspn(command, " ");
    const char *slash = memrchr(command, '/', program);
    return slash && slash[1] && slash[1] != ' ' ? slash + 1 : command;
}

static void add_process(struct tree_view *t, const struct model_process *p, const char *branches)
{
    char pid[24], state[48], since[24], threads[48], waits[256];
    struct lines *l = &t->pane->lines;
    enum role rest = p->gone ? ROLE_DIM : ROLE_TEXT, role = state_text(t->view->model, p, state, sizeof state);
    const char *command = command_words(t->view->model, p);
    int wide = text_width(branches, strlen(branches));
    int drawn = wide < t->tree - 4 ? wide : t->tree - 4;
    lines_add_left(l, ROLE_FRAME, drawn > 0 ? drawn : 0, branches, strlen(branches));
    lines_add_left(l, rest, t->tree - l->column, command, strlen(command));
    snprintf(pid, sizeof pid, "%lld", (long long)p->seen.pid);
    since_text(t->view, p, since);
    threads_text(p, threads);
    waits_text(t->view, p, waits, sizeof waits);
    add_column(l, PID, rest, pid);
    add_column(l, STATE, role, state);
    add_column(l, SINCE, rest, since);
    add_column(l, THREADS, rest, threads);
    add_waits(l, t->pane->width, rest, waits);
    lines_end(l, (struct subject){SUBJECT_PROCESS, p->seen.pid});
}

static void add_children(struct tree_view *t, int64_t parent, struct buf *branches, int depth)
{
    const struct forest *f = t->forest;
    size_t from = first_child(f, parent), kept = branches->len;
    for (size_t i = from; i < f->n && f->by_parent[i]->seen.ppid == parent; i++) {
        bool last = i + 1 >= f->n || f->by_parent[i + 1]->seen.ppid != parent;
        if (f->by_parent[i]->seen.pid == parent)
            continue;
        buf_add_text(branches, last ? "└ " : "├ ");
        add_process(t, f->by_parent[i], buf_text(branches));
        branches->len = kept;
        if (depth >= DEPTH_MAX)
            continue;
        buf_add_text(branches, last ? "  " : "│ ");
        add_children(t, f->by_parent[i]->seen.pid, branches, depth + 1);
        branches->len = kept;
        if (branches->data)
            branches->data[kept] = '\0';
    }
}

/* A process whose parent is not shown begins a tree: the root, and orphans. */
static void add_forest(struct tree_view *t)
{
    const struct forest *f = t->forest;
    struct buf branches;
    buf_init(&branches, 1 << 16);
    for (size_t i = 0; i < f->n; i++) {
        const struct model_process *p = f->by_parent[i];
        if (p->seen.ppid != p->seen.pid && forest_has(f, p->seen.ppid))
            continue;
        add_process(t, p, "");
        add_children(t, p->seen.pid, &branches, 0);
    }
    buf_done(&branches);
}

static void add_head(struct pane *p, int tree)
{
    struct lines *l = &p->head;
    lines_add_left(l, ROLE_HEAD, tree, "COMMAND", 7);
    for (int i = 0; i < COLUMNS; i++)
        add_column(l, (enum part)i, ROLE_HEAD, columns[i].head);
    add_waits(l, p->width, ROLE_HEAD, "WAITS FOR");
    lines_end(l, (struct subject){0});
}

static int tree_width(int width)
{
    int left = width;
    for (int i = 0; i < COLUMNS; i++)
        left -= columns[i].gap + columns[i].width;
    if (left >= TREE_ENOUGH + 2 + WAITS_LEAST)
        return left * 2 / 5 > TREE_ENOUGH ? left * 2 / 5 : TREE_ENOUGH;
    return left > TREE_LEAST ? left : TREE_LEAST;
}

/* Remembers the process of each line, and puts the cursor back on its process. */
static enum err keep_cursor(struct pane *p)
{
    struct processes_state *s = p->state;
    int64_t *pids = realloc(s->pids, (p->lines.n ? p->lines.n : 1) * sizeof *pids);
    if (!pids)
        return ERR_NOMEM;
    s->pids = pids;
    s->n = p->lines.n;
    bool found = false;
    for (size_t i = 0; i < s->n; i++) {
        pids[i] = p->lines.v[i].subject.id;
        if (pids[i] == s->chosen && !found) {
            p->cursor = i;
            found = true;
        }
    }
    pane_settle(p, p->lines.n);
    s->chosen = p->cursor < s->n ? pids[p->cursor] : 0;
    return OK;
}

static enum err processes_sync(struct pane *p, const struct view *v)
{
    struct forest f;
    struct processes_state *s = p->state;
    int tree = tree_width(p->width);
    if (p->cursor < s->n)
        s->chosen = s->pids[p->cursor];
    enum err err = forest_fill(&f, v->model);
    if (!err) {
        add_head(p, tree);
        add_forest(&(struct tree_view){p, v, &f, tree});
        if (f.n == 0)
            lines_wrap(&p->lines, ROLE_DIM, 0, p->width,
                       v->model->command_ended ? "All processes have ended." : "No process was seen yet.",
                       (struct subject){0});
        err = keep_cursor(p);
    }
    free(f.by_pid);
    free(f.by_parent);
    return err;
}

static void processes_status(const struct pane *p, const struct view *v, struct buf *out)
{
    const struct model *m = v->model;
    size_t hung = 0, gone = 0;
    (void)p;
    for (size_t i = 0; i < m->nprocesses; i++) {
        gone += m->processes[i].gone;
        hung += !m->processes[i].gone && m->nfindings > 0 && model_finding_of(m, m->processes[i].seen.pid);
    }
    if (hung)
        buf_addf(out, "%zu hung", hung);
    if (gone)
        buf_addf(out, "%s%zu gone", hung ? ", " : "", gone);
}

static void processes_close(struct pane *p)
{
    free(((struct processes_state *)p->state)->pids);
}

int64_t processes_pid(const struct pane *p)
{
    const struct processes_state *s = p->state;
    return p->cursor < s->n ? s->pids[p->cursor] : 0;
}

void processes_choose(struct pane *p, int64_t pid)
{
    const struct processes_state *s = p->state;
    for (size_t i = 0; i < s->n; i++)
        if (s->pids[i] == pid)
            p->cursor = i;
}

const struct pane_ops pane_processes_ops = {
    .name = "processes",
    .title = "Processes",
    .brief = "Processes",
    .hints = (const char *const[]){"explain", "stack", "kill-all", "stop-all", NULL},
    .state_size = sizeof(struct processes_state),
    .close = processes_close,
    .sync = processes_sync,
    .status = processes_status,
};
