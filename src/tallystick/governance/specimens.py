"""Specimen answers to every form, and `Play`, which acts through a history: for the demo, the documentation and the tests.

Nothing in a specimen is about a real person. A specimen answers every question of an act, whether or not it is asked, so that it
passes as it stands; change one answer and see which rule speaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tallystick.governance.cases import EMPTY, Case, Command, Event, Registry, evolve
from tallystick.governance.decisions import decide
from tallystick.governance.forms import Question
from tallystick.governance.tables.processes import PROCESSES
from tallystick.governance.tables.questions import QUESTIONS
from tallystick.governance.tables.vocabulary import PRINCIPLES

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HASHES = "sha256:" + "1" * 64

CHANGES: dict[str, dict[str, Any]] = {
    "request.submit": {
        "aim": "See where cases wait longest between charge and trial",
        "purpose": "performance",
        "body": "government-department",
        "datasets": ["cases"],
        "fields": ["cases.month", "cases.court"],
        "personal": "yes",
        "validation": "validated",
        "recipients": ["ann.analyst"],
        "people": ["ann.analyst"],
        "third_parties": None,
        "special_category": ["none"],
        "ad_hoc": False,
        "competent_authority": False,
        "health": "no",
        "new_purpose": False,
        "anonymised_suffices": False,
        "about_individuals": False,
        "complete_accuracy": False,
        "criminal_offence": False,
        "victims_code": False,
        "wales": False,
        "waspi": False,
        "direct_access": False,
        "period_from": date(2025, 1, 1),
        "period_to": date(2025, 12, 31),
        "keep_until": date(2026, 12, 31),
        "access_until": date(2026, 12, 31),
    },
    "request.receive": {"unusual": False, "processing_changes": False},
    "request.approve": {"principles": list(PRINCIPLES), "conditions": None, "withhold_summary": None},
    "request.release": {
        "to": ["ann.analyst"],
        "agreement": "share",
        "released_for": "performance",
        "publishes": False,
        "early_release_agreed": None,
    },
    "agreement.record": {
        "document_hash": HASHES,
        "version": 1,
        "parties": ["Ministry of Justice"],
        "signs": ["Ministry of Justice/iao"],
        "purpose": "performance",
        "datasets": ["cases"],
        "fields": ["cases.month", "cases.court", "cases.outcome"],
        "recipients": ["ann.analyst", "bob.analyst"],
        "starts": date(2026, 1, 1),
        "ends": date(2028, 1, 1),
        "next_review": date(2026, 12, 1),
        "child_age": None,
    },
    "agreement.sign": {"signed_hash": HASHES},
    "agreement.amend": {
        "next_document_hash": "sha256:" + "2" * 64,
        "next_version": 2,
        "next_fields": None,
        "next_datasets": None,
        "next_recipients": None,
        "next_ends": None,
    },
    "agreement.review": {"next_review": date(2027, 3, 1)},
    "screening.decide": {
        "about": "share",
        "triggers": ["none"],
        "outcome": "not-needed",
        "replaced_by": None,
        "criminal_offence": False,
    },
    "dpia.submit": {"about": "share", "stakeholders": ["User Representation Panel"]},
    "dpia.add-risk": {"residual": "low"},
    "eia.complete": {"about": "share"},
    "notice.publish": {"about": "share"},
    "office.appoint": {
        "person": "ann.analyst",
        "body": "Ministry of Justice",
        "office": "iao",
        "from": date(2026, 1, 1),
        "until": None,
        "third_party": False,
    },
    "office.clear": {"clearance": "SC", "cleared_until": date(2030, 1, 1)},
    "office.train": {"trained_until": date(2030, 1, 1)},
    "office.accredit": {"accredited_until": date(2030, 1, 1)},
    "access.grant": {
        "person": "ann.analyst",
        "about": "request-1",
        "datasets": ["cases"],
        "until": date(2026, 12, 31),
    },
    "access.use": {"used_for": "performance"},
    "access.extend": {"until": date(2026, 12, 31)},
    "asset.register": {
        "owner": "Ministry of Justice",
        "classification": "OFFICIAL-SENSITIVE",
        "publication": "internal-only",
        "programme": "data-first",
        "is_personal": True,
    },
    "asset.reclassify": {"classification": "OFFICIAL"},
    "transfer.receive": {"about": "share", "route": "cjsm"},
    "holding.hold": {
        "about": "share",
        "what": "extract",
        "locations": ["secure network", "inbox"],
        "parties": ["Ministry of Justice"],
        "until": date(2026, 12, 31),
        "next_review": date(2027, 3, 1),
        "opted_out": False,
    },
    "holding.locate": {"locations": ["secure network", "inbox", "laptop"]},
    "holding.review": {"next_review": date(2027, 3, 1)},
    "holding.ask-extension": {"new_until": date(2027, 12, 31)},
    "holding.remove-person": {"removed_from": ["secure network", "inbox"]},
    "holding.dispose": {"place": "inbox"},
    "holding.audit": {"found_in": None, "searched": ["secure network"]},
    "rights.receive": {
        "kind": "access",
        "about": None,
        "linked": False,
        "shared": False,
        "own_information": True,
        "for_child": False,
        "child_age": 14,
        "lab_data": False,
    },
    "incident.report": {"aware_at": START, "about": "share", "regime": "uk-gdpr", "effects": ["disclosure"]},
    "incident.inform": {"security_told_at": START, "contact_told_at": START},
    "incident.assess": {"risk": "risk", "people_affected": 12},
    "incident.notify-regulator": {"notified_at": START},
    "incident.tell-people": {"told_at": START},
    "dispute.raise": {"about": "share"},
}
"""What differs, act by act, from the plain answer of a question's kind."""


def specimen(process: str, act: str, **changes: Any) -> dict[str, Any]:
    """Return answers to all questions of an act, with changes; an answer of None leaves the question unanswered."""
    form = PROCESSES[process].early.get(act, act)
    answers = {
        question.key: plain(question)
        for question in QUESTIONS
        if question.process == process and question.act == form
    }
    answers.update(CHANGES.get(f"{process}.{form}", {}))
    answers.update(changes)
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in answers.items()
        if value is not None
    }


def plain(question: Question) -> Any:
    """Return an answer that a question of this kind takes."""
    match question.kind:
        case "text":
            return f"Specimen: {question.key.replace('_', ' ')}"
        case "word":
            return question.words[0]
        case "words":
            return [question.words[0]]
        case "list":
            return ["specimen"]
        case "must-be-yes" | "yes-no":
            return True
        case "must-be-no":
            return False
        case "date":
            return date(2026, 12, 31)
        case "moment":
            return START
        case "number":
            return 1
        case "period":
            return "P1Y"


@dataclass
class Play:
    """A history in the making: the registry, its events, and a clock that goes on an hour with each act."""

    registry: Registry = EMPTY
    now: datetime = START
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def command(
        self, process: str, act: str, subject: str, role: str = "", by: str = "", **changes: Any
    ) -> Command:
        """Return the command that `act` would give: the specimen's answers, changed."""
        role = role or sorted(PROCESSES[process].may[act])[0]
        return Command(
            event_id=f"e{len(self.events) + 1}",
            process=process,
            subject=subject,
            act=act,
            at=self.now,
            by=by or f"{role}.person",
            role=role,
            organisation=str(changes.pop("organisation", "Ministry of Justice")),
            answers=specimen(process, act, **changes),
        )

    def act(self, process: str, act: str, subject: str, role: str = "", by: str = "", **changes: Any) -> Case:
        """Return the case after an act; raise what `decide` raises."""
        command = self.command(process, act, subject, role, by, **changes)
        for event in decide(self.registry, command):
            self.events.append(event)
            self.registry = evolve(self.registry, event)
        self.commands.append(command)
        self.now += timedelta(hours=1)
        return self.registry.cases[process][subject]

    def appoint(self, body: str, office: str, person: str = "") -> None:
        """Appoint somebody to an office, trained, cleared, accredited and bound by the terms."""
        who = person or f"{office}.person"
        subject = f"{body}.{office}.{who}".replace(" ", "-")
        self.act("office", "appoint", subject, person=who, body=body, office=office)
        for act in ("train", "clear", "accredit", "accept-terms"):
            self.act("office", act, subject)

    def set_up(self) -> Play:
        """Set up a ministry with its offices, one dataset, one agreement in force, and its papers."""
        for office in ("iao", "dpo", "siro"):
            self.appoint("Ministry of Justice", office)
        self.appoint("Ministry of Justice", "researcher", "ann.analyst")
        self.act("asset", "register", "cases", "iao")
        self.act("agreement", "record", "share")
        self.act("agreement", "sign", "share", "iao")
        self.act("screening", "open", "screening-1")
        self.act("screening", "decide", "screening-1", "dpo")
        self.act("eia", "open", "eia-1")
        self.act("eia", "complete", "eia-1", "iao")
        self.act("notice", "open", "notice-1")
        self.act("notice", "publish", "notice-1", "dpo")
        return self

    def request(self, subject: str = "request-1", until: str = "release", **changes: Any) -> Case:
        """Take a request from its draft to ``until`` (an act), as a ministry's analyst whom no agreement covers."""
        changes.setdefault("fields", ["cases.month", "cases.court"])
        case = self.act("request", "draft", subject, "requester", "ann.analyst", **changes)
        steps = {
            "submit": "requester",
            "receive": "data-access-team",
            "approve": "iao",
            "release": "data-access-team",
        }
        for act, role in steps.items():
            if case.state == "covered" and act in ("receive", "approve"):
                continue
            by = "ann.analyst" if act == "submit" else ""
            given = changes if act == "submit" else {}
            case = self.act("request", act, subject, role, by, **given)
            if act == until:
                break
        return case
