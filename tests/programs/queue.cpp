// SPDX-License-Identifier: MIT
// A std::thread serves a queue, which is used before a fork and after it: the child lacks that thread.
#include <condition_variable>
#include <cstdio>
#include <future>
#include <mutex>
#include <queue>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

class server {
public:
    server() : thread([this] { serve(); }) { thread.detach(); }

    int ask(int n)
    {
        std::packaged_task<int()> task([n] { return n + 1; });
        std::future<int> answer = task.get_future();
        {
            std::lock_guard<std::mutex> guard(lock);
            tasks.push(std::move(task));
        }
        filled.notify_one();
        return answer.get();
    }

private:
    void serve()
    {
        std::unique_lock<std::mutex> guard(lock);
        for (;;) {
            filled.wait(guard, [this] { return !tasks.empty(); });
            std::packaged_task<int()> task = std::move(tasks.front());
            tasks.pop();
            guard.unlock();
            task();
            guard.lock();
        }
    }

    std::mutex lock;
    std::condition_variable filled;
    std::queue<std::packaged_task<int()>> tasks;
    std::thread thread;
};

int main()
{
    server s;
    int answer = s.ask(1);
    usleep(50000);
    pid_t pid = fork();
    if (pid == 0) {
        dprintf(1, "meant %d\n", static_cast<int>(getpid()));
        _exit(s.ask(1) != answer);
    }
    return waitpid(pid, nullptr, 0) != pid;
}
