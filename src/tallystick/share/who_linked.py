"""Who linked and who did not, as the steward sees it: rates by group, bias, weights, and what hangs on the threshold.

The linker sees no attribute, so these tables are made where the attributes are, before those of people who did not link are let go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement, Analysis
from tallystick.deidentify.selection import bias, rates, sensitivity
from tallystick.deidentify.selection.groups import grouped
from tallystick.deidentify.selection.sensitivity import Question
from tallystick.deidentify.selection.weights import Weights, weights
from tallystick.errors import BadInput
from tallystick.linkage import thresholds

Bools = npt.NDArray[np.bool_]

MISSED, LOST = "did not link", "a likely link lost to the threshold"
LIKELY = 0.5
SMALLEST = 10


@dataclass(frozen=True)
class Part:
    """What one dataset says: counts by group, those of people with a likely link who lost it to the threshold, rates at other thresholds,
    weights, and the columns that the agreement's analyses read."""

    dataset: Dataset
    records: int
    linked_share: float
    groups: list[bias.Group]
    lost: list[bias.Group]
    at_thresholds: list[sensitivity.RateAt]
    weights: Weights | None
    weight_table: pa.Table | None
    columns: pa.Table


def part(linked: pa.Table, dataset: Dataset, agreement: Agreement, labels: pa.Table | None) -> Part:
    """Return what one dataset says. ``linked`` holds its attributes by supply_key, person_id and is_linked; ``labels`` is the linker's
    table of persons at each threshold (null where an older linkage has none)."""
    assert agreement.linkage is not None
    names = [f.name for f in dataset.fields if f.kind in ("attribute", "event-date")]
    fields = {name: grouped(linked[name]) for name in names if name in linked.column_names}
    fields = {name: group for name, group in fields.items() if len(group.unique()) > 1}
    is_linked = linked["is_linked"].to_numpy(zero_copy_only=False).astype(bool)
    person = linked["person_id"].fill_null("")
    groups = bias.counted(~is_linked, person, fields, dataset.name)
    shown, _ = rates.rates(groups, smallest(agreement), base(agreement))
    visible = {(one.field, one.group) for one in shown if one.linked_share is not None}
    lost: list[bias.Group] = []
    at: list[sensitivity.RateAt] = []
    if labels is not None:
        others = _linked_at(linked, dataset, labels, _thresholds(labels))
        at = sensitivity.rates_at(others, person, fields, visible, dataset.name, base(agreement))
        likely, threshold = others[LIKELY], agreement.linkage.threshold
        if threshold > LIKELY and likely.any():
            lost = bias.counted(
                ~is_linked[likely],
                person.filter(pa.array(likely)),
                {name: group.filter(pa.array(likely)) for name, group in fields.items()},
                dataset.name,
            )
            lost = _with_false(lost, linked, fields, others, threshold, dataset, labels)
    made = None if agreement.lab else weights(is_linked, fields)
    return Part(
        dataset, linked.num_rows, float(is_linked.mean()) if len(is_linked) else 0.0, groups, lost, at,
        made, None if made is None else _weight_table(linked, made),
        linked.select(["supply_key", *(name for name in _read(agreement, dataset) if name in linked.column_names)]),
    )  # fmt: skip


def figures(parts: Sequence[Part], agreement: Agreement, labels: pa.Table | None) -> dict[str, Any]:
    """Return the steward's figures as plain values, small counts hidden: what `who-linked.json` holds."""
    assert agreement.linkage is not None
    few = smallest(agreement)
    shown = [rates.rates(one.groups, few, base(agreement)) for one in parts]
    return {
        "smallest": few,
        "overall": [
            {"dataset": one.dataset.name, "records": one.records, "linked_share": one.linked_share}
            for one in parts
        ],
        "rates": [asdict(rate) for found, _ in shown for rate in found],
        "fields": [asdict(field) for _, found in shown for field in found],
        "bias": _bias(parts, agreement, few),
        "at_thresholds": [asdict(rate) for one in parts for rate in one.at_thresholds],
        "analyses": [
            {**analysis.model_dump(), "answers": _answers(analysis, parts, agreement, labels)}
            for analysis in (agreement.linkage.analyses if labels is not None else ())
        ],
        "weights": [
            {
                "dataset": one.dataset.name,
                "classes": one.weights.classes,
                "largest": one.weights.largest,
                "effective": round(one.weights.effective),
                "balance": [asdict(field) for field in one.weights.balance],
            }
            for one in parts
            if one.weights is not None
        ],
    }


def smallest(agreement: Agreement) -> int:
    """Return the fewest people a figure may rest on."""
    return agreement.disclosure.minimum_cell_count or SMALLEST


def base(agreement: Agreement) -> int:
    """Return to what counts are rounded."""
    return agreement.disclosure.rounding or 5


def _bias(parts: Sequence[Part], agreement: Agreement, few: int) -> dict[str, Any]:
    """Return who fares worse: of datasets whose people should all link by who did not, of all by who lost a likely link."""
    assert agreement.linkage is not None
    expected = set(agreement.linkage.expected_to_link)
    asked = [
        replace(one, dataset=f"{one.dataset}\n{measure}")
        for each in parts
        for measure, groups in (
            (MISSED, each.groups if each.dataset.name in expected else []),
            (LOST, each.lost),
        )
        for one in groups
    ]
    found = bias.verdicts(asked)
    worse = []
    for one in (verdict for verdict in found if verdict.is_worse):
        dataset, _, measure = one.group.dataset.partition("\n")
        is_few = min(one.group.errors, one.group.people - one.group.errors) < few
        worse.append(
            {
                "dataset": dataset, "measure": measure, "field": one.group.field, "group": one.group.group,
                **dict.fromkeys(("people", "rate", "rest", "ratio", "low", "high", "p_adjusted")),
                **({} if is_few else {"people": one.group.people} | {
                    name: getattr(one, name) for name in ("rate", "rest", "ratio", "low", "high", "p_adjusted")
                }),
            }
        )  # fmt: skip
    return {"tested": len(found), "expected_to_link": sorted(expected), "worse": worse}


def _with_false(
    lost: Sequence[bias.Group],
    linked: pa.Table,
    fields: Mapping[str, pa.Array],
    at: Mapping[float, Bools],
    threshold: float,
    dataset: Dataset,
    labels: pa.Table,
) -> list[bias.Group]:
    """Return the groups of people with a likely link with how many of the lost links are expected to be none.

    ``at`` says for each threshold whether a row links there. By the probabilities of the links themselves that many are none; they fall
    to groups as people do whose best candidate is an unlikely one. Groups stand as they are where ``labels`` are of an older linkage.
    """
    weak = {one: thresholds.weak(one) for one in thresholds.UNLIKELY}
    if not set(weak.values()) <= set(labels.column_names):
        return list(lost)
    under = _linked_at(linked, dataset, labels, weak) | {LIKELY: at[LIKELY]}
    is_weak = under[min(under)] & ~at[LIKELY]
    people = linked["person_id"].fill_null("").filter(pa.array(is_weak))
    groups = {name: group.filter(pa.array(is_weak)) for name, group in fields.items()}
    candidates = bias.counted(is_weak[is_weak], people, groups, dataset.name)
    agreed = {one: rows for one, rows in at.items() if LIKELY <= one <= threshold}
    return bias.with_false(lost, candidates, 1 - _probability(agreed), _probability(under))


def _probability(at: Mapping[float, Bools]) -> float:
    """Return the mean probability of links that are lost between the lowest threshold and the highest: of each, the middle of its step."""
    steps = list(pairwise(sorted(at)))
    dropped = np.array([(at[low] & ~at[high]).sum() for low, high in steps])
    middle = np.array([(low + high) / 2 for low, high in steps])
    return float((dropped * middle).sum() / dropped.sum()) if dropped.sum() else 1.0


def _linked_at(
    linked: pa.Table, dataset: Dataset, labels: pa.Table, names: Mapping[float, str]
) -> dict[float, Bools]:
    """Return for each threshold of ``names`` (and its column) whether each row of ``linked`` has its person in another source there."""
    mine = sensitivity.linked_at(labels, names)
    mine = mine.filter(pc.equal(mine["source"], dataset.name))
    place = pc.index_in(linked["supply_key"], value_set=mine["supply_key"].combine_chunks())
    return {
        threshold: mine[name].take(place).fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
        for threshold, name in names.items()
    }


def _thresholds(labels: pa.Table) -> dict[float, str]:
    return {float(name): name for name in labels.column_names if name[:1].isdigit()}


def _weight_table(linked: pa.Table, made: Weights) -> pa.Table:
    whole = pa.table({"supply_key": linked["supply_key"], "linkage_weight": made.weight})
    return whole.filter(linked["is_linked"])


def question(analysis: Analysis, agreement: Agreement) -> Question:
    """Return an analysis of the agreement as a question. Raises BadInput where a field is not an attribute of a dataset that is linked."""

    def of(text: str) -> tuple[str, str]:
        name, _, field = text.partition(".")
        held = next((one.field(field) for one in agreement.datasets if one.name == name), None)
        if held is None or held.kind not in ("attribute", "event-date"):
            raise BadInput(
                f"[[linkage.analysis]]: {text!r} is not an attribute of a dataset. Write dataset.field, as in education.absence."
            )
        return name, field

    return Question(of(analysis.outcome), analysis.value, of(analysis.by) if analysis.by else None)


def _read(agreement: Agreement, dataset: Dataset) -> list[str]:
    """Return the fields of a dataset that the agreement's analyses read."""
    assert agreement.linkage is not None
    asked = [question(one, agreement) for one in agreement.linkage.analyses]
    ends = [end for one in asked for end in (one.outcome, one.by) if end is not None]
    return list(dict.fromkeys(field for name, field in ends if name == dataset.name))


def _answers(
    analysis: Analysis, parts: Sequence[Part], agreement: Agreement, labels: pa.Table | None
) -> list[dict[str, Any]]:
    asked = question(analysis, agreement)
    assert labels is not None
    assert agreement.linkage is not None
    by_name = {one.dataset.name: one for one in parts}
    tables: dict[str, pa.Table] = {}
    for end, column in ((asked.outcome, "outcome"), (asked.by, "grp")):
        if end is None:
            continue
        if end[0] not in by_name or end[1] not in by_name[end[0]].columns.column_names:
            raise BadInput(
                f"[[linkage.analysis]]: {'.'.join(end)} was not supplied. Take it out, or supply it."
            )
        mine = by_name[end[0]].columns
        values = grouped(mine[end[1]]) if column == "grp" else _outcome(mine[end[1]], asked, analysis)
        tables[end[0]] = tables.get(end[0], mine.select(["supply_key"])).append_column(column, values)
    found = sensitivity.answers(
        asked, tables, labels, _thresholds(labels), smallest(agreement), base(agreement),
        by_name[asked.outcome[0]].weight_table, agreement.linkage.threshold,
    )  # fmt: skip
    return [asdict(one) for one in found]


def _outcome(column: pa.ChunkedArray, asked: Question, analysis: Analysis) -> pa.ChunkedArray:
    if asked.value:
        return pc.cast(pc.equal(grouped(column), asked.value), pa.float64())
    try:
        return pc.cast(column, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise BadInput(
            f"[[linkage.analysis]]: {analysis.outcome} is not a number, so it has no mean. Give the `value` whose share is asked."
        ) from None


def weight_tables(parts: Sequence[Part]) -> Mapping[str, pa.Table]:
    """Return the weights of each dataset that has them: supply_key, linkage_weight, a row for each linked record."""
    return {one.dataset.name: one.weight_table for one in parts if one.weight_table is not None}
