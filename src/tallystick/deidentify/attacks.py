"""Three attacks that the software runs on its own extract: singling out, linkability, inference.

The tests are those of the Article 29 Working Party's opinion 05/2014 on anonymisation, run as attacks after Giomi et al.
(2023). Each is run on people in the extract and, as its yardstick, on people held back from it: what works as well on
those is knowledge about people in general, not a leak about these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pyarrow as pa

from tallystick.deidentify.classes import Ints, classes, codes, sizes
from tallystick.errors import BadInput

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """Successes among attempts, with the Wilson interval at 95 %."""

    successes: int
    attempts: int

    @property
    def share(self) -> float:
        """The successes as a share of the attempts, 0 without attempts."""
        return self.successes / self.attempts if self.attempts else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The Wilson interval at 95 %."""
        if not self.attempts:
            return 0.0, 1.0
        n, p = self.attempts, self.share
        middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Attack:
    """What one attack achieved on people in the extract, and on people held back.

    ``claims_about_absent`` (linkability only): how often the attacker names a row for somebody who is not there.
    ``risk`` is the success beyond what the held-back explain: (in − out) / (1 − out), never below 0.
    """

    name: str
    known: tuple[str, ...]
    inside: Rate
    outside: Rate
    claims_about_absent: Rate | None = None

    @property
    def risk(self) -> float:
        """The success beyond the yardstick, 0 to 1."""
        out = self.outside.share
        return max(0.0, (self.inside.share - out) / (1 - out)) if out < 1 else 0.0


def together(extract: pa.Table, held_back: pa.Table, columns: Sequence[str]) -> tuple[Ints, Ints]:
    """Return both tables' columns coded alike."""
    missing = sorted(set(columns) - set(extract.column_names) | set(columns) - set(held_back.column_names))
    if missing:
        raise BadInput(f"Both the extract and the held-back people need the column(s) {', '.join(missing)}.")
    both = pa.concat_tables([extract.select(list(columns)), held_back.select(list(columns))])
    coded = codes(both.combine_chunks(), columns)
    return coded[: extract.num_rows], coded[extract.num_rows :]


def singling_out(
    extract: pa.Table,
    held_back: pa.Table,
    columns: Sequence[str],
    random: np.random.Generator,
    attempts: int = 500,
    at_once: int = 3,
) -> Attack:
    """Return how often a condition on up to ``at_once`` columns, true of someone in the extract, is true of nobody else.

    The population is the extract and the held-back together. The yardstick tries conditions taken from held-back people.
    """
    inside, outside = together(extract, held_back, columns)
    population = np.vstack([inside, outside])
    wide = min(at_once, len(columns))

    def tried(rows: Ints) -> Rate:
        if not len(rows):
            return Rate(0, 0)
        won = 0
        for row in rows[random.integers(len(rows), size=attempts)]:
            chosen = random.choice(len(columns), size=wide, replace=False)
            won += int((population[:, chosen] == row[chosen]).all(axis=1).sum() == 1)
        return Rate(won, attempts)

    return Attack("singling out", tuple(columns), tried(inside), tried(outside))


def linkability(
    extract: pa.Table,
    held_back: pa.Table,
    known: Sequence[str],
    random: np.random.Generator,
    attempts: int = 500,
    wrong: float = 0.05,
) -> Attack:
    """Return how often somebody with an outside file puts their finger on the right row of the extract.

    The outside file holds ``known`` of each target, each value wrong with chance ``wrong``, as files are. The attacker
    claims a row when exactly one agrees best; the yardstick is a blind guess. How often they claim a row for somebody
    held back, wrongly of course, says what their claims are worth to them.
    """
    inside, outside = together(extract, held_back, known)
    if not len(inside):
        return Attack("linkability", tuple(known), Rate(0, 0), Rate(0, 0))

    def claim(target: Ints) -> int | None:
        seen = target.copy()
        spoilt = random.random(len(seen)) < wrong
        donor = inside[random.integers(len(inside))]
        seen[spoilt] = donor[spoilt]
        agree = (inside == seen).sum(axis=1)
        best = np.flatnonzero(agree == agree.max())
        return int(best[0]) if len(best) == 1 else None

    right = sum(claim(inside[at]) == at for at in random.integers(len(inside), size=attempts))
    absent = (
        [claim(outside[at]) is not None for at in random.integers(len(outside), size=attempts)]
        if len(outside)
        else []
    )
    return Attack(
        "linkability",
        tuple(known),
        Rate(int(right), attempts),
        Rate(1, len(inside)),
        Rate(sum(absent), len(absent)),
    )


def inference(
    extract: pa.Table,
    held_back: pa.Table,
    known: Sequence[str],
    secret: str,
    random: np.random.Generator,
    attempts: int = 500,
) -> Attack:
    """Return how often the commonest ``secret`` among the rows most like a target is the target's own.

    For people inside, their own row is among those looked at; for the held-back it is not, so the difference is what
    the extract tells of its own people.
    """
    inside, outside = together(extract, held_back, [*known, secret])

    def tried(rows: Ints) -> Rate:
        if not len(rows) or not len(inside):
            return Rate(0, 0)
        won = 0
        for row in rows[random.integers(len(rows), size=attempts)]:
            agree = (inside[:, :-1] == row[:-1]).sum(axis=1)
            secrets = inside[agree == agree.max(), -1]
            won += int(np.bincount(secrets).argmax() == row[-1])
        return Rate(won, attempts)

    return Attack("inference of " + secret, tuple(known), tried(inside), tried(outside))


def attribute_joins(one: pa.Table, other: pa.Table, columns: Sequence[str]) -> Rate:
    """Return how many people of one extract join to exactly one of the other on attributes alone.

    Ids of two projects share nothing, but the same columns do: this is what remains linkable, and only less detail or
    fewer shared columns lowers it.
    """
    here, there = together(one, other, columns)
    number = classes(np.vstack([here, there]))
    mine, theirs = number[: len(here)], number[len(here) :]
    wide = int(number.max(initial=0)) + 1
    alone = sizes(mine) == 1
    matched = np.bincount(theirs, minlength=wide)[mine] == 1
    return Rate(int((alone & matched).sum()), len(here))
