# SPDX-License-Identifier: MIT
"""Python programs that hang and use only the standard library: hangs.py NAME. Each prints "meant PID" for a process that
will never continue, if it knows which one."""
import concurrent.futures
import logging
import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
import time

fork = multiprocessing.get_context("fork")


def meant(pid=None):
    os.write(1, b"meant %d\n" % (pid or os.getpid()))


def in_fork(function):
    pid = os.fork()
    if pid == 0:
        meant()
        function()
        os._exit(0)
    os.waitpid(pid, 0)


def executor_in_fork():
    """A pool of threads is created before the fork, and its copy in the child has no threads."""
    pool = concurrent.futures.ThreadPoolExecutor(4)
    pool.submit(abs, 1).result()
    time.sleep(0.1)
    in_fork(lambda: pool.submit(abs, 1).result())


def lock_held_at_fork():
    """Another thread holds a lock, to write a log, when the process forks."""
    log = threading.Lock()
    writes = threading.Event()

    def write_slowly():
        with log:
            writes.set()
            time.sleep(1000)

    threading.Thread(target=write_slowly, daemon=True).start()
    writes.wait()
    in_fork(log.acquire)


def queue_in_fork():
    """A background thread answers requests; the child has no such thread."""
    questions, answers = queue.Queue(), queue.Queue()

    def serve():
        while True:
            answers.put(questions.get())

    def ask():
        questions.put(1)
        return answers.get()

    threading.Thread(target=serve, daemon=True).start()
    ask()
    in_fork(ask)


def log_in_forks():
    """Another thread keeps logging to a file while children are forked that log, too: logging handles that, but the
    buffer of the file does not."""
    logging.basicConfig(stream=open(os.devnull, "w"))
    threading.Thread(target=lambda: [logging.error("here") for _ in range(10**9)], daemon=True).start()
    while True:
        in_fork(lambda: logging.error("there"))


_pool = concurrent.futures.ThreadPoolExecutor(2)


def _in_threads(n):
    return list(_pool.map(abs, range(n)))


def process_pool_over_threads():
    """A process pool with fork; its tasks use a thread pool that was used before the fork."""
    _in_threads(4)
    time.sleep(0.1)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=fork) as pool:
        for n in pool.map(_in_threads, range(4)):
            print(n)


def locks_in_two_orders():
    a, b = threading.Lock(), threading.Lock()
    both = threading.Barrier(2)

    def take(first, second):
        with first:
            both.wait()
            with second:
                pass

    meant()
    threads = [threading.Thread(target=take, args=order) for order in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _put_much(q):
    meant()
    q.put(bytes(1 << 20))


def join_before_drain():
    """As the documentation warns: the child cannot end before the pipe of its queue is read."""
    q = fork.Queue()
    process = fork.Process(target=_put_much, args=(q,))
    process.start()
    meant()
    process.join()
    q.get()


def _sleep_long(_):
    time.sleep(1000)


def pool_worker_killed():
    """The pool starts another worker, but the task of the dead one is lost."""
    with fork.Pool(2) as pool:
        task = pool.apply_async(_sleep_long, (1,))
        time.sleep(3)  # the watcher must have seen the worker
        meant()
        victims = [process for process in pool._pool if _is_asleep_for_long(process.pid)]
        os.kill(victims[0].pid, signal.SIGKILL)
        task.get()


def _is_asleep_for_long(pid):
    """The pid of the worker that is busy: in clock_nanosleep, or in select with older Pythons."""
    with open(f"/proc/{pid}/wchan") as wchan:
        word = wchan.read()
    return "nanosleep" in word or "poll" in word or "select" in word


def _get_for_ever(q):
    meant()
    while True:
        q.get()


def queue_reader_killed():
    """The worker that reads the pipe holds the lock of the queue: when it is killed, the others wait for ever."""
    q = fork.Queue()
    readers = [fork.Process(target=_get_for_ever, args=(q,)) for _ in range(3)]
    for reader in readers:
        reader.start()
    time.sleep(0.5)
    holders = [reader for reader in readers if "pipe" in open(f"/proc/{reader.pid}/wchan").read()]
    os.kill(holders[0].pid, signal.SIGKILL)
    for i in range(3):
        q.put(i)
    for reader in readers:
        if reader is not holders[0]:
            reader.join()


def _serve_on(connection):
    meant()
    connection.send(connection.recv())


def both_receive():
    """Each waits for input from the other."""
    here, there = fork.Pipe()
    process = fork.Process(target=_serve_on, args=(there,))
    process.start()
    there.close()
    meant()
    here.recv()
    process.join()


def wait_before_reading():
    """As the documentation of subprocess warns: wait() with a pipe that nobody reads."""
    process = subprocess.Popen([sys.executable, "-c", "print('x' * 1000000)"], stdout=subprocess.PIPE)
    meant()
    meant(process.pid)
    process.wait()
    process.stdout.read()


def write_before_reading():
    """All input is written to a filter before its output is read."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    meant()
    meant(process.pid)
    process.stdin.write(bytes(1 << 20))
    process.stdin.close()
    process.stdout.read()


def orphaned_executor():
    """The owner of a process pool is killed: its workers wait for tasks for ever, as they hold the other end of the pipe
    themselves, and the reader of their output waits, too."""
    process = subprocess.run([sys.executable, __file__, "_own_executor"], stdout=subprocess.PIPE)
    print(len(process.stdout))


def _own_executor():
    pool = concurrent.futures.ProcessPoolExecutor(2, mp_context=fork)
    for pid in set(pool.map(_pid_after_a_while, range(4))):
        os.write(2, b"worker %d\n" % pid)
    os.kill(os.getpid(), signal.SIGKILL)


def _pid_after_a_while(_):
    time.sleep(0.2)
    return os.getpid()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
