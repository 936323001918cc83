"""A board's share between its packs: a return handed in through its door, and a pack published on its day, each in the ledger.

The public gets a pack only where the agreement says so: a recipient `PUBLIC`, and suppliers who share or give the right to publish
(requirements 59, 61, 62 and 225, at the gate `publish`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tallystick.agreement import gates, io
from tallystick.agreement.acts import Movement
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Finding, Refused
from tallystick.ledger import destroy
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.returns import READABLE, caveat, check, files_of, measures_of
from tallystick.share.rooms import Share, locked

PUBLIC = "The public"
"""The recipient as which an agreement lists everybody."""
ACT = "pack-publish"


def hand_in(share: Share, dataset: Dataset, arrived: Path, *, clock: Clock) -> tuple[Finding, ...]:
    """Lay a return where its dataset's files are read, with an entry in the ledger, and return its warnings.

    The copy that arrived is destroyed, taken or not. Raises BadInput with every fault by its cell; then nothing was taken.
    """
    try:
        if arrived.suffix.lower() not in READABLE:
            raise BadInput(
                f"This is no return: it is a file in {', '.join(READABLE)}. Save it so, and hand it in again."
            )
        [read] = check(share, day=clock.now.date(), files=[arrived])
        faults = [finding for finding in read.findings if finding.severity == "refuse"]
        if faults:
            raise BadInput(
                f"The return has {len(faults)} fault{'s' if len(faults) > 1 else ''}. Nothing was taken.",
                faults,
            )
        strange = sorted(set(read.table["measure"].to_pylist()) - measures_in(share, dataset))
        if strange:
            raise BadInput(
                f"This return is {dataset.title or dataset.name}; it holds figures of another: {', '.join(strange)}."
            )
        with locked(share):
            acts.recover(share)
            lay(share, dataset, arrived, read.table.num_rows, clock)
    finally:
        destroy(arrived)
    return tuple(finding for finding in read.findings if finding.severity != "refuse")


def measures_in(share: Share, dataset: Dataset) -> set[str]:
    """Return the measures whose figures come in a dataset."""
    return {measure.id for measure in measures_of(share).measures if measure.dataset == dataset.name}


def lay(share: Share, dataset: Dataset, arrived: Path, figures: int, clock: Clock) -> None:
    """Put a return in its place; one of another ending that lay there before goes, for only one is read."""
    if not dataset.path:
        raise BadInput(f"The agreement names no path for {dataset.name}. Have it amended.")
    before = files_of(share, dataset)
    wanted = Path(dataset.path)
    if (share.root / wanted).is_dir():
        target, gone = wanted / f"{clock.now:%Y-%m-%dT%H%M%S}{arrived.suffix.lower()}", []
    else:
        target = wanted.with_suffix(arrived.suffix.lower())
        gone = [path for path in before if path != share.root / target]
    event = f"pack/return/{dataset.name}/{clock.now.isoformat()}"
    details: dict[str, Any] = {"figures": figures}
    with acts.act(
        share, event, name="pack-return", subject=dataset.name, clock=clock, details=details
    ) as folder:
        (folder / target).parent.mkdir(parents=True)
        shutil.copyfile(arrived, folder / target)
    destroy(*gone)


def packs_of(share: Share) -> dict[str, dict[str, Any]]:
    """Return what each pack says in short, by its name, the latest first."""
    found = sorted((share.root / "packs").glob("*/pack.json"), reverse=True)
    return {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in found}


def publications(share: Share) -> Mapping[str, date]:
    """Return the packs that were published, each with its day."""
    return {
        entry.subject: date.fromisoformat(entry.details["on"])
        for entry in share.ledger.entries()
        if entry.act == ACT
    }


def publish(share: Share, name: str, *, publisher: str, clock: Clock) -> None:
    """Publish a pack to everybody; once published it stays so.

    Raises Refused where it is an early sight, its day is yet to come, or the agreement does not give a dataset of it to the public by
    this publisher; BadInput where there is no such pack.
    """
    day = clock.now.date()
    with locked(share):
        acts.recover(share)
        agreement = io.load(share.agreement)
        if publisher not in {party.name for party in agreement.parties}:
            raise BadInput("Say who publishes: a party of the agreement, by its name.")
        found = packs_of(share).get(name)
        if found is None:
            raise BadInput("There is no such pack. `tally pack build` makes one.")
        on = date.fromisoformat(found["on"])
        if "-early-" in name:
            raise Refused(
                [
                    no(
                        "early",
                        "This pack is an early sight.",
                        "Build the pack for everybody once the embargo ends.",
                        name,
                    )
                ]
            )
        if on > day:
            raise Refused(
                [
                    no(
                        "day",
                        f"This pack is of {on}; until then its figures may be under embargo.",
                        f"Publish it on {on}.",
                        name,
                    )
                ]
            )
        for dataset in datasets_of(share, agreement, found["measures"]):
            ask(agreement, dataset, publisher, day)
        share.ledger.append(
            ACT, name, {"on": str(day), "publisher": publisher}, actor=clock.actor, at=clock.now, event_id=f"pack/publish/{name}",
        )  # fmt: skip


def no(rule: str, message: str, remedy: str, name: str) -> Finding:
    """Return why a pack is not published."""
    return Finding(f"pack.publish-{rule}", message, remedy, f"packs/{name}", "61")


def datasets_of(share: Share, agreement: Agreement, measures: list[str]) -> list[Dataset]:
    """Return the datasets of whose figures a pack is made."""
    names = {measure.dataset for measure in measures_of(share).measures if measure.id in measures}
    return [dataset for dataset in agreement.datasets if dataset.name in names]


def ask(agreement: Agreement, dataset: Dataset, publisher: str, day: date) -> None:
    """Raise Refused where the agreement keeps a dataset from the public; an embargo with a day was minded figure by figure."""
    movement = Movement(
        dataset=dataset.name, recipient=PUBLIC, purpose=agreement.about.purpose, caveat=caveat(agreement), publisher=publisher
    )  # fmt: skip
    try:
        gates.ask(agreement, "publish", day, movement=movement)
    except Refused as refused:
        left = [
            one for one in refused.findings if not (one.rule == "movement.embargo" and dataset.embargo_until)
        ]
        if left:
            raise Refused(tuple(left), refused.message) from None
