/* SPDX-License-Identifier: MIT
 * A parallel loop before a fork, and another one after it: the child waits for a team of threads that it lacks. With
 * OMP_WAIT_POLICY=active it spins instead. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static double sum_of_squares(int n)
{
    double sum = 0;
#pragma omp parallel for num_threads(2) reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += (double)i * i;
    return sum;
}

int main(void)
{
    double before = sum_of_squares(1000);
    pid_t pid = fork();
    if (pid == 0) {
        dprintf(1, "meant %d\n", (int)getpid());
        _exit(sum_of_squares(1000) != before);
    }
    return waitpid(pid, NULL, 0) != pid;
}
