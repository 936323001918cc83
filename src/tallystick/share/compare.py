"""Measures of a board side by side, as its packs showed them, with warnings where they do not count the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tallystick.errors import BadInput
from tallystick.performance import series, wording
from tallystick.performance.definitions import Measure, differing
from tallystick.performance.lines import Line, joined, lines, of_board
from tallystick.share.pack import cells_before
from tallystick.share.returns import measures_of, without
from tallystick.share.rooms import Share, read_parquet
from tallystick.share.small_numbers import key_of


def compare(
    share: Share, *, day: date, names: Sequence[str], first: str = "", last: str = ""
) -> dict[str, Any]:
    """Return measures side by side as packs showed them, with warnings where they do not count the same thing.

    ``first`` and ``last`` are periods to compare: raises Refused where a definition changed between them. BadInput for a measure or period
    that no pack showed.
    """
    said = measures_of(share)
    known = {measure.id: measure for measure in said.measures}
    if not names or set(names) - set(known):
        raise BadInput(f"Name measures of measures.toml: {', '.join(known)}.")
    _, shown = cells_before(share)
    path = share.root / "series" / "figures.parquet"
    figures = read_parquet(path) if path.exists() else series.empty()
    may = without(figures, series.under_embargo(figures, day))
    rows = [row for row in series.as_known(may, day).to_pylist() if key_of(row) in shown]
    found = lines(series.of_rows(rows), said)
    sides = [side(of_board(found, known[name], said), known[name], first, last) for name in names]
    return {
        "measures": sides,
        "warnings": [f"{each.message} {each.remedy}" for each in differing([known[name] for name in names])],
    }


def side(line: Line | None, measure: Measure, first: str, last: str) -> dict[str, Any]:
    """Return one measure at two periods (default: a year apart, to its last figure)."""
    if line is None or line.latest < 0:
        raise BadInput(f"{measure.id}: no pack showed a figure of it yet. `tally pack build` makes one.")
    labels = [period.label for period in line.periods]
    to = last or labels[line.latest]
    since = first or labels[max(0, labels.index(to) - line.a_year)] if to in labels else first
    if since not in labels or to not in labels:
        raise BadInput(f"{measure.id}: it runs from {labels[0]} to {labels[-1]}. Write periods as it does.")
    at = joined(line, *sorted((labels.index(since), labels.index(to))))
    before, after = (float(line.shown[place]) for place in (at.start, at.stop - 1))
    return {
        "measure": measure.id,
        "counts": measure.counts,
        "from": since,
        "to": to,
        "before": wording.figure(before, measure),
        "after": wording.figure(after, measure),
    }
