"""Which pairs people should look at: a stratified sample designed for the precision and the recall that it must estimate.

Strata are runs of match weight, cut apart for pairs that are links and pairs that are not (cumulative root of the expected variance, after
Dalenius and Hodges 1959). The sample goes where the answer is unsure and counts (Neyman 1934): by the variance that each
stratum adds to precision and to recall, each relative to the best that a sample of that size could do for it alone. What the
model says of a pair is a guess and is trusted little: every stratum is looked at, and none is taken to be all right or all wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tallystick.linkage.estimates import Bools, Floats, Ints

STRATA = 4  # of links, and as many of pairs that are not
LEAST = 20  # pairs looked at in a stratum, if it has as many
TRUST = 30  # the model's share of true pairs in a stratum counts as much as this many pairs seen
OUTSIDE = "lost by blocking"
THROUGH = "links through third records"
Z = 1.959964


@dataclass(frozen=True)
class Stratum:
    """A run of pairs: whether they are links, the match weights it spans (null: none), how many there are, the model's share of true ones."""

    name: str
    is_linked: bool
    low: float | None
    high: float | None
    pairs: int
    expected: float
    sample: int = 0


@dataclass(frozen=True)
class Design:
    """The strata with their sample sizes, and the half-widths of the 95 % intervals to expect if the model is about right."""

    strata: tuple[Stratum, ...]
    precision: float
    recall: float

    @property
    def sample(self) -> int:
        """Pairs to look at."""
        return sum(stratum.sample for stratum in self.strata)


def strata(
    weight: Floats, probability: Floats, is_linked: Bools, count: int = STRATA
) -> tuple[tuple[Stratum, ...], Ints]:
    """Return the strata of pairs, links from the highest weight down and then the rest, and the stratum of each pair by number."""
    found: list[Stratum] = []
    of_pair = np.full(len(weight), -1, dtype=np.int64)
    for linked in (True, False):
        at = np.flatnonzero(is_linked == linked)
        if not len(at):
            continue
        for place, members in enumerate(_runs(weight[at], probability[at], count)):
            mine = at[members]
            of_pair[mine] = len(found)
            low, high = float(weight[mine].min()), float(weight[mine].max())
            found.append(
                Stratum(
                    f"{'links' if linked else 'not linked'} {place + 1}",
                    linked, low, high, len(mine), float(probability[mine].mean()),
                )
            )  # fmt: skip
    return tuple(found), of_pair


def _runs(weight: Floats, probability: Floats, count: int) -> list[Ints]:
    """Return the places of pairs in runs of falling weight that share the root of the expected variance about evenly."""
    order = np.lexsort((np.arange(len(weight)), -weight))
    blunt = np.clip(probability[order], 0.02, 0.98)
    root = np.cumsum(np.sqrt(blunt * (1 - blunt)))
    run = np.minimum((root / root[-1] * count - 1e-9).astype(np.int64), count - 1)
    # Pairs of one weight stay together, so that a stratum is a range of weights.
    same = np.flatnonzero(np.diff(weight[order]) == 0) + 1
    for place in same:
        run[place] = run[place - 1]
    return [order[run == number] for number in np.unique(run)]


def design(found: Sequence[Stratum], pairs: int) -> Design:
    """Return the allocation of ``pairs`` reviews to the strata, and what they should show. Fewer if there are fewer pairs."""
    size = np.array([stratum.pairs for stratum in found], dtype=float)
    linked = np.array([stratum.is_linked for stratum in found])
    share = _guarded(found)
    spread = np.sqrt(share * (1 - share))
    pull = _pulls(found, size, linked)
    alone = [max(float((np.abs(g) * spread).sum()) ** 2, 1e-30) for g in pull]
    root = spread * np.sqrt(pull[0] ** 2 / alone[0] + pull[1] ** 2 / alone[1])
    if not root.any():
        root = spread * size
    sample = _allocated(root, size, pairs)
    return promised([replace(s, sample=int(n)) for s, n in zip(found, sample, strict=True)])


def promised(found: Sequence[Stratum]) -> Design:
    """Return the design of strata whose samples are given, with the half-widths to expect of it; NaN where there is nothing to estimate."""
    size = np.array([stratum.pairs for stratum in found], dtype=float)
    pull = _pulls(found, size, np.array([stratum.is_linked for stratum in found]))
    precision, recall = (_half_width(g, found, size) if g.any() else float("nan") for g in pull)
    return Design(tuple(found), precision, recall)


def size_for(found: Sequence[Stratum], half_width: float, most: int = 100_000) -> Design:
    """Return the smallest design whose intervals, of precision and of recall, should be no wider than ``half_width`` to either side."""
    low, high = 1, min(most, sum(stratum.pairs for stratum in found))
    while low < high:
        middle = (low + high) // 2
        made = design(found, middle)
        if np.nanmax([made.precision, made.recall]) <= half_width:
            high = middle
        else:
            low = middle + 1
    return design(found, high)


def draw(of_pair: Ints, made: Design, rng: np.random.Generator) -> list[Ints]:
    """Return for each stratum the numbers of the pairs drawn from it, without replacement and in the order of drawing."""
    return [
        rng.permutation(np.flatnonzero(of_pair == number))[: stratum.sample]
        for number, stratum in enumerate(made.strata)
    ]


def _guarded(found: Sequence[Stratum]) -> Floats:
    """Return each stratum's expected share of true pairs, drawn to even odds by half a pair of either kind."""
    expected = np.array([stratum.expected for stratum in found])
    return np.asarray((expected * TRUST + 0.5) / (TRUST + 1.0))


def _pulls(found: Sequence[Stratum], size: Floats, linked: Bools) -> tuple[Floats, Floats]:
    """Return by how much a stratum's share of true pairs moves precision, and recall."""
    expected = np.array([stratum.expected for stratum in found])
    links, true = size[linked].sum(), (size * expected).sum()
    precision = size * linked / links if links else np.zeros(len(size))
    recall = float((size * expected)[linked].sum() / true) if true else 0.0
    return precision, size * (linked - recall) / true if true else np.zeros(len(size))


def _allocated(root: Floats, size: Floats, pairs: int) -> Ints:
    """Return whole sample sizes in proportion to size-weighted ``root``, at least ``LEAST`` and at most all of a stratum."""
    pairs = int(min(pairs, size.sum()))
    floor = np.minimum(size, min(LEAST, max(1, pairs // (2 * max(len(size), 1)))))
    low, high = -80.0, 80.0
    for _ in range(80):
        middle = (low + high) / 2
        if np.clip(root * np.exp(middle), floor, size).sum() > pairs:
            high = middle
        else:
            low = middle
    wanted = np.clip(root * np.exp(low), floor, size)
    whole: Ints = np.floor(wanted + 1e-6).astype(np.int64)
    for place in np.argsort(whole - wanted, kind="stable"):
        if whole.sum() < pairs and whole[place] < size[place]:
            whole[place] += 1
    return whole


def _half_width(pull: Floats, found: Sequence[Stratum], size: Floats) -> float:
    """Return the expected half-width of a 95 % interval: normal, with half a pair of either answer added."""
    expected = np.array([stratum.expected for stratum in found])
    sample = np.array([stratum.sample for stratum in found])
    share = (expected * sample + 0.5) / (sample + 1.0)
    left = np.where(size > 1, (size - sample) / np.maximum(size - 1, 1), 0.0)
    return float(Z * np.sqrt((pull**2 * share * (1 - share) / np.maximum(sample, 1) * left).sum()))
