"""The doors of the learner register: look up, issue, enrol a supply, correct, merge, delete, opt out, give.

Requirement 213: minimum data, a Unique Learner Number for those of 14 and over, approved organisations only, opt-outs honoured. Each
door asks the agreement, works on the register (:mod:`tallystick.share.learners`), and answers once the ledger holds the act.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.agreement import gates
from tallystick.agreement.acts import Movement
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.rule import Door
from tallystick.agreement.schema import Agreement, Recipient
from tallystick.errors import BadInput, Finding, Refused
from tallystick.ledger import unseal
from tallystick.linkage import identifiers
from tallystick.linkage.register import AGE, Answer, Person, age, compared, numbers, persons, verdict
from tallystick.share.acts import Clock
from tallystick.share.learners import Act, Learners, opened
from tallystick.share.link import as_the_model_names
from tallystick.share.rooms import Share, from_bytes, read_parquet

SOURCE = "Learning Records Service: privacy notice; user guide for learning providers (May 2024)"
CENSUS = frozenset({"school-census"})
"""Sources from which nobody can opt out, the law asking for them; every other dataset counts as achievement data."""


OPTED_OUT = "opted_out"
"""The attribute by which a supply says that a learner opted out."""


@dataclass(frozen=True)
class Outcome:
    """What became of one row: ``answer`` of the search, ``uln`` where there is one, and why there is none (a class, no value)."""

    row_id: str
    status: str
    uln: str | None = None
    answer: Answer | None = None


def place(share: Share) -> Path:
    """Return where the register lies."""
    return share.root / "register" / "learners.sqlite"


@contextmanager
def register(share: Share, agreement: Agreement, *, make: bool = False) -> Iterator[Learners]:
    """Yield the share's register; raise Refused where the agreement is of no learner register."""
    if agreement.about.template != "learner-register":
        raise Refused(
            [
                _no(
                    "learner-register",
                    "This agreement is of no learner register.",
                    "`tally init DIR --template learner-register` begins one.",
                    "agreement, template",
                )
            ]
        )
    with opened(place(share), share.ledger, make=make) as learners:
        yield learners


def check_organisation(agreement: Agreement, organisation: str) -> None:
    """Raise Refused unless a party or a recipient of that name stands in the agreement."""
    approved = {party.name for party in agreement.parties} | {one.name for one in agreement.recipients}
    if organisation not in approved:
        raise Refused(
            [
                _no(
                    "approved-organisation",
                    "Only an approved organisation uses the register.",
                    "Name a party or a recipient of the agreement as it stands there, or have the agreement amended.",
                    "organisation",
                )
            ]
        )


def check_age(person: Person, on: date, where: str) -> None:
    """Raise Refused for somebody under 14."""
    if age(person.dob, on) < AGE:
        raise Refused([_too_young(where)])


def find(
    share: Share, agreement: Agreement, table: pa.Table, *, organisation: str, clock: Clock, event_id: str
) -> list[Outcome]:
    """Return what the register answers about each row of ``table`` (record_id and the five fields)."""
    _ask(agreement, organisation, "link", clock)
    with (
        register(share, agreement) as learners,
        learners.act("find", organisation, clock, event_id) as doing,
    ):
        outcomes = []
        for row_id, person in persons(table, "lookup"):
            if isinstance(person, str):
                outcomes.append(Outcome(row_id, f"unread {person}"))
                continue
            answer = learners.find(person)
            doing.note(f"looked: {answer.kind}", answer.uln)
            outcomes.append(Outcome(row_id, answer.kind, answer.uln, answer))
    return outcomes


def issue(
    share: Share,
    agreement: Agreement,
    table: pa.Table,
    *,
    organisation: str,
    clock: Clock,
    event_id: str,
    entropy: Callable[[int], bytes],
    looked: bool = False,
) -> list[Outcome]:
    """Return each row's number: the one found, or a new one where there is no such learner yet.

    A person who may be in the register already gets none, unless ``looked``: somebody looked and it is another person; an exact
    match is found all the same. A row with somebody under 14 is refused, the others are done.
    """
    _ask(agreement, organisation, "link", clock)
    with (
        register(share, agreement, make=True) as learners,
        learners.act("issue", organisation, clock, event_id) as doing,
    ):
        doing.details["looked"] = looked
        return [
            _issued(learners, row_id, [person], clock, entropy, doing, looked)
            for row_id, person in persons(table, "learners")
        ]


def _issued(
    learners: Learners,
    row_id: str,
    described: list[Person | str],
    clock: Clock,
    entropy: Callable[[int], bytes],
    doing: Act,
    looked: bool = False,
    own: Collection[str] = (),
) -> Outcome:
    """Return what became of one person, described once or more: kept under their ``own`` number, found, issued, or left to somebody."""
    people = [one for one in described if isinstance(one, Person)]
    if not people:
        doing.note("unread", None)
        return Outcome(row_id, f"unread {described[0]}")
    if any(age(one.dob, clock.now.date()) < AGE for one in people):
        doing.note("under 14", None)
        return Outcome(row_id, "under 14")
    answers = [learners.find(one) for one in dict.fromkeys(people)]
    certain = {answer.uln: answer for answer in answers if answer.uln}
    if own and (kept := _own(learners, row_id, people, own, set(certain), doing)) is not None:
        return kept
    if len(certain) == 1:
        uln, answer = next(iter(certain.items()))
        doing.note("found", uln)
        return Outcome(row_id, answer.kind, uln, answer)
    doubtful = next((answer for answer in answers if answer.kind != "none"), None)
    if doubtful is not None and not (looked and not certain):
        doing.note("left to decide", None)
        return Outcome(row_id, "possible" if certain else doubtful.kind, None, doubtful)
    if own:
        (uln,) = own
        learners.keep(uln, people[0], doing)
        return Outcome(row_id, "kept", uln)
    return Outcome(row_id, "issued", learners.issue(people[0], entropy, doing))


def _own(
    learners: Learners,
    row_id: str,
    people: list[Person],
    own: Collection[str],
    certain: set[str],
    doing: Act,
) -> Outcome | None:
    """Return what is to be said of the numbers that a person's records give; None where it is one that nobody here ever had.

    Several numbers, one that the five fields contradict, one of somebody else or of a deleted learner is left to somebody's decision.
    """
    leads = {learners.lead(uln) or uln for uln in own}
    uln = next(iter(leads))
    if len(leads | certain) == 1:
        if not learners.is_taken(uln):
            return None
        held = learners.lead(uln)
        if held and any(
            verdict(compared(one, learners.person(held)), is_current=True) != "none" for one in people
        ):
            doing.note("found", held)
            return Outcome(row_id, "kept", held)
    doing.note("left to decide", None)
    return Outcome(row_id, "number in doubt")


def enrol(
    share: Share, agreement: Agreement, *, clock: Clock, event_id: str, entropy: Callable[[int], bytes]
) -> dict[str, list[Outcome]]:
    """Give every person of the share's supplies a number, their own, found or new; return by source what became of each record.

    Records that the link made one person are one learner. Records enrolled before keep their learner, and a person whose records give a
    number keeps that: those come first, so that nobody is issued a second one. Opens the sealed identifiers, as the linker; needs
    `supply` and `link` done.
    """
    gates.ask(agreement, "link", clock.now.date())
    linked = read_parquet(share.linker / "persons.parquet")
    described: dict[tuple[str, str], Person | str] = {}
    given: dict[tuple[str, str], str] = {}
    for dataset in agreement.datasets:
        sealed = share.supplier(dataset.name) / "identifiers.parquet.age"
        if not sealed.exists():
            raise BadInput(
                f"The identifiers of {dataset.name} are not here: not supplied yet, or destroyed already."
            )
        table = as_the_model_names(
            from_bytes(unseal(sealed, share.key("linker", dataset.name))), agreement, dataset.name
        )
        for key, person in persons(table, dataset.name, "supply_key"):
            described[dataset.name, key] = person
        given |= {(dataset.name, key): uln for key, uln in numbers(table, dataset.name, "supply_key").items()}
    groups: dict[str, list[tuple[str, str]]] = {}
    for source, key, person_id in zip(
        *(linked[name].to_pylist() for name in ("source", "supply_key", "person_id")), strict=True
    ):
        groups.setdefault(person_id, []).append((source, key))
    outcomes: dict[str, list[Outcome]] = {dataset.name: [] for dataset in agreement.datasets}
    order = {dataset.name: position for position, dataset in enumerate(agreement.datasets)}
    with (
        register(share, agreement, make=True) as learners,
        learners.act("enrol", agreement.about.id, clock, event_id) as doing,
    ):
        known = learners.attached()
        for records in sorted(
            groups.values(), key=lambda group: not any(record in given for record in group)
        ):
            records.sort(key=lambda record: (order[record[0]], record[1]))
            before = {known[record] for record in records if record in known}
            if len(before) == 1:
                found = Outcome("", "known", learners.master(next(iter(before))))
            else:
                own = {given[record] for record in records if record in given}
                found = _issued(
                    learners, "", [described[record] for record in records], clock, entropy, doing, own=own
                )
            for source, key in records:
                if found.uln:
                    learners.attach(source, key, found.uln)
                outcomes[source].append(Outcome(key, found.status, found.uln, found.answer))
    return outcomes


def change(
    share: Share, agreement: Agreement, table: pa.Table, *, organisation: str, clock: Clock, event_id: str
) -> dict[str, tuple[str, ...]]:
    """Set right the details of learners: rows of uln and the five fields; return which fields each row changed. All rows or none."""
    _ask(agreement, organisation, "link", clock)
    changed: dict[str, tuple[str, ...]] = {}
    with (
        register(share, agreement) as learners,
        learners.act("change", organisation, clock, event_id) as doing,
    ):
        for number, (uln, person) in enumerate(persons(table, "changes", "uln"), 1):
            if isinstance(person, str):
                raise BadInput(
                    f"Row {number}, {person}: it is missing or cannot be read. Nothing was changed; give it, then run this again."
                )
            check_age(person, clock.now.date(), f"row {number}")
            changed[uln] = learners.change(uln, person, doing)
    return changed


@contextmanager
def steward(
    share: Share, agreement: Agreement, name: str, *, organisation: str, clock: Clock, event_id: str
) -> Iterator[tuple[Learners, Act]]:
    """Yield the register and an act of its keeper, a party to the agreement: merge, part, delete, opt out or in, history."""
    if organisation not in {party.name for party in agreement.parties}:
        raise Refused(
            [
                _no(
                    "approved-organisation",
                    "Only a party to the agreement keeps the register.",
                    "Name a party as it stands in the agreement.",
                    "organisation",
                )
            ]
        )
    with (
        register(share, agreement) as learners,
        learners.act(name, organisation, clock, event_id) as doing,
    ):
        yield learners, doing


def give(
    share: Share,
    agreement: Agreement,
    recipient: str,
    asked: pa.Table,
    *,
    clock: Clock,
    event_id: str,
) -> tuple[dict[str, pa.Table], dict[str, int]]:
    """Return what a recipient may have on the learners whose numbers it gives: by dataset, ``uln`` and its own fields; and counts.

    The steward's attributes, never a name: a recipient that knows its learners knows their names. Achievement data of learners who
    opted out, here or by a supply's own word on one of their records, is in no table. A number that leads to another is answered under
    the number asked. Raises Refused for a recipient that is not in the agreement or receives no data about persons, BadInput for a
    number without a right check digit.
    """
    found = next((one for one in agreement.recipients if one.name == recipient), None)
    if found is None or found.receives != "person-level extract" or not found.fields:
        raise Refused(
            [
                _no(
                    "recipient-fields",
                    "The agreement gives this recipient no data about persons.",
                    'Name a recipient with `receives = "person-level extract"` and `fields`, as it stands there.',
                    "recipient",
                )
            ]
        )
    fields = _fields(agreement, found)
    gates.ask(
        agreement, "extract", clock.now.date(),
        movement=Movement(
            sender=agreement.linkage.linker if agreement.linkage else "", recipient=recipient, fields=found.fields,
            purpose=agreement.about.purpose, label=agreement.about.classification, about_individuals=True,
        ),
    )  # fmt: skip
    wanted = _numbers(asked)
    with (
        register(share, agreement) as learners,
        learners.act("give", recipient, clock, event_id) as doing,
    ):
        asked_as: dict[str, list[str]] = {}
        for uln in wanted:
            if lead := learners.lead(uln):
                asked_as.setdefault(lead, []).append(uln)
        given, withheld = {}, 0
        records = [record for record in learners.records() if record[2] in asked_as]
        said = _opted_out(share, agreement)
        refused = {lead for source, key, lead, out in records if out or (source, key) in said}
        for dataset, names in fields.items():
            ours = [record for record in records if record[0] == dataset.name]
            may_refuse = dataset.source not in CENSUS
            ulns = {key: asked_as[lead] for _, key, lead, _ in ours if not (may_refuse and lead in refused)}
            withheld += len(ours) - len(ulns)
            given[dataset.name] = _rows(share, dataset.name, names, ulns)
        for uln in sorted(uln for asked_for in asked_as.values() for uln in asked_for):
            doing.note("gave", uln)
        counts = {name: table.num_rows for name, table in given.items()}
        doing.details.update(
            rows=counts, withheld=withheld, fields={d.name: list(n) for d, n in fields.items()}
        )
    return given, {**counts, "withheld": withheld, "unknown": len(wanted) - len(doing.lines)}


def _fields(agreement: Agreement, recipient: Recipient) -> dict[Dataset, tuple[str, ...]]:
    """Return the attributes that a recipient may have, by dataset; raise Refused for a field that is an identifier."""
    chosen: dict[Dataset, tuple[str, ...]] = {}
    for dataset in agreement.datasets:
        if recipient.datasets and dataset.name not in recipient.datasets:
            continue
        named = [field for field in dataset.fields if field.name in recipient.fields]
        if any(field.kind in ("identifier", "case-id") for field in named):
            raise Refused(
                [
                    _no(
                        "recipient-fields",
                        "The steward gives no identifier; a field of this recipient is one.",
                        "Take it out of the recipient's `fields`.",
                        f"recipient {recipient.name!r}, dataset {dataset.name!r}",
                    )
                ]
            )
        if named:
            chosen[dataset] = tuple(field.name for field in named)
    return chosen


def _opted_out(share: Share, agreement: Agreement) -> set[tuple[str, str]]:
    """Return the records, by source and supply key, in which a supply itself says that the learner opted out."""
    found: set[tuple[str, str]] = set()
    for dataset in agreement.datasets:
        if any(field.name == OPTED_OUT and field.kind == "attribute" for field in dataset.fields):
            path = share.steward / "attributes" / f"{dataset.name}.parquet"
            if not path.exists():  # nothing of it can be given either
                continue
            held = read_parquet(path)
            said = held.filter(pc.equal(pc.utf8_lower(pc.cast(held[OPTED_OUT], pa.string())), "true"))
            found |= {(dataset.name, key) for key in said["supply_key"].to_pylist()}
    return found


def _rows(share: Share, dataset: str, names: tuple[str, ...], ulns: Mapping[str, list[str]]) -> pa.Table:
    """Return the steward's rows of some records: ``uln`` as the recipient knows it, and its fields; ordered by number."""
    held = read_parquet(share.steward / "attributes" / f"{dataset}.parquet").select(["supply_key", *names])
    rows = [(uln, at) for at, key in enumerate(held["supply_key"].to_pylist()) for uln in ulns.get(key, ())]
    rows.sort()
    taken = held.select(list(names)).take(pa.array([at for _, at in rows], pa.int64()))
    return taken.add_column(0, "uln", pa.array([uln for uln, _ in rows], pa.string()))


def _numbers(asked: pa.Table) -> list[str]:
    """Return the numbers in the column ``uln``; raise BadInput for a row whose number fails its check."""
    if "uln" not in asked.column_names:
        raise BadInput("The list of learners has no column `uln`.")
    numbers = [str(value) if value is not None else "" for value in asked["uln"].to_pylist()]
    for row, value in enumerate(numbers, 1):
        if identifiers.uln(value) != value:
            raise BadInput(
                f"Row {row}, uln: this is not a Unique Learner Number (ten digits, the last a check digit)."
            )
    return list(dict.fromkeys(numbers))


def _ask(agreement: Agreement, organisation: str, door: Door, clock: Clock) -> None:
    check_organisation(agreement, organisation)
    gates.ask(agreement, door, clock.now.date())


def _too_young(where: str) -> Finding:
    return _no(
        "learner-age", "A learner under 14 has no number.", "Come back on the fourteenth birthday.", where
    )


def _no(rule: str, message: str, remedy: str, where: str) -> Finding:
    return Finding(rule, message, remedy, where, "213", SOURCE)
