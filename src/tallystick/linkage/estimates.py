"""Precision and recall from a stratified review of pairs, with intervals that hold what they promise, near 1 too.

A linkage that is nearly right shows few errors or none in a sample, and there the usual intervals fail: Wald's has no width, Wilson's
and the likelihood ratio's hold 84 to 85 % where a stratum expects less than two errors, and a Jeffreys prior for each of several strata
shuts out a precision of 0.999. Here a value is in the interval unless a test rejects it. Precision and recall are both linear
constraints on the strata's shares of true pairs (recall after Fieller 1954); the shares most likely under the constraint (Miettinen
and Nurminen 1985) give the exact distribution of the estimate, sampling without replacement (estimated-p-value tests: Lloyd 2008, Australian and
New Zealand Journal of Statistics 50). Ties count against rejection, as with Clopper and Pearson, so the interval errs to the wide side.
Recall weighs strata against each other: there a pair of either answer, times the part of the stratum that was seen, is added to each (after
Laplace's rule of succession), for shares as unlike as a few pairs make them give too narrow an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BINS = 8192
NEGLIGIBLE = 1e-13
LARGE = 20  # a population this many times the sample is drawn from as if without end
TOLERANCE = 1e-5
ADDED = 1.0
"""Pairs of either answer added to a stratum, times the part of it that was seen, before recall's shares are sought. Added whole, they make the
interval too narrow where a large stratum hides many true pairs: 91 % where 20 of 400,000 pairs were seen and a tenth is true."""


@dataclass(frozen=True)
class Counts:
    """What a review found: for each stratum its pairs, those reviewed, those of them that are one person, and whether it is of links.

    A stratum is all of links or has none. Raises ValueError where the numbers contradict each other.
    """

    pairs: Ints
    reviewed: Ints
    true: Ints
    is_linked: Bools

    def __post_init__(self) -> None:
        if not len(self.pairs) == len(self.reviewed) == len(self.true) == len(self.is_linked):
            raise ValueError("the strata's columns differ in length")
        if ((self.true > self.reviewed) | (self.reviewed > self.pairs) | (self.true < 0)).any():
            raise ValueError("in a stratum: true pairs <= reviewed pairs <= pairs does not hold")


@dataclass(frozen=True)
class Estimate:
    """An estimate with its confidence interval; ``value`` is NaN where the sample cannot give one."""

    value: float
    low: float
    high: float


def precision(counts: Counts, level: float = 0.95) -> Estimate:
    """Return the share of links that are true."""
    return _estimate(counts, level, precision_tails, _precision_value(counts))


def recall(counts: Counts, level: float = 0.95) -> Estimate:
    """Return the share of the true pairs, in all strata, that are links."""
    return _estimate(counts, level, recall_tails, _recall_value(counts))


def precision_tails(counts: Counts, value: float) -> tuple[float, float]:
    """Return the probabilities of an estimate as low, and as high, as the one seen, were the precision ``value``."""
    weight = counts.pairs * counts.is_linked
    return _tails(counts, weight.astype(float), value * float(weight.sum()))


def recall_tails(counts: Counts, value: float) -> tuple[float, float]:
    """Return the probabilities of an estimate as low, and as high, as the one seen, were the recall ``value``."""
    return _tails(counts, counts.pairs * (counts.is_linked - value), 0.0, ADDED)


def missed(times: Ints, stands_for: Floats) -> float:
    """Return at least how many true pairs no blocking rule caught, from how many rules caught each of the true pairs seen.

    Chao's lower bound (1987, Biometrics 43): the pairs caught once, squared, over twice those caught twice. It holds whatever
    makes some pairs easier to catch than others, if the rules catch independently given that; rules that catch the same pairs make it
    lower still. ``stands_for`` is how many pairs each stands for.
    """
    once, twice = (float(stands_for[times == count].sum()) for count in (1, 2))
    one = float(stands_for[times > 0].mean()) if (times > 0).any() else 1.0
    return once * once / (2 * twice) if twice else once * max(once - one, 0.0) / (2 * one)


Tails = Callable[[Counts, float], tuple[float, float]]


def _precision_value(counts: Counts) -> float:
    at = counts.is_linked & (counts.pairs > 0)
    if not at.any() or (counts.reviewed[at] == 0).any():
        return float("nan")
    return float((counts.pairs[at] * counts.true[at] / counts.reviewed[at]).sum() / counts.pairs[at].sum())


def _recall_value(counts: Counts) -> float:
    at = counts.pairs > 0
    if (counts.reviewed[at] == 0).any():
        return float("nan")
    true = counts.pairs[at] * counts.true[at] / counts.reviewed[at]
    return float(true[counts.is_linked[at]].sum() / true.sum()) if true.sum() else float("nan")


def _estimate(counts: Counts, level: float, tails: Tails, value: float) -> Estimate:
    if np.isnan(value):
        return Estimate(value, 0.0, 1.0)
    reject = (1 - level) / 2

    def is_in(candidate: float, side: int) -> bool:
        return tails(counts, candidate)[side] > reject

    # Below the estimate the question is whether one as high could come up; above it, one as low.
    return Estimate(
        value,
        _edge(value, 0.0, lambda x: is_in(x, 1)),
        _edge(value, 1.0, lambda x: is_in(x, 0)),
    )


def _edge(inside: float, end: float, is_in: Callable[[float], bool]) -> float:
    """Return the last value from ``inside`` towards ``end`` that is in the interval."""
    if inside == end or is_in(end):
        return end
    outside = end
    while abs(outside - inside) > TOLERANCE * min(1.0, max(1 - inside, 1 - outside, 0.01)):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if is_in(middle) else (inside, middle)
    return outside  # the wide side of the last step


def _tails(counts: Counts, weight: Floats, total: float, added: float = 0.0) -> tuple[float, float]:
    """Return P(S <= s) and P(S >= s) of S = sum of weight × share found, under the likeliest shares for which S expects ``total``.

    ``added``: see ``ADDED``.
    """
    use = (counts.pairs > 0) & (weight != 0)
    size, n, k, c = counts.pairs[use], counts.reviewed[use], counts.true[use], weight[use]
    share = _likeliest(size, n, k, c, total, added)
    if share is None:
        return 0.0, 0.0
    open_ = (n < size) & (n > 0)
    seen = float((c[open_] * k[open_] / n[open_]).sum())
    if not open_.any():
        return 1.0, 1.0
    parts = [
        _distribution(int(a), int(b), float(p))
        for a, b, p in zip(size[open_], n[open_], share[open_], strict=True)
    ]
    return _sum_tails(parts, c[open_] / n[open_], seen)


def _likeliest(size: Ints, n: Ints, k: Ints, c: Floats, total: float, added: float = 0.0) -> Floats | None:
    """Return the shares of greatest likelihood with sum c × share = total, each possible given what was seen; None if there are none."""
    low, high = k / size, 1 - (n - k) / size
    more = added * n * (n < size) / size
    true, seen = k + more, n + 2 * more

    def shares(multiplier: float) -> Floats:
        mu = np.sinh(multiplier) * c / scale
        b = mu + seen
        root = np.sqrt(np.maximum(b * b - 4 * mu * true, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(b >= 0, 2.0 * true / (b + root), (b - root) / (2 * mu))
        found = np.where(np.isfinite(found), found, np.where(n > 0, true / np.maximum(seen, 1), 0.5))
        return np.asarray(np.clip(found, low, high))

    scale = float(np.abs(c).max()) if len(c) else 1.0
    if not len(c):
        return low

    def gap(multiplier: float) -> float:
        return float((c * shares(multiplier)).sum() - total) / scale

    least, most = (np.where(c > 0, low, high) * c).sum(), (np.where(c > 0, high, low) * c).sum()
    slack = 1e-9 * (abs(total) + scale)
    if not least - slack <= total <= most + slack:
        return None
    ends = (-60.0, 60.0)
    if gap(ends[0]) <= 0:
        return shares(ends[0])
    if gap(ends[1]) >= 0:
        return shares(ends[1])
    return shares(float(brentq(gap, *ends, xtol=1e-10)))


def _distribution(size: int, n: int, share: float) -> tuple[Ints, Floats]:
    """Return the counts of true pairs that a sample of ``n`` may hold, and their probabilities.

    A share that is no whole number of pairs is a mixture of the two next to it, so that its mean is exact.
    """
    k = np.arange(n + 1)
    if size >= LARGE * n:
        probability = _binomial(n, k, share)
    else:
        whole = int(np.floor(share * size + 1e-9))
        part = min(max(share * size - whole, 0.0), 1.0)
        probability = (1 - part) * _hypergeometric(size, n, whole, k)
        if part > 0:
            probability = probability + part * _hypergeometric(size, n, whole + 1, k)
    keep = probability > NEGLIGIBLE
    return k[keep], probability[keep]


def _binomial(n: int, k: Ints, share: float) -> Floats:
    if share <= 0 or share >= 1:
        return np.asarray(k == (n if share >= 1 else 0), dtype=float)
    log = _log_choose(n, k) + k * np.log(share) + (n - k) * np.log1p(-share)
    return np.asarray(np.exp(log))


def _hypergeometric(size: int, n: int, true: int, k: Ints) -> Floats:
    possible = (k <= true) & (n - k <= size - true)
    found = np.zeros(len(k))
    at = k[possible]
    found[possible] = np.exp(
        _log_choose(true, at) + _log_choose(size - true, n - at) - _log_choose(size, np.array([n]))
    )
    return found


def _log_choose(n: int, k: Ints) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def _sum_tails(parts: list[tuple[Ints, Floats]], step: Floats, seen: float) -> tuple[float, float]:
    """Return P(S <= seen) and P(S >= seen) of the sum of independent counts, each times its ``step``, on a grid, ties included."""
    values = [k * s for (k, _), s in zip(parts, step, strict=True)]
    start = sum(float(v.min()) for v in values)
    span = sum(float(np.ptp(v)) for v in values)
    if span == 0:
        slack = 1e-9 * (abs(start) + abs(seen) + 1)
        return float(start <= seen + slack), float(start >= seen - slack)
    width = span / (BINS - len(parts) - 1)
    product = np.ones(BINS // 2 + 1, dtype=complex)
    for v, (_, probability) in zip(values, parts, strict=True):
        at = np.rint((v - v.min()) / width).astype(np.int64)
        product *= np.fft.rfft(np.bincount(at, probability, BINS))
    mass = np.maximum(np.fft.irfft(product, BINS), 0.0)
    place = (seen - start) / width
    blur = len(parts) / 2 + 1e-6  # each part is rounded by half a bin at most
    grid = np.arange(BINS)
    return float(mass[grid <= place + blur].sum()), float(mass[grid >= place - blur].sum())
