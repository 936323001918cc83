"""A shipped model fitted to the data that it links: trained, scored, calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.linkage import calibrate, compare, engines, keys, resolve
from tallystick.linkage.blocking import within_budget
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.shipped import PERSON, Shipped
from tallystick.linkage.spec import LinkageSpec, Offsets
from tallystick.linkage.train import train

FLOOR = 0.002  # pairs less probable than this under the trained model are not kept: they count as never seen
TURNS = 12
STILL = 0.02  # bits
FEW = 30  # true pairs; with fewer, what the model says of each rests on next to nothing


@dataclass(frozen=True)
class Fit:
    """The trained and calibrated model, the pairs that it scored, and the bits that each pair of sources adds to its weights."""

    model: dict[str, Any]
    scored: pa.Table
    offsets: Offsets

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know where there are next to no pairs of one person to learn from."""
        expected = float(self.scored["match_probability"].to_numpy().sum())
        if expected >= FEW:
            return ()
        return (
            f"Few pairs of records look like one person (about {expected:.0f}), too few to tell how probable each is. "
            "Have every link looked at.",
        )


def fitted(sources: Mapping[str, pa.Table], spec: LinkageSpec, shipped: Shipped = PERSON) -> Fit:
    """Return a shipped model trained and calibrated on ``sources``, and the pairs scored by it."""
    columns = next(iter(sources.values())).column_names
    link_type = "dedupe_only" if len(sources) == 1 else "link_and_dedupe"
    untrained = shipped.settings(columns, (), link_type, spec.id_column)
    con = compare.open_records(sources, untrained, spec.id_column)
    count = sum(table.num_rows for table in sources.values())
    blocking = within_budget(con, shipped.blocking, spec.pairs_per_record * count)
    blocked = shipped.settings(columns, blocking.rules, link_type, spec.id_column)
    trained = train(con, shipped.with_household(blocked, columns), spec.seed, shipped.blocks, shipped.fixes)
    con.close()
    scored = engines.links(
        shipped.engine(spec.engine),
        keys.with_parts(sources, spec.keys),
        keys.with_rules(trained, spec),
        FLOOR,
        id_column=spec.id_column,
        master=spec.master,
    )
    numbers = Numbers(sources, spec.id_column)
    edges = numbers.edges(scored)
    shifts = estimated(numbers, edges, trained["probability_two_random_records_match"], {})
    shift = numbers.by_sources(edges, shifts)
    edges = resolve.Edges(edges.a, edges.b, edges.log_odds + shift)
    line = _line(numbers.count, edges)
    if line is None:
        return Fit(trained, scored, dict.fromkeys(shifts, 0.0))
    weight = line(edges.log_odds)
    usual = float(np.average(shift, weights=1 / (1 + np.exp2(-np.clip(weight, -60, 60)))))
    overall = calibrate.Line(line.slope, line.shift + line.slope * usual)
    return Fit(
        calibrate.calibrated(trained, overall),
        reweighed(scored, weight),
        {kind: line.slope * (bits - usual) for kind, bits in shifts.items()},
    )


def estimated(numbers: Numbers, edges: resolve.Edges, prior: float, known: Offsets) -> Offsets:
    """Return for each pair of sources the bits by which its prior differs from that of all; what is ``known`` stays.

    One source alone has the prior of all.
    """
    size = {source: len(numbers.ids[source]) for source in numbers.order}
    if len(size) == 1:
        return {(numbers.order[0], numbers.order[0]): 0.0} | dict(known)
    found = dict(known)
    for (low, high), at in numbers.kinds(edges):
        if (low, high) not in found:
            pairs = size[low] * (size[low] - 1) / 2 if low == high else float(size[low] * size[high])
            found[low, high] = calibrate.prior_shift(edges.log_odds[at], prior, pairs)
    return found


def reweighed(scored: pa.Table, weight: npt.NDArray[np.float64]) -> pa.Table:
    """Return the pairs with these match weights and the probabilities that go with them."""
    made = scored.set_column(scored.column_names.index("match_weight"), "match_weight", pa.array(weight))
    probability = pa.array(1 / (1 + np.exp2(-weight)))
    return made.set_column(made.column_names.index("match_probability"), "match_probability", probability)


def _line(records: int, edges: resolve.Edges) -> calibrate.Line | None:
    """Return the line from match weight to log-odds on which calibration and resolution agree.

    Persons are resolved at even odds, the line is fitted to them, and both are done again under the new line until it stays.
    Because one pair can say little against (``resolve.AGAINST``), the end does not depend on the start.
    """
    line: calibrate.Line | None = None
    for _ in range(TURNS):
        odds = edges.log_odds if line is None else line(edges.log_odds)
        label = resolve.persons(records, resolve.Edges(edges.a, edges.b, odds)).label
        found = calibrate.fitted(edges.log_odds, (label[edges.a] == label[edges.b]).astype(float))
        if found is None:
            return line
        if line is not None and abs(found.even - line.even) < STILL:
            return found
        line = found
    return line
