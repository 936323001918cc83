"""What would have become of a linkage at other thresholds, from the pairs scored once; no identifier is needed.

A threshold is chosen, and results that hang on it are no results: Doidge and Harron (2018, International Journal of Population Data Science
3) ask for the rates, and for the analysis, over a range of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.linkage import resolve
from tallystick.linkage.outcome import believed, labels_at, numbered
from tallystick.linkage.spec import LinkageSpec

GRID = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
UNLIKELY = (0.1, 0.2)
"""Under even odds: no threshold to choose, but who has an unlikely candidate tells whom false likely links are to be expected of."""


def grid(threshold: float) -> tuple[float, ...]:
    """Return the thresholds to look at: the usual ones and the chosen one."""
    return tuple(sorted({*GRID, threshold}))


def persons_at(scored: pa.Table, persons: pa.Table, spec: LinkageSpec) -> pa.Table:
    """Return source, <id> and, in a column named by each threshold, which person a record would be of: a number that means nothing else.

    The columns of ``UNLIKELY`` are named ``weak 0.1`` and so on.
    ``scored`` is `Linked.scored`; ``persons`` names the records; of ``spec`` the threshold (one of those looked at) and the decisions count.
    """
    numbers = numbered(persons, spec.id_column)
    sources, ids = numbers.names()
    columns: dict[str, pa.Array] = {"source": sources, spec.id_column: ids}
    asked = {name(one): one for one in grid(spec.threshold)} | {weak(one): one for one in UNLIKELY}
    for column, threshold in asked.items():
        label = labels_at(scored, numbers, replace(spec, threshold=threshold))
        columns[column] = pa.array(label.astype(np.int32 if numbers.count < 2**31 else np.int64))
    return pa.table(columns)


def name(threshold: float) -> str:
    """Return the column of a threshold."""
    return f"{threshold:g}"


def weak(threshold: float) -> str:
    """Return the column of a threshold under even odds."""
    return f"weak {threshold:g}"


def at(table: pa.Table) -> list[float]:
    """Return the thresholds that a table of `persons_at` has."""
    return [float(column) for column in table.column_names if column[:1].isdigit()]


def sensitivity(scored: pa.Table, table: pa.Table, id_column: str, threshold: float) -> list[dict[str, Any]]:
    """Return for each threshold of ``table`` (`persons_at`): persons, links, people and linked people of each source, and by the model's own
    probabilities the precision of the links and their recall among the pairs that were scored.

    Links are pairs across sources where there are several, at the threshold or over it by themselves, whose records are one person. Each is
    as probable as in the links of the linkage, made at ``threshold``: third records count too.
    """
    numbers = numbered(table, id_column)
    pairs, probability = believed(scored, numbers, threshold)
    edges, alone = pairs.edges, pairs.table["match_probability"].to_numpy()
    order = np.array([numbers.order.index(one) for one in numbers.names()[0].to_pylist()])
    is_asked = (
        order[edges.a] != order[edges.b] if len(numbers.order) > 1 else np.ones(len(edges.a), dtype=bool)
    )
    truly = float(probability[is_asked].sum())
    found = []
    for one in at(table):
        label = table[name(one)].to_numpy().astype(np.int64)
        is_link = is_asked & (label[edges.a] == label[edges.b]) & (alone >= one)
        mass = float(probability[is_link].sum())
        found.append(
            {
                "threshold": one,
                "persons": int(np.count_nonzero(np.bincount(label))),
                "links": int(is_link.sum()),
                "expected_precision": mass / int(is_link.sum()) if is_link.any() else None,
                "expected_recall": mass / truly if truly else None,
                "sources": _by_source(label, order, numbers.order),
            }
        )
    return found


def _by_source(label: resolve.Ints, order: resolve.Ints, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return people and linked people of each source: of a single source those of several records."""
    # One number for a person in a source, sorted: NumPy's unique takes a hash of each, and far longer.
    pair = np.sort(label * len(names) + order)
    pair = pair[np.concatenate([[True], pair[1:] != pair[:-1]])]
    person, place_of = pair // len(names), pair % len(names)
    several = np.bincount(person if len(names) > 1 else label, minlength=len(label)) > 1
    return [
        {
            "source": one,
            "people": int((place_of == place).sum()),
            "linked": int(several[person[place_of == place]].sum()),
        }
        for place, one in enumerate(names)
    ]
