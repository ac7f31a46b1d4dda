#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks the source without running it: its format, what clang-tidy, cppcheck, shellcheck and codespell find, the order
# of the rooms, and circles of files that need each other.
#
#   [builddir=build] tests/lint.sh [--all]
#
# --all adds clang's static analyzer, which takes about three seconds a file. Circles are looked for in the objects of
# builddir. A part whose tool is not installed, or for which nothing is built, is skipped, and the output says so.
# The parts are called by their names:
# shellcheck disable=SC2317
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
build=${builddir:-build} jobs=$(nproc 2>/dev/null || echo 2)
all=${1-}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# The C files of git, or of the tree where this is no clone. The programs of the corpus are written to be odd.
sources() {
    { git ls-files '*.[ch]' 2>/dev/null || find core tui tests -name '*.[ch]'; } | grep -v '^tests/programs/'
}

# Other versions of clang-format lay some lines out differently.
clang_format() {
    local tool
    for tool in clang-format-14 clang-format; do
        case $("$tool" --version 2>/dev/null) in *' 14.'*) echo "$tool" && return ;; esac
    done
    return 1
}

# installed TOOL: says so if it is not.
installed() {
    command -v "$1" >/dev/null || { echo "skipped: $1 is not installed"; return 1; }
}

lint_format() {
    local tool
    tool=$(clang_format) || { echo 'skipped: clang-format 14 is not installed'; return 0; }
    sources | xargs "$tool" --dry-run -Werror
}

lint_tidy() {
    local checks=() flags
    installed clang-tidy || return 0
    [ "$all" != --all ] || checks=(--checks='clang-analyzer-*')
    flags=$(pkg-config --cflags ncursesw jansson libutf8proc libpcre2-8 libdw vterm cmocka fuse3 libarchive)
    # shellcheck disable=SC2086 # one flag a line
    printf '%s\n' -std=gnu17 -D_GNU_SOURCE "-I$PWD" '-DBINDIR=""' '-DPKGLIBEXECDIR=""' '-DPACKAGE_VERSION=""' $flags \
        >"$logs/compile_flags.txt"
    # stderr only counts the warnings that are not shown.
    sources | grep '\.c$' | xargs -P "$jobs" -n 8 clang-tidy --quiet -p "$logs" "${checks[@]}" 2>/dev/null
}

lint_cppcheck() {
    installed cppcheck || return 0
    # cppcheck does not read the headers of libraries, and could not parse these loops of jansson.
    cat >"$logs/loops.h" <<'END'
#define json_array_foreach(array, index, value) for (index = 0; (value = json_array_get(array, index)); index++)
#define json_object_foreach(object, key, value) while ((value = json_object_next(object, &key)))
END
    sources | grep '\.c$' | cppcheck -q -j "$jobs" --file-list=- --error-exitcode=1 --std=c17 -I. -D_GNU_SOURCE \
        --include="$logs/loops.h" --enable=warning,performance,portability --inline-suppr \
        --suppressions-list=.cppcheck-suppressions
}

lint_shellcheck() {
    installed shellcheck || return 0
    shellcheck bootstrap .ci/run tests/*.sh tests/*/*.sh
}

lint_codespell() {
    installed codespell || return 0
    sources | xargs codespell bootstrap ./*.md configure.ac Makefile.am tests/*.am tests/*.sh tests/*.py tests/*/*.sh
}

lint_layers() {
    tests/check_layers.sh
}

# Not yet a failure: see the limit in link_circles.py.
lint_circles() {
    [ -e "$build/core/libcore.a" ] || { echo "skipped: nothing is built in $build"; return 0; }
    python3 tests/link_circles.py "$build" || echo '(not counted as a fault yet)'
}

parts='format tidy cppcheck shellcheck codespell layers circles'
for part in $parts; do
    { "lint_$part" >"$logs/$part" 2>&1 && touch "$logs/$part.good"; } &
done
wait
faults=0
for part in $parts; do
    if [ -e "$logs/$part.good" ]; then
        echo "lint: $part: $(grep -m 1 '^skipped: ' "$logs/$part" || echo good)"
        [ "$part" != circles ] || cat "$logs/$part"
    else
        cat "$logs/$part"
        echo "lint: $part: failed"
        faults=1
    fi
done
exit "$faults"
