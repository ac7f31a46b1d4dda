#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compares the pool with what the machine allows and with Python's standard library, in several rounds:
#   builddir=build tests/bench/bench_pool.sh [PYTHON]
# PYTHON (or $PYTHON; python3) runs the peers; with Polars installed it also measures handing over a data frame. There are
# $ROUNDS (3) rounds of about a minute; each ratio is the median over the rounds. Needs `make bench-programs`.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${builddir:-$top/build}
python=${1:-${PYTHON:-python3}}
export POOLSCOPE_POOL=$build/poolscope-pool
all=$(mktemp)
trap 'rm -f "$all"' EXIT

round() {
    "$build/tests/bench_floor"
    "$build/tests/bench_pool" all
    "$build/tests/bench_pool" table 1K 100M 1G
    if command -v "$python" >/dev/null; then
        for method in fork spawn forkserver; do "$python" "$top/tests/bench/bench_peer.py" "$method"; done
    fi
}
for ((i = 1; i <= ${ROUNDS:-3}; i++)); do
    echo "round $i"
    round
done | tee "$all" >&2

# line WORDS OURS PEER AT-LEAST WAY: WAY is + where more is better, - where less is.
awk '
function max(a, b) { if (a > b) return a; return b }
function median(a, n,   i, j, x) {
    for (i = 2; i <= n; i++) {
        x = a[i]
        for (j = i - 1; j > 0 && a[j] > x; j--)
            a[j + 1] = a[j]
        a[j + 1] = x
    }
    return a[int((n + 1) / 2)]
}
function line(words, ours, theirs, least, way,   i, n, x, y, a, b, ratios, ratio) {
    for (i = 1; i <= rounds; i++) {
        x = v[i, ours]; y = v[i, theirs]
        if (x == "" || y == "" || x == 0 || y == 0)
            continue
        a[++n] = x; b[n] = y; ratios[n] = (way == "+") ? x / y : y / x
    }
    if (!n) { printf "%-52s not measured\n", words; return }
    ratio = median(ratios, n)
    printf "%-52s %12.4g %12.4g %9.1f x   at least %g: %s\n", words, median(a, n), median(b, n), ratio, least, (ratio >= least ? "yes" : "no")
}
function best(i, name, prefix, suffix) {
    v[i, name] = max(v[i, prefix "fork" suffix], max(v[i, prefix "spawn" suffix], v[i, prefix "forkserver" suffix]))
}
$1 == "round" { rounds = $2; next }
{ v[rounds, $1] = $2 }
END {
    printf "%-52s %12s %12s %9s\n", "measure (2 workers, medians)", "ours", "theirs", "ratio"
    for (i = 1; i <= rounds; i++) {
        best(i, "best", "throughput_", "_median")
        best(i, "ppe", "peer_throughput_", "")
        best(i, "mp", "peer_mp_throughput_", "")
    }
    line("no-op tasks/s, ProcessPoolExecutor", "best", "ppe", 100, "+")
    line("no-op tasks/s, multiprocessing.Pool", "best", "mp", 20, "+")
    line("no-op tasks/s, raw sockets by 16", "best", "floor_throughput_median", 1, "+")
    line("round trip us, ProcessPoolExecutor", "round_trip_median", "peer_round_trip_fork", 25, "-")
    line("round trip us, raw socket", "round_trip_median", "floor_round_trip_median", 0.5, "-")
    line("create to first ms, fork", "first_fork_median", "peer_first_fork", 30, "-")
    line("create to first ms, spawn", "first_spawn_median", "peer_first_spawn", 18, "-")
    line("create to first ms, forkserver", "first_forkserver_median", "peer_first_forkserver", 35, "-")
    line("create to first ms, fork, raw fork", "first_fork_median", "floor_first_fork_median", 0, "-")
    line("create to first ms, spawn, raw spawn", "first_spawn_median", "floor_first_spawn_median", 0, "-")
    line("100 MB table to a warm worker us", "table_100M_median", "peer_table_100M_spawn", 500, "-")
    line("the same, 1 KB against 1 GB", "table_1K_median", "table_1G_median", 0, "-")
    line("USS of an idle spawned worker MiB", "uss_spawn_median", "peer_uss_spawn", 25, "-")
    line("shutdown ms, spawn", "shutdown_spawn_median", "peer_shutdown_spawn", 40, "-")
    line("shutdown ms, fork", "shutdown_fork_median", "peer_shutdown_fork", 15, "-")
}' "$all"
