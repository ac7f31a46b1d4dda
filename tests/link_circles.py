#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists circles of object files that need each other's symbols, room by room.

    tests/link_circles.py BUILD [MOST]

BUILD is a build folder. A circle is a set of files of one room (tui/ counts as one room, too) each of which can be
reached from each other by "uses a symbol that is defined in". Prints every circle, the largest first, and fails if a
room has one of more than MOST files (default: 3 in core/ROOM and tui/ROOM, 5 in tui/ as a whole)."""
import collections
import pathlib
import re
import subprocess
import sys

build = pathlib.Path(sys.argv[1])
most = int(sys.argv[2]) if len(sys.argv) > 2 else None


def symbols(objects):
    """Two maps: symbol -> the object that defines it; object -> the symbols that it uses."""
    text = subprocess.run(["nm", "-A", *objects], check=True, capture_output=True, text=True).stdout
    defined, used = {}, collections.defaultdict(set)
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        kind, symbol = rest.split()[-2:]
        if kind == "U":
            used[name].add(symbol)
        elif kind in "TDBRCVW":
            defined[symbol] = name
    return defined, used


def circles(graph):
    """Strongly connected components of more than one node (Tarjan 1972, without recursion)."""
    index, low, on, stack, found = {}, {}, set(), [], []
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root), on.add(root)
        while work:
            node, edges = work[-1]
            for to in edges:
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to), on.add(to)
                    work.append((to, iter(graph[to])))
                    break
                if to in on:
                    low[node] = min(low[node], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while True:
                        last = stack.pop()
                        on.discard(last)
                        group.append(last)
                        if last == node:
                            break
                    if len(group) > 1:
                        found.append(sorted(group))
    return sorted(found, key=len, reverse=True)


def room_of(path):
    """core/pool of core/pool/libcore_a-slots.o, tui/panes of tui/panes/log.o."""
    return "/".join(path.parts[:2])


def plain(name):
    return re.sub(r"lib(core|tui)_a-", "", str(pathlib.Path(name).relative_to(build))).replace(".o", ".c")


objects = sorted(str(p) for top in ("core", "tui") for p in (build / top).rglob("*.o"))
defined, used = symbols(objects)
rooms = collections.defaultdict(set)
for o in objects:
    path = pathlib.Path(o).relative_to(build)
    rooms[room_of(path)].add(o)
    if path.parts[0] == "tui":
        rooms["tui"].add(o)
failed = False
for room, members in sorted(rooms.items()):
    graph = {o: sorted({defined[s] for s in used[o] if s in defined} & members - {o}) for o in sorted(members)}
    limit = most if most is not None else 5 if room == "tui" else 3
    for group in circles(graph):
        over = len(group) > limit
        failed |= over
        print(f"{room}: {len(group)} files{' (too many)' if over else ''}: {' '.join(plain(o) for o in group)}")
sys.exit(failed)
