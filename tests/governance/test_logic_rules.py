"""Every rule with logic of its own: a history in which it speaks, and the same history, put right, in which it is silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallystick.errors import Refused
from tallystick.governance.people import ACCREDITATION_PANEL
from tallystick.governance.rules import LOGIC
from tallystick.governance.specimens import START, Play

OUTSIDE = {"third_parties": ["board of trade"]}
"""Makes a request that no agreement covers, so that it goes the whole way."""
Act = Callable[[Play], Any]


def played(*steps: Act) -> Play:
    play = Play().set_up()
    for step in steps:
        step(play)
    return play


def do(process: str, act: str, subject: str, role: str = "", by: str = "", **changes: Any) -> Act:
    return lambda play: play.act(process, act, subject, role, by, **changes)


def request(until: str, **changes: Any) -> Act:
    def step(play: Play) -> None:
        play.act("screening", "open", "screening-r")
        play.act("screening", "decide", "screening-r", "dpo", about="request-1")
        play.request("request-1", until, **{**OUTSIDE, **changes})

    return step


def covered(**changes: Any) -> Act:
    return lambda play: play.request("request-1", "submit", **changes)


def approve(**changes: Any) -> Act:
    return do("request", "approve", "request-1", "iao", **changes)


def release(**changes: Any) -> Act:
    return do("request", "release", "request-1", "data-access-team", **changes)


def later(**how: int) -> Act:
    def step(play: Play) -> None:
        play.now += timedelta(**how)

    return step


def appoint(body: str, office: str, person: str = "") -> Act:
    return lambda play: play.appoint(body, office, person)


def asset(name: str, **changes: Any) -> Act:
    return do("asset", "register", name, "iao", **changes)


def without(process: str) -> Act:
    """Take the papers of a process away, as if nobody had made them."""

    def step(play: Play) -> None:
        cases = {name: rows for name, rows in play.registry.cases.items() if name != process}
        play.registry = replace(play.registry, cases=cases)

    return step


RESEARCH = {"purpose": "research", **OUTSIDE}
RESEARCH_AGREEMENT = (
    do("agreement", "record", "research", purpose="research", recipients=["ann.analyst", "board of trade"]),
    do("agreement", "sign", "research", "iao"),
)
PANELS = tuple(
    appoint(body, "panel")
    for body in (
        "moj-data-access-group",
        "moj-data-access-governance-board",
        ACCREDITATION_PANEL,
        "dfe-chief-statistician",
    )
)


def panel(body: str) -> Act:
    return do("request", "approve", "request-1", "panel", organisation=body)


DPIA = (
    do("dpia", "open", "dpia-1", "lead", "lou.lead"),
    do("dpia", "add-risk", "dpia-1", "lead", "lou.lead"),
    do("dpia", "submit", "dpia-1", "lead", "lou.lead"),
)
HELD = do("holding", "hold", "copy-1", "iao")
NEAR_END = later(days=290)
PERSON = {"organisation": "Ministry of Justice"}
IN_FORCE_2 = (do("agreement", "record", "other", signs=["Ministry of Justice/iao"]),)
DRAFTED = do("request", "draft", "request-1", "requester")
GRANT = do("access", "grant", "access-1")

APPROVED_RESEARCH = (
    *PANELS,
    *RESEARCH_AGREEMENT,
    request("receive", **RESEARCH),
    panel("moj-data-access-group"),
    panel("moj-data-access-governance-board"),
    panel(ACCREDITATION_PANEL),
)

SCENES: dict[str, tuple[tuple[Act, ...], Act, Act]] = {
    # rule: what happened before, the act that breaks it, the act that does not
    "office-holder": ((request("receive"),), approve(by="mallory"), approve()),
    "own-request": (
        (appoint("Ministry of Justice", "iao", "ann.analyst"), request("receive")),
        approve(by="ann.analyst"),
        approve(),
    ),
    "request.period": (
        (DRAFTED,),
        do("request", "submit", "request-1", "requester", **OUTSIDE, period_to="2024-01-01"),
        do("request", "submit", "request-1", "requester", **OUTSIDE),
    ),
    "request.kept-past": (
        (DRAFTED,),
        do("request", "submit", "request-1", "requester", **OUTSIDE, keep_until="2026-01-01"),
        do("request", "submit", "request-1", "requester", **OUTSIDE),
    ),
    "request.dataset-unknown": (
        (request("submit", datasets=["cases", "rumours"]),),
        do("request", "receive", "request-1"),
        asset("rumours"),
    ),
    "request.office-empty": (
        (asset("rumours", owner="HMCTS"), request("submit", datasets=["rumours"])),
        do("request", "receive", "request-1"),
        appoint("HMCTS", "iao"),
    ),
    "request.body": (
        (request("receive"), appoint("HMCTS", "iao")),
        approve(organisation="HMCTS"),
        approve(),
    ),
    "request.body-rejects": (
        (request("receive"), appoint("HMCTS", "iao")),
        do("request", "reject", "request-1", "iao", organisation="HMCTS"),
        do("request", "reject", "request-1", "iao"),
    ),
    "request.stage": (
        (*PANELS, request("receive", **RESEARCH)),
        panel(ACCREDITATION_PANEL),
        panel("moj-data-access-group"),
    ),
    "request.stakeholder": (
        (request("submit"), do("request", "receive", "request-1", unusual=True)),
        approve(),
        do("request", "advise", "request-1", "siro"),
    ),
    "request.screening-first": (
        (request("receive"), without("screening")),
        approve(),
        do("screening", "open", "s2"),
    ),
    "request.principles": ((request("receive"),), approve(principles=["accuracy"]), approve()),
    "request.anonymised-would-do": (
        (request("receive", anonymised_suffices=True),),
        approve(),
        do("request", "offer", "request-1", "iao"),
    ),
    "request.unfit": (
        (request("receive", validation="unprocessed", about_individuals=True),),
        approve(),
        do("request", "offer", "request-1", "iao"),
    ),
    "release.recipients": ((covered(),), release(to=["eve"]), release()),
    "release.purpose": ((covered(),), release(released_for="research"), release()),
    "release.agreement": (
        (covered(), do("agreement", "suspend", "share", "iao")),
        release(),
        do("agreement", "resume", "share", "iao"),
    ),
    "release.ad-hoc": (
        (
            *PANELS,
            request("receive", ad_hoc=True, **RESEARCH),
            panel("moj-data-access-group"),
            panel("moj-data-access-governance-board"),
            panel(ACCREDITATION_PANEL),
        ),
        release(released_for="research"),
        later(days=1),
    ),
    "release.screening": (
        (covered(), do("screening", "reopen", "screening-1", "dpo")),
        release(),
        do("screening", "decide", "screening-1", "dpo"),
    ),
    "release.dpia": (
        (
            covered(),
            do("screening", "reopen", "screening-1", "dpo"),
            do("screening", "decide", "screening-1", "dpo", triggers=["genetic"], outcome="full"),
        ),
        release(),
        later(days=1),
    ),
    "release.notice": ((without("notice"), covered()), release(), do("notice", "open", "n2")),
    "release.eia": ((without("eia"), covered()), release(), do("eia", "open", "e2")),
    "release.clearance": (
        (asset("cases", classification="TOP SECRET"), covered()),
        release(),
        asset("cases"),
    ),
    "release.embargo": (
        (asset("cases", publication="embargoed", embargo_until="2026-09-01"), covered()),
        release(),
        release(early_release_agreed="The Chief Statistician, in writing"),
    ),
    "release.publication": ((covered(),), release(publishes=True), release()),
    "release.disputed": (
        (covered(), do("dispute", "raise", "d1", "requester", about="request-1")),
        release(),
        do("dispute", "review", "d1"),
    ),
    "release.pupil-data": (
        (
            *PANELS,
            asset("cases", programme="npd"),
            *RESEARCH_AGREEMENT,
            request("receive", **RESEARCH),
            panel("moj-data-access-group"),
            panel("moj-data-access-governance-board"),
            panel(ACCREDITATION_PANEL),
        ),
        release(released_for="research", agreement="research"),
        later(days=1),
    ),
    "access.approved": ((covered(),), do("access", "grant", "access-1", person="bob.analyst"), GRANT),
    "access.accreditation": (
        (
            *APPROVED_RESEARCH,
            do(
                "office",
                "accredit",
                "Ministry-of-Justice.researcher.ann.analyst",
                accredited_until="2026-01-01",
            ),
        ),
        GRANT,
        do("office", "accredit", "Ministry-of-Justice.researcher.ann.analyst"),
    ),
    "access.terms": ((without("office"), covered()), GRANT, later(days=1)),
    "access.clearance": (
        (
            covered(),
            do("office", "clear", "Ministry-of-Justice.researcher.ann.analyst", cleared_until="2026-01-01"),
        ),
        GRANT,
        do("office", "clear", "Ministry-of-Justice.researcher.ann.analyst"),
    ),
    "access.training": (
        (
            covered(),
            do("office", "train", "Ministry-of-Justice.researcher.ann.analyst", trained_until="2026-01-01"),
        ),
        GRANT,
        do("office", "train", "Ministry-of-Justice.researcher.ann.analyst"),
    ),
    "access.until": ((covered(),), do("access", "grant", "access-1", until="2027-12-31"), GRANT),
    "access.until-extended": (
        (covered(), GRANT),
        do("access", "extend", "access-1", until="2027-12-31"),
        do("access", "extend", "access-1"),
    ),
    "access.ended": (
        (covered(), do("access", "grant", "access-1", until="2026-06-01"), later(days=120)),
        do("access", "use", "access-1", "lead", "ann.analyst"),
        do("access", "extend", "access-1"),
    ),
    "access.accreditation-lapsed": (
        (
            *APPROVED_RESEARCH,
            GRANT,
            do(
                "office",
                "accredit",
                "Ministry-of-Justice.researcher.ann.analyst",
                accredited_until="2026-01-01",
            ),
        ),
        do("access", "use", "access-1", "lead", "ann.analyst", used_for="research"),
        do("office", "accredit", "Ministry-of-Justice.researcher.ann.analyst"),
    ),
    "access.beyond": (
        (covered(), GRANT),
        do("access", "use", "access-1", "lead", "ann.analyst", used_for="operational"),
        do("access", "use", "access-1", "lead", "ann.analyst"),
    ),
    "agreement.dates": (
        (),
        do("agreement", "record", "a2", ends="2025-01-01"),
        do("agreement", "record", "a2"),
    ),
    "agreement.review-year": (
        (),
        do("agreement", "record", "a2", next_review="2027-12-01"),
        do("agreement", "record", "a2"),
    ),
    "agreement.review-next": (
        (),
        do("agreement", "review", "share", "iao", next_review="2028-12-01"),
        do("agreement", "review", "share", "iao"),
    ),
    "agreement.hash": (
        IN_FORCE_2,
        do("agreement", "sign", "other", "iao", signed_hash="sha256:other"),
        do("agreement", "sign", "other", "iao"),
    ),
    "agreement.complete": (
        (do("agreement", "record", "other", is_complete=False),),
        do("agreement", "sign", "other", "iao"),
        do("agreement", "record", "other"),
    ),
    "agreement.signatory": (
        IN_FORCE_2,
        do("agreement", "sign", "other", "siro"),
        do("agreement", "sign", "other", "iao"),
    ),
    "agreement.version": (
        (),
        do("agreement", "amend", "share", next_version=5),
        do("agreement", "amend", "share"),
    ),
    "screening.triggers": (
        (do("screening", "open", "s2"),),
        do("screening", "decide", "s2", "dpo", triggers=["tracking"]),
        do("screening", "decide", "s2", "dpo", triggers=["tracking"], outcome="full"),
    ),
    "screening.none-and-some": (
        (do("screening", "open", "s2"),),
        do("screening", "decide", "s2", "dpo", triggers=["none", "tracking"], outcome="full"),
        do("screening", "decide", "s2", "dpo"),
    ),
    "dpia.risks": (DPIA[:1], DPIA[2], DPIA[1]),
    "dpia.own-draft": (
        (appoint("Ministry of Justice", "iao", "lou.lead"), *DPIA, do("dpia", "advise", "dpia-1", "dpo")),
        do("dpia", "approve", "dpia-1", "iao", "lou.lead"),
        do("dpia", "approve", "dpia-1", "iao"),
    ),
    "dpia.no-opinion": (DPIA, do("dpia", "approve", "dpia-1", "iao"), do("dpia", "advise", "dpia-1", "dpo")),
    "holding.review-year": ((), do("holding", "hold", "copy-1", next_review="2028-01-01"), HELD),
    "holding.review-next": (
        (HELD,),
        do("holding", "review", "copy-1", "iao", next_review="2028-01-01"),
        do("holding", "review", "copy-1", "iao"),
    ),
    "holding.place-lost": (
        (HELD,),
        do("holding", "locate", "copy-1", locations=["inbox"]),
        do("holding", "locate", "copy-1"),
    ),
    "holding.place-unknown": (
        (HELD,),
        do("holding", "dispose", "copy-1", place="attic"),
        do("holding", "dispose", "copy-1"),
    ),
    "holding.extension-early": ((HELD,), do("holding", "ask-extension", "copy-1", "iao"), later(days=1)),
    "holding.extension-shorter": (
        (HELD, NEAR_END),
        do("holding", "ask-extension", "copy-1", "iao", new_until="2026-12-31"),
        do("holding", "ask-extension", "copy-1", "iao"),
    ),
    "holding.extension-party": (
        (HELD, NEAR_END, do("holding", "ask-extension", "copy-1", "iao"), appoint("HMCTS", "iao")),
        do("holding", "agree", "copy-1", "iao", organisation="HMCTS"),
        do("holding", "agree", "copy-1", "iao"),
    ),
    "holding.person-everywhere": (
        (HELD,),
        do("holding", "remove-person", "copy-1", removed_from=["inbox"]),
        do("holding", "remove-person", "copy-1"),
    ),
    "rights.linked": (
        (do("rights", "receive", "r1", "dpo", linked=True), do("rights", "acknowledge", "r1")),
        do("rights", "answer", "r1", "dpo"),
        do("rights", "refer", "r1", "dpo"),
    ),
    "rights.party": (
        (
            do("rights", "receive", "r1", "dpo", kind="foi", own_information=False, shared=True),
            do("rights", "acknowledge", "r1"),
        ),
        do("rights", "answer", "r1", "dpo"),
        do("rights", "notify-party", "r1"),
    ),
    "rights.portability": (
        (do("rights", "receive", "r1", "dpo", kind="portability"), do("rights", "acknowledge", "r1")),
        do("rights", "answer", "r1", "dpo"),
        do("rights", "refuse", "r1", "dpo"),
    ),
    "rights.extension": (
        (do("rights", "receive", "r1", "dpo"), do("rights", "acknowledge", "r1"), later(days=40)),
        do("rights", "extend", "r1", "dpo"),
        do("rights", "answer", "r1", "dpo", late_reason="Late"),
    ),
    "incident.future": (
        (),
        do("incident", "report", "i1", "iao", aware_at="2026-12-01T00:00:00+00:00"),
        do("incident", "report", "i1", "iao"),
    ),
    "incident.unnotified": (
        (
            do("incident", "report", "i1", "iao"),
            do("incident", "inform", "i1"),
            do("incident", "assess", "i1", "dpo"),
        ),
        do("incident", "close", "i1", "dpo"),
        do("incident", "notify-regulator", "i1", "dpo"),
    ),
    "incident.people-untold": (
        (
            do("incident", "report", "i1", "iao"),
            do("incident", "inform", "i1"),
            do("incident", "assess", "i1", "dpo", risk="high"),
            do("incident", "notify-regulator", "i1", "dpo"),
        ),
        do("incident", "close", "i1", "dpo"),
        do("incident", "tell-people", "i1", "dpo"),
    ),
}

WARNS: dict[str, tuple[tuple[Act, ...], Act]] = {
    "release.undocumented": (
        (request("approve", personal="no"),),
        release(agreement=None),
    ),
    "release.review-overdue": ((covered(), later(days=290)), release()),
    "screening.offence": (
        (do("screening", "open", "s2"),),
        do("screening", "decide", "s2", "dpo", criminal_offence=True),
    ),
    "rights.child": (
        (do("agreement", "record", "pupils", child_age=12),),
        do("rights", "receive", "r1", "dpo", about="pupils", for_child=True),
    ),
}


@pytest.mark.parametrize("rule", SCENES)
def test_rule_refuses_and_says_what_would_do(rule: str) -> None:
    before, breaks, mends = SCENES[rule]
    play = played(*before)
    events = list(play.events)
    with pytest.raises(Refused) as refused:
        breaks(play)
    assert rule in {finding.rule for finding in refused.value.findings}
    assert play.events == events
    mends(play)


@pytest.mark.parametrize("rule", WARNS)
def test_rule_warns_and_lets_it_pass(rule: str) -> None:
    before, act = WARNS[rule]
    play = played(*before)
    act(play)
    assert any(f"[{rule};" in warning for warning in play.events[-1].warnings + play.events[-2].warnings)


def test_every_rule_with_logic_has_a_scene() -> None:
    assert {rule.id for rule in LOGIC} == set(SCENES) | set(WARNS)


def test_messages_hold_no_answer() -> None:
    """An answer may be personal: no finding repeats one, be it refused for its value or its absence."""
    secret = "Marmaduke Featherstone"
    play = played(request("receive", aim=secret))
    with pytest.raises(Refused) as refused:
        play.act("request", "approve", "request-1", "iao", by="mallory", reasons=secret)
    assert secret not in str([str(finding) for finding in refused.value.findings]) + str(refused.value)


def test_clock_of_the_play_is_as_stated() -> None:
    assert Play().now == START


def test_amended_terms_hold_only_once_they_are_signed() -> None:
    wider = {"next_fields": ["cases.month", "cases.court", "cases.name"], "next_is_complete": True}
    play = played(do("agreement", "amend", "share", **wider))
    asks = {"fields": ["cases.name"]}
    assert play.request("early", "submit", **asks).state == "submitted"
    assert play.request("old-terms", "submit").state == "covered"
    with pytest.raises(Refused):
        play.act("agreement", "sign", "share", "iao")
    play.act("agreement", "sign", "share", "iao", signed_hash="sha256:" + "2" * 64)
    assert play.request("late", "submit", **asks).state == "covered"
    assert play.registry.cases["agreement"]["share"].get("version") == 2
