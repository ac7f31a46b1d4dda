#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench_peer.py METHOD -> lines `name value unit`: what the standard library's pools reach, 2 workers.
With Polars installed, also a 100 MB frame as an argument."""
import concurrent.futures as futures
import multiprocessing
import os
import sys
import time

WORKERS = 2
now = time.perf_counter


def noop(x):
    return x


def rows(frame):
    return frame.height


def say(name, value, unit):
    print(f"peer_{name} {value:.6g} {unit}", flush=True)


def median(values):
    return sorted(values)[len(values) // 2]


def uss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private_")) / 1024


def start_and_stop(context, method):
    first, stop = [], []
    for _ in range(7):
        if method == "forkserver":  # one of its own for each pool, as at the start of a program
            from multiprocessing import forkserver
            server = forkserver._forkserver
            if server._forkserver_pid is not None:
                server._stop()
        start = now()
        pool = futures.ProcessPoolExecutor(WORKERS, mp_context=context)
        pool.submit(noop, 7).result()
        first.append(now() - start)
        list(pool.map(noop, range(10)))
        start = now()
        pool.shutdown(wait=True)
        stop.append(now() - start)
    say(f"first_{method}", median(first) * 1e3, "ms")
    say(f"shutdown_{method}", median(stop) * 1e3, "ms")


def executor(context, method):
    with futures.ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        list(pool.map(noop, range(100)))
        rates = []
        for _ in range(3):
            start = now()
            [f.result() for f in [pool.submit(noop, i) for i in range(10000)]]
            rates.append(10000 / (now() - start))
        say(f"throughput_{method}", median(rates), "tasks/s")
        trips = []
        for i in range(1000):
            start = now()
            pool.submit(noop, i).result()
            trips.append(now() - start)
            if i % 8 == 0:
                time.sleep(0.0005)
        say(f"round_trip_{method}", median(trips) * 1e6, "us")
        say(f"uss_{method}", max(uss(pid) for pid in pool._processes), "MiB")
        frame(pool, method)


def frame(pool, method):
    try:
        import polars
    except ImportError:
        return
    if method == "fork":  # it would hang: that is what this program is about
        return
    data = polars.DataFrame({"a": polars.int_range(0, 100 << 17, eager=True)})
    times = []
    for _ in range(5):
        start = now()
        pool.submit(rows, data).result()
        times.append(now() - start)
    say(f"table_100M_{method}", median(times[1:]) * 1e6, "us")


def pool(context, method):
    with context.Pool(WORKERS) as p:
        rates = []
        for _ in range(3):
            start = now()
            [r.get() for r in [p.apply_async(noop, (i,)) for i in range(10000)]]
            rates.append(10000 / (now() - start))
        say(f"mp_throughput_{method}", median(rates), "tasks/s")


def main():
    method = sys.argv[1]
    context = multiprocessing.get_context(method)
    start_and_stop(context, method)
    executor(context, method)
    pool(context, method)


if __name__ == "__main__":
    main()
