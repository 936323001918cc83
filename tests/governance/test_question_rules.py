"""Every question that is a rule refuses: leave its answer out, or give one outside its vocabulary, and it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tallystick.governance.cases import Case, Command, Event, Registry
from tallystick.governance.conditions import Asking, is_asked
from tallystick.governance.forms import Question
from tallystick.governance.rules import RULES, ask
from tallystick.governance.specimens import START, Play, specimen
from tallystick.governance.tables.processes import PROCESSES
from tallystick.governance.tables.questions import LAW_SINCE, QUESTIONS

MAKES: dict[str, dict[str, Any]] = {
    # a condition: the answers under which it holds
    "personal": {"personal": "yes"},
    "!personal": {"personal": "no"},
    "anonymised": {"personal": "anonymised"},
    "aggregate": {"built_from_personal": True},
    "law-enforcement": {"purpose": "law-enforcement"},
    "research": {"purpose": "research"},
    "ad-hoc": {"ad_hoc": True},
    "!ad-hoc": {"ad_hoc": False},
    "victims-code": {"victims_code": True},
    "local-board": {"body": "local-criminal-justice-board"},
    "direct-access": {"direct_access": True},
    "new-purpose": {"new_purpose": True},
    "special": {"special_category": ["health"]},
    "sensitive": {"criminal_offence": True},
    "confidential-health": {"health": "confidential"},
    "public-interest": {"confidentiality": "public-interest"},
    "wales": {"wales": True},
    "waspi": {"wales": True, "waspi": True},
    "unvalidated": {"validation": "unprocessed"},
    "conditional": {"conditions": ["keep it inside"]},
    "!light": {"personal": "yes"},
    "pupil-data": {"datasets": ["pupils"]},
    "!consulted": {"stakeholders": None},
    "asset-personal": {"is_personal": True},
    "embargoed": {"publication": "embargoed"},
    "permitted-route": {"route": "cjsm"},
    "!permitted-route": {"route": "other"},
    "!kept-indefinitely": {"what": "extract"},
    "kept-indefinitely": {"what": "aggregate"},
    "pseudonymised-set": {"what": "linked-pseudonymised"},
    "for-child": {"for_child": True},
    "lab-data": {"lab_data": True},
    "notified-late": {"notified_at": (START + timedelta(days=9)).isoformat()},
    "risk-unlikely": {"risk": "unlikely"},
    "late": {},
}
LATE = timedelta(days=400)


def made(question: Question) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for condition in question.when.split():
        answers.update(MAKES[condition])
    return answers


def asking(question: Question, **changes: Any) -> Asking:
    """Return the act with specimen answers, before which the case had answered all that its process asks."""
    registry = Play().registry.having(Case("asset", "pupils", "registered", {"programme": "npd"}))
    at = START + (LATE if "late" in question.when.split() else timedelta(minutes=1))
    answers = {**specimen(question.process, question.act), **made(question), **changes}
    command = Command(
        event_id="e2", process=question.process, subject="case-1", act=question.act, at=at, by="iao.person",
        role=sorted(PROCESSES[question.process].may[question.act])[0], answers={},
    )  # fmt: skip
    # the case has answered all that its process asks elsewhere; of this act's own questions nothing stays
    own = {each.key for each in QUESTIONS if (each.process, each.act) == (question.process, question.act)}
    known: dict[str, Any] = {}
    for each in dict.fromkeys(q.act for q in QUESTIONS if q.process == question.process):
        known |= specimen(question.process, each)
    known |= made(question)
    known = {key: value for key, value in known.items() if key not in own}
    opened = Event(
        event_id="e1", process=question.process, subject="case-1", act="open", at=START, by="x", role="iao", state="open"
    )  # fmt: skip
    given = {key: value for key, value in answers.items() if value is not None}
    event = Event(
        event_id="e2", process=question.process, subject="case-1", act=question.act, at=at, by="x", role="iao",
        state="open", answers=given,
    )  # fmt: skip
    before = Case(question.process, "case-1", "open", known, (opened,))
    after = Case(question.process, "case-1", "open", {**known, **given}, (opened, event))
    return Asking(Registry(registry.cases), before, after, command)


def breaches(question: Question) -> Iterator[Any]:
    if question.required:
        yield None
    if question.words:
        yield ["something else"] if question.kind == "words" else "something else"
    if question.kind == "must-be-yes":
        yield False
    if question.kind == "must-be-no":
        yield True


RULED = [question for question in QUESTIONS if question.is_rule]


@pytest.mark.parametrize("question", RULED, ids=lambda question: question.id)
def test_question_refuses_what_it_may_not_take(question: Question) -> None:
    # `late_reason` is no specimen's answer: only lateness asks for it
    whole = asking(question)
    assert is_asked(question.when, whole), "the scene does not ask the question"
    assert question.id not in {finding.rule for finding in ask(whole)}
    for broken in breaches(question):
        found = {finding.rule: finding for finding in ask(asking(question, **{question.key: broken}))}
        assert question.id in found
        assert found[question.id].remedy
        assert found[question.id].source


def test_question_that_is_not_asked_is_not_missed() -> None:
    for question in RULED:
        if "!personal" in question.when.split():
            scene = asking(question, personal="yes", **{question.key: None})
            assert question.id not in {finding.rule for finding in ask(scene)}


def test_rule_ids_are_unique_and_cite_requirements() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.requirements and rule.cited for rule in RULES)


def test_complaints_law_binds_from_its_day() -> None:
    rule = next(rule for rule in RULES if rule.id == "complaint.acknowledge.late_reason")
    assert rule.starts == LAW_SINCE[rule.id]
    assert not rule.in_force(rule.starts - timedelta(days=1))
    assert rule.in_force(rule.starts)


def test_no_two_questions_of_an_act_share_a_key() -> None:
    keys = [(question.process, question.act, question.key) for question in QUESTIONS]
    assert len(keys) == len(set(keys))


def test_every_act_with_questions_exists() -> None:
    assert {(q.process, q.act) for q in QUESTIONS} <= {
        (name, act) for name, process in PROCESSES.items() for act in process.acts
    }
