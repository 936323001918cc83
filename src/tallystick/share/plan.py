"""What a run would do, and which rules would stop it, without touching anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tallystick.agreement import gates, io
from tallystick.agreement.rule import Door
from tallystick.agreement.schema import Agreement
from tallystick.errors import Refused
from tallystick.share import acts, pack
from tallystick.share.acts import Clock
from tallystick.share.destroy import is_due
from tallystick.share.expire import has_ended
from tallystick.share.extract import event as extract_event
from tallystick.share.link import is_due as is_link_due
from tallystick.share.review import CLOSED as REVIEWED
from tallystick.share.rooms import Share
from tallystick.share.run import NOT_LINKED, Step, wanted
from tallystick.share.supply import event as supply_event
from tallystick.share.supply import new_file

NEW = "would be done"


@dataclass(frozen=True)
class Planning:
    """A run that is only thought through; ``is_new`` says whether a step before would change what the later ones stand on."""

    share: Share
    agreement: Agreement
    clock: Clock
    is_new: bool

    def step(self, text: str, door: Door, is_done: bool, **subjects: Any) -> Step:
        """Return the step as it would go: done before, allowed, or refused by which rules."""
        if is_done:
            return Step(text, "was done before")
        try:
            gates.ask(self.agreement, door, self.clock.now.date(), **subjects)
        except Refused as refused:
            return Step(text, "would be refused: " + "; ".join(sorted({f.rule for f in refused.findings})))
        return Step(text, NEW)


def plan(share: Share, *, clock: Clock, until: str | None = None) -> tuple[Step, ...]:
    """Return what a run up to ``until`` would do; raise BadInput where there is no such step."""
    names = wanted(until)
    if pack.is_board(share):
        return (Step("pack", NEW),)
    agreement = io.load(share.agreement)
    steps: list[Step] = []
    for name in names:
        is_new = any(step.outcome == NEW for step in steps)
        steps.extend(PLANS[name](Planning(share, agreement, clock, is_new)))
    return tuple(steps)


def _supply(planning: Planning) -> Iterator[Step]:
    for dataset in planning.agreement.datasets:
        is_done = acts.is_done(planning.share, supply_event(dataset.name))
        is_done = is_done and not new_file(planning.share, planning.agreement, dataset, None)
        yield planning.step(f"supply {dataset.name}", "supply", is_done)


def _link(planning: Planning) -> Iterator[Step]:
    is_done = acts.is_done(planning.share, "link")
    is_done = is_done and not is_link_due(planning.share, planning.agreement)
    yield from _after_supply(planning, "link", is_done)


def _deidentify(planning: Planning) -> Iterator[Step]:
    last = acts.numbered("deidentify", acts.times(planning.share, "link"))
    yield from _after_supply(planning, "deidentify", acts.is_done(planning.share, last))


def _after_supply(planning: Planning, name: Door, is_done: bool) -> Iterator[Step]:
    if planning.agreement.linkage is None:
        yield Step(name, NOT_LINKED)
    else:
        yield planning.step(name, name, is_done and not planning.is_new)


def _destroy(planning: Planning) -> Iterator[Step]:
    name, share = "destroy identifiers", planning.share
    is_done = acts.is_done(share, "destroy/identifiers/done")
    if not is_done and not is_due(planning.agreement, planning.clock, reviewed=acts.is_done(share, REVIEWED)):
        yield Step(name, f"waits: {planning.agreement.retention.identifiers}")
    else:
        yield planning.step(name, "destroy", is_done)


def _extract(planning: Planning) -> Iterator[Step]:
    for project in io.load_projects(planning.share.root):
        name = f"extract {project.id}"
        if has_ended(planning.agreement, project, planning.clock):
            yield Step(name, "access has ended: the extract would be destroyed")
        else:
            is_done = acts.is_done(planning.share, extract_event(project))
            yield planning.step(name, "extract", is_done, project=project)


def _report(planning: Planning) -> Iterator[Step]:
    yield Step("report", NEW)


PLANS: dict[str, Callable[[Planning], Iterator[Step]]] = {
    "supply": _supply,
    "link": _link,
    "destroy": _destroy,
    "deidentify": _deidentify,
    "extract": _extract,
    "report": _report,
}
"""The same steps as a run's, in the same order."""
