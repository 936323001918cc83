"""The life of a request on a share: its events in the ledger, and at its end the destruction with certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tallystick.agreement import gates, io
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Finding, Refused
from tallystick.lab import formats
from tallystick.lab.life import EVENTS, Event, Life, apply
from tallystick.lab.request import Request
from tallystick.lab.view import Statistic, Table, View
from tallystick.ledger.destruction import Certificate
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, locked

__all__ = ["OVERTAKEN", "Lived", "certificates_of", "correction_of", "life_of", "live", "require_open"]

ACT = "lab-life"
OVERTAKEN = "lab.overtaken"


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


def require_open(request: Request, life: Life, share: Share) -> None:
    """Raise `Refused` where the cohort is gone, or the report was sent and nobody entered that it is wrong."""
    where = f"request {request.id}"
    if life.state in ("withdrawn", "destroyed"):
        raise Refused(
            [
                Finding(
                    "lab.over",
                    f"The cohort of this analysis is {life.state}.",
                    "Ask for a new upload.",
                    where,
                    "251, 263",
                )
            ]
        )
    if life.sent_on is not None and (folder_of(request, share) / "summary.json").exists():
        raise Refused([
            Finding("lab.sent", f"The report was sent on {life.sent_on} and is not made again without a word.",
                'Where it is wrong: tally lab life REQUEST correct --reason "what was wrong".', where, "224")
        ])  # fmt: skip


def correction_of(request: Request, share: Share) -> str:
    """Return what was wrong with the version before, as entered at the last correction; empty where there was none."""
    said = ""
    for entry in share.ledger.entries():
        if entry.act == ACT and entry.subject == request.id and entry.details["event"] == "correct":
            said = str(entry.details.get("reason", ""))
    return said


def folder_of(request: Request, share: Share) -> Path:
    """Return where the request's report lies."""
    return share.root / "reports" / "lab" / request.id


def certificates_of(share: Share) -> tuple[Certificate, ...]:
    """Return the certificates of all that was destroyed in this share, in the order in which it went."""
    return tuple(
        Certificate(**each)
        for entry in share.ledger.entries('"certificates":[{')
        if entry.act == "destroy"
        for each in entry.details["certificates"]
    )


def live(
    request: Request, share: Share, event: Event, on: date, *, clock: Clock, reason: str = "", seen: int | None = None
) -> Lived:  # fmt: skip
    """Enter the event and return the life after it; what goes by it goes with certificates in the ledger.

    ``seen`` is how many events of this life whoever acts knows of: where there have been more since, the act is refused.

    At ``correct`` the wrong report goes (requirement 224; ``reason`` says what was wrong), at ``destroy`` the data (251, 263), and a
    certificate to hand over is written beside the report. Raises `Refused` where the event may not happen, or not yet.
    """
    if event == "correct" and not reason.strip():
        raise BadInput("Say what was wrong: --reason. The corrected report will show it.")
    agreement = io.load(share.agreement)
    with locked(share):
        before = life_of(request, share, agreement)
        if seen is not None and seen != len(before.history):
            raise Refused([
                Finding(OVERTAKEN, "Somebody else acted on this analysis in the meantime. Nothing was entered.",
                    "Look at it as it stands now, then act again if it is still right.", f"request {request.id}")
            ])  # fmt: skip
        after = apply(before, event, on)
        name = f"{request.id}/{len(after.history)}"
        certificates: tuple[Certificate, ...] = ()
        if event == "correct":
            wrong = {
                path: None
                for path in sorted(folder_of(request, share).glob("*"))
                if path.is_file() and path.name != "certificate.html"
            }
            certificates = acts.destroy_files(
                share, f"lab/correct/{name}", wrong, subject=request.id, reason=f"a wrong report: {reason}", clock=clock
            )  # fmt: skip
        elif event == "destroy":
            gates.ask(agreement, "destroy", clock.now.date())
            note = (
                "The published totals stay."
                if before.keeps_pseudonymised
                else "Nothing pseudonymised is kept: the customer opted out."
            )
            certificates = acts.destroy_files(
                share, f"lab/destroy/{request.id}", _files(request, share, agreement, before), subject=request.id,
                reason="one month after publication, or the cohort was withdrawn", clock=clock, note=note,
            )  # fmt: skip
            _certify(request, share, certificates, note, clock)
        details = {"event": event, "on": on.isoformat(), "version": after.version} | (
            {"reason": reason} if reason else {}
        )
        share.ledger.append(
            ACT, request.id, details, actor=clock.actor, at=clock.now, event_id=f"lab/life/{name}"
        )
    return Lived(after, certificates)


def _certify(
    request: Request, share: Share, certificates: tuple[Certificate, ...], note: str, clock: Clock
) -> None:
    """Write the certificate of destruction, for the customer."""
    rows = tuple(
        (one.path, f"{one.size_bytes:,}", one.sha256, one.destroyed_at, one.reason) for one in certificates
    )
    table = Table(
        "What was destroyed", ("file", "bytes", "SHA-256 of what it held", "destroyed at", "why"), rows, Statistic("frequency", ())
    )  # fmt: skip
    shown = View(
        f"Certificate of destruction: {request.title}", request.programme, clock.now.date().isoformat(),
        f"{len(rows)} files were destroyed, with the keys that opened them.",
        (note, f"Entered in the ledger as lab/destroy/{request.id}, by {clock.actor}; `tally ledger verify` proves that it stands unchanged."),
        "That the files named here no longer lie in this share, and that a sealed copy elsewhere cannot be opened.",
        "That nobody made a plain copy outside the share.", (), (table,), (), (),
    )  # fmt: skip
    with acts.act(
        share,
        f"lab/certificate/{request.id}",
        name="lab-certificate",
        subject=request.id,
        clock=clock,
        details={},
    ) as folder:
        target = folder / folder_of(request, share).relative_to(share.root)
        target.mkdir(parents=True)
        (target / "certificate.html").write_text(formats.html(shown), encoding="utf-8")


def _files(request: Request, share: Share, agreement: Agreement, life: Life) -> dict[Path, Path | None]:
    """Return what leads back to people, each with the key that opens it.

    The sealed cohort where it still lies here, with its keys. Without pseudonymised retention, or on withdrawal, what is under pseudonyms
    too; on withdrawal the upload itself.
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
    found[room / "identifiers.parquet.age"] = share.key("linker", request.cohort)
    found[room / "attributes.parquet.age"] = share.key("steward", request.cohort)
    if life.state == "withdrawn":
        paths = [
            (share.root / dataset.path).resolve()
            for dataset in agreement.datasets
            if dataset.name == request.cohort
        ]
        found |= dict.fromkeys(path for path in paths if path.is_relative_to(share.root))
    return {path: key for path, key in found.items() if path.is_file()}
