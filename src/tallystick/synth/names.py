"""Pools of names: common ones by community, sex and decade, and a heavy tail of rarer ones made from parts.

The common names stand in `tables/`, most common first. They were compiled for this package from general knowledge of British
naming and are marked `unverified` on the realism page, but for the ten leading surnames, whose shares were set by P. Dance,
"Comparative Table of 300 Leading Surnames" (deaths of 1984 to 1997). What matters for linkage is their shape: a few names cover many
people, and many names cover few, as rank-frequency laws have it (G. K. Zipf, "Human Behavior and the Principle of Least Effort", 1949;
with a shift, B. Mandelbrot, "An informational theory of the statistical structure of language", 1953). The first names of the British
born since 1980 follow such a law whose shift gives about the shares of the ten and the hundred commonest names of 2008 and 2017 (ONS, "Baby
names in England and Wales"); those of earlier years and of other communities are our own.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from tallystick.synth.streams import Floats, Ints, pick

Words = npt.NDArray[np.object_]
COMMUNITIES = ("british", "muslim", "indian", "african", "european", "chinese")
FIRST_HEAD = 0.82
SURNAME_HEAD = {
    "british": 0.225, "muslim": 0.88, "indian": 0.85, "african": 0.6, "european": 0.4, "chinese": 0.93,
}  # fmt: skip
SHIFTS: Mapping[tuple[str, str], Mapping[int, float]] = {
    ("british", "m"): {1980: 3, 1990: 4, 2000: 5.5, 2010: 9},
    ("british", "f"): {1980: 4, 1990: 6, 2000: 10, 2010: 15},
}


@dataclass(frozen=True)
class Pool:
    """Names in order of how common they are, and the share of people whom the listed ones cover.

    Where there is a ``shift``, one law covers all of them instead.
    """

    words: Ints
    listed: int
    head: float
    shift: float | None = None

    def pick(self, u: Floats) -> Ints:
        """Return a name's index for each uniform draw: all by 1 / (rank + shift); or listed ones with 3, rarer ones by a cubic tail."""
        if self.shift is not None:
            return self.words[pick(u, 1.0 / (np.arange(len(self.words)) + self.shift))]
        ranks = pick(np.minimum(u / self.head, 1.0 - 2.0**-53), 1.0 / (np.arange(self.listed) + 3.0))
        beyond = (u - self.head) / (1.0 - self.head)
        rare = len(self.words) - self.listed
        tail = self.listed + np.asarray(beyond * beyond * beyond * rare, dtype=np.int64)
        return self.words[np.where(u < self.head, ranks, np.clip(tail, 0, len(self.words) - 1))]


@dataclass(frozen=True)
class Names:
    """All words, and the pools that point to them."""

    words: Words
    first: dict[tuple[int, int], tuple[tuple[int, ...], tuple[Pool, ...]]]
    last: tuple[Pool, ...]
    at: dict[str, int]

    def first_names(self, community: int, sex: int, birth_years: Ints, u: Floats) -> Ints:
        """Return the index of a first name for each person of a community and sex."""
        eras, pools = self.first[community, sex]
        era = np.searchsorted(np.asarray(eras), birth_years, side="right") - 1
        found = np.zeros(len(u), dtype=np.int64)
        for number, pool in enumerate(pools):
            rows = era == number
            found[rows] = pool.pick(u[rows])
        return found


def rows(table: str) -> list[dict[str, str]]:
    """Return the rows of one of the package's tables."""
    text = (files("tallystick.synth") / "tables" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def rarer(community: str, sex: str = "") -> list[str]:
    """Return made-up names of a community in a fixed order that mixes their beginnings."""
    parts = next(row for row in rows("parts") if row["community"] == community)
    openings, endings = parts["openings"].split(), parts["endings"].split()
    if sex:
        endings = [*("a", "ia", "elle", "ina", "ette", "ayah"), *("an", "en", "on", "el", "ius", "aan")][
            (0 if sex == "f" else 6) : (6 if sex == "f" else 12)
        ]
    made = [a + b for a in openings for b in endings]
    step = next(s for s in (7919, 104729, 1299709) if len(made) % s)
    return list(dict.fromkeys(made[i * step % len(made)] for i in range(len(made))))


@cache
def names() -> Names:
    """Return the pools, read once."""
    at: dict[str, int] = {}

    def numbers(listed: list[str]) -> Ints:
        return np.array([at.setdefault(word, len(at)) for word in listed], dtype=np.int64)

    first: dict[tuple[int, int], tuple[tuple[int, ...], tuple[Pool, ...]]] = {}
    table = rows("first_names")
    for row in table:
        whose = (row["community"], row["sex"])
        key = (COMMUNITIES.index(whose[0]), 1 if whose[1] == "m" else 0)
        listed = list(dict.fromkeys(row["names"].split()))
        year = int(row["from_year"])
        shift = SHIFTS.get(whose, {}).get(year)
        of_other_years = [
            name
            for other in reversed(table)
            if shift and (other["community"], other["sex"]) == whose
            for name in other["names"].split()
        ]
        ordered = list(dict.fromkeys([*listed, *of_other_years, *rarer(*whose)]))
        eras, pools = first.get(key, ((), ()))
        pool = Pool(numbers(ordered), len(listed), FIRST_HEAD, shift)
        first[key] = ((*eras, year), (*pools, pool))
    last = {}
    for row in rows("surnames"):
        listed = list(dict.fromkeys(row["names"].split()))
        known = set(listed)
        tail = [n for n in rarer(row["community"]) if n not in known]
        last[row["community"]] = Pool(numbers(listed + tail), len(listed), SURNAME_HEAD[row["community"]])
    words = np.array(list(at), dtype=object)
    return Names(words, first, tuple(last[c] for c in COMMUNITIES), at)
