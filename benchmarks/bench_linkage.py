"""Block, score and write the links of two files: the native engine beside Splink on DuckDB, on the same trained model.

`python benchmarks/bench_linkage.py [SMALL LARGE]` (default one million by three million; about 90 million candidate pairs at
that size). Each engine runs in a process of its own, in turn, from Parquet files to a Parquet file of links; the median of
the runs and the peak memory of the process are compared. The links must be the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RUNS = 3
OUT = Path(__file__).parent / "out"
ONE = """
import json, resource, sys, time
import pyarrow.parquet as pq
folder, engine = sys.argv[1], sys.argv[2]
model = json.load(open(f"{folder}/model.json"))
start = time.perf_counter()
if engine == "native":
    from tallystick.linkage.score import links
else:
    from tallystick.linkage.engine_splink import links
found = links({name: pq.read_table(f"{folder}/{name}.parquet") for name in "ab"}, model, 0.9)
pq.write_table(found, f"{folder}/{engine}.parquet", compression="zstd")
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    "links": found.num_rows,
}))
"""


def main() -> None:
    """Make the files once, run both engines in turn, print the ratios."""
    import pyarrow.parquet as pq

    from linkage_people import model, people

    small, large = (int(float(x)) for x in sys.argv[1:3]) if len(sys.argv) > 2 else (1_000_000, 3_000_000)
    with tempfile.TemporaryDirectory() as folder:
        for name, table in people(small, large).items():
            pq.write_table(table, f"{folder}/{name}.parquet")
        Path(folder, "model.json").write_text(json.dumps(model()))
        results: dict[str, list[dict[str, float]]] = {"native": [], "splink": []}
        for run in range(RUNS):
            for engine in results:
                if engine == "native" or run < max(1, RUNS - 2):
                    results[engine].append(one(folder, engine))
        mine, theirs = (pq.read_table(f"{folder}/{engine}.parquet") for engine in results)
        ids = ["record_id_l", "record_id_r"]
        same = mine.select(ids).equals(theirs.select(ids))
        apart = (
            np.abs(mine["match_weight"].to_numpy() - theirs["match_weight"].to_numpy()).max()
            if same
            else None
        )
    middle = {e: sorted(r, key=lambda x: x["seconds"])[len(r) // 2] for e, r in results.items()}
    report = {
        "records": [small, large],
        "same_links": same,
        "largest_difference_of_weights": apart,
        **middle,
        "times_faster": middle["splink"]["seconds"] / middle["native"]["seconds"],
        "memory_share": middle["native"]["peak_gb"] / middle["splink"]["peak_gb"],
    }
    OUT.mkdir(exist_ok=True)
    (OUT / "linkage.json").write_text(json.dumps(report, indent=2))
    draw(middle)
    print(json.dumps(report, indent=2))


def draw(middle: dict[str, dict[str, float]]) -> None:
    """Write the chart of both engines' seconds and memory."""
    import altair as alt

    names = {"native": "native", "splink": "Splink on DuckDB"}
    bars = [
        {"engine": names[engine], "what": what, "value": one[key], "text": f"{one[key]:.1f}"}
        for engine, one in middle.items()
        for what, key in (("seconds", "seconds"), ("peak memory, GB", "peak_gb"))
    ]
    base = alt.Chart(alt.Data(values=bars)).encode(
        x=alt.X("value:Q", title=None), y=alt.Y("engine:N", title=None)
    )
    rows = (
        base.mark_bar(color="#1d70b8") + base.mark_text(align="left", dx=4).encode(text="text:N")
    ).properties(width=480, height=60)
    rows.facet(
        row=alt.Row("what:N", title=None, header=alt.Header(labelAngle=0, labelAlign="left"))
    ).resolve_scale(x="independent").properties(background="white").save(OUT / "linkage.svg")


def one(folder: str, engine: str) -> dict[str, float]:
    """Return what one run in a process of its own took."""
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ONE, folder, engine],
        check=True,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    )
    found = dict(json.loads(ran.stdout.splitlines()[-1]))
    return {**found, "process_seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main()
