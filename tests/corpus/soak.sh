#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Watches trees of real programs for some time and counts the findings. None of the programs hangs, so no finding may be
# proved. Programs that this machine lacks are left out, with a message.
#
#   tests/corpus/soak.sh [MINUTES [POOLSCOPE]]     (default: 60 build/poolscope)
set -uo pipefail
minutes=${1-60} program=$(realpath "${2-build/poolscope}") at_a_time=${SOAK_AT_A_TIME-3}
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/poolscope-soak-XXXXXX")
export top work
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
ulimit -c 0

# name | what it needs | a command for bash that ends by itself
programs=$(cat <<'END'
stress of pipes, futexes, forks|stress-ng|stress-ng -q --pipe 1 --futex 1 --fork 1 --mutex 1 --timeout 40
stress of semaphores, queues, sockets|stress-ng|stress-ng -q --sem 1 --sem-sysv 1 --mq 1 --sock 1 --msg 1 --timeout 40
stress of polling, timers, signals|stress-ng|stress-ng -q --poll 1 --epoll 1 --timer 1 --timerfd 1 --sigq 1 --signal 1 --timeout 40
stress of clone, vfork, exec, zombies|stress-ng|stress-ng -q --clone 1 --vfork 1 --exec 1 --zombie 1 --wait 1 --timeout 40
stress of locks and shared memory|stress-ng|stress-ng -q --flock 1 --fcntl 1 --lockf 1 --shm 1 --mmapfork 1 --fifo 1 --timeout 40
stress of threads that sleep and switch|stress-ng|stress-ng -q --pthread 1 --nanosleep 1 --switch 1 --yield 1 --userfaultfd 1 --timeout 40
stress of processors|stress-ng|stress-ng -q --cpu 2 --matrix 1 --vm 1 --vm-bytes 32M --timeout 30
compilers under make|make gcc autoreconf|cp -r "$top" "$dir/src" && cd "$dir/src" && rm -rf build && autoreconf -i >/dev/null 2>&1 && mkdir o && cd o && ../configure -q && make -s -j3
tests of Python: subprocesses, threads, locks|python-tests|python-tests test_subprocess test_threading test_lock test_queue test_asyncio
tests of Python: process pools|python-tests shm|python-tests test_concurrent_futures
tests of Python: multiprocessing, forked|python-tests shm|python-tests test_multiprocessing_fork
tests of Python: multiprocessing, spawned|python-tests shm|python-tests test_multiprocessing_spawn
tests of Python: sockets, select, signals|python-tests|python-tests test_socket test_select test_selectors test_signal test_pty test_poll test_wait4 test_fork1
redis, loaded and idle|redis-server redis-benchmark|redis-server --port 0 --dir "$dir" --unixsocket "$dir/s" --save '' --appendonly no >/dev/null & for i in $(seq 50); do [ -S "$dir/s" ] && break; sleep .1; done; redis-benchmark -q -s "$dir/s" -n 100000 -P 4 >/dev/null; redis-cli -s "$dir/s" bgsave >/dev/null; sleep 20; redis-cli -s "$dir/s" shutdown nosave; wait
nginx, loaded and idle|nginx curl|mkdir -p "$dir/logs"; printf 'daemon off; worker_processes 2; pid %s/pid; error_log %s/e; events {} http { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/c; server { listen unix:%s/s; root %s; autoindex on; } }' "$dir" "$dir" "$dir" "$dir" "$dir" "$dir" "$dir" "$dir" "$dir" >"$dir/conf"; nginx -p "$dir" -c "$dir/conf" & sleep 1; for i in $(seq 300); do curl -s -o /dev/null --unix-socket "$dir/s" http://x/; done; sleep 20; kill %1; wait
PostgreSQL, loaded and idle|postgres-tools pgbench runuser|chmod 777 "$dir"; pg() { runuser -u postgres -- env PATH="$pgbin:$PATH" LC_ALL=C "$@"; }; cd "$dir"; pg initdb -D "$dir/d" >/dev/null && pg pg_ctl -w -D "$dir/d" -o "-k $dir -h ''" -l "$dir/l" start >/dev/null; pg pgbench -h "$dir" -i -q postgres 2>/dev/null >&2; pg pgbench -h "$dir" -c 6 -j 2 -T 25 postgres >/dev/null 2>&1; sleep 20; pg pg_ctl -w -D "$dir/d" stop >/dev/null
idle pools of Python: executor|python3 shm|for m in fork spawn forkserver; do timeout 25 python3 -c 'import sys,time,concurrent.futures as c,multiprocessing as m; p=c.ProcessPoolExecutor(3,mp_context=m.get_context(sys.argv[1])); list(p.map(abs,range(9))); time.sleep(20); p.shutdown()' $m & done; wait
idle pools of Python: Pool, queues, managers|python3 shm|for m in fork spawn forkserver; do timeout 25 python3 -c 'import sys,time,multiprocessing as m; x=m.get_context(sys.argv[1]); q=x.Queue(); g=x.Manager(); p=x.Pool(3); p.map(abs,range(9)); q.put(1); d=g.dict(); time.sleep(20); q.get(); p.close(); p.join()' $m & done; wait
idle pools of Polars|polars shm|timeout 40 $polars "$top/tests/programs/pool_idle.py" spawn "$top/assets/sample.csv" & timeout 40 $polars "$top/tests/programs/pool_idle.py" forkserver "$top/assets/sample.csv" & $polars -c 'import polars as p,time; print(p.read_csv("'"$top"'/assets/sample.csv").filter(p.col("age")>0).height); time.sleep(30)'; kill $(jobs -p); wait
idle threads of Python|python3|timeout 30 python3 -c 'import threading,time,queue; q=queue.Queue(); e=threading.Event(); ts=[threading.Thread(target=q.get,daemon=True) for i in range(5)]+[threading.Thread(target=e.wait,daemon=True)]; [t.start() for t in ts]; time.sleep(25)'
Go: built and run, at rest|go|mkdir "$dir/go" && cd "$dir/go" && printf 'package main\nimport ("fmt";"time";"sync")\nfunc main(){ var w sync.WaitGroup; c:=make(chan int); for i:=0;i<100;i++{ w.Add(1); go func(){ for range c {}; w.Done() }() }; time.Sleep(15*time.Second); close(c); w.Wait(); fmt.Println("over") }\n' >m.go && GOCACHE="$dir/c" go build -o m m.go && ./m
Java at rest|java|timeout 30 java "$top/tests/programs/Idle.java"
Node at rest|node|timeout 30 node -e 'const w=require("worker_threads"); if(w.isMainThread){ for(let i=0;i<3;i++) new w.Worker("setInterval(()=>{},1000)",{eval:true}); setTimeout(()=>process.exit(0),25000) }'
Node: a cluster|node|timeout 30 node -e 'const c=require("cluster"); if(c.isPrimary){ for(let i=0;i<3;i++) c.fork(); setTimeout(()=>{ for (const i in c.workers) c.workers[i].kill(); process.exit(0)},20000) } else require("http").createServer(()=>{}).listen("'"$dir"'/h"+process.pid)'
Ruby at rest|ruby|timeout 25 ruby -e 't=5.times.map{Thread.new{Queue.new.pop}}; sleep 20'
Rust: built|rustc|printf 'use std::{thread,sync::{Arc,Barrier},time::Duration}; fn main(){ let b=Arc::new(Barrier::new(4)); let t:Vec<_>=(0..3).map(|_|{let b=b.clone(); thread::spawn(move||{b.wait();})}).collect(); thread::sleep(Duration::from_secs(15)); b.wait(); for x in t {x.join().unwrap();} }' >"$dir/m.rs" && rustc -O -o "$dir/m" "$dir/m.rs" && "$dir/m"
pipes of shells|xz sort|for i in 1 2 3; do seq 300000 | sort -R | xz -1 | xz -d | sort -n | tail -1 >/dev/null; done; (sleep 20 | cat) & mkfifo "$dir/f"; (cat "$dir/f" >/dev/null) & sleep 15; echo >"$dir/f"; wait
xargs and find|xargs find|find /usr -name '*.h' -print0 2>/dev/null | head -z -n 3000 | xargs -0 -n 20 -P 4 wc -l >/dev/null
shells at a prompt|script|script -qc 'bash --norc -i' /dev/null < <(sleep 20; echo exit) >/dev/null
git|git|git init -q "$dir/g" && cd "$dir/g" && for i in $(seq 40); do seq $i >f$i; git add .; git -c user.name=a -c user.email=a@b commit -qm $i; done; git gc -q; git log --stat | wc -l >/dev/null; git clone -q . ../h
gdb at rest|gdb|timeout 25 gdb -q -nx -ex 'run 20' sleep </dev/null >/dev/null
a debugged and a stopped program|strace|strace -f -o /dev/null sh -c 'sleep 10 & sleep 5; wait' ; sleep 60 & p=$!; kill -STOP $p; sleep 10; kill -CONT $p; kill $p; wait
END
)

# A Python with its own tests; a Python with Polars; the folder of the programs of PostgreSQL.
for python in python3 "$HOME"/.pyenv/versions/*/bin/python3; do
    "$python" -c 'import test.test_subprocess' 2>/dev/null && tests_python=$python
done
python-tests() { for t; do timeout 100 "$tests_python" -m test -q -x test_resource_tracker "$t" >/dev/null 2>&1; done; }
polars=${POLARS_NEW-}
pgbin=$(find /usr/lib/postgresql -path '*/bin' -prune 2>/dev/null | sort | tail -n 1)
export -f python-tests
export tests_python polars pgbin

has() {
    case $1 in
    python-tests) [ -n "${tests_python-}" ] ;;
    polars) [ -x "$polars" ] ;;
    postgres-tools) [ -n "$pgbin" ] && id postgres >/dev/null 2>&1 ;;
    shm) [ -w /dev/shm ] ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

watch_one() { # NUMBER COMMAND
    dir=$work/$1 bash -c 'mkdir -p "$dir"; exec "$@"' - timeout -k 10 200 \
        "$program" watch --headless --on-hang report --format json -o "$work/$1.json" -- bash -c "$2" \
        >"$work/$1.out" 2>&1 </dev/null
    echo "$?" >"$work/$1.status"
    rm -rf "${work:?}/$1"
}

# Prints every finding and the totals of all reports; fails if a finding is proved.
sum_up() {
    python3 - "$work" "$names" <<'END'
import glob, json, os, sys
work, names = sys.argv[1], sys.argv[2].split("\n")
looks = seen = processes = threads = 0
cpu, findings, broken = 0.0, [], []
for path in sorted(glob.glob(work + "/*.status")):
    number = os.path.basename(path).split(".")[0]
    try:
        report = json.load(open(f"{work}/{number}.json"))
    except Exception as error:
        broken.append(f"{names[int(number.split('-')[0])]}: no report: {error}, status {open(path).read().strip()}")
        continue
    s = report.get("sampling", {})
    looks += s.get("looks", 0); processes += s.get("processes", 0); threads += s.get("threads", 0)
    cpu += s.get("cpu_seconds", 0); seen += len(report["workers"])
    for f in report["findings"]:
        command = next((w["command"] for w in report["workers"] if w["pid"] == f["pid"]), "")
        findings.append((f["certainty"], names[int(number.split("-")[0])], f["rule"], f["cause"], command, f["evidence"]))
for line in broken:
    print(line)
for f in findings:
    print(*f[:4], repr((f[4] or "")[:120]), *f[5], sep="\n    ")
proved = sum(f[0] == "proved" for f in findings)
print(f"{seen} processes in {len(glob.glob(work + '/*.json'))} trees, {looks} looks: {processes} samples of processes, "
      f"{threads} of threads, {cpu:.1f} s of CPU; {len(findings)} findings, {proved} proved")
sys.exit(proved > 0)
END
}

names='' chosen=()
while IFS='|' read -r name needs command; do
    missing=
    for need in $needs; do has "$need" || missing=$need; done
    if [ -n "$missing" ]; then echo "left out: $name: no $missing" >&2; continue; fi
    names+=$name$'\n' chosen+=("$command")
done <<<"$programs"

until=$((SECONDS + minutes * 60)) round=0
while [ $SECONDS -lt $until ]; do
    for i in "${!chosen[@]}"; do
        [ $SECONDS -lt $until ] || break
        while [ "$(jobs -rp | wc -l)" -ge "$at_a_time" ]; do wait -n; done
        watch_one "$i-$round" "${chosen[$i]}" &
    done
    round=$((round + 1))
    echo "after $((SECONDS / 60)) minutes, $round rounds: $(sum_up | tail -n 1)" >&2
done
wait
sum_up
