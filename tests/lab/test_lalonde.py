"""Real data with known answers: LaLonde's trial, and Rossi's released prisoners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from tallystick.lab.design import design
from tallystick.lab.estimate import METHODS, Method, Question, answer, difference, estimate
from tallystick.lab.weigh import Settings
from tallystick.lab.wording import welch

EIGHT = ["age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75"]
TEN = [*EIGHT, "u74", "u75"]


def with_zeros(table: pa.Table) -> pa.Table:
    for year in ("74", "75"):
        table = table.append_column(f"u{year}", pc.cast(pc.equal(table[f"re{year}"], 0), pa.float64()))
    return table


@pytest.fixture(scope="module")
def trial(shared_data: Path) -> pa.Table:
    return with_zeros(csv.read_csv(shared_data / "lalonde" / "nsw_dw.csv"))


@pytest.fixture(scope="module")
def against_psid(trial: pa.Table, shared_data: Path) -> pa.Table:
    controls = with_zeros(csv.read_csv(shared_data / "lalonde" / "psid_controls.csv"))
    return pa.concat_tables([trial.filter(pc.equal(trial["treat"], 1)), controls])


def test_the_trials_own_estimate(trial: pa.Table) -> None:
    """1,794.34 (671.0): the plain difference with its robust error."""
    made = design(trial, "treat", "re78", TEN)
    effect, error = difference(made.outcome, made.treated, np.ones(len(made.treated)), None)
    assert (effect, error) == (pytest.approx(1794.34, abs=0.01), pytest.approx(671, abs=1.5))
    balanced = estimate(made, "entropy")
    assert balanced.estimate == pytest.approx(effect, abs=balanced.standard_error)


def test_entropy_balancing_is_the_published_figure(against_psid: pa.Table) -> None:
    """2,420.49 (876.85) was published; solved to convergence it is 2,424.66, its error with fixed weights 876.5."""
    found = estimate(design(against_psid, "treat", "re78", TEN), "entropy")
    assert found.estimate == pytest.approx(2424.66, abs=0.01)
    assert found.fixed_weights.standard_error == pytest.approx(876.85, abs=1)
    assert max(abs(pair["after"]) for pair in found.smd.values()) < 1e-8


CASES: dict[str, tuple[Method, Settings]] = {
    "radius": ("radius", Settings()),
    "nearest": ("nearest", Settings()),
    "nearest, `--replace`": ("nearest", Settings(replace=True)),
    "kernel": ("kernel", Settings()),
    "full": ("full", Settings()),
    "cem": ("cem", Settings()),
    "entropy": ("entropy", Settings()),
    "overlap": ("overlap", Settings()),
    "ipw": ("ipw", Settings()),
}


def row(name: str, table: pa.Table) -> list[float]:
    """What the page shows of one method."""
    method, settings = CASES[name]
    found = answer(table, Question("treat", "re78", TEN, method=method, settings=settings))[2]
    worst = max(abs(pair["after"]) for pair in found.smd.values())
    return [
        found.estimate,
        found.standard_error,
        found.doubly_robust.estimate,
        found.n_treated,
        found.ess_comparison,
        worst,
    ]


@pytest.mark.parametrize("name", CASES)
def test_the_page_shows_what_each_method_gives(against_psid: pa.Table, name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "lab-evidence.md").read_text(encoding="utf-8")
    table = page[page.index("| method | estimate | standard error |") :].partition("\n\n")[0]
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {name} |"))
    shown = [float(cell.replace(",", "").replace("\u2212", "-")) for cell in line.split("|")[2:-1]]
    found = row(name, against_psid)
    assert shown == [
        pytest.approx(value, abs=unit) for value, unit in zip(found, (1, 1, 1, 0, 0.1, 0.01), strict=True)
    ]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_what_its_balance_is(against_psid: pa.Table, method: Method) -> None:
    found = estimate(design(against_psid, "treat", "re78", TEN), method)
    before, after = (max(abs(pair[when]) for pair in found.smd.values()) for when in ("before", "after"))
    assert after < before
    assert bool(found.notes) == (after > 0.1 or found.n_treated < 185 or method == "overlap")
    moved = abs(found.doubly_robust.estimate - found.estimate) > found.standard_error
    assert (
        any("moves the estimate" in note for note in found.notes)
        == moved
        == (method in ("radius", "kernel", "full"))
    )


def test_rossi_by_weights(shared_data: Path) -> None:
    """Aid was randomised: the estimate is near the plain difference, 22.2 less 30.6 %."""
    rossi = csv.read_csv(shared_data / "rearrest" / "rossi.csv")
    found = estimate(
        design(rossi, "fin", "arrest", ["age", "race", "wexp", "mar", "paro", "prio"]), "overlap"
    )
    assert found.estimate == pytest.approx(-0.083, abs=0.02)
    assert found.ci_low < 0.222 - 0.306 < found.ci_high


@pytest.mark.parametrize("comparison", [20_000, 100_000, 1_000_000])
def test_a_published_interval_from_its_printed_numbers(comparison: int) -> None:
    """805 people, 18 against 23 %: the report prints that the rate is lower by 2 to 8 points."""
    low, high = welch(0.18, 805, 0.23, comparison)
    assert (round(-high * 100), round(-low * 100)) == (2, 8)
