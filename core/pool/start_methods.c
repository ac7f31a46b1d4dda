/* SPDX-License-Identifier: MIT
 * The start methods by name, and the default of each version of CPython on each platform. */
#include "core/pool/start_method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct start_method *const methods[] = {
    &start_method_fork,
    &start_method_spawn,
    &start_method_forkserver,
};

/* The default of Python's multiprocessing from version 3.minor on, newest first. */
static const struct {
    const char *platform;
    int minor;
    const struct start_method *method;
} defaults[] = {
    {"linux", 14, &start_method_forkserver}, {"linux", 0, &start_method_fork},    {"macos", 8, &start_method_spawn},
    {"macos", 0, &start_method_fork},        {"windows", 0, &start_method_spawn},
};

enum { COUNT = sizeof methods / sizeof methods[0] };

static const struct start_method *python_default(const char *name)
{
    static const char prefix[] = "python3.";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return NULL;
    const char *digits = name + sizeof prefix - 1;
    size_t n = strspn(digits, "0123456789");
    if (n < 1 || n > 3 || digits[n] != '/')
        return NULL;
    long minor = strtol(digits, NULL, 10);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (strcmp(defaults[i].platform, digits + n + 1) == 0 && minor >= defaults[i].minor)
            return defaults[i].method;
    }
    return NULL;
}

enum err start_method_find(const char *name, const struct start_method **out, struct problem *problem)
{
    const struct start_method *found = python_default(name);
    for (size_t i = 0; i < COUNT && !found; i++) {
        if (strcmp(methods[i]->name, name) == 0)
            found = methods[i];
    }
    if (!found)
        return problem_set(problem, ERR_NOT_FOUND,
                           "there is no start method \"%s\"; use fork, spawn, forkserver, or the default of a "
                           "Python, as in python3.14/linux (or /macos, /windows)",
                           name);
    *out = found;
    return OK;
}

const char *start_method_name(const struct start_method *m)
{
    return m->name;
}

const char *start_method_inherits(const struct start_method *m)
{
    return m->inherits;
}

size_t start_method_count(void)
{
    return COUNT;
}

const struct start_method *start_method_at(size_t i)
{
    return methods[i];
}
