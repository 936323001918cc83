"""Do match probabilities mean what they say, whatever the error rate? Expected calibration error on synthetic populations.

    python benchmarks/bench_calibration.py [--people 20000] [--seeds 1 2 3] [--scales 0.25 0.5 1 2 3]

Every rate of the shipped error model is multiplied by the scale. The links are those that `tally link files` writes at the threshold,
calibrated from the data alone. F1 counts pairs of records across the two sources that share a person.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from pathlib import Path

import numpy as np

from bench_accuracy import Truth
from tallystick import synth
from tallystick.linkage import LinkageSpec, calibrate, link
from tallystick.linkage.files import read
from tallystick.linkage.outcome import resolved_again

SOURCES = ("justice", "education")
THRESHOLDS = (0.05, 0.5, 0.95)
MOST = 0.9


def scaled(scale: float) -> synth.ErrorModel:
    """Return the shipped error model with every rate multiplied (and no field's errors over nine in ten)."""
    model = synth.shipped()
    rates = {}
    for source, fields in model.rates.items():
        rates[source] = {}
        for name, kinds in fields.items():
            times = min(scale, MOST / max(sum(kinds.values()), 1e-9))
            rates[source][name] = {kind: rate * times for kind, rate in kinds.items()}
    return synth.ErrorModel(rates, model.groups)


def measured(people: int, seed: int, scale: float) -> dict[str, float]:
    """Return the calibration error at each threshold, and F1 at one half."""
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share"
        synth.write("moj-dfe", share, people=people, seed=seed, model=scaled(scale))
        tables = {source: read(share / "supplies" / f"{source}.csv") for source in SOURCES}
        person: dict[tuple[str, str], str] = {}
        for source in SOURCES:
            text = (share / "truth" / f"{source}.csv").read_text(encoding="utf-8")
            person |= {(source, row["record_id"]): row["person"] for row in csv.DictReader(text.splitlines())}
    found: dict[str, float] = {}
    linked = link(tables, LinkageSpec())
    for threshold in THRESHOLDS:
        links, persons = resolved_again(linked.scored, linked.persons, LinkageSpec(threshold=threshold))
        left, right = (
            [person[key] for key in zip(links[f"source_{side}"].to_pylist(), links[f"record_id_{side}"].to_pylist(), strict=True)]
            for side in "lr"
        )  # fmt: skip
        is_true = np.array(left) == np.array(right)
        probability = links["match_probability"].to_numpy()
        found[f"ece_{threshold}"] = calibrate.expected_calibration_error(probability, is_true)
        found[f"gap_{threshold}"] = float(probability.mean() - is_true.mean())
        if threshold == 0.5:
            keys = [(row["source"], row["record_id"]) for row in persons.to_pylist()]
            truth = Truth([person[key] for key in keys], [SOURCES.index(key[0]) for key in keys])
            label = np.unique(persons["person_id"].to_numpy(zero_copy_only=False), return_inverse=True)[1]
            found["f1"] = truth.of_persons(label)["f1"]
    return found


def main() -> None:
    """Print a line for each scale and seed, and write all to benchmarks/out/calibration.json."""
    args = argparse.ArgumentParser()
    args.add_argument("--people", type=int, default=20_000)
    args.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    args.add_argument("--scales", type=float, nargs="+", default=[0.25, 0.5, 1, 2, 3])
    given = args.parse_args()
    report = []
    for scale in given.scales:
        for seed in given.seeds:
            found = measured(given.people, seed, scale)
            report.append({"people": given.people, "scale": scale, "seed": seed, **found})
            print(scale, seed, {name: round(value, 4) for name, value in found.items()}, flush=True)
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "calibration.json").write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
