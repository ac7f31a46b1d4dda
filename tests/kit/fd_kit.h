/* SPDX-License-Identifier: MIT
 * What tests of fds on their way ask of them. */
#ifndef TESTS_KIT_FD_KIT_H
#define TESTS_KIT_FD_KIT_H

#include <stdbool.h>

bool same_file(int a, int b);

/* The lowest fd that is free: it moves up by one for each fd that leaks. */
int next_fd(void);

#endif
