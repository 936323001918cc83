"""Triage takes the lightest lawful path and says why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tallystick.governance.cases import EMPTY
from tallystick.governance.specimens import Play, specimen
from tallystick.governance.tables.questions import QUESTIONS
from tallystick.governance.triage import Triage, triage

ON = date(2026, 3, 10)


def sorted_out(**changes: Any) -> Triage:
    return triage(Play().set_up().registry, specimen("request", "submit", **changes), ON)


@pytest.mark.parametrize(
    ("answers", "path", "regime"),
    [
        ({"purpose": "law-enforcement", "competent_authority": True}, "routed-out", "part-3"),
        ({"purpose": "law-enforcement", "competent_authority": False}, "full", "uk-gdpr"),
        (
            {"purpose": "performance", "competent_authority": True, "third_parties": ["board"]},
            "full",
            "uk-gdpr",
        ),
        ({"purpose": "law-enforcement", "health": "confidential"}, "routed-out", "uk-gdpr"),
        ({}, "covered", "uk-gdpr"),
        ({"ad_hoc": True}, "ad-hoc", "uk-gdpr"),
        ({"personal": "pseudonymised", "third_parties": ["board"]}, "full", "uk-gdpr"),
        ({"personal": "no", "datasets": ["other"]}, "light", "not-personal"),
        ({"personal": "anonymised", "datasets": ["other"]}, "light", "not-personal"),
    ],
)
def test_triage_takes_the_lightest_lawful_path(answers: dict[str, Any], path: str, regime: str) -> None:
    found = sorted_out(**answers)
    assert (found.path, found.regime) == (path, regime)
    assert found.explanation


@pytest.mark.parametrize(
    ("personal", "validation", "band"),
    [("yes", "unprocessed", "highest"), ("pseudonymised", "validated", "raised"), ("no", "unprocessed", "low"),
     ("no", "validated", "lowest")],
)  # fmt: skip
def test_risk_band_follows_from_personal_and_validated(personal: str, validation: str, band: str) -> None:
    assert sorted_out(personal=personal, validation=validation).band == band


def test_what_was_not_said_may_be_personal() -> None:
    assert triage(EMPTY, {}, ON).personal is True


@pytest.mark.parametrize(
    "changes",
    [{"purpose": "research"}, {"datasets": ["cases", "others"]}, {"fields": ["cases.name"]}, {"recipients": ["eve"]},
     {"third_parties": ["board"]}],
)  # fmt: skip
def test_request_outside_the_agreement_is_not_covered(changes: dict[str, Any]) -> None:
    assert sorted_out(**changes).path != "covered"


def test_research_is_never_matched_but_decided_on_its_merits() -> None:
    play = Play().set_up()
    play.act("agreement", "record", "research", purpose="research")
    play.act("agreement", "sign", "research", "iao")
    assert triage(play.registry, specimen("request", "submit", purpose="research"), ON).path == "full"


def test_overdue_review_matches_nothing_new() -> None:
    registry = Play().set_up().registry
    assert triage(registry, specimen("request", "submit"), date(2027, 1, 1)).path == "full"


def test_light_path_asks_far_less() -> None:
    asked = [q for q in QUESTIONS if (q.process, q.act) == ("request", "submit") and q.required]
    light = [q for q in asked if not q.when]
    assert len(light) <= 30 < len(asked)


def test_explanation_says_when_data_protection_law_does_not_apply() -> None:
    assert any(
        "no reason to refuse" in line for line in sorted_out(personal="no", datasets=["x"]).explanation
    )
