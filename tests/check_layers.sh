#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks which room includes which. A room is a folder below core/ or tui/; it may include itself and the rooms that the
# table below names for it. Prints the rooms in their order and fails on
#   - an include against that order,
#   - a private.h of another room,
#   - curses outside tui/term/term.c, libvterm outside tui/term/vt.c,
#   - a quoted include that does not start at the top of the tree.
# Before that, it proves on small made-up trees that it notices each of these.
#
#   tests/check_layers.sh [TREE]     TREE is the top of the source ($srcdir, or the current folder)
set -euo pipefail
top=${1:-${srcdir:-.}}

# One line a room: its name, then the rooms that it may include.
core='base event'
table="$core table"
engine="$table engine"
pool="$engine child pool"
judged="$core proc"
model="$pool host query table_view proc stack hang"
rooms="
core/base
core/event       base
core/table       $core
core/engine      $table
core/child       $core
core/pool        $engine child
core/host        $pool
core/query       $pool host
core/table_view  $pool host query
core/proc        $core
core/stack       $judged
core/hang        $judged
core/model       $model
core/report      $model model
core/observer    $model model report
tui/draw         $model model report observer
tui/keys         $model model report observer
tui/term         $model model report observer draw keys
tui/panes        $model model report observer draw keys term
tui/app          $model model report observer draw keys term panes
tui/commands     $model model report observer draw keys term panes app
tui/screen       $model model report observer draw keys term panes app commands
tui/cli          $model model report observer draw keys term panes app commands screen
"

# violations TREE: one line for each include that breaks a rule. awk does it in one pass over all of grep's lines.
violations() {
    { cd "$1" && grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' core tui; } |
        awk -v rooms="$rooms" '
        BEGIN {
            n = split(rooms, lines, "\n")
            for (i = 1; i <= n; i++) {
                k = split(lines[i], words, " ")
                if (k == 0) continue
                known[words[1]] = 1
                short = words[1]; sub(/^[a-z]+\//, "", short)
                may[words[1], short] = 1
                for (j = 2; j <= k; j++) may[words[1], words[j]] = 1
            }
        }
        function room_of(path,   parts) { split(path, parts, "/"); return parts[1] "/" parts[2] }
        {
            file = $0; sub(/:.*/, "", file)
            line = $0; sub(/^[^:]*:/, "", line); sub(/:.*/, "", line)
            target = $0; sub(/^[^"<]*/, "", target); sub(/[">][^">]*$/, "", target)
            bracket = substr(target, 1, 1) == "<"; target = substr(target, 2)
            room = room_of(file); where = file ":" line ": "
            if (!(room in known)) { print where room " is no room"; next }
            if (bracket) {
                if ((target ~ /curses/ || target == "term.h" || target == "panel.h") && file != "tui/term/term.c")
                    print where "only tui/term/term.c may include curses"
                if (target ~ /^vterm/ && file != "tui/term/vt.c")
                    print where "only tui/term/vt.c may include libvterm"
                next
            }
            if (target !~ /^(core|tui)\//) { print where target ": include paths start at the top"; next }
            other = room_of(target); short = other; sub(/^[a-z]+\//, "", short)
            if (!((room, short) in may)) print where room " may not include " other " (" target ")"
            else if (other != room && target ~ /\/private\.h$/) print where target " is private to " other
        }'
}

# expect WHAT FILE INCLUDE: a tree with just this include has one violation (WHAT is bad) or none (WHAT is good).
expect() {
    local tree found
    tree=$(mktemp -d)
    mkdir -p "$tree/$(dirname "$2")" "$tree/core" "$tree/tui"
    echo "#include $3" >"$tree/$2"
    found=$(violations "$tree" | wc -l)
    rm -rf "$tree"
    [ "$found" = "$([ "$1" = bad ] && echo 1 || echo 0)" ] || { echo "self-test: $3 in $2 should be $1"; exit 1; }
}

expect bad core/base/buf.c '"core/event/event.h"'
expect bad core/pool/fork.c '"core/proc/proc.h"'
expect bad core/pool/fork.c '"core/host/host.h"'
expect bad core/hang/rules.c '"core/pool/pool.h"'
expect bad core/hang/rules.c '"core/stack/stack.h"'
expect bad core/proc/read.c '"core/table/table.h"'
expect bad core/proc/read.c '"core/stack/stack.h"'
expect bad core/model/model.c '"core/report/report.h"'
expect bad core/observer/observer.c '"tui/app/app.h"'
expect bad core/host/host.c '"core/pool/private.h"'
expect bad core/table/csv/csv.c '"csv.h"'
expect bad core/misc/misc.c '"core/base/buf.h"'
expect bad tui/panes/log.c '"tui/commands/commands.h"'
expect bad tui/panes/log.c '"tui/app/app.h"'
expect bad tui/draw/canvas.c '"tui/keys/key.h"'
expect bad tui/panes/pane.c '<ncursesw/curses.h>'
expect bad core/model/model.c '<vterm.h>'
expect good tui/term/term.c '<curses.h>'
expect good tui/term/vt.c '<vterm.h>'
expect good tui/app/app.h '"core/observer/observer.h"'
expect good core/table/csv/csv.c '"core/table/private.h"'
expect good core/hang/rules.c '"core/proc/evidence.h"'
expect good core/base/buf.c '<stdlib.h>'

echo "rooms, and what each may include besides itself:"
awk 'NF { room = $1; $1 = ""; printf "  %-17s%s\n", room, $0 == "" ? " nothing" : $0 }' <<<"$rooms"
found=$(violations "$top")
[ -z "$found" ] || { echo "$found"; exit 1; }
