"""The machine-readable summary of a report, in one schema, so that reports add up: rates and differences from 0 to 1, under the limits.

``python -m tallystick.lab.summary > docs/lab-summary.schema.json`` writes the JSON Schema; a test holds it to this.
"""

from __future__ import annotations

import json
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tallystick.lab.estimate import Interval
from tallystick.lab.evaluate import Evaluation
from tallystick.lab.family import Other
from tallystick.lab.leaving import Leaving
from tallystick.lab.link_error import LinkError
from tallystick.lab.request import Request
from tallystick.lab.subgroups import Group

__all__ = ["SCHEMA", "Summary", "summary"]

SCHEMA: Final = "tallystick-lab-summary/1"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ranged(_Frozen):
    """A difference with its 95% interval; null where it is withheld."""

    estimate: float | None
    ci_low: float | None
    ci_high: float | None


class Linkage(Ranged):
    """The difference with the links' error in it; ``precision`` is the share of right links by their probabilities."""

    precision: float


class Hidden(_Frozen):
    """How strong a hidden cause would have to be: Rosenbaum's gamma, Tan's lambda and the E-value, each of the interval."""

    gamma: float | None
    lambda_ci: float | None
    e_value_ci: float | None


class Further(Ranged):
    """A secondary outcome or the difference in one sub-group; ``p_holm`` is adjusted for its family, ``unit`` share, number or days."""

    name: str
    unit: str
    p_holm: float | None


class Summary(_Frozen):
    """One report. Figures are null where ``withheld`` says that they would tell of few people."""

    model_config = ConfigDict(frozen=True, extra="forbid", title=SCHEMA)

    version_of_schema: Literal["tallystick-lab-summary/1"] = Field(default=SCHEMA, alias="schema")
    id: str
    title: str
    programme: str
    outcome: str
    follow_up_months: int
    version: int
    request: str = Field(
        description="The hash of the request, as entered in the ledger before outcomes were looked at."
    )
    run: str
    method: str
    result: Literal["lower", "higher", "inconclusive"]
    n_treated: int | None
    n_comparison: int | None
    rate: float | None
    comparison_rate: float | None
    estimate: float | None = Field(description="Rate less comparison rate.")
    standard_error: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    needed: int | None = Field(
        description="People that would have decided, where the result is inconclusive."
    )
    withheld: bool
    doubly_robust: Ranged
    welch: Ranged
    error_source: str
    linkage: Linkage | None
    sensitivity: Hidden
    secondary: tuple[Further, ...]
    subgroups: tuple[Further, ...]


def summary(request: Request, found: Evaluation, leaving: Leaving, *, version: int = 1) -> Summary:
    """Return the summary of an answer, with nothing in it that may not leave."""
    e, linked = found.estimate, found.linked
    taken = next(one.specification for one in found.tried if one.chosen)

    def short(value: float | None, digits: int = 4) -> float | None:
        return None if value is None or leaving.withheld else round(value, digits)

    def ranged(one: Interval | LinkError) -> Ranged:
        return Ranged(estimate=short(one.estimate), ci_low=short(one.ci_low), ci_high=short(one.ci_high))

    def further(name: str, unit: str, one: Other | Group) -> Further:
        return Further(name=name, unit=unit, estimate=short(one.estimate), ci_low=short(one.ci_low), ci_high=short(one.ci_high),
                       p_holm=short(one.p_holm))  # fmt: skip

    return Summary(
        schema=SCHEMA, id=request.id, title=request.title, programme=request.programme, outcome=request.outcome,
        follow_up_months=request.follow_up_months, version=version, request=request.hash(), run=taken.run, method=e.method,
        result=found.finding.kind, n_treated=leaving.rounded(e.n_treated), n_comparison=leaving.rounded(e.n_comparison),
        rate=short(found.rate, 2), comparison_rate=short(found.comparison_rate, 2), estimate=short(e.estimate),
        standard_error=short(e.standard_error), ci_low=short(e.ci_low), ci_high=short(e.ci_high),
        p_value=None if leaving.withheld else digits_of(e.p_value),
        needed=None if leaving.withheld else found.finding.needed, withheld=leaving.withheld, doubly_robust=ranged(e.doubly_robust),
        welch=ranged(e.welch), error_source=e.error_source,
        linkage=None if isinstance(linked, str) else Linkage(**ranged(linked).model_dump(), precision=round(linked.precision, 4)),
        sensitivity=Hidden(
            gamma=short(e.sensitivity.gamma), lambda_ci=short(e.sensitivity.lambda_ci), e_value_ci=short(e.sensitivity.e_value_ci)
        ),
        secondary=() if leaving.withheld else tuple(
            further(s.found.outcome, s.unit, s.found) for s in found.secondary if leaving.may_show(s)
        ),
        subgroups=() if leaving.withheld else tuple(
            further(f"{said.column}: {one.group}", "share", one) for said in found.subgroups for one in said.groups
            if one.estimate is not None and (f"sub-group {said.column}", one.group) not in leaving.hidden
        ),
    )  # fmt: skip


def digits_of(p: float) -> float:
    """Return a p-value to two digits, however small."""
    return float(f"{p:.2g}")


if __name__ == "__main__":
    print(json.dumps(Summary.model_json_schema(by_alias=True), indent=2))  # noqa: T201 - the page is the output
