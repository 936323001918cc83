"""Whether match probabilities mean what they say, from pairs that people judged, and the curve that makes them so.

Pairs of a stratified sample stand for as many as their stratum holds for each one judged; every figure here weighs them so. The
logistic line (Platt 1999) moves and scales the weight; isotonic regression (Zadrozny and Elkan 2002) bends it as it must, and needs
more pairs. Each kind of pair (a stratum such as the two sources) may have a curve of its own. Which curve serves is decided by
the log loss on pairs that it was not fitted to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tallystick.linkage import calibrate
from tallystick.linkage.estimates import Floats, Ints

Method = Literal["as it was", "logistic", "isotonic"]
FOLDS = 5
LEAST = 40  # judged pairs of a kind, to have a curve of its own
EDGE = 1e-4


@dataclass(frozen=True)
class Curve:
    """Match probability by match weight: the points of a step-free line, or slope and shift in log-odds."""

    method: Method
    weight: tuple[float, ...] = ()
    probability: tuple[float, ...] = ()
    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, weight: Floats) -> Floats:
        """Return probabilities; between points of an isotonic curve the line is straight."""
        if self.method == "isotonic":
            return np.asarray(np.interp(weight, self.weight, self.probability))
        return np.asarray(1 / (1 + np.exp2(-np.clip(self.shift + self.slope * weight, -60, 60))))


@dataclass(frozen=True)
class Calibration:
    """A curve for all pairs, those of kinds of their own, and the log loss (bits a pair) of each method on pairs held back."""

    overall: Curve
    by_kind: Mapping[str, Curve]
    losses: Mapping[Method, float]

    def __call__(self, weight: Floats, kind: npt.NDArray[np.str_]) -> Floats:
        """Return the calibrated probability of each pair."""
        found = self.overall(weight)
        for name, curve in self.by_kind.items():
            at = kind == name
            found[at] = curve(weight[at])
        return found


@dataclass(frozen=True)
class Bin:
    """A bar of the reliability diagram: pairs judged, the pairs that they stand for, their mean probability, the share that is true."""

    low: float
    high: float
    judged: int
    pairs: float
    probability: float
    true: float
    true_low: float
    true_high: float


def calibration(
    weight: Floats, truth: Floats, stands_for: Floats, kind: npt.NDArray[np.str_], rng: np.random.Generator
) -> Calibration:
    """Return the calibration from judged pairs: match weight, truth (0 or 1), how many pairs each stands for, and its kind.

    Kinds with fewer than 40 judged pairs, or with one answer only, take the curve of all.
    """
    fold = rng.permutation(len(weight)) % FOLDS
    losses: dict[Method, float] = {
        method: _held_back(method, weight, truth, stands_for, fold)
        for method in ("as it was", "logistic", "isotonic")
    }
    best = min(losses, key=lambda method: losses[method])
    own = {}
    for name in np.unique(kind):
        at = kind == name
        if at.sum() >= LEAST and 0 < truth[at].sum() < at.sum() and not at.all():
            own[str(name)] = curve(best, weight[at], truth[at], stands_for[at])
    return Calibration(curve(best, weight, truth, stands_for), own, losses)


def curve(method: Method, weight: Floats, truth: Floats, stands_for: Floats) -> Curve:
    """Return the curve fitted to judged pairs; as it was, where their truth does not vary."""
    if method == "isotonic" and len(weight):
        from sklearn.isotonic import isotonic_regression

        at, group = np.unique(weight, return_inverse=True)
        mass = np.bincount(group, stands_for)
        level = isotonic_regression(
            np.bincount(group, stands_for * truth) / mass, sample_weight=mass, y_min=EDGE, y_max=1 - EDGE
        )
        return Curve("isotonic", tuple(at.tolist()), tuple(np.asarray(level).tolist()))
    if method == "logistic":
        line = calibrate.fitted(weight, truth, stands_for / stands_for.mean())
        if line is not None:
            return Curve("logistic", slope=line.slope, shift=line.shift)
    return Curve("as it was")


def _held_back(method: Method, weight: Floats, truth: Floats, stands_for: Floats, fold: Ints) -> float:
    """Return the log loss in bits a pair, each fold judged by the curve of the others."""
    loss = np.zeros(len(weight))
    for number in range(FOLDS):
        out = fold == number
        p = np.clip(curve(method, weight[~out], truth[~out], stands_for[~out])(weight[out]), EDGE, 1 - EDGE)
        loss[out] = -(truth[out] * np.log2(p) + (1 - truth[out]) * np.log2(1 - p))
    return float(np.average(loss, weights=stands_for)) if len(weight) else 0.0


def held_out(
    weight: Floats, truth: Floats, stands_for: Floats, kind: npt.NDArray[np.str_], rng: np.random.Generator
) -> Floats:
    """Return each judged pair's probability as calibrated on the pairs of the other folds: what calibration does for pairs not judged."""
    fold = rng.permutation(len(weight)) % FOLDS
    found = np.zeros(len(weight))
    for number in range(FOLDS):
        out = fold == number
        made = calibration(weight[~out], truth[~out], stands_for[~out], kind[~out], rng)
        found[out] = made(weight[out], kind[out])
    return found


def figures(
    given: Floats,
    weight: Floats,
    truth: Floats,
    stands_for: Floats,
    kind: npt.NDArray[np.str_],
    rng: np.random.Generator,
) -> tuple[Calibration, dict[str, Any]]:
    """Return the calibration from judged pairs and what it says of the probabilities ``given``, as plain values.

    ``error_before`` is the expected calibration error as they were, ``error_by_chance`` what probabilities that mean just what they say
    would show in a sample of this size, ``error_after`` the error of pairs calibrated on the others (null under ten pairs).
    """
    made = calibration(weight, truth, stands_for, kind, rng)
    after = held_out(weight, truth, stands_for, kind, rng) if len(weight) >= 2 * FOLDS else None
    return made, {
        "pairs": len(weight),
        "method": made.overall.method,
        "log_loss": dict(made.losses),
        "curve": asdict(made.overall),
        "by_sources": {name: asdict(found) for name, found in made.by_kind.items()},
        "error_before": expected_calibration_error(given, truth, stands_for),
        "error_by_chance": error_by_chance(given, stands_for, rng),
        "error_after": None if after is None else expected_calibration_error(after, truth, stands_for),
        "diagram": [asdict(one) for one in diagram(given, truth, stands_for)],
    }


def error_by_chance(
    probability: Floats, stands_for: Floats, rng: np.random.Generator, draws: int = 200
) -> float:
    """Return the expected calibration error that a sample shows on average where every probability means what it says."""
    return float(
        np.mean(
            [
                expected_calibration_error(
                    probability, (rng.random(len(probability)) < probability).astype(float), stands_for
                )
                for _ in range(draws)
            ]
        )
    )


def expected_calibration_error(
    probability: Floats, truth: Floats, stands_for: Floats, bins: int = 10
) -> float:
    """Return the mean gap between probability and share of true pairs over equal bins, weighted by the pairs stood for.

    Naeini, Cooper and Hauskrecht (2015).
    """
    at = np.minimum((probability * bins).astype(np.int64), bins - 1)
    gap = np.bincount(at, stands_for * probability, bins) - np.bincount(at, stands_for * truth, bins)
    return float(np.abs(gap).sum() / stands_for.sum()) if len(probability) else 0.0


def diagram(probability: Floats, truth: Floats, stands_for: Floats, bins: int = 10) -> tuple[Bin, ...]:
    """Return the bars of the reliability diagram, those without a judged pair left out.

    The interval of a bar is Wilson's at the number of pairs that the unequal weights leave in effect (Kish 1965).
    """
    at = np.minimum((probability * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        mine = at == number
        if not mine.any():
            continue
        mass = stands_for[mine]
        true = float(np.average(truth[mine], weights=mass))
        effective = float(mass.sum() ** 2 / (mass**2).sum())
        low, high = _wilson(true, effective)
        mean = float(np.average(probability[mine], weights=mass))
        found.append(
            Bin(number / bins, (number + 1) / bins, int(mine.sum()), float(mass.sum()), mean, true, low, high)
        )
    return tuple(found)


def _wilson(share: float, n: float, z: float = 1.959964) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)
