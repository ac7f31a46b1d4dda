#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Host, forkserver and workers under valgrind, each start method and whatever is to happen at a fork:
#
#   builddir=build [VALGRIND=COMMAND] tests/valgrind.sh
#
# A valgrind that does not know pidfd_open(2) (before 3.21) can run spawned workers only, and this says so: VALGRIND names
# a newer one. One that does not know pidfd_send_signal(2) complains of itself where a worker is killed: that alone is
# passed over (the worker dies all the same, with its host).
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${builddir:-$top/build}
valgrind=${VALGRIND:-valgrind}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v "$valgrind" >/dev/null || { echo "valgrind is not here: skipped"; exit 77; }

# wrap PATTERN: from now on the pool's processes whose command matches run under valgrind. The program itself stands in
# for poolscope-pool, which is linked statically and would keep its malloc from valgrind.
wrap() {
    cat >"$work/pool" <<END
#!/bin/sh
case \$1 in
$1) exec "$valgrind" -q --child-silent-after-fork=no --leak-check=full --show-leak-kinds=definite \
    --log-file="$work/log.\$1.%p" "$build/poolscope" "\$@" ;;
*) exec "$build/poolscope-pool" "\$@" ;;
esac
END
    chmod +x "$work/pool"
}

# ends STATUS COMMAND OPTIONS...: poolscope COMMAND ends with this status.
ends() {
    local wanted=$1 status=0
    shift
    POOLSCOPE_POOL=$work/pool timeout 300 "$build/poolscope" "$@" --format json -o "$work/report" "$work/table.csv" \
        2>"$work/err" || status=$?
    [ "$status" = "$wanted" ] || { echo "$*: exit status $status"; cat "$work/err"; complaints; exit 1; }
}

complaints() {
    cat "$work"/log.* | awk '/ WARNING: unhandled .* syscall: 424$/ { skip = 5 } skip > 0 { skip--; next } { print }'
}

# Many short tasks, a code too long for the ring, and a result with many ranges.
seq 1 400 | sed 's/^/code /' >"$work/codes"
printf '%02000d\n' 7 >>"$work/codes"
{
    echo code,n
    for i in $(seq 1 2000); do echo "code $((i % 3)),$i"; done
} >"$work/table.csv"

wrap '*'
methods='fork spawn forkserver'
POOLSCOPE_POOL=$work/pool timeout 300 "$build/poolscope" run -s spawn -w 2 -c 'code 1' "$work/table.csv" \
    >/dev/null 2>&1 || true
if cat "$work"/log.* | grep -q 'unhandled.* syscall: 434'; then
    echo "$("$valgrind" --version) does not know pidfd_open: spawned workers only"
    wrap poolscope-worker
    methods=spawn
fi
rm -f "$work"/log.*
for method in $methods; do
    for at_fork in none reinit warn; do
        # What hangs is killed, for which the kernel's word suffices; one thread of its own never does.
        hangs=0
        [ "$method:$at_fork" = fork:reinit ] || [ "$method" != fork ] || hangs=124
        ends "$hangs" run -s "$method" --at-fork "$at_fork" -w 2 -t 2 --codes-from "$work/codes"
        ends 0 run -s "$method" --at-fork "$at_fork" -w 1 -t 1
        ends 0 run -s "$method" --at-fork "$at_fork" -w 3 -t 1 --codes-from "$work/codes"
    done
    ends 0 run -s "$method" --at-fork reinit -w 2 -t 2 --max-tasks 150 --codes-from "$work/codes"
done
[ "$methods" = spawn ] || ends 0 bench --rounds 1 -w 2 -t 2 -c 'code 1'
n=$(find "$work" -name 'log.*' | wc -l)
if [ -n "$(complaints)" ]; then
    complaints
    exit 1
fi
[ "$n" -gt 0 ] || { echo "nothing ran under valgrind"; exit 1; }
echo "$n processes under valgrind ($methods): nothing to complain about"
