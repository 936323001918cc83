"""A supply of 5 % more records: a refresh beside linking everything again, in accuracy and in time.

    python benchmarks/bench_refresh.py [--people 200000] [--runs 3]

Synthetic justice and education records with known truth. F1 counts pairs of records across the two sources that share a person.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick import synth
from tallystick.linkage import LinkageSpec, Linked, link, refresh, state
from tallystick.linkage.files import read


def main() -> None:
    """Print the two ways' medians, and write them to benchmarks/out."""
    args = argparse.ArgumentParser()
    args.add_argument("--people", type=int, default=200_000)
    args.add_argument("--runs", type=int, default=3)
    args.add_argument("--seed", type=int, default=1)
    given = args.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share"
        synth.write("moj-dfe", share, people=given.people, seed=given.seed, form="parquet")
        names = ("justice", "education")
        whole = {name: pq.read_table(share / "supplies" / f"{name}.parquet") for name in names}
        truth = {name: people(share / "truth", name) for name in names}
        spec = LinkageSpec(threshold=0.95)
        draw = np.random.default_rng(given.seed)
        first = {name: t.filter(pa.array(draw.random(t.num_rows) >= 0.05)) for name, t in whole.items()}
        link({name: t.slice(0, 1000) for name, t in whole.items()}, spec)  # compiled before it is timed
        kept = Path(folder) / "kept"
        before = link(first, spec)
        state.write(state.after(before, first, spec), kept)
        runs: dict[str, list[tuple[float, float]]] = {
            "full": [],
            "refresh": [],
            "refresh, from disk to disk": [],
        }
        for _ in range(given.runs):
            start = clocks()
            full = link(whole, spec)
            runs["full"].append(since(start))
            start = clocks()
            earlier = state.read(kept)
            begun = clocks()
            new = refresh(earlier, whole)
            runs["refresh"].append(since(begun))
            state.write(state.after(new, whole, earlier.spec, earlier), kept.with_name("next"))
            runs["refresh, from disk to disk"].append(since(start))
        found = {
            "records": {name: t.num_rows for name, t in whole.items()},
            "refresh": dict(new.quality["refresh"]),
            "seconds": medians(runs, 0),
            "processor seconds": medians(runs, 1),
            "f1": {"full": f1(full, truth), "refresh": f1(new, truth)},
            "lineage": new.lineage["kind"].value_counts().to_pylist(),
        }
    print(json.dumps(found, indent=1))
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "refresh.json").write_text(json.dumps(found, indent=1))


def clocks() -> tuple[float, float]:
    """Return the wall's clock and the processor's."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Return how much each clock went on since ``start``."""
    wall, processor = clocks()
    return wall - start[0], processor - start[1]


def medians(runs: dict[str, list[tuple[float, float]]], clock: int) -> dict[str, float]:
    """Return the medians by one clock, and what share of a full linkage each refresh took."""
    seconds = {name: statistics.median(run[clock] for run in found) for name, found in runs.items()}
    shares = {
        f"{name}, share of full": one / seconds["full"] for name, one in seconds.items() if name != "full"
    }
    return {name: round(one, 3) for name, one in (seconds | shares).items()}


def people(folder: Path, source: str) -> dict[str, str]:
    """Return the true person of each record."""
    path = next(p for p in (folder / f"{source}.csv", folder / f"{source}.parquet") if p.exists())
    table = read(path)
    return dict(zip(table["record_id"].to_pylist(), table["person"].to_pylist(), strict=True))


def f1(linked: Linked, truth: dict[str, dict[str, str]]) -> float:
    """Return the F1 of pairs across the sources."""
    columns = [linked.persons[c].to_pylist() for c in ("source", "record_id", "person_id")]
    said = set()
    by_person: dict[str, dict[str, list[str]]] = {}
    for source, record, person in zip(*columns, strict=True):
        by_person.setdefault(person, {}).setdefault(source, []).append(record)
    for one in by_person.values():
        said |= {(a, b) for a in one.get("justice", ()) for b in one.get("education", ())}
    pupils: dict[str, list[str]] = {}
    for record, person in truth["education"].items():
        pupils.setdefault(person, []).append(record)
    true = {(a, b) for a, person in truth["justice"].items() for b in pupils.get(person, ())}
    return round(2 * len(said & true) / (len(said) + len(true)), 5)


if __name__ == "__main__":
    main()
