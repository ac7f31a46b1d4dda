/* SPDX-License-Identifier: MIT
 * `poolscope watch` on the corpus of real programs: those that hang are found, for the right reason and with the right
 * certainty, and all their processes are ended; those that do not hang get no finding, and keep their exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/corpus/corpus.h"
#include "tests/kit/program.h"

enum { RUNS_MAX = 256, STATUS_HUNG = 124 };
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

static struct corpus_run runs[RUNS_MAX];
static struct CMUnitTest tests[RUNS_MAX];
static size_t nruns;

static const json_t *findings_of(const struct corpus_run *r)
{
    return json_object_get(r->report, "findings");
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long pid_of(const json_t *finding)
{
    return (long long)json_integer_value(json_object_get(finding, "pid"));
}

/* True if `word` is one of the words in a list separated by |. */
static bool is_one_of(const char *word, const char *words)
{
    size_t len = strlen(word);
    for (const char *at = words; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, word, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

static enum certainty certainty_of(const json_t *finding)
{
    enum certainty c = CERTAINTY_POSSIBLE;
    while (c < CERTAINTY_PROVED && strcmp(certainty_names[c], text_of(finding, "certainty")) != 0)
        c++;
    return c;
}

/* A program prints which of its processes hangs. If it prints nothing, it may be any. */
static bool is_meant(const struct corpus_run *r, const json_t *finding)
{
    char line[32];
    snprintf(line, sizeof line, "meant %lld\n", pid_of(finding));
    return !strstr(r->out, "meant ") || strstr(r->out, line);
}

static bool is_expected(const struct corpus_run *r, const json_t *finding)
{
    const struct corpus_case *c = r->c;
    return c->rule && is_one_of(text_of(finding, "rule"), c->rule) && certainty_of(finding) >= c->least &&
           (!c->cause || is_one_of(text_of(finding, "cause"), c->cause)) && is_meant(r, finding);
}

static bool all_are_expected(const struct corpus_run *r)
{
    size_t i;
    json_t *finding;
    json_array_foreach(findings_of(r), i, finding) if (!is_expected(r, finding)) return false;
    return true;
}

static bool is_judged_right(const struct corpus_run *r)
{
    size_t n = json_array_size(findings_of(r));
    return all_are_expected(r) && (r->c->rule ? n > 0 : n == 0);
}

static int expected_status(const struct corpus_case *c)
{
    return c->rule || c->status == UNTIL_ENDED ? STATUS_HUNG : c->status;
}

/* Prints all that is needed to see what went wrong, which is too much for a message of cmocka. */
static void fail_with(const struct corpus_run *r, const char *why)
{
    const struct corpus_case *c = r->c;
    char *findings = json_dumps(findings_of(r), JSON_INDENT(1));
    fprintf(stderr, "%s: %s\nexpected: %s %s %s, exit status %d\nexit status %d, %zu processes left\n", r->name, why,
            c->rule ? c->rule : "nothing", c->rule ? certainty_names[c->least] : "", c->cause ? c->cause : "",
            expected_status(c), r->status, r->left);
    fprintf(stderr, "stdout:\n%sstderr:\n%sfindings:\n%s\n", r->out, r->err, findings ? findings : "no report");
    free(findings);
    fail();
}

/* Too much even for a judgement that is known to be wrong: more than is borne of a healthy program, or a proof that
 * another process hangs than is meant. */
static bool is_unbearable(const struct corpus_run *r, const json_t *finding)
{
    return r->c->rule ? certainty_of(finding) == CERTAINTY_PROVED && !is_meant(r, finding)
                      : certainty_of(finding) > r->c->least;
}

static void tolerate(const struct corpus_run *r)
{
    size_t i;
    json_t *finding;
    print_message("PENDING %s: %s\n", r->name, r->c->pending);
    if (is_judged_right(r))
        print_message("        it is judged right now: the mark can go\n");
    else if (json_array_size(findings_of(r)) == 0)
        print_message("        found: nothing\n");
    json_array_foreach(findings_of(r), i, finding)
    {
        print_message("        found: %s %s %s, process %lld: %s\n", text_of(finding, "rule"),
                      text_of(finding, "certainty"), text_of(finding, "cause"), pid_of(finding),
                      text_of(finding, "summary"));
        if (is_unbearable(r, finding))
            fail_with(r, "that is worse than what is known");
    }
}

/* Control bytes in names and command lines must not reach the terminal. */
static bool has_control_characters(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t')
            return true;
    return false;
}

static bool machine_is_busy(void)
{
    double load;
    return getloadavg(&load, 1) == 1 && load > 4 * (double)sysconf(_SC_NPROCESSORS_ONLN);
}

static void is_judged_right_and_ended(void **state)
{
    const struct corpus_run *r = *state;
    if (r->missing) {
        print_message("SKIPPED %s: no %s here\n", r->name, r->missing);
        skip();
    }
    if (!r->report || r->left > 0 || r->status < 0)
        fail_with(r, "it was not ended as it should");
    if (has_control_characters(r->err))
        fail_with(r, "it lets control characters through");
    if (r->c->pending) {
        tolerate(r);
        return;
    }
    if (!is_judged_right(r) && r->c->rule && strcmp(r->c->rule, "spinning") == 0 && machine_is_busy()) {
        print_message("SKIPPED %s: what gets no CPU time cannot be seen to spin\n", r->name);
        skip();
    }
    if (!is_judged_right(r))
        fail_with(r, "misjudged");
    if (r->status != expected_status(r->c))
        fail_with(r, "judged right, but it did not end so");
    if (!r->c->rule && r->c->status == UNTIL_ENDED && !r->ready)
        fail_with(r, "it never came to what it was to be looked at in");
}

static bool is_wanted(const struct corpus_case *c)
{
    const char *only = getenv("CORPUS_ONLY"); /* set by hand, to a part of a name */
    if (only)
        return strstr(c->name, only);
    /* A sanitizer is slow and does not change the rules: it only gets the programs that make us read hostile data. */
    return !SANITIZED || strncmp(c->name, "hostile-", 8) == 0 || strncmp(c->name, "fork-", 5) == 0 ||
           strncmp(c->name, "outside-", 8) == 0;
}

/* CORPUS_TIMES=all runs a case as often as it asks for; otherwise each runs once. */
static void add_runs(const struct corpus_case *c)
{
    const char *wanted = getenv("CORPUS_TIMES");
    int times = c->times && wanted && strcmp(wanted, "all") == 0 && !SANITIZED ? c->times : 1;
    for (int k = 1; k <= times && nruns < RUNS_MAX; k++) {
        struct corpus_run *r = &runs[nruns];
        r->c = c;
        snprintf(r->name, sizeof r->name, times > 1 ? "%s %d" : "%s", c->name, k);
        tests[nruns++] = (struct CMUnitTest){
            .name = r->name, .test_func = is_judged_right_and_ended, .initial_state = r};
    }
}

static int run_all(void **state)
{
    (void)state;
    kin_adopt();
    corpus_run_all(runs, nruns);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < nruns; i++)
        corpus_run_done(&runs[i]);
    kin_wait_none();
    return 0;
}

int main(void)
{
    for (size_t i = 0; i < corpus_ncases; i++)
        if (is_wanted(&corpus_cases[i]))
            add_runs(&corpus_cases[i]);
    return _cmocka_run_group_tests("watch", tests, nruns, run_all, free_all);
}
