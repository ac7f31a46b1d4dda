#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who may include whom: base <- event <- { table <- engine <- pool, proc <- hang } <- model <- report <- observer <- tui.
# Fails on an include against an arrow, on curses outside tui/term/term.c, on libvterm outside tui/term/vt.c, and on an include
# path that is not from the top. First it proves on a small tree that it would notice.
set -euo pipefail
top=${srcdir:-.}

# The rooms on its left that a room may include (its own always).
allowed() {
    case $1 in
    base) ;;
    event) echo base ;;
    table | proc) echo base event ;;
    engine) echo base event table ;;
    pool) echo base event table engine ;;
    hang) echo base event proc ;;
    model) echo base event table engine pool proc hang ;;
    report) echo base event table engine pool proc hang model ;;
    observer) echo base event table engine pool proc hang model report ;;
    tui) echo base event table engine pool proc hang model report observer ;;
    *) echo "$1 is no room" >&2; return 1 ;;
    esac
}

# check_line ROOM FILE LINE TARGET: TARGET is what the line includes, with its quotes or brackets.
check_line() {
    local room=$1 file=$2 line=$3 target=$4 other may
    case $target in
    \<*curses*\> | \<term.h\> | \<panel.h\>)
        [ "${file#"$root"/}" = tui/term/term.c ] || echo "$file:$line: only tui/term/term.c knows curses"
        return ;;
    \<vterm*\>)
        [ "${file#"$root"/}" = tui/term/vt.c ] || echo "$file:$line: only tui/term/vt.c knows libvterm"
        return ;;
    \<*) return ;;
    \"core/*) other=${target#\"core/} other=${other%%/*} ;;
    \"tui/*) other=tui ;;
    *) echo "$file:$line: $target: include paths are from the top"; return ;;
    esac
    may=$(allowed "$room")
    case " $room $may " in
    *" $other "*) ;;
    *) echo "$file:$line: $room may not include $other ($target)" ;;
    esac
}

# violations ROOT: one line for each include that breaks a rule.
violations() {
    local root=$1 file line target room
    grep -rnoE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]+[">]' "$root/core" "$root/tui" |
        sed -E 's/#[[:space:]]*include[[:space:]]*//' |
        while IFS=: read -r file line target; do
            room=${file#"$root"/} room=${room#core/} room=${room%%/*}
            check_line "$room" "$file" "$line" "${target#"${target%%[\"<]*}"}"
        done
}

# expect WHAT FILE INCLUDE: a tree with just this include has one violation (WHAT = bad) or none (WHAT = good).
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
expect bad core/hang/rules.c '"core/pool/pool.h"'
expect bad core/proc/read.c '"core/table/table.h"'
expect bad core/model/model.c '"core/report/report.h"'
expect bad core/observer/observer.c '"tui/app/app.h"'
expect bad core/table/table.c '"table.h"'
expect bad tui/panes/pane.c '<ncursesw/curses.h>'
expect bad core/model/model.c '<vterm.h>'
expect good tui/term/term.c '<curses.h>'
expect good tui/term/vt.c '<vterm.h>'
expect good tui/screen/loop.c '"core/observer/observer.h"'
expect good core/hang/rules.c '"core/proc/evidence.h"'
expect good core/base/buf.c '<stdlib.h>'

found=$(violations "$top")
[ -z "$found" ] || { echo "$found"; exit 1; }
