"""Match probabilities that mean what they say.

The weights of a Fellegi-Sunter model add up evidence as if its parts were independent; they are not, so weights overstate, and the
prior is of all pairs. The prior is therefore estimated for each pair of sources by itself (``prior_shift``), and what is left is a
straight line in the log-odds to good approximation. The line is fitted either to
the persons that resolution found (which uses what the pair alone does not show: third records) or to pairs that people judged, and is
written back into the Splink settings themselves: every engine then gives calibrated probabilities from the same file.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tallystick.linkage.compare import levels

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Calibrated log2 odds = ``shift`` + ``slope`` × match weight."""

    slope: float
    shift: float

    @property
    def even(self) -> float:
        """The match weight of even odds."""
        return -self.shift / self.slope

    def __call__(self, weight: Floats) -> Floats:
        """Return calibrated log2 odds of match weights."""
        return np.asarray(self.shift + self.slope * weight)


def fitted(weight: Floats, truth: Floats, sample_weight: Floats | None = None) -> Line | None:
    """Return the line by logistic regression of ``truth`` (0 to 1) on the weight; null if truth has but one value.

    Newton's method; the slope is kept within 0.2 and 1, for a line that strengthens evidence is not believed.
    """
    share = float(np.average(truth, weights=sample_weight)) if len(truth) else 0.0
    if not 0.0 < share < 1.0:
        return None
    weights = np.ones(len(weight)) if sample_weight is None else sample_weight
    design = np.stack([np.ones(len(weight)), weight], axis=1)
    ridge = np.diag([1e-6, 1e-6])
    beta = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -40, 40)))
        gradient = design.T @ (weights * (truth - p)) - ridge @ beta
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian, gradient)
        step = step / max(1.0, float(np.abs(step).max()))
        beta = beta + step
        if float(np.abs(step).max()) < 1e-8:
            break
    bits = beta / np.log(2)
    slope = float(np.clip(bits[1], 0.2, 1.0))
    zero = -bits[0] / bits[1] if bits[1] > 0 else 0.0
    return Line(slope, -slope * float(zero))


def calibrated(settings: Mapping[str, Any], line: Line) -> dict[str, Any]:
    """Return Splink settings whose match weight is ``line`` of the old one: priors moved, every level's evidence scaled."""
    model = copy.deepcopy(dict(settings))
    prior = model["probability_two_random_records_match"]
    odds = 2.0 ** line(np.array([np.log2(prior / (1 - prior))]))[0]
    model["probability_two_random_records_match"] = float(odds / (1 + odds))
    for comparison in model["comparisons"]:
        for level in levels(comparison):
            u = level["u_probability"]
            level["m_probability"] = float(u * (level["m_probability"] / u) ** line.slope)
            if level.get("tf_adjustment_column"):
                level["tf_adjustment_weight"] = level.get("tf_adjustment_weight", 1.0) * line.slope
    return model


def prior_shift(log_odds: Floats, prior: float, pairs: float) -> float:
    """Return the bits by which the prior of one kind of pair differs from that of all pairs.

    ``log_odds`` are those of the scored pairs of the kind under the common ``prior`` (a probability); ``pairs`` is how many pairs
    of the kind there are, scored or not. A register holds a person about once, the courts many times: what speaks for one person
    across two sources may speak for twins within one. Expectation-maximisation of the share of true pairs alone, with the
    evidence as it is (Dempster, Laird and Rubin 1977; McLachlan and Krishnan 2008, section 2.7); half a pair is added, so
    that a kind without true pairs keeps a finite prior.
    """
    base = shift = float(np.log2(prior / (1 - prior)))
    evidence = log_odds - base
    for _ in range(100):
        expected = float((1 / (1 + np.exp2(-np.clip(evidence + shift, -60, 60)))).sum())
        share = min((expected + 0.5) / (pairs + 1.0), 0.5)
        before, shift = shift, float(np.log2(share / (1 - share)))
        if abs(shift - before) < 1e-4:
            break
    return shift - base


def expected_calibration_error(probability: Floats, truth: npt.NDArray[Any], bins: int = 10) -> float:
    """Return the mean gap between probability and share of true pairs over ``bins`` equal intervals, weighted by pairs.

    Naeini, Cooper and Hauskrecht (2015).
    """
    if not len(probability):
        return 0.0
    at = np.minimum((probability * bins).astype(int), bins - 1)
    counts = np.bincount(at, minlength=bins)
    gaps = np.abs(np.bincount(at, probability, bins) - np.bincount(at, truth.astype(float), bins))
    return float(gaps.sum() / counts.sum())
