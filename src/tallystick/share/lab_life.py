"""The life of a request on a share: its events in the ledger, and at its end the destruction with certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tallystick.agreement import gates, io
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.lab.life import EVENTS, Event, Life, apply
from tallystick.lab.request import Request
from tallystick.ledger.destruction import Certificate
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, locked

__all__ = ["Lived", "life_of", "live"]

ACT = "lab-life"


@dataclass(frozen=True)
class Lived:
    """The life after an event, and the certificates of what was destroyed by it."""

    life: Life
    certificates: tuple[Certificate, ...] = ()


def life_of(request: Request, share: Share, agreement: Agreement) -> Life:
    """Return where the request stands, from the ledger alone."""
    weeks = agreement.lab.review_weeks if agreement.lab else 4
    life = Life(review_weeks=weeks, keeps_pseudonymised=agreement.retention.keep_pseudonymised)
    for entry in share.ledger.entries():
        if entry.act == ACT and entry.subject == request.id:
            event = next((known for known in EVENTS if known == entry.details["event"]), None)
            if event is None:
                raise BadInput("The ledger holds an event of the lab that this version does not know.")
            life = apply(life, event, date.fromisoformat(entry.details["on"]))
    return life


def live(request: Request, share: Share, event: Event, on: date, *, clock: Clock) -> Lived:
    """Enter the event and return the life after it; at ``destroy`` the data goes, with certificates in the ledger.

    Raises `Refused` where the event may not happen, or not yet.
    """
    agreement = io.load(share.agreement)
    with locked(share):
        before = life_of(request, share, agreement)
        after = apply(before, event, on)
        certificates: tuple[Certificate, ...] = ()
        if event == "destroy":
            gates.ask(agreement, "destroy", clock.now.date())
            certificates = acts.destroy_files(
                share, f"lab/destroy/{request.id}", _files(request, share, agreement, before),
                subject=request.id, reason="one month after publication, or the cohort was withdrawn", clock=clock,
                note="The published totals stay." if before.keeps_pseudonymised else "Nothing pseudonymised is kept: the customer opted out.",
            )  # fmt: skip
        share.ledger.append(
            ACT, request.id, {"event": event, "on": on.isoformat(), "version": after.version}, actor=clock.actor, at=clock.now,
            event_id=f"lab/life/{request.id}/{len(after.history)}",
        )  # fmt: skip
    return Lived(after, certificates)


def _files(request: Request, share: Share, agreement: Agreement, life: Life) -> dict[Path, Path | None]:
    """Return what leads back to people, each with the key that opens it.

    Without pseudonymised retention, or on withdrawal, what is under pseudonyms too; on withdrawal the upload itself, if it still lies here.
    """
    room = share.supplier(request.cohort)
    found: dict[Path, Path | None] = dict.fromkeys(
        (room / "keys.parquet", *sorted(share.linker.glob("*.parquet")))
    )
    found |= dict.fromkeys(sorted((share.steward / "lab").glob("*.csv")))
    if not life.keeps_pseudonymised or life.state == "withdrawn":
        found |= dict.fromkeys(
            [
                *sorted(share.steward.glob("*.parquet")),
                *sorted((share.steward / "attributes").glob("*.parquet")),
            ]
        )
    if life.state == "withdrawn":
        found[room / "identifiers.parquet.age"] = share.key("linker", request.cohort)
        found[room / "attributes.parquet.age"] = share.key("steward", request.cohort)
        paths = [
            (share.root / dataset.path).resolve()
            for dataset in agreement.datasets
            if dataset.name == request.cohort
        ]
        found |= dict.fromkeys(path for path in paths if path.is_relative_to(share.root))
    return {path: key for path, key in found.items() if path.is_file()}
