#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table beside its peers, in turns on one file, warm: bench_table.py [MEGABYTES [ROUNDS [COLUMNS]]]

Viewers run in a pseudo-terminal of 120 x 40 and are timed until the text that one waits for has come; the others are
run to their end. A peer is found in PATH (less, csvlens, xan) or in this Python (polars, duckdb); which one was not is said.
Each line: measure, who, the fewest and the median of the rounds."""
import fcntl, os, pty, random, select, shutil, signal, statistics, struct, subprocess, sys, tempfile, termios, time

BUILD = os.environ.get('builddir', 'build')
OURS = BUILD + '/poolscope'
BOUND = 60


def make_file(path, megabytes, columns):
    """Codes of six digits; names of which some are quoted and hold commas, newlines and what looks like a row."""
    rng = random.Random(1)
    first, last = 'Alice Bob Carol Dmitri Elena Farid Grace Hiro'.split(), 'Smith Jones Ivanova Tanaka Okafor Kim'.split()
    with open(path, 'w', encoding='utf-8') as out:
        block = []
        for _ in range(60000 // columns):
            f, l, kind = rng.choice(first), rng.choice(last), rng.random()
            name = (f'{f} {l}' if kind < .8 else f'"{l}, {f}"' if kind < .9 else f'"{f}\n{l}"' if kind < .98
                    else f'"{f}\n{rng.randrange(10000):06d},{l},1"')
            more = ''.join(f',{rng.randrange(100000)}' for _ in range(3, columns))
            block.append(f'{rng.randrange(10000):06d},{name},{rng.randrange(10, 100)}{more}\n')
        text, size = ''.join(block), 0
        rest = ',7' * (columns - 3)
        out.write('code,name,age' + ''.join(f',c{i}' for i in range(4, columns + 1)) + f'\nFIRSTROW,first,1{rest}\n')
        while size < megabytes * 1e6:
            out.write(text)
            size += len(text.encode())
        out.write(f'000000,plain,50{rest}\n' * 60) # csvlens leaves the last rows out where there are newlines before them
        out.write(f'999999,ZZLASTROW,99{rest}\n')


class Viewer:
    """A program in a pseudo-terminal; what it sends is kept since the last `type`."""
    def __init__(self, argv):
        self.start = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 120, 0, 0))
            os.environ.update(TERM='xterm-256color', LC_ALL='C.UTF-8', LESS='', LESSHISTFILE='-')
            os.execvp(argv[0], argv)
        self.sent = b''

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return 0
        try:
            got = os.read(self.fd, 1 << 16)
        except OSError:
            return 0
        if b'\033[6n' in got:
            os.write(self.fd, b'\033[1;1R')
        if b'\033[c' in got:
            os.write(self.fd, b'\033[?62c')
        self.sent += got
        return len(got)

    def settle(self, seconds=.3, most=3):
        """Until it is silent; some never are."""
        end = time.perf_counter() + most
        while time.perf_counter() < end and self.read(seconds):
            pass

    def type(self, keys):
        self.settle(.1)
        self.sent, self.start = b'', time.perf_counter()
        os.write(self.fd, keys)

    def until(self, text, again=None):
        """Milliseconds since the start or the last key, or None. `again`: typed anew each half second, for a viewer that
        goes to the last of the rows it has read so far."""
        end, due = time.perf_counter() + BOUND, time.perf_counter() + .5
        while text not in self.sent:
            if time.perf_counter() > end:
                return None
            if again and time.perf_counter() > due:
                os.write(self.fd, again)
                due += .5
            self.read(.05)
        return (time.perf_counter() - self.start) * 1e3

    def memory(self):
        """MiB that it and all below it have, shared parts counted once."""
        pids, kib = [self.pid], 0
        for pid in pids:
            try:
                for task in os.listdir(f'/proc/{pid}/task'):
                    pids += map(int, open(f'/proc/{pid}/task/{task}/children').read().split())
                kib += sum(int(l.split()[1]) for l in open(f'/proc/{pid}/smaps_rollup') if l.startswith('Pss:'))
            except OSError:
                pass
        return kib / 1024

    def close(self):
        os.kill(self.pid, signal.SIGTERM if self.memory() else signal.SIGKILL)
        time.sleep(.2)
        os.close(self.fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        time.sleep(.1)


def paint(argv, _):
    v = Viewer(argv)
    took = v.until(b'FIRSTROW')
    v.close()
    return took


def keyed(*keys):
    """The last of the keys is timed, until what was not typed of the last row has come, or the word of a view."""
    awaited = b'999999' if keys[0] is SEARCH else b'distinct' if keys[0] == b'%' else b'ZZLASTROW'

    def once(argv, name):
        v = Viewer(argv)
        v.until(b'FIRSTROW')
        v.settle(1)
        for part in keys[:-1]:
            v.type(part[name])
            v.settle()
        v.type(keys[-1] if isinstance(keys[-1], bytes) else keys[-1][name])
        took = v.until(awaited, keys[-1] if name == 'csvlens' and keys == (b'G',) else None)
        v.close()
        return took
    return once


def steps(argv):
    """Of some steps down: (bytes, milliseconds until the last of them has come)."""
    v = Viewer(argv)
    v.until(b'FIRSTROW')
    v.settle(1)
    seen = []
    for _ in range(60):
        v.type(b'j')
        last = v.start
        while v.read(.06):
            last = time.perf_counter()
        seen.append((len(v.sent), (last - v.start) * 1e3))
    v.close()
    return seen


def step_bytes(argv, _):
    return statistics.median(size for size, _ in steps(argv))


def step_time(argv, _):
    return statistics.median(took for _, took in steps(argv))


def memory(argv, name):
    v = Viewer(argv)
    v.until(b'FIRSTROW')
    v.settle(2)
    v.type(SEARCH[name])
    v.settle()
    v.type(b'\r')
    v.until(b'999999')
    v.settle(1)
    most = v.memory()
    v.close()
    return most


def ended(argv, _):
    start = time.perf_counter()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3 if done.returncode == 0 else None


FILTER = {'poolscope': b'&code==999999', 'csvlens': b'&^999999$', 'less': b'&^999999,'}
SEARCH = {name: b'/ZLASTRO' for name in FILTER}


def polars(text):
    return [sys.executable, '-c', f"import polars as p; t = p.scan_csv(FILE, schema_overrides={{'code': p.String}}); {text}"]


def duckdb(text):
    return [sys.executable, '-c', "import duckdb; t = \"read_csv('\" + FILE + \"', header=true, types={'code':'VARCHAR'})\"; "
            f"{text}"]


def commands(path):
    def with_file(argv):
        return [a.replace('FILE', repr(path)) for a in argv]
    return {
        'filter': {'poolscope run': [OURS, 'run', '-s', 'spawn', '-w', '1', '-c', '001234', path],
                   'xan': ['xan', 'search', '-s', 'code', '-e', '001234', path],
                   'polars': with_file(polars("t.filter(p.col('code') == '001234').collect(engine='streaming')")),
                   'duckdb': with_file(duckdb("duckdb.sql('from ' + t + \" where code='001234'\").fetchall()"))},
        'frequency': {'xan': ['xan', 'frequency', '-s', 'code', '-l', '0', path],
                      'polars': with_file(polars("t.group_by('code').len().collect(engine='streaming')")),
                      'duckdb': with_file(duckdb("duckdb.sql('select code, count(*) from ' + t + ' group by 1').fetchall()"))},
        'sort': {'xan': ['xan', 'sort', '-s', 'code', path],
                 'polars': with_file(polars("t.sort('code').collect()")),
                 'duckdb': with_file(duckdb("duckdb.sql('copy (from ' + t + ' order by code) to \\'/dev/null\\' (format csv)')"))},
    }


def has(peer):
    if peer in ('polars', 'duckdb'):
        return subprocess.run([sys.executable, '-c', 'import ' + peer], stderr=subprocess.DEVNULL).returncode == 0
    return shutil.which(peer) is not None


def measure(words, unit, once, who, rounds):
    values = {name: [] for name in who}
    for _ in range(rounds): # in turns, so that all have the same good and bad moments
        for name, argv in who.items():
            values[name].append(once(argv, name))
    for name in who:
        seen = [v for v in values[name] if v is not None]
        told = f'{min(seen):12.2f} {statistics.median(seen):12.2f} {unit}' if len(seen) == rounds else 'not within its bound'
        print(f'{words:24} {name:14} {told}', flush=True)


def engine(path, rounds):
    """Our own frequency and sort, as the desk runs them: without a screen and without a new process."""
    names = {'frequency_time', 'sort_number_time', 'filter_code_time', 'index_time'}
    told = subprocess.run([BUILD + '/tests/bench_table', path, str(os.cpu_count()), str(rounds)], stdout=subprocess.PIPE)
    for line in told.stdout.decode().splitlines():
        name, value, unit = line.split()
        if name in names:
            print(f'{name[:-5]:24} {"the engine":14} {"":12} {float(value):12.2f} {unit}', flush=True)


def main():
    megabytes, rounds, columns = (kind(given or usual) for kind, given, usual in
                                  zip((float, int, int), sys.argv[1:] + [''] * 3, (100, 5, 3)))
    missing = [p for p in ('less', 'csvlens', 'xan', 'polars', 'duckdb') if not has(p)]
    for peer in missing:
        print(f'{peer}: not found on this machine, not measured')
    with tempfile.TemporaryDirectory(dir='/dev/shm' if os.path.isdir('/dev/shm') else None) as folder:
        path = folder + '/table.csv'
        make_file(path, megabytes, columns)
        viewers = {'poolscope': [OURS, path], 'csvlens': ['csvlens', path], 'less': ['less', '-S', path]}
        viewers = {name: argv for name, argv in viewers.items() if name not in missing}
        ours = {'poolscope': viewers['poolscope']}
        print(f'{os.path.getsize(path)} bytes, {columns} columns; {rounds} rounds: fewest, median')
        measure('first paint', 'ms', paint, viewers, rounds)
        measure('end (G)', 'ms', keyed(b'G'), viewers, rounds)
        measure('search, last row', 'ms', keyed(SEARCH, b'\r'), viewers, rounds)
        measure('filter by code', 'ms', keyed(FILTER, b'\r'), viewers, rounds)
        measure('frequency, on the screen', 'ms', keyed(b'%'), ours, rounds)
        measure('sort, on the screen', 'ms', keyed(b'>'), ours, rounds)
        measure('one row down', 'bytes', step_bytes, viewers, 1)
        measure('one row down', 'ms', step_time, viewers, rounds)
        measure('memory, searched', 'MiB', memory, viewers, 1)
        engine(path, rounds)
        for words, who in commands(path).items():
            measure(words, 'ms', ended, {n: a for n, a in who.items() if n not in missing}, rounds)


main()
