#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The pool beside what the machine allows and what the standard library of Python reaches, in one run:
#   builddir=build tests/bench_pool.sh [PYTHON]
# PYTHON (or $PYTHON; python3) runs the peers; one that has Polars adds the frame. Needs `make bench-programs`.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${builddir:-$top/build}
python=${1:-${PYTHON:-python3}}
export POOLSCOPE_POOL=$build/poolscope-pool
all=$(mktemp)
trap 'rm -f "$all"' EXIT

{
    "$build/tests/bench_floor"
    "$build/tests/bench_pool" all
    "$build/tests/bench_pool" table 1K 100M 1G
    if command -v "$python" >/dev/null; then
        for method in fork spawn forkserver; do "$python" "$top/tests/bench_peer.py" "$method"; done
    fi
} | tee "$all" >&2

# line WORDS OURS PEER AT-LEAST WAY: WAY is + where more is better, - where less is.
awk '
function max(a, b) { if (a > b) return a; return b }
function line(words, ours, peer, least, way, ratio) {
    if (!(ours in v) || peer == "" || peer == 0) { printf "%-52s not measured\n", words; return }
    ratio = (way == "+") ? v[ours] / peer : peer / v[ours]
    printf "%-52s %12.4g %12.4g %9.1f x   at least %g: %s\n", words, v[ours], peer, ratio, least, (ratio >= least ? "yes" : "no")
}
{ v[$1] = $2 }
END {
    printf "%-52s %12s %12s %9s\n", "measure (2 workers, medians)", "ours", "theirs", "ratio"
    best = max(v["throughput_fork_median"], max(v["throughput_spawn_median"], v["throughput_forkserver_median"]))
    v["best"] = best
    ppe = max(v["peer_throughput_fork"], max(v["peer_throughput_spawn"], v["peer_throughput_forkserver"]))
    mp = max(v["peer_mp_throughput_fork"], max(v["peer_mp_throughput_spawn"], v["peer_mp_throughput_forkserver"]))
    line("no-op tasks/s, ProcessPoolExecutor", "best", ppe, 100, "+")
    line("no-op tasks/s, multiprocessing.Pool", "best", mp, 20, "+")
    line("no-op tasks/s, raw sockets by 16", "best", v["floor_throughput_median"], 1, "+")
    line("round trip us, ProcessPoolExecutor", "round_trip_median", v["peer_round_trip_fork"], 25, "-")
    line("round trip us, raw socket", "round_trip_median", v["floor_round_trip_median"], 0.5, "-")
    line("create to first ms, fork", "first_fork_median", v["peer_first_fork"], 30, "-")
    line("create to first ms, spawn", "first_spawn_median", v["peer_first_spawn"], 18, "-")
    line("create to first ms, forkserver", "first_forkserver_median", v["peer_first_forkserver"], 35, "-")
    line("create to first ms, fork, raw fork", "first_fork_median", v["floor_first_fork_median"], 0, "-")
    line("create to first ms, spawn, raw spawn", "first_spawn_median", v["floor_first_spawn_median"], 0, "-")
    line("100 MB table to a warm worker us", "table_100M_median", v["peer_table_100M_spawn"], 500, "-")
    line("the same, 1 KB against 1 GB", "table_1K_median", v["table_1G_median"], 0, "-")
    line("USS of an idle spawned worker MiB", "uss_spawn_median", v["peer_uss_spawn"], 25, "-")
    line("shutdown ms, spawn", "shutdown_spawn_median", v["peer_shutdown_spawn"], 40, "-")
    line("shutdown ms, fork", "shutdown_fork_median", v["peer_shutdown_fork"], 15, "-")
}' "$all"
