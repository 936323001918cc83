"""Why a pair has its match weight: what each comparison adds, and where two records differ, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.linkage import compare
from tallystick.linkage.numbers import Numbers

Parts = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Bar:
    """One step of the waterfall: a comparison, the level that held, and the bits that it adds."""

    comparison: str
    level: str
    bits: float


def waterfalls(
    tables: Mapping[str, pa.Table], model: Mapping[str, Any], pairs: pa.Table, id_column: str
) -> list[tuple[Bar, ...]]:
    """Return for each row of ``pairs`` (source_l, <id>_l, source_r, <id>_r, match_weight) its bars, which add up to the weight.

    The first bar is what stood before anything was compared: the prior of such pairs, with calibration. ``tables`` are the sources as
    ``model`` reads them. A pair without a weight of its own has bars that add up to what the model gives it.
    """
    if not pairs.num_rows:
        return []
    numbers = Numbers(tables, id_column)
    left = numbers.of(pairs["source_l"], pairs[f"{id_column}_l"])
    right = numbers.of(pairs["source_r"], pairs[f"{id_column}_r"])
    con = compare.open_records(tables, model, id_column)
    try:
        con.register("asked", pa.table({"a": np.minimum(left, right), "b": np.maximum(left, right)}))
        con.execute("create table pairs as select distinct a, b from asked")
        seen = compare.outcomes(con, model, "pairs")
    finally:
        con.close()
    place = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(seen["a"], seen["b"], strict=True))}
    prior = model["probability_two_random_records_match"]
    found = []
    for low, high, weight in zip(
        np.minimum(left, right), np.maximum(left, right), pairs["match_weight"].to_pylist(), strict=True
    ):
        bars = tuple(_bars(seen, place[int(low), int(high)], model))
        start = (
            float(np.log2(prior / (1 - prior))) if weight is None else weight - sum(bar.bits for bar in bars)
        )
        found.append((Bar("before comparing", "prior", start), *bars))
    return found


def _bars(seen: Mapping[str, Any], row: int, model: Mapping[str, Any]) -> list[Bar]:
    made = []
    for comparison in model["comparisons"]:
        name = compare.name_of(comparison)
        outcome = int(seen["g_" + name][row])
        if outcome == compare.NULL_LEVEL:
            made.append(Bar(name, "missing", 0.0))
            continue
        level = compare.levels(comparison)[outcome]
        bits = float(np.log2(level["m_probability"] / level["u_probability"]))
        if level.get("tf_adjustment_column"):
            tf = max(float(seen["tf_" + name][row]), level.get("tf_minimum_u_value") or 1e-12)
            bits += level.get("tf_adjustment_weight", 1.0) * float(np.log2(level["u_probability"] / tf))
        made.append(Bar(name, str(level.get("label_for_charts") or level["sql_condition"]), bits))
    return made


def parts(left: str, right: str) -> tuple[Parts, Parts]:
    """Return both values cut into pieces, each with whether it differs from the other value.

    >>> parts("Smith", "Smyth")[0]
    (('Sm', False), ('i', True), ('th', False))
    """
    one, other = [], []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        one.append((left[a:b], kind != "equal"))
        other.append((right[c:d], kind != "equal"))
    return tuple(piece for piece in one if piece[0]), tuple(piece for piece in other if piece[0])


def marked(left: str, right: str) -> tuple[str, str]:
    """Return both values with what differs in square brackets, so that it shows without colour.

    >>> marked("Smith", "Smyth")
    ('Sm[i]th', 'Sm[y]th')
    """
    one, other = (
        "".join(f"[{text}]" if differs else text for text, differs in pieces) for pieces in parts(left, right)
    )
    return one, other
