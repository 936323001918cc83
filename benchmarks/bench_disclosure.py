"""Disclosure control beside acro, cell-key-perturbation and pycanon, and a million cells protected and audited.

The rivals need an environment of their own (they pin older libraries):

    uv venv rivals && uv pip install --python rivals/bin/python acro cell-key-perturbation pycanon
    RIVALS_PYTHON=rivals/bin/python python benchmarks/bench_disclosure.py

Without RIVALS_PYTHON only our own figures are measured. Writes benchmarks/out/disclosure.json. Seconds are medians of three.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from tallystick.deidentify.risk import risk
from tallystick.disclosure.cellkey import noise_table, perturbed
from tallystick.disclosure.check import check_files
from tallystick.disclosure.count_checks import count_findings
from tallystick.disclosure.counts import Counts
from tallystick.disclosure.grid import Dimension, Grid, with_totals
from tallystick.disclosure.rules import Limits
from tallystick.disclosure.suppression import small, suppress, width_need
from tallystick.disclosure.tabulate import categories, tabulate

HERE = Path(__file__).resolve().parent
ROWS = 1_000_000


def suite_module() -> ModuleType:
    path = HERE.parent / "tests" / "disclosure" / "suite.py"
    spec = importlib.util.spec_from_file_location("disclosure_suite", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["disclosure_suite"] = module
    spec.loader.exec_module(module)
    return module


def timed(function: Callable[[], Any], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return median(taken)


def frames_of(case: Any) -> list[dict[str, Any]] | None:
    """Return the records behind each of a case's tables, so that a checker that makes tables itself can be tried."""
    made = []
    for rows in [*case.files.values(), *(case.earlier or {}).values()]:
        header = rows[0]
        if any(cell in ("c", "*", "[c]", "", "<10", "suppressed") for row in rows[1:] for cell in row):
            return None
        if header[0] in ("region", "area", "age") and header[-1] == "count" and len(header) <= 3:
            by = header[1] if len(header) == 3 else "everybody"
            cells = [(row[0], row[1] if len(header) == 3 else "all", row[-1]) for row in rows[1:]]
        elif header[0] == "region" and set(header[1:]) <= {
            "theft",
            "fraud",
            "drugs",
            "violence",
            "arson",
            "other",
            "Total",
        }:
            by = "offence"
            cells = [
                (row[0], name, row[at + 1]) for row in rows[1:] if row[0] != "Total"
                for at, name in enumerate(header[1:]) if name != "Total"
            ]  # fmt: skip
        elif header[:3] == ["region", "n", "mean"]:
            columns = {"region": [], "wage": []}  # type: dict[str, list[Any]]
            for row in rows[1:]:
                if row[0] == "Total":
                    return None
                columns["region"] += [row[0]] * row[1]
                columns["wage"] += [row[2] + (row[3] * (at % 7 - 3) / 2) for at in range(row[1])]
            how = "max" if "max" in header else "mean"
            made.append({"how": how, "columns": columns, "rows": "region", "values": "wage"})
            continue
        elif header[0] == "industry":
            columns = {"industry": [], "turnover": [], "everybody": []}
            for row in rows[1:]:
                rest = [(row[1] - row[3] - row[4]) / (row[2] - 2)] * (row[2] - 2)
                columns["industry"] += [row[0]] * row[2]
                columns["turnover"] += [row[3], row[4], *rest]
                columns["everybody"] += ["all"] * row[2]
            made.append(
                {
                    "how": "sum",
                    "columns": columns,
                    "rows": "industry",
                    "by": "everybody",
                    "values": "turnover",
                }
            )
            continue
        elif header[0] == "term" and rows[-1][0] == "Observations":
            n = next(row[1] for row in rows if row[0] == "Observations")
            x = [float(at) for at in range(n)]
            made.append(
                {
                    "how": "ols",
                    "columns": {"x": x, "y": [v * 2 + at % 3 for at, v in enumerate(x)]},
                    "by": "x",
                    "values": "y",
                }
            )
            continue
        else:
            return None
        columns = {header[0]: [], by: []}
        for row_code, column_code, count in cells:
            columns[header[0]] += [row_code] * int(count)
            columns[by] += [column_code] * int(count)
        made.append({"how": "crosstab", "columns": columns, "rows": header[0], "by": by})
    return made


def found_by_us(suite: ModuleType, case: Any, folder: Path) -> bool:
    folder.mkdir(parents=True)
    paths = [suite.save(rows, folder / name) for name, rows in case.files.items()]
    if case.about:
        (folder / "t.about.toml").write_text(case.about)
    released: Any = ()
    if case.earlier:
        (folder / "earlier").mkdir()
        earlier = [suite.save(rows, folder / "earlier" / name) for name, rows in case.earlier.items()]
        released = check_files(earlier, Limits()).counts
    rules = {f.rule for f in check_files(paths, Limits(zeros_are_disclosive=case.zeros), released).refusals}
    return bool(rules & case.expect)


def records() -> pa.Table:
    random = np.random.default_rng(7)
    return pa.table(
        {
            "region": [f"r{v}" for v in random.zipf(1.6, ROWS).clip(1, 40)],
            "offence": [f"o{v}" for v in random.integers(0, 25, ROWS)],
            "age": [f"a{v}" for v in random.integers(0, 60, ROWS)],
            "ill": [f"i{v}" for v in random.integers(0, 3, ROWS)],
        }
    )


def check_records(table: pa.Table) -> None:
    grid = tabulate(table, ["region", "offence"])
    flat = grid.values.reshape(-1)
    counts = Counts("table", grid, np.zeros(grid.size, dtype=bool), flat, flat)
    count_findings(counts, Limits())


def million_cells(shape: tuple[int, ...]) -> dict[str, Any]:
    random = np.random.default_rng(1)
    values = random.poisson(np.exp(random.normal(np.log(30), 1, shape))).astype(float)
    dimensions = tuple(Dimension.of(f"d{at}", [f"c{i}" for i in range(n)]) for at, n in enumerate(shape))
    grid = with_totals(Grid(dimensions, values))
    primary = small(grid, 10)
    start = time.perf_counter()
    made = suppress(grid, primary, width_need(int(primary.sum()), 10))
    return {
        "cells": grid.size, "primary": int(primary.sum()), "secondary": int(made.secondary.sum()),
        "exposed": len(made.audit.exposed), "exact": made.audit.exact, "seconds": round(time.perf_counter() - start, 1),
    }  # fmt: skip


def from_records(rows: int) -> dict[str, Any]:
    random = np.random.default_rng(2)
    table = pa.table(
        {
            "area": [f"{v:03}" for v in random.integers(0, 150, rows)],
            "offence": [f"{v:02}" for v in random.integers(0, 20, rows)],
            "age": [f"{v:02}" for v in random.integers(0, 18, rows)],
            "sex": [f"{v}" for v in random.integers(0, 2, rows)],
        }
    )
    areas = {f"{v:03}": f"region {v // 15}" for v in range(150)}
    start = time.perf_counter()
    grid = tabulate(table, ["area", "offence", "age", "sex"], {"area": areas})
    primary = small(grid, 10)
    made = suppress(grid, primary, width_need(int(primary.sum()), 10))
    return {
        "rows": rows, "cells": grid.size, "primary": int(primary.sum()), "secondary": int(made.secondary.sum()),
        "exposed": len(made.audit.exposed), "seconds": round(time.perf_counter() - start, 1),
    }  # fmt: skip


def main() -> None:
    suite = suite_module()
    made: dict[str, Any] = {"found": {}, "seconds": {}}
    table = records()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = []
        for at, case in enumerate(suite.planted(1)):
            tally = made["found"].setdefault(case.kind, [0, 0])
            tally[0] += found_by_us(suite, case, folder / f"case-{at}")
            tally[1] += 1
            frames = frames_of(case)
            if frames:
                cases.append({"kind": case.kind, "frames": frames})
        keys = np.random.default_rng(1).integers(0, 256, ROWS)
        noise = noise_table()

        def cell_keys() -> None:
            codes, cells = categories(table, ["region", "offence"])
            perturbed(cells, keys, len(codes[0]) * len(codes[1]), noise, 10)

        quasi = ["region", "offence", "age"]
        made["seconds"] = {
            "check of a crosstab": timed(lambda: check_records(table)),
            "cell keys": timed(cell_keys),
            "k": timed(lambda: risk(table, quasi)),
            "k, l, t": timed(lambda: risk(table, quasi, ["ill"])),
        }
        made["k"] = risk(table, quasi).k
        rival = os.environ.get("RIVALS_PYTHON")
        if rival:
            (folder / "cases.json").write_text(json.dumps(cases))
            arrow_csv.write_csv(table, folder / "records.csv")
            subprocess.run(
                [rival, str(HERE / "disclosure_rivals.py"), name], check=True, stdout=subprocess.DEVNULL
            )
            made["rivals"] = json.loads((folder / "rivals.json").read_text())
    made["million cells"] = [million_cells(shape) for shape in ((999, 999), (99, 99, 99))]
    made["from records"] = from_records(650_000)
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out" / "disclosure.json").write_text(json.dumps(made, indent=2))
    print(json.dumps(made, indent=2))


if __name__ == "__main__":
    main()
