#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the screen costs a run: a million tasks with the explorer open and recording, and the same without a screen.

    builddir=build tests/bench/bench_million.py [ROUNDS [TASKS]]

Both record to a file and go through the same host and workers; each round runs one after the other. The time is that of the
run itself, by the recording: from its start to its end. The memory is the highest that the observer ever had (VmHWM).
"""
import fcntl, json, os, pty, re, select, statistics, struct, subprocess, sys, tempfile, termios, time

top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
program = os.path.join(os.environ.get("builddir", os.path.join(top, "build")), "poolscope")
rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
tasks = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
bound = 600


def run_seconds(record):
    """From the start of the run to its end; None while it has not ended."""
    begun = None
    with open(record) as lines:
        for line in lines:
            if '"run_started"' in line:
                begun = json.loads(line)["t"]
            elif '"run_ended"' in line:
                return json.loads(line)["t"] - begun
    return None


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024


def drain(fd, seconds):
    """What came meanwhile; nothing waits for it."""
    try:
        if select.select([fd], [], [], seconds)[0]:
            return os.read(fd, 1 << 16)
    except OSError:  # the terminal has gone
        time.sleep(seconds)
    return b""


def ended(record):
    with open(record, "rb") as f:
        f.seek(max(0, os.path.getsize(record) - 4096))
        return b'"run_ended"' in f.read()


def with_explorer(args, record):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
        os.execv(program, [program, "--record", record, *args])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen, end = b"", time.monotonic() + bound
    while b"loaded" not in seen and time.monotonic() < end:
        seen += drain(fd, 0.1)
    os.write(fd, b"r")
    while not (os.path.exists(record) and ended(record)) and time.monotonic() < end:
        drain(fd, 0.1)
    peak = peak_mib(pid)
    os.kill(pid, 15)
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        drain(fd, 0.1)
    os.close(fd)
    return run_seconds(record), peak


def headless(args, record):
    p = subprocess.Popen([program, "run", "-o", "/dev/null", "--record", record, *args], stdout=subprocess.DEVNULL)
    peak = 0
    while p.poll() is None:
        try:
            peak = max(peak, peak_mib(p.pid))
        except (OSError, TypeError):
            pass
        time.sleep(0.05)
    return run_seconds(record), peak


def main():
    with tempfile.TemporaryDirectory() as folder:
        table, codes, record = (os.path.join(folder, name) for name in ("table.csv", "codes", "record"))
        with open(table, "w") as f:
            f.write("code,name\n0001,hoge\n")
        with open(codes, "w") as f:
            f.writelines(f"{i}\n" for i in range(tasks))
        args = ["-s", "spawn", "-w", "2", "--codes-from", codes, table]
        times = {with_explorer: [], headless: []}
        for i in range(rounds):
            for way in times:
                seconds, peak = way(args, record)
                os.unlink(record)
                times[way].append(seconds)
                print(f"round {i + 1}  {way.__name__:<14} {seconds:8.2f} s   observer at most {peak:6.1f} MiB", flush=True)
        a, b = statistics.median(times[with_explorer]), statistics.median(times[headless])
        print(f"{tasks:_} tasks: with the explorer {a:.2f} s, without {b:.2f} s (medians): {100 * (a / b - 1):+.1f} %")


main()
