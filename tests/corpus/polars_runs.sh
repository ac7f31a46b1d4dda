#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Watches the process pool over Polars again and again. With fork every run must be proved to hang because of lost
# threads, and end with status 124; with spawn and forkserver every run must finish without a finding.
#
#   tests/corpus/polars_runs.sh [RUNS]     (default: 20, which take a few minutes)
#
# POLARS_NEW, POLARS_OLD: Pythons with Polars (default: those that ./bootstrap check installs in build/)
# builddir: the folder of poolscope (default: build)
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${1:-20}
poolscope=${builddir:-$top/build}/poolscope
report=$(mktemp)
trap 'rm -f "$report"' EXIT

# verdict PYTHON: prints each kind of finding in the report once, as "RULE CERTAINTY CAUSE", or "nothing".
verdict() {
    "$1" - "$report" <<'PYTHON'
import json, sys
findings = json.load(open(sys.argv[1]))["findings"]
kinds = {(f["rule"], f["certainty"], f["cause"]) for f in findings}
print(", ".join(" ".join(kind) for kind in sorted(kinds)) or "nothing")
PYTHON
}

# times PYTHON METHOD STATUS VERDICT: prints how many runs had this status and verdict, and each run that had not.
times() {
    local python=$1 method=$2 want="$3 $4" good=0 i status got
    for ((i = 0; i < runs; i++)); do
        status=0
        "$poolscope" watch --headless --on-hang kill --timeout 60 --format json -o "$report" -- \
            "$python" "$top/tests/programs/pool_filter.py" "$method" "$top/assets/sample.csv" >/dev/null 2>&1 || status=$?
        got="$status $(verdict "$python")"
        if [ "$got" = "$want" ]; then
            good=$((good + 1))
        else
            echo "run $i: $got"
        fi
    done
    printf '%-8s %-12s %2d of %d: %s\n' "$version" "$method" "$good" "$runs" "$want"
    [ "$good" = "$runs" ] || failed=1
}

failed=0
for python in "${POLARS_NEW:-$top/build/polars-new/bin/python}" "${POLARS_OLD:-$top/build/polars-old/bin/python}"; do
    version=$("$python" -c 'import polars; print(polars.__version__)') || { echo "no Polars: $python"; exit 77; }
    times "$python" fork 124 'no-waker proved lost-threads'
    times "$python" spawn 0 nothing
    times "$python" forkserver 0 nothing
done
exit "$failed"
