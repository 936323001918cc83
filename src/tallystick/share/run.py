"""The whole way: every step that the agreement allows, in order, going on where an interruption stopped it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tallystick.agreement import gates, io
from tallystick.agreement.rule import Door
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
from tallystick.share.link import is_due as is_link_due
from tallystick.share.link import link
from tallystick.share.quality import quality
from tallystick.share.report import report
from tallystick.share.review import CLOSED as REVIEWED
from tallystick.share.rooms import Share, locked
from tallystick.share.supply import event as supply_event
from tallystick.share.supply import new_file, supply

STEPS = ("supply", "link", "destroy", "deidentify", "extract", "report")
Progress = Callable[[float, str], None]


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
    if until is not None and until not in STEPS:
        raise BadInput(f"There is no step {until!r}. The steps are: {', '.join(STEPS)}.")
    wanted = STEPS[: STEPS.index(until) + 1] if until else STEPS
    if pack.is_board(share):
        return _board(share, wanted, clock)
    with locked(share):
        recovered = tuple(acts.recover(share))
        agreement = io.load(share.agreement)
        done: list[Step] = []
        accuracy = None
        for number, name in enumerate(wanted):
            step(number / len(wanted), name)
            match name:
                case "supply":
                    for dataset in agreement.datasets:
                        step(number / len(wanted), f"supply {dataset.name}")
                        times = acts.times(share, supply_event(dataset.name))
                        try:
                            supply(share, agreement, dataset, supplies=supplies, clock=clock, entropy=entropy)
                        except Refused as refused:
                            if times == 0 or until == "supply":
                                raise
                            # A later supply that may not be taken in does not keep the rest of the share from going on.
                            done.append(Step(f"supply {dataset.name}", _refused(refused)))
                            continue
                        done.append(_step(f"supply {dataset.name}", times, share, supply_event(dataset.name)))
                case "link":
                    if agreement.linkage is None:
                        done.append(Step("link", "not needed: the agreement links nothing"))
                        continue
                    times = acts.times(share, "link")

                    def within(part: float, text: str, first: int = number) -> None:
                        step((first + part) / len(wanted), f"link: {text}")

                    link(share, agreement, clock=clock, engine_name=engine, seed=seed, step=within)
                    done.append(_step("link", times, share, "link"))
                    found = evaluate(share, agreement, clock=clock)
                    if found is not None:
                        accuracy = asdict(found) | {
                            "precision": found.precision,
                            "recall": found.recall,
                            "f1": found.f1,
                        }
                case "destroy":
                    done.append(_destroy(share, agreement, clock))
                case "deidentify":
                    if agreement.linkage is None:
                        done.append(Step("deidentify", "not needed: the agreement links nothing"))
                        continue
                    last = acts.numbered("deidentify", acts.times(share, "link"))
                    times = int(acts.is_done(share, last))
                    deidentify(share, agreement, clock=clock)
                    done.append(_step("deidentify", times, share, last))
                    if destroy_pool(share, agreement, clock=clock):
                        done.append(Step("destroy comparison pool", "done"))
                case "extract":
                    for project in io.load_projects(share.root):
                        if has_ended(agreement, project, clock):
                            gone = expire(share, agreement, project, clock=clock)
                            done.append(Step(f"extract {project.id}", _ended(len(gone))))
                            continue
                        times = int(acts.is_done(share, extract_event(project)))
                        extract(share, agreement, project, clock=clock)
                        done.append(_step(f"extract {project.id}", times, share, extract_event(project)))
                case "report":
                    if acts.is_done(share, "link"):
                        quality(share, agreement, clock=clock)
                    report(share, agreement, clock=clock)
                    done.append(Step("report", "done"))
        step(1.0, "done")
    written = str(share.report) if share.report.exists() else ""
    return Outcome(tuple(done), recovered, accuracy, written)


def _board(share: Share, wanted: tuple[str, ...], clock: Clock) -> Outcome:
    """Make a board's pack: there is nobody in its series to split, link or de-identify."""
    done = [Step(name, "not needed: the series are about nobody") for name in wanted if name != "report"]
    if "report" not in wanted:
        return Outcome(tuple(done))
    made = pack.build(share, clock=clock)
    return Outcome(
        (*done, Step("pack", "done" if made.is_new else "was done before")),
        (),
        None,
        str(made.folder / "pack.html"),
    )


def plan(share: Share, *, clock: Clock, until: str | None = None) -> tuple[Step, ...]:
    """Return what a run would do, and which rules would stop it, without touching anything."""
    agreement = io.load(share.agreement)
    steps: list[Step] = []
    if pack.is_board(share):
        return (Step("pack", "would be done"),)
    for name in STEPS[: STEPS.index(until) + 1] if until else STEPS:
        match name:
            case "supply":
                for dataset in agreement.datasets:
                    is_done = acts.is_done(share, supply_event(dataset.name)) and not new_file(
                        share, agreement, dataset, None
                    )
                    steps.append(_planned(f"supply {dataset.name}", "supply", is_done, agreement, clock))
            case "link" | "deidentify" if agreement.linkage is None:
                steps.append(Step(name, "not needed: the agreement links nothing"))
            case "link" | "deidentify":
                is_done = acts.is_done(share, acts.numbered(name, acts.times(share, "link")))
                if name == "link":
                    is_done = is_done and not is_link_due(share, agreement)
                is_done = is_done and not any(step.outcome == "would be done" for step in steps)
                steps.append(_planned(name, name, is_done, agreement, clock))
            case "destroy":
                is_done = acts.is_done(share, "destroy/identifiers/done")
                if not is_done and not is_due(agreement, clock, reviewed=acts.is_done(share, REVIEWED)):
                    steps.append(Step("destroy identifiers", f"waits: {agreement.retention.identifiers}"))
                else:
                    steps.append(_planned("destroy identifiers", "destroy", is_done, agreement, clock))
            case "extract":
                for project in io.load_projects(share.root):
                    if has_ended(agreement, project, clock):
                        steps.append(
                            Step(f"extract {project.id}", "access has ended: the extract would be destroyed")
                        )
                        continue
                    is_done = acts.is_done(share, extract_event(project))
                    steps.append(
                        _planned(
                            f"extract {project.id}", "extract", is_done, agreement, clock, project=project
                        )
                    )
            case _:
                steps.append(Step(name, "would be done"))
    return tuple(steps)


def _ended(files: int) -> str:
    return (
        f"access has ended: {files} files destroyed" if files else "access has ended: nothing was extracted"
    )


def _planned(
    text: str, door: Door, is_done: bool, agreement: Agreement, clock: Clock, **subjects: Any
) -> Step:
    if is_done:
        return Step(text, "was done before")
    try:
        gates.ask(agreement, door, clock.now.date(), **subjects)
    except Refused as refused:
        return Step(text, "would be refused: " + "; ".join(sorted({f.rule for f in refused.findings})))
    return Step(text, "would be done")


def _destroy(share: Share, agreement: Agreement, clock: Clock) -> Step:
    before = acts.is_done(share, "destroy/identifiers/done")
    if not before and not is_due(agreement, clock, reviewed=acts.is_done(share, REVIEWED)):
        return Step("destroy identifiers", f"waits: {agreement.retention.identifiers}")
    destroy(share, agreement, clock=clock)
    return Step("destroy identifiers", "was done before" if before else "done")


def _step(name: str, before: int, share: Share, event_id: str) -> Step:
    """Return the step after an act that the ledger held ``before`` times, with its number where it was done again."""
    now = acts.times(share, event_id)
    return Step(name, "was done before" if now == before else "done" if now < 2 else f"done, number {now}")


def _refused(refused: Refused) -> str:
    return "refused: " + " ".join(f"{finding.message} {finding.remedy}" for finding in refused.findings)
