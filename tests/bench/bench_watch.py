#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The eye, measured: time from the deadlock to the proof, the cost of looking, and how long the target stands still,
beside the tools that show stacks, on the same worker in the same run.

    builddir=build tests/bench/bench_watch.py [ROUNDS]

Peers that are not on PATH (py-spy, pystack, gdb, eu-stack) are left out with a word. $POLARS_NEW, a Python with Polars,
is the worker that hangs for real; without it that part is left out.
"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.environ.get("builddir", os.path.join(top, "build"))
program, parts = os.path.join(build, "poolscope"), os.path.join(build, "tests/bench_watch")
rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30


def row(*cells):
    print(f"{cells[0]:<58}" + "".join(f"{c:>16}" for c in cells[1:]), flush=True)


def ms(seconds):
    return f"{seconds * 1e3:.3g} ms"


def spread(times):
    return ms(statistics.median(times)), ms(max(times))


def time_to_proof(calm):
    """Seconds from the wait that never ends to the line on stderr that says so, proved."""
    p = subprocess.Popen([program, "watch", "--headless", "--on-hang", "report", "--", parts, "latch", str(calm)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    began = float(p.stdout.readline())
    line = p.stderr.readline()
    seen = time.monotonic()
    assert "proved" in line, line
    p.send_signal(signal.SIGTERM)
    p.communicate()
    return seen - began


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost_of_watching(n, seconds=10):
    """CPU share of the whole observer, seconds a look, threads a look, looks: over some seconds with n processes idle."""
    target = subprocess.Popen([parts, "idle", str(n)], stdout=subprocess.PIPE, text=True)
    target.stdout.readline()
    with tempfile.NamedTemporaryFile() as report:
        p = subprocess.Popen([program, "attach", "--headless", "--format", "json", "-o", report.name, str(target.pid)])
        time.sleep(3)  # the first looks open everything; then it is as it stays
        before, start = cpu_seconds(p.pid), time.monotonic()
        time.sleep(seconds)
        share = (cpu_seconds(p.pid) - before) / (time.monotonic() - start)
        p.send_signal(signal.SIGTERM)
        p.wait()
        s = json.load(open(report.name))["sampling"]
    target.kill()
    target.wait()
    return share, s["cpu_seconds"] / s["looks"], s["threads"] / s["looks"], s["cpu_seconds"] / s["threads"]


class Ticker:
    def __init__(self):
        self.p = subprocess.Popen([parts, "ticker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = int(self.p.stdout.readline())

    def longest(self):
        self.p.stdin.write("\n")
        self.p.stdin.flush()
        return float(self.p.stdout.readline())

    def stop(self):
        self.p.kill()
        self.p.wait()


def timed(command):
    start = time.monotonic()
    p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return time.monotonic() - start, p


peers = [("py-spy dump", ["py-spy", "dump", "--native", "-p"]), ("py-spy dump --nonblocking",
         ["py-spy", "dump", "--nonblocking", "-p"]), ("pystack remote", ["pystack", "remote", "--native"]),
         ("gdb -p", ["gdb", "-q", "-nx", "-batch", "-ex", "thread apply all bt", "-p"]), ("eu-stack -p", ["eu-stack", "-p"])]


def standing_still():
    """The longest time the target's thread did not run, with and without each tool looking at it."""
    row("the longest the target stood still (median of 5, most)", "median", "most")
    ticker = Ticker()

    def gaps(look):
        times = []
        for _ in range(5):
            ticker.longest()
            look()
            times.append(ticker.longest())
        return spread(times)

    row("  nobody looks (2 s)", *gaps(lambda: time.sleep(2)))

    def attach():
        try:
            subprocess.run([program, "attach", "--headless", str(ticker.pid)], timeout=2)
        except subprocess.TimeoutExpired:
            pass

    row("  poolscope attach (2 s)", *gaps(attach))
    row("  poolscope, a stack", *gaps(lambda: timed([parts, "stack", str(ticker.pid)])))
    for name, command in peers:
        if shutil.which(command[0]) and "py" not in command[0]:
            row("  " + name, *gaps(lambda c=command: timed(c + [str(ticker.pid)])))
    ticker.stop()


def same_worker():
    """One hung worker of Polars: what each tool takes, and what it says of it."""
    python = os.environ.get("POLARS_NEW")
    if not python:
        print("POLARS_NEW names no Python with Polars: the hung worker is left out")
        return
    target = subprocess.Popen([python, f"{top}/tests/programs/pool_filter.py", "fork", f"{top}/assets/sample.csv"],
                              stdout=subprocess.DEVNULL, start_new_session=True)
    time.sleep(4)
    start = time.monotonic()
    p = subprocess.Popen([program, "attach", "--headless", str(target.pid)], stderr=subprocess.PIPE, text=True)
    line = p.stderr.readline()
    took = time.monotonic() - start
    p.send_signal(signal.SIGTERM)
    text = line + p.communicate()[1]
    pid = re.search(r"process (\d+)", line).group(1)
    row("a hung worker of Polars: what a tool takes", "time", "says it hangs")
    row("  poolscope attach, to the proof", ms(took), "proved" if "proved" in text else "no")
    seconds, out = timed([parts, "stack", pid])
    row("  poolscope, a stack (target stands still %s)" % ms(float(out.stdout.split()[1])), ms(seconds), "")
    for name, command in peers:
        if not shutil.which(command[0]):
            row("  " + name, "not here", "")
            continue
        times = [timed(command + [pid]) for _ in range(3)]
        says = re.search(r"hung|hang|deadlock", times[0][1].stdout, re.I) is not None
        row("  " + name, ms(statistics.median(t for t, _ in times)), "yes" if says else
            '"idle"' if "idle" in times[0][1].stdout.lower() else "no")
    os.killpg(target.pid, signal.SIGKILL)
    target.wait()


def main():
    row("from the deadlock to the proof on stderr (%d runs each)" % rounds, "median", "worst")
    for calm in (0, 0.3, 3):
        row(f"  after {calm} s of calm", *spread([time_to_proof(calm) for _ in range(rounds if calm < 1 else 10)]))
    row("watching processes at rest, 10 s", "CPU", "a look", "threads", "a thread")
    for n in (10, 100, 1000):
        share, look, threads, thread = cost_of_watching(n)
        row(f"  {n} processes", f"{share:.2%}", ms(look), f"{threads:.0f}", f"{thread * 1e6:.3g} us")
    standing_still()
    same_worker()


main()
