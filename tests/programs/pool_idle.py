# SPDX-License-Identifier: MIT
"""Polars at rest: threads and workers that have nothing to do. pool_idle.py METHOD CSV. With fork, no query runs before
the workers are forked, so that they work."""
import concurrent.futures
import multiprocessing
import os
import sys
import time

import polars as pl


def rows(path):
    return pl.read_csv(path).filter(pl.col("age") > 10).height


def main():
    method, path = sys.argv[1:]
    # A pool that is killed does not remove its semaphores: their names begin with this, so the test can.
    multiprocessing.current_process()._config["semprefix"] = os.environ.get("semaphores", "/mp")
    if method != "fork":
        rows(path)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        print(list(pool.map(rows, [path] * 4)))
        print(rows(path))
        print("ready", flush=True)
        while True:
            time.sleep(1000)


if __name__ == "__main__":
    main()
