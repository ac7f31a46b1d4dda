#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares our frames with those of the real Polars, byte for byte, on random CSVs.

usage: polars_diff.py DRIVER [-n COUNT] [-s SEED] [-k FOLDER]     (needs: pip install polars==2.1.0)

DRIVER is table_print_main. A CSV that comes out differently is kept in FOLDER with both outputs."""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile

for name in [n for n in os.environ if n.startswith("POLARS_")]:
    del os.environ[name]
import polars as pl

KINDS = {"str": pl.String, "i64": pl.Int64, "f64": pl.Float64, "bool": pl.Boolean, "date": pl.Date}

WORDS = (
    "a|be|sea|deep|hello|spreadsheet|extraordinarily|naïve|Ünïcödé|日本|日本語のとても長い名前がここに入ります、三十二文字を超えるはず|한국어|"
    "中文字符|ｆｕｌｌ|ไทย|e\u0301|a\u0308\u0301bc|🐻\u200d❄\ufe0f|👨\u200d👩\u200d👧\u200d👦|🇯🇵|👍🏽|1\ufe0f\u20e3|©|"
    "®\ufe0f|☝\ufe0f|❤|русский|ελληνικά|—|…|\u00a0|½|→|─"
).split("|") + ["x" * 29, "y" * 30, "z" * 31, "w" * 45, "é" * 31, "😀" * 16, "😀" * 31]

EXOTIC = (
    "لا|السلام عليكم|שלום|हिन\u094dदी|क\u094dषि|கொ|น\u0e49ำ|ខ\u17d2មែរ|བ\u0f7cད|မြန\u103aမာ|한글|ᄒ\u1161\u11ab|"
    "\u1161|ｶﾀｶﾅ|\u0301|\u0301\u0301\u0301|\u200d|\ufe0f|😀\ufe0e|☺\ufe0e|☺|⌚|⌚\ufe0e|🇯🇵🇩🇪🇫|"
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f|🏳\ufe0f\u200d🌈|🏳\u200d🌈|#\ufe0f\u20e3|"
    "9\ufe0f|👩🏽\u200d🚀|👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏿|\u00ad|co\u00adop|\u200b|x\u200by|\u2060|\ufeff|\u2028|"
    "\ue000|\U000f0000|\u3164|\u115f|\u0378|\u00a0|\u3000|\u2003|𝒳|𠀀|㍿|ℵ|№|①|◌\u0301|Å|\U0001fae8|\u20e3|"
    "1\u20e3|㊗|㊗\ufe0f|🀄|🃏|↔|↔\ufe0f|〰|〰\ufe0f|ﷺ|ꙮ|꧅"
).split("|") + ["a" + "\u0300" * 20]


def integer(r):
    return str(
        r.choice(
            [
                0,
                1,
                -1,
                r.randint(-9, 9),
                r.randint(-99999, 99999),
                r.randint(-(2**63), 2**63 - 1),
                10 ** r.randint(0, 18),
            ]
        )
    )


def real(r):
    v = r.choice(
        [
            0.0,
            -0.0,
            0.1,
            1.5,
            1e6,
            999999.0,
            999998.5,
            999999.5,
            1e-5,
            1e-6,
            1e-7,
            123456789.0,
            1234567.0,
            1e300,
            5e-324,
            0.30000000000000004,
            r.uniform(-1, 1),
            r.uniform(-1e6, 1e6),
            r.gauss(0, 1) * 10 ** r.randint(-12, 12),
            round(r.uniform(-1000, 1000), r.randint(0, 8)),
            r.randint(-(10**7), 10**7) / 2 ** r.randint(0, 20),
        ]
    )
    return r.choice([repr, lambda x: f"{x:.3f}", lambda x: f"{x:e}", lambda x: f"{x:.1f}"])(v)


def phrase(r):
    words = EXOTIC if r.random() < 0.1 else WORDS
    between = r.choice([" ", " ", "  ", "-"] + [""] * (words is WORDS))
    return between.join(r.choice(words) for _ in range(r.choice([1, 1, 1, 2, 3, 8])))


def odd(r):
    text = phrase(r)
    return r.choice(
        [
            text,
            " " + text,
            text + " ",
            text + "\n" + phrase(r),
            "\n" + text,
            text + "\n",
            'say "' + text + '"',
            text + ", " + text,
            " " * 40,
            "\n\n",
            text.upper(),
        ]
    )


def date(r):
    y, m, d = r.randint(1, 9999), r.randint(1, 12), r.randint(1, 28)
    return f"{y:04d}-{m:02d}-{d:02d}"


COLUMNS = [
    ("i64", integer),
    ("f64", real),
    ("bool", lambda r: r.choice(["true", "false", "True", "FALSE"])),
    ("str", phrase),
    ("str", odd),
    ("date", date),
    (None, integer),
    (None, lambda r: r.choice(["inf", "-inf", "NaN", "1.", ".5", "-3.25", "+1.5", "1e5", "2E-7"])),
    (None, phrase),
    (None, lambda r: r.choice(["true", "false"])),
    (None, odd),
]


def quote(text, r, always=False):
    needs = any(c in text for c in ',"\n\r') or text != text.strip("\r")
    if needs or always or r.random() < 0.05:
        return '"' + text.replace('"', '""') + '"'
    return text


def make(r):
    """One CSV: its bytes and the dtypes that are given."""
    ncolumns = r.choice([1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 14, 40])
    nrows = r.choice([0, 1, 2, 3, 5, 9, 10, 11, 12, 40])
    names, columns, given = [], [], {}
    for i in range(ncolumns):
        name = r.choice(
            ["c", "id", "code", "a long name for a column", phrase(r), phrase(r).replace('"', ""), f"col{i}"]
        )
        if '"' in name or not name.strip() or name[0] == "\ufeff":
            name = "n"
        while name in names:
            name += str(i)
        names.append(name)
        dtype, value = r.choice(COLUMNS)
        columns.append((value, r.choice([0, 0, 0.2, 1])))
        if dtype and (dtype != "str" or r.random() < 0.5):
            given[name] = dtype
    end = r.choice(["\n", "\n", "\n", "\r\n"])
    lines = [",".join(quote(n, r) for n in names)]
    for _ in range(nrows):
        cells = ["" if r.random() < nulls else quote(value(r), r) for value, nulls in columns]
        if r.random() < 0.02:
            cells = cells[: r.randint(1, ncolumns)]
        lines.append(",".join(cells))
        if r.random() < 0.01:
            lines.append("")
    return (end.join(lines) + r.choice([end, ""])).encode(), given


def theirs(data, given):
    try:
        return (
            str(pl.read_csv(data, schema_overrides={n: KINDS[d] for n, d in given.items()}, infer_schema_length=None))
            + "\n"
        )
    except pl.exceptions.PolarsError as e:
        return f"ERROR {e}".split("\n")[0]


def ours(driver, path, given):
    words = [w for name, dtype in given.items() for w in ("-d", f"{name}={dtype}")]
    done = subprocess.run([driver, *words, path], capture_output=True)
    if done.returncode:
        return "ERROR " + done.stderr.decode(errors="replace").strip()
    return done.stdout.decode(errors="replace")


def expected_to_differ(want):
    """What we do on purpose otherwise: integers wider than 64 bits stay text."""
    return " i128 " in want


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("driver")
    parse.add_argument("-n", type=int, default=500)
    parse.add_argument("-s", type=int, default=1)
    parse.add_argument("-k", default=None)
    args = parse.parse_args()
    if pl.__version__ != "2.1.0":
        sys.exit(f"Polars 2.1.0 is what we print like; this is {pl.__version__}")
    keep = pathlib.Path(args.k or tempfile.mkdtemp(prefix="polars-diff-"))
    keep.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for seed in range(args.s, args.s + args.n):
        data, given = make(random.Random(seed))
        path = keep / f"{seed}.csv"
        path.write_bytes(data)
        want, got = theirs(data, given), ours(args.driver, path, given)
        if want == got or (want.startswith("ERROR") and got.startswith("ERROR")) or expected_to_differ(want):
            path.unlink()
            continue
        wrong += 1
        (keep / f"{seed}.want").write_text(want)
        (keep / f"{seed}.got").write_text(got)
        (keep / f"{seed}.given").write_text(repr(given))
        print(f"{path}: differs", given)
    print(f"{args.n} CSVs, {wrong} differ{': ' + str(keep) if wrong else ''}")
    sys.exit(wrong != 0)


main()
