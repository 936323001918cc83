"""Calibration at the command line: judged pairs in, probabilities that mean what they say out, and a say on how far off they were."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import judged, reliability


def scored(seed: int = 3, n: int = 6000) -> tuple[pa.Table, Any]:
    """Return pairs whose weights overstate the evidence by half, and the truth of each."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 8, n)
    truth = rng.random(n) < 1 / (1 + np.exp2(-(0.5 * weight + 1)))
    return pa.table(
        {
            "source_l": ["courts"] * n,
            "record_id_l": [f"a{i}" for i in range(n)],
            "source_r": ["schools"] * n,
            "record_id_r": [f"b{i}" for i in range(n)],
            "match_weight": weight,
            "match_probability": 1 / (1 + np.exp2(-weight)),
        }
    ), truth


def write(folder: Path, rows: list[list[str]], header: str) -> Path:
    place = folder / "judged.csv"
    with place.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return place


HEADER = "source_l,record_id_l,source_r,record_id_r,answer"


def sample(truth: Any, count: int = 800) -> list[list[str]]:
    chosen = np.random.default_rng(8).permutation(len(truth))[:count]
    # Every other pair the other way round: a reviewer's table need not know which side is left.
    sides = [[["courts", f"a{i}"], ["schools", f"b{i}"]][:: 1 if n % 2 else -1] for n, i in enumerate(chosen)]
    return [[*one, *two, "yes" if truth[i] else "no"] for (one, two), i in zip(sides, chosen, strict=True)]


def test_at_the_command_line(tmp_path: Path, tally: Callable[..., Any]) -> None:
    pairs, truth = scored()
    pq.write_table(pairs, tmp_path / "pairs.parquet")
    rows = sample(truth)
    place = write(
        tmp_path,
        [*rows, ["courts", "a1", "schools", "b2", "no"], ["courts", "a2", "schools", "b1", "unsure"]],
        HEADER,
    )
    call = ("link", "calibrate", tmp_path / "pairs.parquet", place, "-o", tmp_path / "out.parquet")
    ran = tally(*call, "--diagram", tmp_path / "d.svg", "--json")
    assert ran.code == 0, ran.err
    said = json.loads(ran.out)
    assert (said["pairs"], said["unknown"], said["left_out"]) == (800, 1, 1)
    assert said["error_before"] > 0.05 > 3 * said["error_by_chance"] / 2
    assert said["error_after"] < said["error_before"] / 2
    made = pq.read_table(tmp_path / "out.parquet")
    assert made.schema == pairs.schema
    every = np.ones(len(truth))
    error = reliability.expected_calibration_error(
        made["match_probability"].to_numpy(), truth.astype(float), every
    )
    assert error < 0.02
    assert np.allclose(
        made["match_probability"].to_numpy(), 1 / (1 + np.exp2(-made["match_weight"].to_numpy()))
    )
    assert (tmp_path / "d.svg").read_text().startswith("<svg ")
    text = tally(*call)
    assert "expected calibration error" in text.out
    assert "a17" not in text.out


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([["courts", "a1", "schools", "b1", "perhaps"]], HEADER, "Row 2 .* none of yes, no, unsure"),
        ([["courts", "a1", "schools", "b1", "yes"], ["schools", "b1", "courts", "a1", "no"]], HEADER, "Row 3 .* row 2 too"),
        ([["courts", "a1", "schools", "b1", "yes", "-1"]], HEADER + ",stands_for", "Row 2 .* no.* positive"),
        ([["courts", "a1", "schools", "b1"]], HEADER.removesuffix(",answer"), "no column answer"),
        ([["courts", "a1", "schools", "b1", "yes"]], HEADER, "1 judged pairs .* at least 20"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, rows: list[list[str]], header: str, message: str) -> None:
    from tallystick.linkage import files

    with pytest.raises(BadInput, match=message):
        judged.judged(scored(n=50)[0], files.read(write(tmp_path, rows, header)), "record_id")


def test_probabilities_that_are_right_show_no_more_error_than_chance() -> None:
    rng = np.random.default_rng(2)
    errors, chance = [], []
    for _ in range(30):
        p = rng.random(300)
        truth = (rng.random(300) < p).astype(float)
        errors.append(reliability.expected_calibration_error(p, truth, np.ones(300)))
        chance.append(reliability.error_by_chance(p, np.ones(300), rng, draws=20))
    assert float(np.mean(errors)) == pytest.approx(float(np.mean(chance)), rel=0.2)
