"""Suspect matches: set aside with what they rest on, decided by a second person (requirements 160 and 199)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tallystick.errors import BadInput, Finding, Refused
from tallystick.lab.attrition import Suspect
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, locked

__all__ = ["Decided", "decide", "reviewed", "waiting", "write_waiting"]

COLUMNS = ("supply_key", "decision", "reviewer")


@dataclass(frozen=True)
class Decided:
    """The supply keys of the cohort whose match was confirmed or rejected, and by whom."""

    confirmed: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    reviewers: tuple[str, ...] = ()


def reviewed(share: Share) -> Decided:
    """Return what a second person decided, from ``rooms/steward/lab/review.csv``; nothing where there is none.

    Columns: supply_key, decision (same or different), reviewer; others are passed over. Raises `BadInput` for another shape,
    `Refused` where the reviewer is whoever made the link.
    """
    rows = rows_of(share, "review.csv")
    found: dict[str, set[str]] = {"same": set(), "different": set()}
    for number, row in enumerate(rows, 2):
        decision = (row.get("decision") or "").strip().casefold()
        who = (row.get("reviewer") or "").strip()
        if decision not in found or not who or not row.get("supply_key"):
            raise BadInput(
                f"review.csv, row {number}: give supply_key, decision (same or different) and reviewer."
            )
        require_second(share, who, f"review.csv, row {number}")
        found[decision].add(row["supply_key"])
    if found["same"] & found["different"]:
        raise BadInput("review.csv decides a match both ways. Keep one decision.")
    who_decided = sorted({(row["reviewer"] or "").strip() for row in rows})
    return Decided(frozenset(found["same"]), frozenset(found["different"]), tuple(who_decided))


def require_second(share: Share, who: str, where: str) -> None:
    """Raise `Refused` where this person made the link."""
    entry = share.ledger.find("link")
    if entry is not None and who.casefold() == entry.actor.casefold():
        raise Refused([
            Finding("lab.second-person", "The reviewer made the link.", "Have a second person decide.", where, "160")
        ])  # fmt: skip


def rows_of(share: Share, name: str) -> list[dict[str, str]]:
    """Return the rows of a file of the review, none where there is no file; raises `BadInput` where it cannot be read."""
    path = share.steward / "lab" / name
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error):
        raise BadInput(f"{name}: it cannot be read. Save it as CSV, in UTF-8.") from None


def waiting(share: Share, request_id: str) -> tuple[Suspect, ...]:
    """Return the matches that wait for a second person: those that the last evaluation set aside and nobody decided since."""
    done = reviewed(share)
    decided = done.confirmed | done.rejected
    return tuple(
        Suspect(row["supply_key"], row["rests_on"], float(p) if (p := row["match_probability"]) else None)
        for row in rows_of(share, f"{request_id}-to-review.csv")
        if row["supply_key"] not in decided
    )


def decide(share: Share, request_id: str, said: Mapping[str, str], *, clock: Clock) -> int:
    """Add decisions (supply key to same or different) to ``review.csv`` in the name of whoever acts; return how many wait still.

    Raises `Refused` for whoever made the link and for a match that does not wait (any more), `BadInput` for another word.
    """
    with locked(share):
        acts.recover(share)
        require_second(share, clock.actor, "the review")
        open_keys = {one.supply_key for one in waiting(share, request_id)}
        if set(said) - open_keys:
            raise Refused([
                Finding("lab.decided", "Somebody decided one of these matches already. Nothing of yours was recorded.",
                    "Look at what still waits, and decide that.", "the review", "160")
            ])  # fmt: skip
        if not said or set(said.values()) - {"same", "different"}:
            raise BadInput("Decide same or different for one match at least.")
        rows = [[row[name] for name in COLUMNS] for row in rows_of(share, "review.csv")]
        rows += [[key, decision, clock.actor] for key, decision in sorted(said.items())]
        event = f"lab/review/{request_id}/{clock.now.isoformat()}"
        with acts.act(
            share, event, name="lab-review", subject=request_id, clock=clock, details={"decided": len(said)}
        ) as folder:
            path = folder / "rooms" / "steward" / "lab" / "review.csv"
            path.parent.mkdir(parents=True)
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([COLUMNS, *rows])
    return len(open_keys) - len(said)


def write_waiting(path: Path, waiting: Sequence[Suspect]) -> None:
    """Write the matches that wait, to be filled in and saved as ``review.csv`` beside."""
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("supply_key", "rests_on", "match_probability", "decision", "reviewer"))
        writer.writerows((one.supply_key, one.rests_on, one.match_probability, "", "") for one in waiting)
