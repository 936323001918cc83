"""The standard report of an analysis: one view of the answer under disclosure control, from which every format is made."""

from __future__ import annotations

from datetime import date

from tallystick.lab.attrition import Assembled, Stage
from tallystick.lab.estimate import MOVED
from tallystick.lab.evaluate import Evaluation
from tallystick.lab.leaving import Leaving, merged
from tallystick.lab.request import Request
from tallystick.lab.results import points
from tallystick.lab.tables import tables
from tallystick.lab.view import View
from tallystick.lab.wording import frequency, time_to_first, withheld

__all__ = ["view"]


def view(
    request: Request,
    found: Evaluation,
    assembled: Assembled,
    leaving: Leaving,
    *,
    made: date,
    version: int = 1,
    correction: str = "",
) -> View:
    """Return what the report may show under the limits; ``correction`` says what was wrong with the version before."""
    stages = merged(
        (*assembled.stages, _matched(assembled.stages, found.estimate.n_treated)), leaving.smallest
    )
    said = withheld(found.finding, request.programme, leaving.smallest) if leaving.withheld else found.finding
    whole = f"{request.programme} (version {version})" if version > 1 else request.programme
    return View(
        request.title, whole, made.isoformat(), said.headline,
        (*([f"This replaces an earlier report, which was wrong: {correction}"] if correction else []), *said.sentences,
         *further(request, found, leaving)),
        said.can_say, said.cannot_say, numbers(found, assembled.match_rate, leaving),
        tables(found, assembled, stages, leaving), method(request, found, leaving), limits(request, found, leaving),
    )  # fmt: skip


def further(request: Request, found: Evaluation, leaving: Leaving) -> tuple[str, ...]:
    """Return the sentences on how often and how soon, where they may be shown."""
    events, event = (
        ("reoffences", "a reoffence") if request.events_are == "offences" else ("events", "an event")
    )
    said = []
    for one in (s for s in found.secondary if leaving.may_show(s) and not leaving.withheld):
        o = one.found
        if o.treated_mean is None or o.comparison_mean is None or o.ci_low is None or o.ci_high is None:
            continue
        means = (o.treated_mean, o.comparison_mean, o.ci_low, o.ci_high)
        if one.kind == "how often":
            said.append(frequency(*means, events=events, months=request.follow_up_months))
        elif one.kind == "how soon":
            said.append(time_to_first(*means, event=event))
    return tuple(said)


def numbers(found: Evaluation, match_rate: float, leaving: Leaving) -> tuple[tuple[str, str], ...]:
    """Return the main figures with their names."""
    e = found.estimate
    people = (
        ("People analysed who took part", leaving.count(e.n_treated)),
        ("People in the comparison group", leaving.count(e.n_comparison)),
        ("Comparison people that the weights amount to", leaving.count(e.ess_comparison)),
    )
    matched = ("Matched to police records", f"{match_rate:.0%} of those submitted")
    if leaving.withheld:
        return (*people, matched)
    return (
        *people,
        ("Rate among those who took part", f"{found.rate:.0%}"),
        ("Rate in the comparison group", f"{found.comparison_rate:.0%}"),
        ("Difference, in percentage points", points(e.estimate)),
        ("95% interval, in percentage points", f"{points(e.ci_low)} to {points(e.ci_high)}"),
        ("The same by the plain Welch test", f"{points(e.welch.ci_low)} to {points(e.welch.ci_high)}"),
        ("p-value", "under 0.001" if e.p_value < 0.001 else f"{e.p_value:.3f}"),
        matched,
    )


def method(request: Request, found: Evaluation, leaving: Leaving) -> tuple[str, ...]:
    """Return how the answer was made, a sentence or two each."""
    taken = next(one.specification for one in found.tried if one.chosen)
    tried = "1 specification was" if len(found.tried) == 1 else f"{len(found.tried)} specifications were"
    poor = sum(abs(after) > 0.1 for _, after in found.smd.values())
    said = [
        f"The request was fixed and its hash ({request.hash()[:23]}…) entered in the ledger before any outcome was looked at.",
        f"Comparison people had the same index period and kinds of disposal. {tried} tried, blind to "
        f"outcomes; the one with the best balance was taken: {taken.run}, {taken.covariates} covariates, {taken.method}.",
        _outcome_words(request, found),
    ]
    if taken.method == "overlap":
        said.append(
            "The estimate is about people who could have been in either group, not all who took part."
        )
    if poor:
        said.append(
            f"{poor} covariates still differ by more than 0.1 standard deviations: read with caution."
        )
    if not leaving.withheld:
        said += [MOVED] * (MOVED in found.estimate.notes)
        said += [found.estimate.sensitivity.words, *([found.control.words] if found.control else [])]
        said += [one.words for one in found.subgroups]
    return tuple(said)


def limits(request: Request, found: Evaluation, leaving: Leaving) -> tuple[str, ...]:
    """Return what the answer cannot tell."""
    linked = found.linked
    if isinstance(linked, str):
        wrong = linked
    else:
        wrong = (
            f"By their probabilities {linked.precision:.1%} of the matches are right. A wrong match waters the difference down"
            f"{'' if leaving.withheld else '; the interval that allows for it is given'}. "
            "People whom no record was found for may differ, as the table of those lost shows."
        )
    return (
        "People may differ in ways that no record holds, which can explain a difference.",
        "Only offences that were recorded and proven count."
        if request.events_are == "offences"
        else "Only what was recorded counts.",
        wrong,
    )


def _outcome_words(request: Request, found: Evaluation) -> str:
    if not found.made_from_events:
        return f"The outcome is the column {request.outcome} of the police data, as given."
    if request.events_are == "events":
        return f"The outcome is an event of the dataset {request.events} within {request.follow_up_months} months after the index date."
    return (
        f"The outcome is proven reoffending as officially defined: an offence within {request.follow_up_months} months after the index date, "
        f"proven by conviction or caution within those months or {request.waiting_months} more, breaches left out. The clock starts at release "
        "from custody, else at the sentence or the caution. Who was not followed for the whole time is left out."
    )


def _matched(stages: tuple[Stage, ...], analysed: int) -> Stage:
    last = stages[-1]
    text = "Nobody in the comparison pool was enough like these people, or the run looked at fewer areas."
    nothing: dict[str, float | None] = dict.fromkeys(last.means)
    return Stage("somebody like them found", analysed, last.left - analysed, text, nothing, nothing)
