"""Suspect matches: set aside with what they rest on, decided by a second person (requirements 160 and 199)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tallystick.errors import BadInput, Finding, Refused
from tallystick.lab.attrition import Suspect
from tallystick.share.rooms import Share

__all__ = ["Decided", "reviewed", "write_waiting"]


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
    path = share.steward / "lab" / "review.csv"
    if not path.exists():
        return Decided()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error):
        raise BadInput("review.csv: it cannot be read. Save it as CSV, in UTF-8.") from None
    entry = share.ledger.find("link")
    found: dict[str, set[str]] = {"same": set(), "different": set()}
    for number, row in enumerate(rows, 2):
        decision = (row.get("decision") or "").strip().casefold()
        who = (row.get("reviewer") or "").strip()
        if decision not in found or not who or not row.get("supply_key"):
            raise BadInput(
                f"review.csv, row {number}: give supply_key, decision (same or different) and reviewer."
            )
        if entry is not None and who.casefold() == entry.actor.casefold():
            raise Refused([
                Finding("lab.second-person", "The reviewer made the link.", "Have a second person decide.", f"review.csv, row {number}", "160")
            ])  # fmt: skip
        found[decision].add(row["supply_key"])
    if found["same"] & found["different"]:
        raise BadInput("review.csv decides a match both ways. Keep one decision.")
    who_decided = sorted({(row["reviewer"] or "").strip() for row in rows})
    return Decided(frozenset(found["same"]), frozenset(found["different"]), tuple(who_decided))


def write_waiting(path: Path, waiting: Sequence[Suspect]) -> None:
    """Write the matches that wait, to be filled in and saved as ``review.csv`` beside."""
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("supply_key", "rests_on", "match_probability", "decision", "reviewer"))
        writer.writerows((one.supply_key, one.rests_on, one.match_probability, "", "") for one in waiting)
