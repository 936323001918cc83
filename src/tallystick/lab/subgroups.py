"""The effect in each group of people, compared within the group, and whether the groups differ in it.

Each group is weighed and estimated by itself, so that groups share nobody and Cochran's Q tests the interaction. p-values are
adjusted for all groups looked at (Holm 1979). A group without an honest estimate stays in the report with the reason::

    subgroups(table, "sex", Question("treated", "reoffended", covariates, method="radius"))
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.lab.columns import column_of, levels, only
from tallystick.lab.estimate import Question, given, honest
from tallystick.lab.multiple import holm, interaction
from tallystick.lab.weigh import weighting

__all__ = ["Group", "Subgroups", "subgroups"]

FEWEST = 30  # treated people in a group, below which it is not analysed
MOST = 30  # groups


@dataclass(frozen=True)
class Group:
    """One group's result; where ``fault`` says why there is none, the rest is nothing."""

    group: str
    n_treated: int
    n_comparison: int
    estimate: float | None = None
    standard_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    fault: str = ""


@dataclass(frozen=True)
class Subgroups:
    """Every group of one column; ``interaction_p`` is the chance of such differences if the effect is one."""

    column: str
    groups: tuple[Group, ...]
    interaction_p: float | None
    words: str


def subgroups(
    table: pa.Table,
    column: str,
    asked: Question,
) -> Subgroups:
    """Return the effect in each group of ``column``, which is left out of the covariates; raises `BadInput` for no groups."""
    only(table, column)
    if column in (column_of(table, asked.treatment), column_of(table, asked.outcome)):
        raise BadInput(f"Column {column} is the treatment or the outcome: people cannot be grouped by it.")
    names, place = levels(table, column)
    if not 2 <= len(names) <= MOST:
        raise BadInput(
            f"Column {column} has {len(names)} groups: name one with 2 to {MOST}, or band its values first."
        )
    within = replace(
        asked,
        covariates=tuple(name for name in asked.covariates if name != column),
        exact=tuple(name for name in asked.exact if name != column),
    )
    found = [one_group(table.filter(pa.array(place == at)), name, within) for at, name in enumerate(names)]
    known = [one for one in found if one.p_value is not None]
    adjusted = iter(holm([one.p_value or 0.0 for one in known]))
    groups = tuple(one if one.p_value is None else replace(one, p_holm=next(adjusted)) for one in found)
    p = interaction([one.estimate or 0.0 for one in known], [one.standard_error or 0.0 for one in known])
    return Subgroups(column, groups, p, said(column, p))


def one_group(rows: pa.Table, level: str, asked: Question) -> Group:
    """Return one group's result, or why there is none."""
    try:
        data = asked.of(rows)
        treated = int(data.treated.sum())
        if treated < FEWEST:
            reason = f"Fewer than {FEWEST} treated people: not analysed."
            return Group(level, treated, len(data.treated) - treated, fault=reason)
        found = honest(given(data, weighting(data, asked.method, asked.settings)))
    except BadInput as fault:
        return Group(level, 0, 0, fault=fault.message)
    return Group(
        level, found.n_treated, found.n_comparison, found.estimate, found.standard_error, found.ci_low, found.ci_high,
        found.p_value,
    )  # fmt: skip


def said(column: str, p: float | None) -> str:
    """Return what the interaction test says, in a sentence."""
    if p is None:
        return f"Whether the effect differs by {column} cannot be tested: fewer than two groups have an estimate."
    if p < 0.05:
        return f"The effect differs by {column} (test of interaction, p = {p:.2g})."
    return f"There is no evidence that the effect differs by {column} (test of interaction, p = {p:.2g})."
