"""Pairs that people judged, read from a plain table and laid beside what the model says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import reliability
from tallystick.linkage.estimates import Floats, Ints

ANSWERS = {"yes": 1.0, "no": 0.0, "unsure": None, "always": 1.0, "never": 0.0, "1": 1.0, "0": 0.0}
LEAST = 20
EDGE = 1e-12


@dataclass(frozen=True)
class Judged:
    """Judged pairs: ``row`` of each in the table of pairs, ``truth`` (1 one person, 0 not), how many pairs each ``stands_for``.

    ``left_out`` counts rows that nobody could settle, ``unknown`` those whose pair the table does not hold.
    """

    row: Ints
    truth: Floats
    stands_for: Floats
    left_out: int
    unknown: int


def judged(pairs: pa.Table, answers: pa.Table, id_column: str) -> Judged:
    """Return the judged pairs. ``answers`` has source_l, <id>_l (or id_l), source_r, <id>_r (or id_r), answer, and may have stands_for.

    An answer is yes, no or unsure (or always and never, as in decisions); the two sides of a pair may stand either way round.
    Raises BadInput, by row, for a missing column, another answer, a pair judged twice, a stands_for that is no positive number;
    and where fewer than 20 pairs are left, or all have one answer.
    """
    ends = [_columns(answers, side, id_column) for side in "lr"]
    said = _column(answers, ("answer", "decision"))
    mass = answers["stands_for"].to_pylist() if "stands_for" in answers.column_names else [1.0] * len(said)
    places = _places(pairs, id_column)
    row: list[int] = []
    truth: list[float] = []
    stands_for: list[float] = []
    seen: dict[frozenset[tuple[str, str]], int] = {}
    left_out = unknown = 0
    for number, (one, other, answer, many) in enumerate(zip(*ends, said, mass, strict=True), 2):
        told = str(answer or "").strip().lower()
        if told not in ANSWERS:
            raise BadInput(f"Row {number} of the judged pairs: the answer is none of yes, no, unsure.")
        pair = frozenset((one, other))
        if pair in seen:
            raise BadInput(
                f"Row {number} of the judged pairs: the pair stands in row {seen[pair]} too. Keep one."
            )
        seen[pair] = number
        value, place = ANSWERS[told], places.get(pair)
        left_out += value is None
        unknown += value is not None and place is None
        if value is not None and place is not None:
            row.append(place)
            truth.append(value)
            stands_for.append(_positive(many, number))
    if len(row) < LEAST or len(set(truth)) < 2:
        raise BadInput(
            f"{len(row)} judged pairs are among the scored ones ({unknown} are not, {left_out} are unsettled); at least {LEAST} are needed, "
            "with both answers. Judge more, or score with a lower --threshold so that the table holds the pairs under it."
        )
    return Judged(np.array(row), np.array(truth), np.array(stands_for), left_out, unknown)


def calibrated(
    pairs: pa.Table, found: Judged, rng: np.random.Generator
) -> tuple[pa.Table, Mapping[str, Any]]:
    """Return the pairs with calibrated probabilities and the weights that go with them, and the figures (`reliability.figures`)."""
    weight = pairs["match_weight"].to_numpy(zero_copy_only=False).astype(float)
    given = pairs["match_probability"].to_numpy(zero_copy_only=False).astype(float)
    kind = kinds(pairs)
    at = found.row
    made, figures = reliability.figures(given[at], weight[at], found.truth, found.stands_for, kind[at], rng)
    probability = made(weight, kind)
    sure = np.clip(probability, EDGE, 1 - EDGE)
    for name, column in (
        ("match_weight", np.log2(sure / (1 - sure))),
        ("match_probability", probability),
    ):
        pairs = pairs.set_column(pairs.column_names.index(name), name, pa.array(column))
    return pairs, {**figures, "left_out": found.left_out, "unknown": found.unknown}


def kinds(pairs: pa.Table) -> npt.NDArray[np.str_]:
    """Return for each pair its two sources, as the name of its kind."""
    if not {"source_l", "source_r"} <= set(pairs.column_names):
        return np.full(pairs.num_rows, "all")
    both = zip(pairs["source_l"].to_pylist(), pairs["source_r"].to_pylist(), strict=True)
    return np.array([f"{one} and {other}" for one, other in both])


def _places(pairs: pa.Table, id_column: str) -> dict[frozenset[tuple[str, str]], int]:
    ends = [_columns(pairs, side, id_column) for side in "lr"]
    return {frozenset(pair): place for place, pair in enumerate(zip(*ends, strict=True))}


def _columns(table: pa.Table, side: str, id_column: str) -> list[tuple[str, str]]:
    sources = _column(table, (f"source_{side}", f"source_dataset_{side}"))
    ids = _column(table, (f"{id_column}_{side}", f"id_{side}"))
    return list(zip(map(str, sources), map(str, ids), strict=True))


def _column(table: pa.Table, names: tuple[str, ...]) -> list[Any]:
    for name in names:
        if name in table.column_names:
            return list(table[name].to_pylist())
    raise BadInput(f"There is no column {names[0]}. Columns there: {', '.join(table.column_names)}.")


def _positive(value: Any, number: int) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not 0 < found < float("inf"):
        raise BadInput(f"Row {number} of the judged pairs: stands_for is not a positive number.")
    return found
