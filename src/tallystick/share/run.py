"""The whole way: every step that the agreement allows, in order, going on where an interruption stopped it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.agreement import io
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Refused
from tallystick.linkage import Engine
from tallystick.share import acts, pack
from tallystick.share.acts import Clock
from tallystick.share.deidentify import deidentify
from tallystick.share.destroy import destroy, destroy_pool, is_due
from tallystick.share.evaluate import evaluate
from tallystick.share.expire import expire, has_ended
from tallystick.share.extract import event as extract_event
from tallystick.share.extract import extract
from tallystick.share.link import link
from tallystick.share.quality import quality
from tallystick.share.report import report
from tallystick.share.review import CLOSED as REVIEWED
from tallystick.share.rooms import Share, locked
from tallystick.share.supply import event as supply_event
from tallystick.share.supply import supply

Progress = Callable[[float, str], None]
NOT_LINKED = "not needed: the agreement links nothing"


@dataclass(frozen=True)
class Step:
    """One step of a run: what it was, and whether it was done now, had been done, or waits (and for what)."""

    name: str
    outcome: str


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    steps: tuple[Step, ...]
    recovered: tuple[str, ...] = ()
    accuracy: dict[str, Any] | None = None
    report: str = ""


@dataclass(frozen=True)
class Going:
    """A run under way: the share, its agreement, who asks and when, and how it was asked for.

    ``step`` is told how much of the present step is done (0 to 1) and what it is at.
    """

    share: Share
    agreement: Agreement
    clock: Clock
    supplies: Path | None
    engine: Engine
    seed: int
    only_supply: bool
    entropy: Callable[[int], bytes]
    step: Progress


def run(
    share: Share,
    *,
    clock: Clock,
    supplies: Path | None = None,
    until: str | None = None,
    engine: Engine = "native",
    seed: int = 1,
    step: Progress = lambda done, text: None,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Outcome:
    """Do each step that is not yet done, up to ``until``, and return what was done.

    Raises Refused where a rule says no, BadInput where a file is not right; what was done before stays done.
    """
    names = wanted(until)
    if pack.is_board(share):
        return _board(share, names, clock)
    with locked(share):
        recovered = tuple(acts.recover(share))
        agreement = io.load(share.agreement)
        done: list[Step] = []
        for number, name in enumerate(names):

            def within(part: float, text: str, first: int = number, name: str = name) -> None:
                step((first + part) / len(names), f"{name}: {text}" if text else name)

            within(0.0, "")
            only = until == "supply"
            going = Going(share, agreement, clock, supplies, engine, seed, only, entropy, within)
            done.extend(STEPS[name](going))
        accuracy = _accuracy(share) if "link" in names else None
        step(1.0, "done")
    return Outcome(tuple(done), recovered, accuracy, str(share.report) if share.report.exists() else "")


def wanted(until: str | None) -> tuple[str, ...]:
    """Return the names of the steps up to ``until``, or all; raise BadInput where there is no such step."""
    names = tuple(STEPS)
    if until is None:
        return names
    if until not in names:
        raise BadInput(f"There is no step {until!r}. The steps are: {', '.join(names)}.")
    return names[: names.index(until) + 1]


def _supply(going: Going) -> Iterator[Step]:
    share = going.share
    for dataset in going.agreement.datasets:
        going.step(0.0, dataset.name)
        event, name = supply_event(dataset.name), f"supply {dataset.name}"
        times = acts.times(share, event)
        try:
            supply(
                share,
                going.agreement,
                dataset,
                supplies=going.supplies,
                clock=going.clock,
                entropy=going.entropy,
            )
        except Refused as refused:
            if times == 0 or going.only_supply:
                raise
            # A later supply that may not be taken in does not keep the rest of the share from going on.
            yield Step(name, _refused(refused))
        else:
            yield _step(name, times, share, event)


def _link(going: Going) -> Iterator[Step]:
    if going.agreement.linkage is None:
        yield Step("link", NOT_LINKED)
        return
    times = acts.times(going.share, "link")
    link(
        going.share,
        going.agreement,
        clock=going.clock,
        engine_name=going.engine,
        seed=going.seed,
        step=going.step,
    )
    yield _step("link", times, going.share, "link")
    evaluate(going.share, going.agreement, clock=going.clock)


def _destroy(going: Going) -> Iterator[Step]:
    share, name = going.share, "destroy identifiers"
    before = acts.is_done(share, "destroy/identifiers/done")
    if not before and not is_due(going.agreement, going.clock, reviewed=acts.is_done(share, REVIEWED)):
        yield Step(name, f"waits: {going.agreement.retention.identifiers}")
        return
    destroy(share, going.agreement, clock=going.clock)
    yield Step(name, "was done before" if before else "done")


def _deidentify(going: Going) -> Iterator[Step]:
    share = going.share
    if going.agreement.linkage is None:
        yield Step("deidentify", NOT_LINKED)
        return
    last = acts.numbered("deidentify", acts.times(share, "link"))
    times = int(acts.is_done(share, last))
    deidentify(share, going.agreement, clock=going.clock)
    yield _step("deidentify", times, share, last)
    if destroy_pool(share, going.agreement, clock=going.clock):
        yield Step("destroy comparison pool", "done")


def _extract(going: Going) -> Iterator[Step]:
    share, agreement = going.share, going.agreement
    for project in io.load_projects(share.root):
        name = f"extract {project.id}"
        if has_ended(agreement, project, going.clock):
            gone = len(expire(share, agreement, project, clock=going.clock))
            what = f"{gone} files destroyed" if gone else "nothing was extracted"
            yield Step(name, f"access has ended: {what}")
            continue
        times = int(acts.is_done(share, extract_event(project)))
        extract(share, agreement, project, clock=going.clock)
        yield _step(name, times, share, extract_event(project))


def _report(going: Going) -> Iterator[Step]:
    if acts.is_done(going.share, "link"):
        quality(going.share, going.agreement, clock=going.clock)
    report(going.share, going.agreement, clock=going.clock)
    yield Step("report", "done")


STEPS: dict[str, Callable[[Going], Iterator[Step]]] = {
    "supply": _supply,
    "link": _link,
    "destroy": _destroy,
    "deidentify": _deidentify,
    "extract": _extract,
    "report": _report,
}
"""Every step of a share, in order, and what does it."""


def _board(share: Share, names: tuple[str, ...], clock: Clock) -> Outcome:
    """Make a board's pack: there is nobody in its series to split, link or de-identify."""
    done = tuple(Step(name, "not needed: the series are about nobody") for name in names if name != "report")
    if "report" not in names:
        return Outcome(done)
    made = pack.build(share, clock=clock)
    last = Step("pack", "done" if made.is_new else "was done before")
    return Outcome((*done, last), report=str(made.folder / "pack.html"))


def _accuracy(share: Share) -> dict[str, Any] | None:
    """Return how the linkage stands against the truth of a synthetic share; None where there is no truth."""
    path = share.linker / "truth.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _step(name: str, before: int, share: Share, event_id: str) -> Step:
    """Return the step after an act that the ledger held ``before`` times, with its number where it was done again."""
    now = acts.times(share, event_id)
    return Step(name, "was done before" if now == before else "done" if now < 2 else f"done, number {now}")


def _refused(refused: Refused) -> str:
    return "refused: " + " ".join(f"{finding.message} {finding.remedy}" for finding in refused.findings)
