/* SPDX-License-Identifier: MIT
 * What tests of passed fds share. */
#ifndef TESTS_KIT_FD_KIT_H
#define TESTS_KIT_FD_KIT_H

#include <stdbool.h>

bool same_file(int a, int b);

/* The lowest free fd. It grows by one for each fd that leaks. */
int next_fd(void);

#endif
