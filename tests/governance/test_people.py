"""Offices, clearance and routing: who must decide, in which order, and who holds what on a day."""

from __future__ import annotations

from datetime import date

import pytest

from tallystick.agreement import presets
from tallystick.agreement.io import parse
from tallystick.agreement.project_rules import panel_for
from tallystick.agreement.schema import Agreement
from tallystick.governance.declared import asset
from tallystick.governance.people import (
    ACCREDITATION_PANEL,
    classification_of,
    deciders,
    holders,
    is_cleared,
    panels,
    speaks_for,
    undecided,
)
from tallystick.governance.projects import DECISIONS
from tallystick.governance.rules import HELD_OTHERWISE
from tallystick.governance.specimens import Play
from tallystick.governance.tables.vocabulary import CLEARANCE_NEEDED

MOJ = ["moj-data-access-group", "moj-data-access-governance-board"]


def routed(purpose: str, *assets: tuple[str, str]) -> list[str]:
    play = Play()
    for number, (owner, programme) in enumerate(assets):
        play.act("asset", "register", f"data-{number}", "iao", owner=owner, programme=programme)
    names = [f"data-{number}" for number in range(len(assets))]
    return [body.name for body in deciders(play.registry, {"purpose": purpose, "datasets": names})]


@pytest.mark.parametrize(
    ("owner", "programme", "panels"),
    [
        ("Ministry of Justice", "data-first", MOJ),
        ("HMPPS", "data-first", MOJ),
        ("HMPPS", "other", ["hmpps-national-research-committee"]),
        ("HMCTS", "data-first", ["hmcts-data-access-panel"]),
        ("HM Courts & Tribunals Service", "data-first", ["hmcts-data-access-panel"]),
        ("HM Courts and Tribunals Service", "other", ["hmcts-data-access-panel"]),
        ("HM Prison and Probation Service", "data-first", MOJ),
        ("HM Prison & Probation Service", "other", ["hmpps-national-research-committee"]),
        ("DfE", "npd", ["dfe-chief-statistician"]),
        ("Department for Education", "npd", ["dfe-chief-statistician"]),
        ("Home Office", "other", ["Home Office"]),
    ],
)
def test_research_goes_to_the_owners_panels_and_to_accreditation_last(
    owner: str, programme: str, panels: list[str]
) -> None:
    assert routed("research", (owner, programme)) == [*panels, ACCREDITATION_PANEL]


def test_every_owner_of_several_datasets_decides() -> None:
    found = routed("research", ("HMCTS", "data-first"), ("Ministry of Justice", "data-first"))
    assert set(found) == {*MOJ, "hmcts-data-access-panel", ACCREDITATION_PANEL}
    assert found[-1] == ACCREDITATION_PANEL
    assert routed("performance", ("HMCTS", "other"), ("HMPPS", "other")) == ["HMCTS", "HMPPS"]
    assert routed("performance", ("HMCTS", "other"), ("HM Courts & Tribunals Service", "other")) == ["HMCTS"]


def test_a_body_decides_and_holds_office_under_either_of_its_names() -> None:
    play = Play()
    play.act("asset", "register", "hearings", "iao", owner="HM Courts & Tribunals Service")
    play.act("office", "appoint", "a", person="ann", body="HMCTS", office="iao", **{"from": "2026-02-01"})
    assert holders(play.registry, "HM Courts and Tribunals Service", "iao", date(2026, 3, 1)) == ("ann",)
    (owner,) = deciders(play.registry, {"purpose": "performance", "datasets": ["hearings"]})
    assert speaks_for((owner,), "HMCTS") == owner
    assert speaks_for((owner,), "HMPPS") is None


@pytest.mark.parametrize("template", ["data-first", "moj-dfe"])
def test_those_who_decide_on_a_request_are_those_whom_a_projects_rules_ask_for(template: str) -> None:
    agreement = parse(presets.template(template), Agreement, name=template)
    for dataset in agreement.datasets:
        last = panels(asset(agreement, dataset))[-1]
        assert panel_for(dataset.supplier, agreement) in DECISIONS[last.name]


def test_body_that_a_panel_escalates_to_decides_in_its_place() -> None:
    play = Play()
    play.appoint("hmcts-data-governance-authority", "panel")
    play.appoint("hmcts-data-access-panel", "panel")
    play.act("asset", "register", "hearings", "iao", owner="HMCTS")
    play.act("screening", "open", "s")
    play.appoint("Ministry of Justice", "dpo")
    play.act("screening", "decide", "s", "dpo", about="r")
    play.appoint(ACCREDITATION_PANEL, "panel")
    play.request("r", "receive", purpose="research", datasets=["hearings"], fields=["hearings.date"])
    case = play.act("request", "approve", "r", "panel", organisation="hmcts-data-governance-authority")
    assert [body.name for body in undecided(play.registry, case)] == [ACCREDITATION_PANEL]


def test_office_is_held_from_a_day_to_a_day() -> None:
    play = Play()
    play.act(
        "office", "appoint", "a", **{"from": "2026-02-01", "until": "2026-03-31"}, person="ann", body="HMCTS"
    )
    held = {day: holders(play.registry, "HMCTS", "iao", date.fromisoformat(day)) for day in (
        "2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01"
    )}  # fmt: skip
    assert list(held.values()) == [(), ("ann",), ("ann",), ()]
    play.act("office", "vacate", "a", until="2026-03-05")
    assert holders(play.registry, "HMCTS", "iao", date(2026, 3, 5)) == ("ann",)
    assert holders(play.registry, "HMCTS", "iao", date(2026, 3, 6)) == ()


@pytest.mark.parametrize("classification", CLEARANCE_NEEDED)
def test_clearance_meets_the_classification_and_runs_out(classification: str) -> None:
    play = Play()
    play.act("office", "appoint", "a", person="ann")
    play.act("office", "clear", "a", clearance="SC", cleared_until="2026-06-30")
    enough = classification != "TOP SECRET"
    assert is_cleared(play.registry, "ann", classification, date(2026, 6, 30)) is enough
    assert not is_cleared(play.registry, "ann", classification, date(2026, 7, 1))


def test_highest_classification_of_the_datasets_counts() -> None:
    play = Play()
    play.act("asset", "register", "open", "iao", classification="OFFICIAL")
    play.act("asset", "register", "shut", "iao", classification="SECRET")
    assert classification_of(play.registry, ["open", "shut"]) == "SECRET"


def test_what_holds_without_a_refusal_names_a_test_that_exists() -> None:
    from pathlib import Path

    root = Path(__file__).parents[2]
    for _, test in HELD_OTHERWISE.values():
        file, name = test.split("::")
        assert f"def {name}(" in (root / file).read_text(encoding="utf-8")
