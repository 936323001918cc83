"""The meta-analysis against the published BCG example and against statsmodels."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from tallystick.cli.main import run
from tallystick.errors import BadInput
from tallystick.lab.summary import SCHEMA, Summary
from tallystick.lab.synthesis import Study, synthesis

# Thirteen trials of the BCG vaccine (Colditz et al. 1994, JAMA 271): treated with and without the disease, controls so.
BCG = (
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
)  # fmt: skip


def bcg() -> list[Study]:
    return [
        Study(
            str(i),
            math.log((a / (a + b)) / (c / (c + d))),
            math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)),
        )
        for i, (a, b, c, d) in enumerate(BCG)
    ]


def test_published_example() -> None:
    """Viechtbauer (2010), Journal of Statistical Software 36(3): REML -0.7145, tau squared 0.3132; DL -0.7141, 0.3088."""
    reml, dl = synthesis(bcg()), synthesis(bcg(), "dl")
    assert (round(reml.estimate, 4), round(reml.tau_squared, 4)) == (-0.7145, 0.3132)
    assert (round(dl.estimate, 4), round(dl.tau_squared, 4)) == (-0.7141, 0.3088)
    assert round(reml.q, 2) == 152.23


studied = st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(0.01, 0.2)), min_size=3, max_size=15)


@settings(max_examples=40, deadline=None)
@given(studied)
def test_equals_statsmodels(rows: list[tuple[float, float]]) -> None:
    found = synthesis([Study("s", a, b) for a, b in rows], "dl")
    if found.tau_squared == 0:  # statsmodels lets the variance fall below nought
        return
    theirs = combine_effects(
        np.array([a for a, _ in rows]), np.array([b**2 for _, b in rows]), method_re="chi2", use_t=True
    )
    assert found.tau_squared == pytest.approx(theirs.tau2, abs=1e-10)
    assert found.estimate == pytest.approx(theirs.mean_effect_re, abs=1e-10)
    assert found.standard_error == pytest.approx(max(theirs.sd_eff_w_re_hksj, theirs.sd_eff_w_re), rel=1e-8)


@settings(max_examples=20, deadline=None)
@given(studied, st.sampled_from(["reml", "dl"]))
def test_order_and_units_do_not_matter(rows: list[tuple[float, float]], method: str) -> None:
    one = synthesis([Study("s", a, b) for a, b in rows], method)  # type: ignore[arg-type]
    other = synthesis([Study("s", a * 100, b * 100) for a, b in reversed(rows)], method)  # type: ignore[arg-type]
    assert other.estimate == pytest.approx(one.estimate * 100, abs=1e-3)
    assert sum(one.weights) == pytest.approx(1)
    assert one.ci_low <= one.estimate <= one.ci_high


def summary(path: Path, **changes: object) -> str:
    said = {
        "schema": SCHEMA,
        "title": path.stem,
        "request": path.stem,
        "outcome": "reoffended",
        "estimate": -0.05,
        "standard_error": 0.02,
    }
    path.write_text(json.dumps(said | changes))
    return str(path)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = summary(tmp_path / "a.json"), summary(tmp_path / "b.json", estimate=-0.01)
    page = tmp_path / "forest.html"
    assert run(["lab", "synthesis", a, b, "--json", "-o", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["estimate"] == pytest.approx(-0.03, abs=1e-6)
    assert found["prediction_low"] is None
    assert "<svg" in page.read_text()
    assert run(["lab", "synthesis", a]) == 2
    assert run(["lab", "synthesis", a, a]) == 2
    assert run(["lab", "synthesis", a, b, "--method", "guess"]) == 2
    for number, changes in enumerate(
        (
            {"outcome": "employed"},
            {"follow_up_months": 24},
            {"withheld": True, "estimate": None},
            {"standard_error": 0},
            {"estimate": None},
            {"schema": "x"},
            {"request": "a"},
        )
    ):
        assert run(["lab", "synthesis", a, summary(tmp_path / f"c{number}.json", **changes)]) == 2
    (tmp_path / "no.json").write_text("{")
    assert run(["lab", "synthesis", a, str(tmp_path / "no.json")]) == 2
    with pytest.raises(BadInput):
        synthesis([])


def test_the_schema_in_the_docs_is_that_of_the_code() -> None:
    page = Path(__file__).parents[2] / "docs/lab-summary.schema.json"
    assert json.loads(page.read_text()) == Summary.model_json_schema(by_alias=True)
