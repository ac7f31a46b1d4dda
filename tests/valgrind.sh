#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Host, forkserver and workers under valgrind, each start method: builddir=build tests/valgrind.sh
# A valgrind that does not know pidfd_open(2) (before 3.21) can run spawned workers only, and this says so.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${builddir:-$top/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v valgrind >/dev/null || { echo "valgrind is not here: skipped"; exit 77; }

# wrap PATTERN: from now on the pool's processes whose command matches run under valgrind. The program itself stands in
# for poolscope-pool, which is linked statically and would keep its malloc from valgrind.
wrap() {
    cat >"$work/pool" <<END
#!/bin/sh
case \$1 in
$1) exec valgrind -q --child-silent-after-fork=no --leak-check=full --show-leak-kinds=definite \
    --log-file="$work/log.\$1.%p" "$build/poolscope" "\$@" ;;
*) exec "$build/poolscope-pool" "\$@" ;;
esac
END
    chmod +x "$work/pool"
}

# A run of many short tasks, a code too long for the ring, and results with many ranges.
run() {
    POOLSCOPE_POOL=$work/pool timeout 300 "$build/poolscope" run --format json -o "$work/report" "$@" "$work/table.csv"
}

seq 1 400 | sed 's/^/code /' >"$work/codes"
printf '%02000d\n' 7 >>"$work/codes"
{
    echo code,n
    for i in $(seq 1 2000); do echo "code $((i % 3)),$i"; done
} >"$work/table.csv"

wrap '*'
methods='fork spawn forkserver'
if ! run -s spawn -w 2 -c 'code 1' 2>/dev/null && cat "$work"/log.* | grep -q 'unhandled.* syscall: 434'; then
    echo "$(valgrind --version) does not know pidfd_open: spawned workers only"
    wrap poolscope-worker
    methods=spawn
fi
rm -f "$work"/log.*
for method in $methods; do
    run -s "$method" --at-fork reinit -w 2 -t 2 --codes-from "$work/codes"
    run -s "$method" --at-fork reinit -w 1 -t 1
done
n=$(find "$work" -name 'log.*' | wc -l)
if [ -n "$(cat "$work"/log.*)" ]; then
    cat "$work"/log.*
    exit 1
fi
[ "$n" -gt 0 ] || { echo "nothing ran under valgrind"; exit 1; }
echo "$n processes under valgrind ($methods): nothing to complain about"
