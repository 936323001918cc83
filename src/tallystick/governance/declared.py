"""What a signed agreement and a share's ledger already say, as cases: nobody is asked twice for what is written down.

An agreement declares itself, its officers, its datasets, its screening, DPIA, equality impact assessment and privacy notice.
The ledger declares a holding for each file that a share wrote, disposed once it was destroyed. Recorded events win over both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from tallystick.agreement.dataset import Dataset
from tallystick.agreement.io import document_hash
from tallystick.agreement.project import Project
from tallystick.agreement.rules import check
from tallystick.agreement.schema import Agreement
from tallystick.agreement.values import after
from tallystick.governance.cases import Case, Event
from tallystick.governance.clocks import london_day
from tallystick.ledger import Entry

UNSIGNED, NOT_BEGUN = "unsigned", "not-started"
"""The rules of the agreement that say only that it is not signed, or not in force yet."""

KEPT: tuple[tuple[str, str], ...] = (
    # the path of a file in a share, and which promise of the agreement holds for it
    (r"rooms/supplier-[^/]+/identifiers", "identifiers"),
    (r"rooms/supplier-[^/]+/keys", "links"),
    (r"rooms/supplier-[^/]+/attributes", "attributes"),
    (r"rooms/linker/links", "links"),
    (r"rooms/linker/persons", "links"),
    (r"rooms/(linker|steward)/strength", "links"),
    (r"rooms/steward/attributes", "attributes"),
    (r"rooms/steward/persons", "links"),
    (r"rooms/projects/[^/]+/extract/", "extract"),
    (r"supplies/", "identifiers"),
)


def person_id(name: str) -> str:
    """Return an officer's name as the id under which the officer acts.

    >>> person_id("MoJ data protection officer")
    'moj-data-protection-officer'
    """
    return re.sub(r"[^a-z0-9@.]+", "-", name.lower()).strip("-.")


def case(process: str, subject: str, state: str, **answers: Any) -> Case:
    """Return a case that was read and not decided; what was not said is left out."""
    plain = {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in answers.items()
        if value not in (None, "", (), [])
    }
    return Case(process, subject, state, plain, is_declared=True)


def from_agreement(agreement: Agreement, on: date) -> tuple[Case, ...]:
    """Return the cases that an agreement declares as it stands on a day."""
    about = agreement.about.id
    return (
        agreement_case(agreement, on),
        *offices(agreement),
        *(asset(agreement, dataset) for dataset in agreement.datasets),
        *papers(agreement, about),
    )


def agreement_case(agreement: Agreement, on: date) -> Case:
    """Return the agreement's own case: in force once its rules find nothing wrong and every party has signed."""
    about = agreement.about
    refusals = {finding.rule for finding in check(agreement, on) if finding.severity == "refuse"}
    state = "draft" if refusals - {NOT_BEGUN} else "in-force"
    if about.suspended_on and about.suspended_on <= on:
        state = "suspended"
    if about.ended_on and about.ended_on <= on:
        state = "ended"
    return case(
        "agreement", about.id, state,
        title=about.title, document_hash=document_hash(agreement), version=about.version, purpose=about.purpose,
        parties=[party.name for party in agreement.parties],
        signs=[f"{party.name}/iao" for party in agreement.parties if party.role.endswith("controller")],
        datasets=[dataset.name for dataset in agreement.datasets],
        fields=[f"{dataset.name}.{field.name}" for dataset in agreement.datasets for field in dataset.fields],
        recipients=[recipient.name for recipient in agreement.recipients],
        personal=any(dataset.is_personal for dataset in agreement.datasets),
        starts=about.starts, ends=about.ends, next_review=about.next_review,
        is_complete=not refusals - {NOT_BEGUN, UNSIGNED}, child_age=agreement.rights.child_age,
    )  # fmt: skip


def offices(agreement: Agreement) -> Iterator[Case]:
    """Yield an appointment for each officer whom the agreement names."""
    for party in agreement.parties:
        for office, name in party.officers.items():
            if name:
                who = person_id(name)
                subject = f"{person_id(party.name)}.{office}.{who}"[:120]
                yield case("office", subject, "held", person=who, body=party.name, office=office)


def asset(agreement: Agreement, dataset: Dataset) -> Case:
    """Return a dataset's entry in the register of information assets."""
    quality = dataset.quality
    party = agreement.party(dataset.supplier)
    return case(
        "asset", dataset.name, "registered",
        title=dataset.title or dataset.name, owner=dataset.supplier,
        programme="data-first" if agreement.about.template == "data-first" else "other",
        risk_owner=party.officers.get("siro", "") if party else "", hosting=agreement.supply.storage,
        classification=dataset.classification or agreement.about.classification or "OFFICIAL",
        handling=dataset.handling or agreement.handling.instructions, scope=quality.scope, format=quality.format,
        definitions=quality.definitions, period=quality.period, limits=quality.limits,
        validation={"unvalidated": "unprocessed"}.get(quality.validation or "", quality.validation),
        source=dataset.source or dataset.description, is_personal=dataset.is_personal, gateway=dataset.gateway,
        timeliness={"research": "research-or-policy"}.get(quality.timeliness, quality.timeliness),
        frequency=quality.frequency, publication=dataset.publication or "internal-only",
        embargo_until=dataset.embargo_until, updated_on=dataset.covers_to,
        access_route=f"Under agreement {agreement.about.id}", keywords=[dataset.name],
    )  # fmt: skip


def papers(agreement: Agreement, about: str) -> Iterator[Case]:
    """Yield the assessments and the notice that the agreement says were made."""
    dpia, eia, notice = agreement.dpia, agreement.eia, agreement.notice
    if dpia.screened_on and dpia.outcome:
        state = "full-needed" if dpia.outcome == "full" else "not-needed"
        yield case("screening", f"{about}.screening", state, about=about, outcome=dpia.outcome, reason=dpia.reason,
                   triggers=list(dpia.triggers), replaced_by=dpia.reference)  # fmt: skip
    if dpia.completed_on and dpia.approved_on:
        yield case("dpia", f"{about}.dpia", "approved", about=about, iao=dpia.iao, review_on=dpia.review_on,
                   published_at=dpia.published_at, stakeholders=list(dpia.stakeholders))  # fmt: skip
    if eia.done_on:
        yield case("eia", f"{about}.eia", "complete", about=about, done_on=eia.done_on, impacts=eia.outcome)
    if notice.published_at:
        yield case("notice", f"{about}.notice", "published", about=about, published_at=notice.published_at,
                   version=notice.version, dated=notice.dated, contacts=notice.contact, dpo=notice.dpo)  # fmt: skip


def from_ledger(
    entries: Iterable[Entry], agreement: Agreement, projects: Iterable[Project] = ()
) -> tuple[Case, ...]:
    """Return a holding for each file that the share wrote: held where it lies, disposed once it was destroyed.

    A project's extract goes when the project says, if that is before the agreement's own end of keeping.
    """
    limits = {
        f"rooms/projects/{project.id}/": day
        for project in projects
        if (day := project.keep_extract_until) is not None
    }
    found: dict[str, Case] = {}
    for entry in entries:
        for written in entry.details.get("files", ()) if entry.act not in ("destroy", "destroyed") else ():
            path = str(written["path"])
            if what := what_is(path):
                found[path] = held(path, what, entry, agreement, limits)
        for certificate in entry.details.get("certificates", ()) if entry.act == "destroy" else ():
            path = str(certificate["path"])
            if path in found or what_is(path):
                known = found.get(path) or held(path, str(what_is(path)), entry, agreement, limits)
                found[path] = disposed(known, entry)
    return tuple(found.values())


def what_is(path: str) -> str | None:
    """Return which promise of an agreement holds for a file of a share; None where none does (a report, a model)."""
    return next((what for pattern, what in KEPT if re.match(pattern, path)), None)


def held(path: str, what: str, entry: Entry, agreement: Agreement, limits: Mapping[str, date]) -> Case:
    """Return the holding of a file from the moment at which it was written."""
    ends = [promised_end(what, agreement, london_day(datetime.fromisoformat(entry.at)))]
    ends += [day for room, day in limits.items() if path.startswith(room)]
    return case(
        "holding", holding_id(path), "held",
        about=agreement.about.id, what=what, locations=[path], policy=agreement.retention.disposal,
        until=min((day for day in ends if day is not None), default=None),
        parties=[party.name for party in agreement.parties], next_review=agreement.about.next_review,
    )  # fmt: skip


def disposed(known: Case, entry: Entry) -> Case:
    """Return a holding after its file was destroyed, the ledger's entry being the evidence."""
    end = Event(
        event_id=f"ledger.{entry.seq}", process="holding", subject=known.id, act="dispose",
        at=datetime.fromisoformat(entry.at), by=person_id(entry.actor) or "tally", role="data-access-team",
        state="disposed", answers={
            "place": known.answers["locations"][0], "means": "deletion", "evidence": f"ledger entry {entry.seq}",
        },
    )  # fmt: skip
    return Case("holding", known.id, "disposed", known.answers, (end,), is_declared=True)


def holding_id(path: str) -> str:
    """Return the id of the holding of a file."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", path).strip("-.")[-120:]


def promised_end(what: str, agreement: Agreement, written: date) -> date | None:
    """Return the last day on which an agreement lets something be kept; None for what it keeps indefinitely.

    Identifiers that go "on linkage" are due on the day after they were written. A period counts from the day of writing.
    """
    kept = agreement.retention
    if what == "identifiers":
        if isinstance(kept.identifiers, date):
            return kept.identifiers
        return written if kept.identifiers == "on-linkage" else agreement.about.ends
    promises: Mapping[str, Any] = {
        "attributes": kept.attributes,
        "links": kept.links,
        "extract": kept.extracts,
    }
    promise = promises[what] or kept.attributes
    if promise == "indefinite":
        return None
    return after(written, str(promise)) if promise else agreement.about.ends
