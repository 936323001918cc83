"""Is the truth inside the lab's intervals? 8,000 made populations, every method, effects none, small and large; and what is hidden.

    python benchmarks/bench_lab_coverage.py [--populations 8000] [--plot docs/images/lab-coverage.svg]

A population has 4,000 people, about 430 of them treated; treatment goes with five covariates (a standardised difference of up to 0.6),
the outcome, a yes or no at 20 to 60 %, with the same covariates in another shape: squares and products that the propensity does not
hold. The effect is the same for everybody on the scale of the rate. Every other population is confounded twice as strongly; both
halves are reported. What is hidden: a trait unseen by the engine multiplies the odds of treatment by 1.5, 2 or 3 and raises the rate by
25 points while nothing has an effect.

Writes benchmarks/out/lab_coverage.json, and parts of 250 populations beside it, so that a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import vl_convert
from numpy.typing import NDArray

from tallystick.errors import BadInput
from tallystick.lab.design import Design
from tallystick.lab.estimate import given
from tallystick.lab.family import family
from tallystick.lab.weigh import METHODS, Method, Settings, weighting

OUT = Path(__file__).with_name("out") / "lab_coverage"
EFFECTS = {"none": 0.0, "small": -0.03, "large": -0.12}
LEGEND = {"none": "no effect", "small": "small effect", "large": "large effect"}
HIDDEN = (1.5, 2.0, 3.0)
PART = 250
PEOPLE = 4000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """Who was treated, what they look like, their rate without treatment, and each one's luck."""

    data: Design
    rate: Floats
    luck: Floats

    def outcome(self, effect: float) -> Floats:
        """Return who has the event when treatment changes the rate by ``effect``."""
        return (self.luck < self.rate + effect * self.data.treated).astype(float)


def population(seed: int, *, strength: float, odds: float = 1.0) -> Population:
    """Return one population; with ``odds`` above one half of the people have the hidden trait."""
    draw = np.random.default_rng([seed, round(odds * 10)])
    x = draw.normal(size=(PEOPLE, 5))
    x[:, 2] = np.minimum(draw.poisson(2, PEOPLE), 8)
    x[:, 3], x[:, 4] = draw.random(PEOPLE) < 0.3, draw.random(PEOPLE) < 0.6
    trait = draw.random(PEOPLE) < 0.5
    pull = 0.5 * x[:, 0] + 0.3 * x[:, 1] + 0.15 * (x[:, 2] - 2) + 0.5 * x[:, 3] - 0.3 * x[:, 4]
    log_odds = strength * pull - 2.2 + np.log(odds) * (trait - 0.5)
    treated = draw.random(PEOPLE) < 1 / (1 + np.exp(-log_odds))
    risk = 0.6 * x[:, 0] + 0.2 * x[:, 1] + 0.2 * (x[:, 2] - 2) + 0.4 * x[:, 3]
    risk += 0.25 * x[:, 0] ** 2 - 0.2 * x[:, 0] * x[:, 3]
    rate = 0.15 + (0.6 if odds > 1 else 0.65) / (1 + np.exp(0.7 - risk))
    if odds > 1:
        rate = np.clip(rate + 0.25 * (trait - 0.5), 0.01, 0.99)
    names = ("a", "b", "count", "flag", "sex")
    data = Design(
        treated, np.zeros(PEOPLE), x, names, np.zeros(PEOPLE, np.int64), 0, {}, (), np.ones(PEOPLE, bool)
    )
    return Population(data, rate, draw.random(PEOPLE))


def part(first: int) -> Floats:
    """Return error, standard error, whether the interval holds the truth and whether it leaves out nought: populations × methods × effects × 4."""
    found = np.full((PART, len(METHODS), len(EFFECTS), 4), np.nan)
    for i in range(PART):
        made = population(first + i, strength=1.0 + (first + i) % 2)
        outcomes = {name: made.outcome(effect) for name, effect in EFFECTS.items()}
        for m, method in enumerate(METHODS):
            try:
                weights = weighting(made.data, method, Settings())
            except BadInput:
                continue
            for e, one in enumerate(family(made.data, weights, outcomes)):
                if (
                    one.estimate is None
                    or one.standard_error is None
                    or one.ci_low is None
                    or one.ci_high is None
                ):
                    continue
                truth = EFFECTS[one.outcome]
                held, away = one.ci_low <= truth <= one.ci_high, not one.ci_low <= 0 <= one.ci_high
                found[i, m, e] = one.estimate - truth, one.standard_error, held, away
    return found


def hidden_part(odds: float, populations: int) -> dict[str, float]:
    """Return what becomes of populations where nothing has an effect and a hidden trait goes with treatment and outcome."""
    wrong = explained = by_pairs = pairs_wrong = 0
    for seed in range(populations):
        made = population(seed, strength=1.0, odds=odds)
        data = Design(**{**vars(made.data), "outcome": made.outcome(0.0)})
        by_weights = given(data, weighting(data, "radius", Settings()))
        if by_weights.p_value < 0.05:
            wrong += 1
            explained += by_weights.sensitivity.lambda_ci <= odds
        pairs = given(data, weighting(data, "nearest", Settings()))
        gamma = pairs.sensitivity.gamma
        if gamma is not None and gamma > 1:
            pairs_wrong += 1
            by_pairs += gamma <= odds
    return {
        "odds": odds,
        "populations": populations,
        "wrongly_significant": wrong / populations,
        "of_these_said_to_be_explicable": explained / max(wrong, 1),
        "pairs_wrongly_significant": pairs_wrong / populations,
        "of_these_gamma_at_most_the_odds": by_pairs / max(pairs_wrong, 1),
    }


def cells(found: Floats) -> list[dict[str, Any]]:
    """Return one line for each method, effect and strength of confounding, and for both strengths together."""
    lines = []
    for strength, rows in {"once": found[::2], "twice": found[1::2], "both": found}.items():
        for m, method in enumerate(METHODS):
            for e, effect in enumerate(EFFECTS):
                lines.append(line(method, effect, strength, rows[:, m, e]))
    return lines


def line(method: Method, effect: str, strength: str, rows: Floats) -> dict[str, Any]:
    error, own, held, away = rows[~np.isnan(rows[:, 0])].T
    n = len(error)
    return {
        "method": method, "effect": effect, "confounding": strength, "populations": n, "no_number": len(rows) - n,
        "coverage": held.mean(), "coverage_error": float(np.sqrt(held.mean() * (1 - held.mean()) / n)),
        "bias_in_standard_errors": error.mean() / own.mean(), "bias_error": float(error.std() / np.sqrt(n) / own.mean()),
        "error_said_over_true": own.mean() / error.std(), "significant": away.mean(),
    }  # fmt: skip


def plot(lines: list[dict[str, Any]], path: Path) -> None:
    """Write the coverage of each method and effect with its Monte Carlo error, and the band of 93 to 97 %."""
    rows = [
        {
            "method": one["method"],
            "effect": LEGEND[one["effect"]],
            "confounding": one["confounding"],
            "at": 100 * one["coverage"],
            "low": 100 * (one["coverage"] - 1.96 * one["coverage_error"]),
            "high": 100 * (one["coverage"] + 1.96 * one["coverage_error"]),
        }
        for one in lines
    ]
    scale = alt.Scale(domain=[91, 99])
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("method:N", title=None, sort=list(METHODS)), xOffset=alt.XOffset("effect:N", sort=list(LEGEND.values())),
        color=alt.Color("effect:N", title=None, sort=list(LEGEND.values()), scale=alt.Scale(range=["#1d70b8", "#d4351c", "#00703c"])),
    )  # fmt: skip
    dots = base.mark_point(filled=True, size=40).encode(
        y=alt.Y("at:Q", title="intervals that hold the truth (%)", scale=scale)
    )
    bars = base.mark_rule().encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    band = (
        alt.Chart(alt.Data(values=[{"a": 93, "b": 97}]))
        .mark_rect(opacity=0.12, color="#505a5f")
        .encode(y=alt.Y("a:Q", scale=scale), y2="b:Q")
    )
    chart = alt.vconcat(
        *(
            (band + bars.transform_filter(where) + dots.transform_filter(where)).properties(
                width=560, height=170, title=title
            )
            for title, where in (
                ("confounded", alt.datum.confounding == "once"),
                ("confounded twice as strongly", alt.datum.confounding == "twice"),
            )
        )
    )
    path.write_text(
        vl_convert.vegalite_to_svg(chart.configure(font="sans-serif").to_dict()), encoding="utf-8"
    )


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--populations", type=int, default=8000)
    asked.add_argument("--parts", type=int, default=0, help="make at most so many new parts, then stop")
    asked.add_argument("--plot", type=Path)
    given_ = asked.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    made, left = [], given_.parts or given_.populations
    for first in range(0, given_.populations, PART):
        path = OUT / f"part-{first}.npy"
        if not path.exists():
            if left == 0:
                return
            left -= 1
            np.save(path, part(first))
        made.append(np.load(path))
    lines = cells(np.concatenate(made)[: given_.populations])
    hidden = [hidden_part(odds, min(given_.populations, 500)) for odds in HIDDEN]
    OUT.with_suffix(".json").write_text(
        json.dumps({"cells": lines, "hidden": hidden}, indent=1, default=float)
    )
    for one in lines:
        print(
            f"{one['confounding']:6s}{one['effect']:6s}{one['method']:9s} coverage {one['coverage']:.3f} ±{1.96 * one['coverage_error']:.3f} "
            f"bias/se {one['bias_in_standard_errors']:+.3f} ±{1.96 * one['bias_error']:.3f} significant {one['significant']:.3f}"
        )
    print(json.dumps(hidden, indent=1))
    if given_.plot:
        plot(lines, given_.plot)


if __name__ == "__main__":
    main()
