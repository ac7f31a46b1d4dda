# SPDX-License-Identifier: MIT
"""A process pool over a Polars frame: each task filters the frame for one code. pool_filter.py METHOD CSV [CODE...]"""
import concurrent.futures
import multiprocessing
import sys

import polars as pl


def rows_of(code, frame):
    return frame.filter(pl.col("code") == code)


def main():
    method, path, codes = sys.argv[1], sys.argv[2], sys.argv[3:] or ["0001", "00002", "0005"]
    schema = {"code": pl.Utf8, "name": pl.Utf8, "age": pl.Int64}
    given = "schema_overrides" if hasattr(pl.DataFrame, "collect_schema") else "dtypes"
    frame = pl.read_csv(path, **{given: schema})
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(mp_context=context) as pool:
        for done in concurrent.futures.as_completed([pool.submit(rows_of, code, frame) for code in codes]):
            print(done.result())


if __name__ == "__main__":
    main()
