# SPDX-License-Identifier: MIT
"""Python programs that look like a hang, or might, and use only the standard library: healthy.py NAME [METHOD]. Each
prints "ready" once it is in the state that is to be watched, or ends by itself."""
import asyncio
import concurrent.futures
import http.server
import multiprocessing
import os
import queue
import signal
import socketserver
import subprocess
import sys
import threading
import time

method = sys.argv[2] if len(sys.argv) > 2 else "fork"
context = multiprocessing.get_context(method)
# A pool that is killed does not remove its semaphores: their names begin with this, so the test can.
multiprocessing.current_process()._config["semprefix"] = os.environ.get("semaphores", "/mp")


def ready():
    os.write(1, b"ready\n")


def for_ever():
    ready()
    while True:
        time.sleep(1000)


def _a_moment(n):
    time.sleep(0.05)
    return n


def idle_threads():
    pool = concurrent.futures.ThreadPoolExecutor(4)
    list(pool.map(_a_moment, range(8)))
    for_ever()


def idle_processes():
    """A process pool between two bursts of work."""
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(_a_moment, range(8)))
        for_ever()


def idle_pool():
    with context.Pool(2) as pool:
        pool.map(_a_moment, range(8))
        for_ever()


def recycled_pool():
    """Each worker ends after a task, as configured, and another one replaces it."""
    with context.Pool(2, maxtasksperchild=1) as pool:
        pool.map(_a_moment, range(8))
        for_ever()


def pool_after_loss():
    """An idle worker that held no lock was killed, and another one replaces it."""
    with context.Pool(3) as pool:
        pool.map(_a_moment, range(8))
        time.sleep(0.2)
        spare = [worker for worker in pool._pool if "pipe" not in open(f"/proc/{worker.pid}/wchan").read()]
        os.kill(spare[0].pid, signal.SIGKILL)
        time.sleep(0.3)
        pool.map(_a_moment, range(8))
        for_ever()


def pool_after_loss_and_input():
    """The same, but the owner waits for something other than the pool."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        time.sleep(1000)
    os.close(writer)
    with context.Pool(3) as pool:
        pool.map(_a_moment, range(8))
        time.sleep(0.2)
        spare = [worker for worker in pool._pool if "pipe" not in open(f"/proc/{worker.pid}/wchan").read()]
        os.kill(spare[0].pid, signal.SIGKILL)
        time.sleep(0.3)
        ready()
        os.read(reader, 1)


def _sleep(seconds):
    time.sleep(seconds)
    return seconds


def slow_tasks():
    """The tasks sleep, and their owner waits for the results without a timeout."""
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        tasks = [pool.submit(_sleep, 1000) for _ in range(2)]
        ready()
        for task in concurrent.futures.as_completed(tasks):
            task.result()


def _compute(n):
    return sum(i * i for i in range(n))


def long_tasks():
    """Tasks that compute for long, in forked children of a program with threads."""
    threads = concurrent.futures.ThreadPoolExecutor(4)
    list(threads.map(_a_moment, range(8)))
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        task = pool.submit(_compute, 10**12)
        ready()
        task.result()


def busy_pool():
    with context.Pool(2) as pool:
        ready()
        while True:
            pool.map(_compute, [100000] * 8)


def _serve(q):
    while q.get():
        pass


def idle_queue():
    """Workers without a pool wait for a queue: one for its pipe, the others for its lock."""
    q = context.Queue()
    workers = [context.Process(target=_serve, args=(q,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    q.put(1)
    time.sleep(0.3)
    ready()
    for worker in workers:
        worker.join()


def pool_after_fork():
    """A pool of threads is created in the child, as it should be."""
    if os.fork() == 0:
        idle_threads()
    os.wait()


def join_lost_thread():
    """In the child, Python knows which threads do not exist."""
    thread = threading.Thread(target=time.sleep, args=(1000,), daemon=True)
    thread.start()
    pid = os.fork()
    if pid == 0:
        thread.join()
        os._exit(0)
    os.waitpid(pid, 0)
    os._exit(0)


def beats_time():
    """A main thread that waits for an event with a timeout of a second, again and again."""
    event = threading.Event()
    ready()
    while not event.wait(1):
        pass


def waits_for_timer():
    """A timer is a thread that waits with a timeout."""
    event = threading.Event()
    threading.Timer(7, event.set).start()
    event.wait()


def waits_for_signal():
    """Only a signal ends the wait: its handler sets the event."""
    event = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: event.set())
    ready()
    event.wait()


def waits_for_interrupt():
    """The workers do all the work, and the main thread waits for Ctrl-C, like a server in the foreground."""
    worker = context.Process(target=time.sleep, args=(1000,))
    worker.start()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell starts without it
    ready()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        worker.terminate()


def waits_for_alarm():
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.alarm(7)
    signal.pause()


def dummy_process():
    """A child that only waits until its parent, which computes, no longer needs it."""
    dummy = context.Process(target=threading.Event().wait)
    dummy.start()
    time.sleep(7)
    dummy.terminate()
    dummy.join()


def asyncio_server():
    async def serve():
        server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
        ready()
        await server.serve_forever()

    asyncio.run(serve())


def asyncio_in_thread():
    """An event loop in its own thread, and a main thread that waits for a request that never comes."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    ready()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(1000), loop).result()


def http_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    ready()
    server.serve_forever()


def server_in_thread():
    """The main thread waits for a thread that waits for clients."""
    server = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
    thread = threading.Thread(target=lambda: [server.get_request() for _ in range(10)])
    thread.start()
    ready()
    thread.join()


def slow_child():
    """A reader waits for the output of a slow program."""
    ready()
    subprocess.run(["sh", "-c", "sleep 1000; echo done"], stdout=subprocess.PIPE, check=True)


def idle_consumer():
    """A thread waits for a queue that the main thread, which waits for input, will fill."""
    q = queue.Queue()
    threading.Thread(target=q.get, daemon=True).start()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        time.sleep(1000)
    os.close(writer)
    ready()
    os.read(reader, 1)


def manager():
    with context.Manager() as m:
        shared = m.dict()
        shared["a"] = 1
        for_ever()


def forks_in_threads():
    """Each of several threads runs one child after the other."""
    pool = concurrent.futures.ThreadPoolExecutor(4)
    ready()
    while True:
        list(pool.map(lambda _: subprocess.run(["true"]), range(8)))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
