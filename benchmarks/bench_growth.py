"""How the native engine's time and memory grow: 1, 2, 4, 8 and 16 million records a side, five blocking rules, one model.

`python benchmarks/bench_growth.py [MILLIONS...]`. Names, dates and postcodes come from vocabularies of one size, so the
candidate pairs grow with the square of the records, as they do in a country. Each size runs in a process of its own, from
Parquet files to a Parquet file of links; the files are made in another. Pairs are counted rule by rule, before any is left out
as an earlier rule's. The line is fitted to the processor's seconds of both cores, which others' work on the machine changes less than
the clock's. Splink is beside the engine in `bench_linkage.py`; its memory ends long before these sizes. Writes
``out/growth.json`` and ``out/growth.svg``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent / "out"
MILLIONS = (1.0, 2.0, 4.0, 8.0, 16.0)
NATIONAL = (12e6, 25e6)
MAKE = """
import sys
import pyarrow.parquet as pq
from linkage_people import people
folder, count = sys.argv[1], int(sys.argv[2])
for name, table in people(count, count).items():
    pq.write_table(table, f"{folder}/{name}.parquet")
"""
LINK = """
import json, resource, sys, time
import pyarrow.parquet as pq
from tallystick.linkage.score import links
folder = sys.argv[1]
model = json.load(open(f"{folder}/model.json"))
start = time.perf_counter()
found = links({name: pq.read_table(f"{folder}/{name}.parquet") for name in "ab"}, model, 0.9)
pq.write_table(found, f"{folder}/links.parquet", compression="zstd")
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "processor_seconds": sum(resource.getrusage(resource.RUSAGE_SELF)[:2]),
    "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    "links": found.num_rows,
}))
"""


def main() -> None:
    """Time each size, fit a straight line of seconds on pairs, project it to the nation, draw it."""
    sizes = [float(word) for word in sys.argv[1:]] or list(MILLIONS)
    rows = [measure(int(size * 1e6)) for size in sizes]
    OUT.mkdir(exist_ok=True)
    report: dict[str, Any] = {"sizes": rows}
    if len(rows) > 2:
        report |= fit(rows)
        draw(rows, report)
    (OUT / "growth.json").write_text(json.dumps(report, indent=2))
    print(json.dumps(report, indent=2))


def measure(count: int) -> dict[str, Any]:
    """Return what linking ``count`` by ``count`` records takes, in a process of its own."""
    from linkage_people import model

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run(MAKE, folder, str(count))
        made = time.perf_counter() - start
        Path(folder, "model.json").write_text(json.dumps(model()))
        pairs = candidate_pairs(folder)
        found = json.loads(run(LINK, folder).splitlines()[-1])
    row = {"records_a_side": count, "pairs": pairs, **found, "seconds_to_make": made}
    row["nanoseconds_a_pair"] = row["processor_seconds"] / pairs * 1e9
    print(json.dumps(row), file=sys.stderr)
    return row


def run(code: str, *words: str) -> str:
    """Return what a Python process printed; its compiled code is kept, as a user's is."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    return done.stdout


def candidate_pairs(folder: str) -> int:
    """Return how many pairs the rules hold together, by counting each key's records on both sides."""
    import duckdb

    from linkage_people import RULES

    total = 0
    with duckdb.connect() as con:
        for rule in RULES:
            keys = [part.split(" = ")[0].replace("l.", "") for part in rule.split(" and ")]
            names = ", ".join(f"k{number}" for number in range(len(keys)))
            made = ", ".join(f"{key} as k{number}" for number, key in enumerate(keys))
            counts = [
                f"(select {made}, count(*) as n from '{folder}/{side}.parquet' group by all)" for side in "ab"
            ]
            total += int(
                con.execute(
                    f"select sum(l.n * r.n) from {counts[0]} l join {counts[1]} r using ({names})"
                ).fetchall()[0][0]
            )
    return total


def fit(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the straight line of seconds on pairs, how well it fits, and what it, and one on records too, say of the nation."""
    pairs = np.array([row["pairs"] for row in rows], float)
    records = np.array([2 * row["records_a_side"] for row in rows], float)
    seconds = np.array([row["processor_seconds"] for row in rows])
    slope, base = np.polyfit(pairs, seconds, 1)
    rest = seconds - (base + slope * pairs)
    both = np.linalg.lstsq(
        np.stack([records, pairs], axis=1) / seconds[:, None], np.ones(len(rows)), rcond=None
    )[0]
    # The rules' pairs grow as the product of the two sides: the largest run gives the share of all pairs that they hold.
    share = pairs[-1] / (records[-1] / 2) ** 2
    national = share * NATIONAL[0] * NATIONAL[1]
    memory = np.polyfit(records, [row["peak_gb"] for row in rows], 1)
    return {
        "line": {"seconds": float(base), "nanoseconds_a_pair": float(slope * 1e9)},
        "r_squared": float(1 - (rest**2).sum() / ((seconds - seconds.mean()) ** 2).sum()),
        "records_and_pairs": {
            "nanoseconds_a_record": float(both[0] * 1e9),
            "nanoseconds_a_pair": float(both[1] * 1e9),
        },
        "national": {
            "records": NATIONAL,
            "pairs": national,
            "seconds_by_the_line": float(base + slope * national),
            "seconds_by_records_and_pairs": float(both @ [sum(NATIONAL), national]),
            "peak_gb": float(np.polyval(memory, sum(NATIONAL))),
        },
    }


def draw(rows: list[dict[str, Any]], report: dict[str, Any]) -> None:
    """Write the chart of seconds against pairs, with the line."""
    import altair as alt

    points = [{"pairs": row["pairs"] / 1e9, "seconds": row["processor_seconds"]} for row in rows]
    line = report["line"]
    ends = [0.0, points[-1]["pairs"]]
    drawn = [{"pairs": end, "seconds": line["seconds"] + line["nanoseconds_a_pair"] * end} for end in ends]
    x = alt.X("pairs:Q", title="candidate pairs, thousand millions")
    y = alt.Y("seconds:Q", title="processor seconds, from files to links")
    chart = alt.Chart(alt.Data(values=drawn)).mark_line(color="#505a5f").encode(x=x, y=y) + alt.Chart(
        alt.Data(values=points)
    ).mark_point(filled=True, size=70, color="#1d70b8").encode(x=x, y=y)
    chart.properties(width=520, height=300, background="white").save(OUT / "growth.svg")


if __name__ == "__main__":
    main()
