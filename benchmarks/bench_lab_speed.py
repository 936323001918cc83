"""The lab's engine at the size of a country: 58,000 people against 3 million with 50 covariates, beside MatchIt and psmpy.

    RIVALS_PYTHON=rivals/bin/python python benchmarks/bench_lab_speed.py [--treated 58000] [--pool 3000000] [--beside 10]

psmpy needs an environment of its own (`uv venv rivals && uv pip install --python rivals/bin/python psmpy`), MatchIt R and r-cran-matchit; a
rival that is not there is left out. The rivals get the treated and the pool divided by ``--beside``, and the same propensity; MatchIt's
pairs must be ours. Writes benchmarks/out/lab_speed.json. The whole way from a Parquet file to the estimate is run in a process of its own
for each method, for its memory; matching is the median of five after one turn that compiles. Seconds are of the processor, ours and
the rivals' alike, which a busy machine does not change; the whole way has the clock's beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from tallystick.lab import match
from tallystick.lab.design import design
from tallystick.lab.estimate import METHODS, given, with_balance
from tallystick.lab.full import full
from tallystick.lab.weigh import Method, Settings, weighting

OUT = Path(__file__).with_name("out") / "lab_speed.json"
COVARIATES = 50
Floats = NDArray[np.float64]


def table(path: Path, treated: int, pool: int) -> None:
    """Write a table of people, about ``treated`` of them treated: half of the covariates counts and flags, half numbers."""
    draw = np.random.default_rng(1)
    n = treated + pool
    columns: dict[str, pa.Array] = {}
    score = np.zeros(n)
    for k in range(COVARIATES):
        kind = k % 4
        values = (
            draw.normal(size=n)
            if kind < 2
            else draw.poisson(2, n).astype(float)
            if kind == 2
            else (draw.random(n) < 0.1 + k / 100).astype(float)
        )
        columns[f"x{k}"] = pa.array(values)
        score += (0.25 if k < 8 else 0.03) * (values - values.mean()) / values.std()
    # the intercept that treats so many: the odds of the mean, less what the spread of the score adds
    chance = 1 / (1 + np.exp(-(score + np.log(treated / pool) - score.var() / 2)))
    t = draw.random(n) < chance
    rate = 1 / (1 + np.exp(1 - 0.5 * score))
    columns |= {"t": pa.array(t), "y": pa.array(draw.random(n) < rate - 0.03 * t)}
    parquet.write_table(pa.table(columns), path)


def whole(path: Path, method: Method) -> dict[str, Any]:
    """Return the seconds of each step from the file to the estimate, and the greatest memory in GB."""
    clock = time.perf_counter()
    marks = [("start", time.process_time())]
    data = design(parquet.read_table(path), "t", "y", [f"x{k}" for k in range(COVARIATES)])
    marks.append(("table", time.process_time()))
    made = weighting(data, method, Settings())
    marks.append(("fit and match", time.process_time()))
    found = given(data, made)
    marks.append(("test", time.process_time()))
    with_balance(found, data, made)
    marks.append(("balance", time.process_time()))
    steps = {name: at - before for (name, at), (_, before) in zip(marks[1:], marks, strict=False)}
    return {
        "method": method, "steps": steps, "processor_seconds": marks[-1][1] - marks[0][1], "seconds": time.perf_counter() - clock,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "estimate": found.estimate, "standard_error": found.standard_error, "n_treated": found.n_treated,
    }  # fmt: skip


def apart(path: Path, method: Method) -> dict[str, Any]:
    """Return `whole` from a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", method, str(path)], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def timed(function: Callable[[], Any], times: int = 5) -> float:
    """Return the median seconds of processor, after one turn that is not counted."""
    function()
    taken = []
    for _ in range(times):
        start = time.process_time()
        function()
        taken.append(time.process_time() - start)
    return median(taken)


def scores(treated: int, pool: int) -> tuple[Floats, Floats]:
    """Return log odds of propensities of the treated and of the pool, in the table's order."""
    draw = np.random.default_rng(2)
    return draw.normal(-3.2, 0.8, treated), draw.normal(-4, 0.8, pool)


def matching(treated: int, pool: int) -> dict[str, float]:
    """Return the seconds of each method on one number, the sorting with it."""
    t, c = scores(treated, pool)
    width = 0.2 * float(np.concatenate([t, c]).std())
    return {
        "nearest": timed(lambda: match.nearest(np.sort(t)[::-1].copy(), np.sort(c), 1, width)),
        "nearest, with replacement": timed(
            lambda: match.nearest_with_replacement(np.sort(t)[::-1].copy(), np.sort(c), 1, width)
        ),
        "radius": timed(lambda: match.radius(np.sort(t), np.sort(c), width / 2)),
        "kernel": timed(lambda: match.kernel(np.sort(t), np.sort(c), width / 2)),
        "full": timed(lambda: full(t, c), 3),
    }


MATCHIT = """
library(MatchIt)
d <- read.csv("scores.csv")
start <- sum(proc.time()[1:2])
# distances are taken to whole numbers by MatchIt 4.5.1 (its issue 163): the score is multiplied, which leaves their order
m <- matchit(t ~ s, data = d, method = "nearest", distance = d$s * 1e8, m.order = "largest", caliper = 0.2)
cat(sum(proc.time()[1:2]) - start, "\\n")
pair <- m$match.matrix[, 1]
has <- !is.na(pair)
write.csv(data.frame(t = as.integer(names(pair)[has]), c = as.integer(pair[has])), "pairs.csv", row.names = FALSE)
"""

PSMPY = """
import sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
from psmpy import PsmPy
d = pd.read_csv("scores.csv").reset_index().rename(columns={"index": "id"})
m = PsmPy(d, treatment="t", indx="id", exclude=[])
m.logistic_ps(balance=False)
start = time.process_time()
m.kdtree_matched(matcher="propensity_logit", replacement=False, caliper=None)
print(time.process_time() - start)
"""


def beside(treated: int, pool: int) -> dict[str, Any]:
    """Return the seconds of ours and of each rival on nearest neighbours without replacement, and whether MatchIt's pairs are ours."""
    t, c = scores(treated, pool)
    s = np.concatenate([t, c])
    # MatchIt's calliper is in standard deviations over all, as ours
    width = 0.2 * float(s.std(ddof=1))
    order, rest = np.argsort(-t, kind="stable"), np.argsort(c, kind="stable")
    found = match.nearest(t[order], c[rest], 1, width)[:, 0]
    ours = {(int(order[i]) + 1, int(rest[j]) + treated + 1) for i, j in enumerate(found) if j >= 0}
    said: dict[str, Any] = {
        "treated": treated,
        "pool": pool,
        "tallystick": timed(lambda: match.nearest(np.sort(t)[::-1].copy(), np.sort(c), 1, width)),
    }
    with tempfile.TemporaryDirectory() as folder:
        arm = np.repeat([1, 0], [treated, pool])
        lines = "\n".join(f"{a},{float(b)!r}" for a, b in zip(arm, s, strict=True))
        Path(folder, "scores.csv").write_text(f"t,s\n{lines}\n")
        if shutil.which("Rscript"):
            done = subprocess.run(
                ["Rscript", "-e", MATCHIT], cwd=folder, capture_output=True, text=True, check=True
            )
            said["MatchIt"] = float(done.stdout.split()[-1])
            pairs = np.loadtxt(Path(folder, "pairs.csv"), delimiter=",", skiprows=1, dtype=int)
            said["pairs that are MatchIt's"] = len(ours & set(map(tuple, pairs.tolist()))) / max(
                len(pairs), len(ours)
            )
        if rivals := os.environ.get("RIVALS_PYTHON"):
            done = subprocess.run(
                [str(Path(rivals).absolute()), "-c", PSMPY],
                cwd=folder,
                capture_output=True,
                text=True,
                check=True,
            )
            said["psmpy"] = float(done.stdout.split()[-1])
    for rival in ("MatchIt", "psmpy"):
        if rival in said:
            said[f"times as fast as {rival}"] = said[rival] / said["tallystick"]
    return said


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--treated", type=int, default=58_000)
    asked.add_argument("--pool", type=int, default=3_000_000)
    asked.add_argument("--beside", type=int, default=10)
    # coarsened exact matching on fifty columns leaves nobody: it is left out
    asked.add_argument("--methods", default=",".join(method for method in METHODS if method != "cem"))
    asked.add_argument("--one", nargs=2, metavar=("METHOD", "FILE"))
    asked.add_argument("--skip-whole", action="store_true")
    given_ = asked.parse_args()
    if given_.one:
        print(json.dumps(whole(Path(given_.one[1]), given_.one[0])))
        return
    said: dict[str, Any] = {"treated": given_.treated, "pool": given_.pool, "covariates": COVARIATES}
    said["matching"] = matching(given_.treated, given_.pool)
    sizes = [given_.pool // d for d in (16, 8, 4, 2, 1)]
    said["growth"] = {size: matching(given_.treated * size // given_.pool, size) for size in sizes}
    print(json.dumps(said, indent=1))
    said["beside"] = beside(given_.treated // given_.beside, given_.pool // given_.beside)
    print(json.dumps(said["beside"], indent=1))
    if not given_.skip_whole:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "people.parquet")
            table(path, given_.treated, given_.pool)
            said["whole"] = [apart(path, method) for method in given_.methods.split(",")]
            print(json.dumps(said["whole"], indent=1))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
