"""The registers, each made from live cases: a table of columns (``tables/registers.csv``) and one function that reads it.

Requirements 11, 117, 118, 150, 176, 255, 262, 297 to 302, 322 and 325. The sharing register and the record of processing need the
agreement itself, whose fields they name as their publishers do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tallystick.agreement.schema import Agreement
from tallystick.governance.cases import Case, Event, Registry
from tallystick.governance.clocks import due, london_day
from tallystick.governance.conditions import paused
from tallystick.governance.people import holders
from tallystick.governance.retention import end_of_keeping, line, places_left
from tallystick.governance.tables.questions import rows

Row = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column: its name for programs, and its heading for people."""

    name: str
    heading: str


@dataclass(frozen=True)
class Register:
    """A register as text: what it is called, what it says, as of when."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    as_of: datetime


TITLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # register: its title, and the processes whose cases it lists
    "assets": ("Information asset register", ("asset",)),
    "deletions": ("Deletion register", ("holding",)),
    "retention": ("Retention schedule", ("holding",)),
    "requests": ("Requests and decisions", ("request",)),
    "uses": ("Data-use register", ("request",)),
    "agreements": ("Register of agreements", ("agreement",)),
    "assessments": ("Assessments and notices", ("screening", "dpia", "eia", "notice")),
    "transfers": ("Data movement forms", ("transfer",)),
    "offices": ("Offices and who holds them", ("office",)),
    "access": ("Access register", ("access",)),
    "incidents": ("Incident register", ("incident",)),
    "rights": ("Requests by people about their data", ("rights",)),
    "complaints": ("Complaints", ("complaint",)),
    "disputes": ("Disputes", ("dispute",)),
}
FROM_AGREEMENT = ("sharing", "processing")
OTHERS = ("catalogue", "blockers")
NAMES = (*TITLES, *FROM_AGREEMENT, *OTHERS)
APPROVED = frozenset({"approved", "approved-with-conditions", "covered", "released"})
DECISIONS = frozenset({"approved", "approved-with-conditions", "covered", "rejected", "routed-out"})


def shown(value: Any) -> str:
    """Return an answer as a register prints it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return "; ".join(str(part) for part in value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes").replace("+00:00", "Z")
    return str(value)


def decided_at(case: Case) -> Event | None:
    """Return the event that decided a request."""
    return next((event for event in case.history if event.state in DECISIONS), None)


def public(case: Case, text: str) -> str:
    """Return what the public register says of a use: withheld where that protects researchers, the reason kept (176)."""
    return "withheld" if case.get("withhold_summary") else text


def opened(case: Case) -> datetime | None:
    """Return when a case was opened."""
    return case.history[0].at if case.history else None


def rights_clock(case: Case) -> str:
    """Return the time limit of a request by a person, as it is typed now."""
    if case.get("kind") == "foi" and not case.acts("retype"):
        return "foi"
    return "access-extended" if case.acts("extend") else "access"


def by(case: Case, clock: str) -> date | None:
    """Return the last day of a case's time limit."""
    start = opened(case)
    return london_day(due(clock, start, paused(case)) - timedelta(seconds=1)) if start is not None else None


Reader = Callable[[Case, date], Any]
READERS: Mapping[str, Reader] = {
    "id": lambda case, on: case.id,
    "@state": lambda case, on: case.state,
    "@process": lambda case, on: case.process,
    "@opened": lambda case, on: opened(case),
    "@entered": lambda case, on: case.history[-1].at if case.history else None,
    "@requester": lambda case, on: case.history[0].organisation if case.history else None,
    "@user": lambda case, on: public(case, case.history[0].organisation if case.history else ""),
    "@summary": lambda case, on: public(case, str(case.get("aim", ""))),
    "@review": lambda case, on: event.at if (event := case.last("review")) else None,
    "@submitted": lambda case, on: event.at if (event := case.last("submit")) else None,
    "@decided": lambda case, on: event.at if (event := decided_at(case)) else None,
    "@days": lambda case, on: days_to_decide(case),
    "@until": lambda case, on: case.get("access_until") or case.get("keep_until"),
    "@status": lambda case, on: line(case, on).status,
    "@end": lambda case, on: end_of_keeping(case)[0],
    "@basis": lambda case, on: end_of_keeping(case)[1],
    "@audit_due": lambda case, on: line(case, on).audit_due,
    "@places": lambda case, on: places_left(case),
    "@uses": lambda case, on: len(case.acts("use")),
    "@regulator_due": lambda case, on: due("breach", datetime.fromisoformat(str(case.get("aware_at")))),
    "@rights_due": lambda case, on: by(case, rights_clock(case)),
    "@rights_target": lambda case, on: by(case, "foi-target") if rights_clock(case) == "foi" else None,
    "@complaint_due": lambda case, on: by(case, "complaint"),
}


def days_to_decide(case: Case) -> int | None:
    """Return the days between a request's first submission and its decision (requirement 325)."""
    first, decision = next(iter(case.acts("submit")), None), decided_at(case)
    return (decision.at - first.at).days if first is not None and decision is not None else None


def register(name: str, registry: Registry, now: datetime) -> Register:
    """Return a register of cases as it stands; raise KeyError for a name that is not in `TITLES`."""
    title, processes = TITLES[name]
    layout = [row for row in rows("registers.csv") if row["register"] == name]
    cases = [case for process in processes for case in registry.all(process)]
    if name == "uses":
        cases = [case for case in cases if case.state in APPROVED]
    on = london_day(now)
    lines = (
        [entry for case in cases for entry in place_lines(case, on)]
        if name == "deletions"
        else [
            tuple(shown(read(case, column["key"], on)) for column in layout)
            for case in cases
        ]
    )  # fmt: skip
    return Register(
        name, title, tuple(Column(row["column"], row["text"]) for row in layout), tuple(lines), now
    )


def read(case: Case, key: str, on: date) -> Any:
    """Return what a column says of a case: a reader's word, or the latest answer."""
    return READERS[key](case, on) if key in READERS else case.get(key)


def place_lines(holding: Case, on: date) -> Iterator[Row]:
    """Yield a line for each system or place that a copy is or was in (requirement 255)."""
    gone = {str(event.answers["place"]): event for event in holding.acts("dispose")}
    end, basis = end_of_keeping(holding)
    for place in dict.fromkeys((*holding.get("locations", ()), *gone)):
        event = gone.get(place)
        yield (
            holding.id, str(holding.get("about", "")), str(holding.get("what", "")), place,
            "deleted" if event else line(holding, on).status, shown(end), basis,
            shown(event.answers.get("means") if event else None),
            shown(event.answers.get("evidence") if event else None), shown(event.at if event else None),
        )  # fmt: skip


def blockers(registry: Registry, now: datetime) -> Register:
    """Return what holds requests up: days in each state, reasons for refusal, empty offices (requirement 325)."""
    spent: dict[str, list[float]] = {}
    reasons: dict[str, int] = {}
    for case in registry.all("request"):
        for state, time in case.times(now).items():
            if state not in ("released", "closed", "rejected", "withdrawn", "revoked", "routed-out"):
                spent.setdefault(state, []).append(time / timedelta(days=1))
        for event in case.acts("reject", "return"):
            kind = (
                f"{'rejected' if event.act == 'reject' else 'returned'}: {event.answers.get('reasons', '')}"
            )
            reasons[kind] = reasons.get(kind, 0) + 1
    found = [
        ("time", state, str(len(days)), f"{median(days):.1f}", f"{max(days):.1f}")
        for state, days in sorted(spent.items())
    ]
    found += [("reason", reason, str(count), "", "") for reason, count in sorted(reasons.items())]
    offices = {(str(case.get("body")), str(case.get("office"))) for case in registry.all("office")}
    found += [
        ("empty office", f"{office} of {body}", "1", "", "")
        for body, office in sorted(offices)
        if not holders(registry, body, office, london_day(now))
    ]
    columns = (
        Column("kind", "Kind"), Column("what", "State, reason or office"), Column("count", "How many"),
        Column("median_days", "Median days"), Column("longest_days", "Longest days"),
    )  # fmt: skip
    return Register("blockers", "What delays sharing", columns, tuple(found), now)


def median(values: Iterable[float]) -> float:
    """Return the median of some numbers."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


REGISTERED = ("title", "owner", "frequency", "access_route", "is_personal", "publication", "validation")


def catalogue(registry: Registry, now: datetime) -> Register:
    """Return the catalogue: the guidance's Annex 3 sources and every registered dataset (requirements 297 and 298)."""
    columns = (
        Column("id", "Source"), Column("title", "Title"), Column("owner", "Owner"), Column("frequency", "How often"),
        Column("access_route", "How to get it"), Column("personal", "Personal data"),
        Column("publication", "Publication"), Column("validation", "How far it is checked"),
        Column("quality", "Scope and known limits"), Column("basis", "Where this comes from"),
    )  # fmt: skip
    known = [
        (
            *(
                row[key]
                for key in ("id", "title", "owner", "frequency", "access_route", "personal", "publication")
            ),
            "",
            row["note"],
            f"{row['basis']}; the rest is unverified",
        )
        for row in rows("catalogue.csv")
    ]
    registered = [
        (
            case.id,
            *(shown(case.get(key)) for key in REGISTERED),
            ". ".join(str(case.get(key)) for key in ("scope", "limits") if case.get(key)),
            "Its owner's entry",
        )
        for case in registry.all("asset")
        if case.state == "registered"
    ]
    return Register("catalogue", "Catalogue of sources", columns, (*known, *registered), now)


def sharing(agreements: Iterable[Agreement], now: datetime) -> Register:
    """Return the sharing register in the fields of the public Digital Economy Act register (requirement 117)."""
    columns = tuple(
        Column(name.lower().replace(" ", "-"), name)
        for name in (
            "Information sharing agreement", "Name", "Purpose", "Information sharing benefits",
            "Legal power disclosure", "Disclosed information", "Controllers", "Controller names",
            "Information sharing method", "Processors", "Processor names", "Retention period", "Start date",
            "End date", "Review date", "Contact", "Areas", "Area names",
        )
    )  # fmt: skip
    return Register("sharing", "Register of information sharing agreements", columns, tuple(
        tuple(shown(value) for value in shared(agreement)) for agreement in agreements
    ), now)  # fmt: skip


def shared(agreement: Agreement) -> tuple[Any, ...]:
    """Return an agreement's line of the sharing register; ids of organisations are not ours to give, so they stay empty."""
    about, kept = agreement.about, agreement.retention
    controllers = [party for party in agreement.parties if party.role.endswith("controller")]
    processors = [party for party in agreement.parties if party.role == "processor"]
    return (
        about.id, about.title, about.aim, about.benefit, sorted({d.gateway for d in agreement.datasets if d.gateway}),
        [f"{d.title or d.name}: {', '.join(field.name for field in d.fields)}" for d in agreement.datasets], "",
        [party.name for party in controllers], agreement.supply.mechanism, "", [party.name for party in processors],
        f"identifiers {shown(kept.identifiers)}; attributes {shown(kept.attributes)}", about.starts, about.ends,
        about.next_review, [party.contact for party in controllers if party.contact], "", list(about.nations),
    )  # fmt: skip


def processing(agreements: Iterable[Agreement], now: datetime) -> Register:
    """Return the record of processing activities (UK GDPR Article 30(1); requirements 150, 262 and 301)."""
    columns = tuple(
        Column(name, heading)
        for name, heading in (
            ("activity", "Activity"), ("controller", "Controller and contact"), ("joint_controllers", "Other controllers"),
            ("dpo", "Data protection officer"), ("purposes", "Purposes"), ("data_subjects", "Data subjects"),
            ("categories", "Categories of personal data"), ("recipients", "Recipients"),
            ("transfers", "Transfers abroad"), ("time_limits", "Time limits for erasure"),
            ("security", "Security measures"), ("lawful_basis", "Lawful basis"),
        )
    )  # fmt: skip
    return Register("processing", "Record of processing activities", columns, tuple(
        tuple(shown(value) for value in processed(agreement)) for agreement in agreements if agreement.is_personal
    ), now)  # fmt: skip


def processed(agreement: Agreement) -> tuple[Any, ...]:
    """Return an agreement's line of the record of processing."""
    controllers = [party for party in agreement.parties if party.role.endswith("controller")]
    first = controllers[0] if controllers else None
    abroad = [party.name for party in agreement.parties if party.country != "United Kingdom"]
    basis, kept = agreement.lawful_basis, agreement.retention
    return (
        agreement.about.title or agreement.about.id,
        f"{first.name}, {first.contact}" if first else "",
        [party.name for party in controllers[1:]],
        [party.officers.get("dpo", "") for party in controllers],
        agreement.about.aim,
        [f"{d.title or d.name}: {d.eligible or d.description}" for d in agreement.datasets],
        sorted({field.name for dataset in agreement.datasets for field in dataset.fields}),
        [recipient.name for recipient in agreement.recipients],
        abroad or "none",
        f"identifiers {shown(kept.identifiers)}; attributes {shown(kept.attributes)}; extracts {shown(kept.extracts)}",
        agreement.handling.controls or agreement.supply.storage,
        [text for text in (basis.article_6, basis.article_9, basis.schedule_1) if text],
    )
