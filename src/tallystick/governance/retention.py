"""The retention schedule: for each holding, until when it may be kept, what is due, overdue or still to be looked at.

Requirements 246 to 265. Due dates are read from the holding's own events: an extension counts once every party agreed to
it; a publication starts the clocks of the Justice Data Lab (tension X2: the later of its two clocks, both dates kept).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from tallystick.agreement.values import after
from tallystick.errors import Finding
from tallystick.governance.cases import Case, Registry
from tallystick.governance.clocks import CLOCKS, london_day, months_after
from tallystick.governance.tables.vocabulary import INDEFINITE

Status = Literal["held", "due-soon", "due", "overdue", "withdrawn", "disposed"]
EVERY_FOLDER = "the share's folder, for files with the same bytes"
WARNING = "P1M"
"""How long before its end a holding counts as due soon."""


@dataclass(frozen=True)
class Line:
    """A line of the schedule. ``end`` is None for what may be kept indefinitely; ``places`` are those not yet cleared."""

    id: str
    about: str
    what: str
    status: Status
    end: date | None
    next_review: date | None
    review_overdue: bool
    audit_due: date | None
    places: tuple[str, ...]
    basis: str


def is_indefinite(holding: Case) -> bool:
    """Return whether it may be kept without an end (requirements 253, 254 and 258)."""
    what = holding.get("what")
    if what == "linked-pseudonymised":
        return holding.get("opted_out") is False
    return what in INDEFINITE


def end_of_keeping(holding: Case) -> tuple[date | None, str]:
    """Return the last day on which a holding may be kept, and why; None when there is none."""
    if holding.state == "withdrawn":
        return london_day(holding.history[-1].at), "withdrawn: at once (263)"
    if is_indefinite(holding):
        return None, "may be kept for research and statistics (253, 254, 258)"
    extended = agreed_extension(holding)
    if extended is not None:
        return extended, "extended by recorded request (250)"
    published = holding.day("published_on")
    if published is not None and holding.get("what") in ("individual-level", "linked-anonymised"):
        return months_after(published, 1), "one month after publication (251, 252)"
    return holding.day("until"), "as agreed (247)"


def agreed_extension(holding: Case) -> date | None:
    """Return the date to which all parties agreed to extend the keeping, or None (requirement 250)."""
    until: date | None = None
    asked: date | None = None
    for event in holding.history:
        if event.act == "ask-extension":
            asked = date.fromisoformat(str(event.answers["new_until"]))
        elif event.act == "agree" and event.state == "held":
            until = asked
    return until


def agreed_parties(holding: Case) -> frozenset[str]:
    """Return the parties that agreed to the extension that was asked for last."""
    return frozenset(event.organisation for event in holding.after("ask-extension") if event.act == "agree")


def places_left(holding: Case) -> tuple[str, ...]:
    """Return the places in which it still lies, by the register (requirement 255)."""
    cleared = {str(event.answers.get("place")) for event in holding.acts("dispose")}
    return tuple(place for place in holding.get("locations", ()) if place not in cleared)


def line(holding: Case, on: date) -> Line:
    """Return a holding's line of the schedule as it stands on a day."""
    end, basis = end_of_keeping(holding)
    audited = holding.last("audit") or (holding.history[0] if holding.history else None)
    review = holding.day("next_review")
    status: Status = "held"
    if holding.state in ("disposed", "withdrawn"):
        status = "disposed" if holding.state == "disposed" else "withdrawn"
    elif end is not None and on > end:
        status = "overdue"
    elif end == on:
        status = "due"
    elif end is not None and after(on, WARNING) >= end:
        status = "due-soon"
    return Line(
        id=holding.id,
        about=str(holding.get("about", "")),
        what=str(holding.get("what", "")),
        status=status,
        end=end,
        next_review=review,
        review_overdue=status != "disposed" and review is not None and review < on,
        audit_due=after(london_day(audited.at), str(CLOCKS["deletion-audit"].count)) if audited else None,
        places=places_left(holding),
        basis=basis,
    )


def schedule(registry: Registry, on: date) -> tuple[Line, ...]:
    """Return the whole schedule, what ends first at the top and what never ends last."""
    lines = [line(holding, on) for holding in registry.all("holding")]
    return tuple(sorted(lines, key=lambda each: (each.end is None, each.end or date.max, each.id)))


def to_do(registry: Registry, now: datetime) -> Iterator[Line]:
    """Yield the lines that ask for an act now: an end that is due or past, a review or an audit that is overdue."""
    on = london_day(now)
    for each in schedule(registry, on):
        audit = each.audit_due is not None and each.audit_due < on
        if each.status in ("due", "overdue", "withdrawn") or each.review_overdue or (audit and each.places):
            yield each


def looked_for(
    registry: Registry, is_there: Callable[[str], bool], copies: Mapping[str, Iterable[str]] = {}
) -> tuple[Finding, ...]:
    """Return where the register and the files differ (256).

    ``is_there`` says whether a place that is a path holds a file; ``copies`` names, for such a place, files elsewhere with
    the same bytes.
    """
    found = []
    for holding in registry.all("holding"):
        left = places_left(holding)
        for place in paths(holding):
            gone = place not in left
            if gone and is_there(place):
                found.append(
                    differs(place, "is marked deleted, and is there", "Delete it, and report an incident.")
                )
            elif not gone and not is_there(place):
                found.append(
                    differs(place, "is in the register, and is gone", "Record its disposal with evidence.")
                )
            what = "is a copy of what was deleted" if gone else "is a copy that the register does not know"
            found += [
                differs(copy, what, "Delete it, or register it; report an incident.")
                for copy in copies.get(place, ())
            ]
    return tuple(found)


def looked_at(
    holding: Case, is_there: Callable[[str], bool], copies: Mapping[str, Iterable[str]]
) -> dict[str, list[str]]:
    """Return the answers of an audit of one holding that the files themselves give: where was looked, what was found."""
    places = paths(holding)
    found = [place for place in places if is_there(place)]
    found += [copy for place in places for copy in copies.get(place, ())]
    return {"searched": [*places, EVERY_FOLDER] if places else [], "found_in": found}


def paths(holding: Case) -> list[str]:
    """Return the places of a holding that are paths under the share, and not rooms or networks in words."""
    return [place for place in holding.get("locations", ()) if "/" in place and not place.startswith("/")]


def differs(place: str, what: str, do: str) -> Finding:
    """Return the finding about one place."""
    return Finding("holding.audit", f"It {what}.", do, place, "255, 256", "Justice Data Lab DPIA (2018)")
