"""A provider's cohort against a national file kept as an index: 58,000 by five million, beside linking the files whole.

`python benchmarks/bench_cohort.py [COHORT NATION]`. The index is made and saved once; then each run is a process of its own that
opens it and links the cohort, from a Parquet file to a Parquet file of links. Beside it the whole linkage of the same two files,
by the native engine and by Splink on DuckDB. All must give the same links. Also: what a first start that compiles costs, and a later one.
Writes ``out/cohort.json``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RUNS = 5
OUT = Path(__file__).parent / "out"
BEGIN = """
import json, resource, sys, time
from pathlib import Path
import pyarrow.parquet as pq
folder = Path(sys.argv[1])
model = json.loads((folder / "model.json").read_text())
start = time.perf_counter()
"""
END = """
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
}))
"""
BUILD = """
from tallystick.linkage.score import index, store
store.save(index.build(pq.read_table(folder / "b.parquet"), model, source="b"), folder / "index")
"""
COHORT = """
from tallystick.linkage.score import index, store
found = index.links_with(store.open_index(folder / "index"), pq.read_table(folder / "a.parquet"), 0.9, source="a")
pq.write_table(found, folder / "cohort.parquet", compression="zstd")
"""
WHOLE = """
from tallystick.linkage.ENGINE import links
found = links({name: pq.read_table(folder / f"{name}.parquet") for name in "ab"}, model, 0.9)
pq.write_table(found, folder / "ENGINE.parquet", compression="zstd")
"""


TINY = """
from tallystick.linkage.score import links
links({name: pq.read_table(folder / f"few-{name}.parquet") for name in "ab"}, model, 0.9)
"""
"""A thousand records a side: all of it is starting up, and at the first start compiling."""


def main() -> None:
    """Make the files and the index, run each way, compare the links, print the medians."""
    import pyarrow.parquet as pq

    from linkage_people import model, people

    cohort, nation = (int(float(x)) for x in sys.argv[1:3]) if len(sys.argv) > 2 else (58_000, 5_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source, table in people(cohort, nation).items():
            pq.write_table(table, folder / f"{source}.parquet")
            pq.write_table(table.slice(0, 1000), folder / f"few-{source}.parquet")
        (folder / "model.json").write_text(json.dumps(model()))
        compiled = folder / "compiled"
        starts = [one(folder, TINY, NUMBA_CACHE_DIR=str(compiled)) for _ in range(1 + RUNS)]
        built = one(folder, BUILD)
        held = sum(path.stat().st_size for path in (folder / "index").rglob("*") if path.is_file())
        runs = [one(folder, COHORT) for _ in range(RUNS)]
        native = [one(folder, WHOLE.replace("ENGINE", "score")) for _ in range(3)]
        splink = one(folder, WHOLE.replace("ENGINE", "engine_splink"))
        ids = ["record_id_l", "record_id_r"]
        read = [
            pq.read_table(folder / f"{each}.parquet", columns=ids)
            for each in ("cohort", "score", "engine_splink")
        ]
        report = {
            "records": [cohort, nation],
            "links": read[0].num_rows,
            "same_links": read[0].equals(read[1]) and read[0].equals(read[2]),
            "first_start_that_compiles": starts[0]["process_seconds"],
            "later_start": statistics.median(each["process_seconds"] for each in starts[1:]),
            "index": {**built, "gb_on_disk": held / 1e9},
            "cohort": middle(runs),
            "whole_native": middle(native),
            "whole_splink": splink,
        }
    OUT.mkdir(exist_ok=True)
    (OUT / "cohort.json").write_text(json.dumps(report, indent=2))
    print(json.dumps(report, indent=2))


def middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the medians of several runs."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def one(folder: Path, code: str, **more: str) -> dict[str, Any]:
    """Return what one run in a process of its own took."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    } | more
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BEGIN + code + END, str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    return {**json.loads(done.stdout.splitlines()[-1]), "process_seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main()
