"""What acro, cell-key-perturbation and pycanon do with the benchmark's data; run by a Python that has them.

`python disclosure_rivals.py FOLDER`: reads cases.json and records.csv there, writes rivals.json.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd


def timed(function, times: int = 3) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            function()
        taken.append(time.perf_counter() - start)
    return median(taken)


def statuses(frames: list[dict]) -> list[str]:
    """Run each table of a case through acro, as an analyst would make it from records; return its verdicts."""
    from acro import ACRO

    session = ACRO(suppress=False)
    for frame in frames:
        data = pd.DataFrame(frame["columns"])
        if frame["how"] == "crosstab":
            session.crosstab(data[frame["rows"]], data[frame["by"]])
        elif frame["how"] in ("mean", "max"):
            session.pivot_table(data, index=[frame["rows"]], values=[frame["values"]], aggfunc=frame["how"])
        elif frame["how"] == "sum":
            session.crosstab(
                data[frame["rows"]], data[frame["by"]], values=data[frame["values"]], aggfunc="sum"
            )
        elif frame["how"] == "ols":
            session.ols(data[frame["values"]], data[[frame["by"]]])
    return (
        [record.status for record in session.results.results.values()]
        if hasattr(session.results, "results")
        else []
    )


def main(folder: Path) -> None:
    logging.disable(logging.CRITICAL)
    os.chdir(folder)
    found: dict[str, list[int]] = {}
    for case in json.loads((folder / "cases.json").read_text()):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                verdicts = statuses(case["frames"])
            except Exception as error:
                verdicts = [f"error {type(error).__name__}"]
        tally = found.setdefault(case["kind"], [0, 0])
        tally[0] += any(verdict == "fail" for verdict in verdicts)
        tally[1] += 1
    data = pd.read_csv(folder / "records.csv", dtype={"region": str, "offence": str, "age": str})
    from acro import ACRO

    def crosstab() -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            ACRO(suppress=False).crosstab(data["region"], data["offence"])

    seconds = {"acro crosstab": timed(crosstab)}
    from cell_key_perturbation.create_perturbed_table import create_perturbed_table
    from cell_key_perturbation.utils.generate_test_ptable import generate_ptable_10_5_rule

    data["record_key"] = np.random.default_rng(1).integers(0, 256, len(data))
    ptable = generate_ptable_10_5_rule()
    seconds["cell-key-perturbation"] = timed(
        lambda: create_perturbed_table(
            data, ptable, ["region"], ["offence"], "record_key", use_existing_ons_id=False, threshold=10
        )
    )
    from pycanon import anonymity

    quasi = ["region", "offence", "age"]
    seconds["pycanon k"] = timed(lambda: anonymity.k_anonymity(data, quasi))
    seconds["pycanon k, l, t"] = timed(
        lambda: (
            anonymity.k_anonymity(data, quasi),
            anonymity.l_diversity(data, quasi, ["ill"]),
            anonymity.t_closeness(data, quasi, ["ill"]),
        ),
        1,
    )
    k = int(anonymity.k_anonymity(data, quasi))
    (folder / "rivals.json").write_text(json.dumps({"found": found, "seconds": seconds, "k": k}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
