"""Random histories: whatever the order of events, nothing is released, disposed of or closed without what its rules demand.

The oracle reads nothing but the list of events, by slow and obvious code of its own.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tallystick.errors import BadInput, Refused
from tallystick.governance.cases import EMPTY, Event, evolve, fold
from tallystick.governance.specimens import Play
from tallystick.governance.tables.processes import NEW, PROCESSES

ORGANISATIONS = ("Ministry of Justice", "HMCTS")
PEOPLE = ("iao.person", "dpo.person", "siro.person", "ann.analyst", "mallory")
SETTINGS = settings(
    max_examples=20,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

TWISTS: dict[str, list[dict[str, Any]]] = {
    # answers that change the course of things
    "request": [
        {},
        {},
        {"third_parties": ["board"]},
        {"purpose": "research"},
        {"personal": "no"},
        {"ad_hoc": True},
        {"to": ["eve"]},
        {"datasets": ["cases", "hearings"], "third_parties": ["board"]},
        {"released_for": "research"},
    ],
    "agreement": [
        {},
        {"next_fields": ["cases.name"]},
        {"is_complete": False},
        {"purpose": "research"},
        {"signed_hash": "sha256:" + "2" * 64},
    ],
    "screening": [
        {},
        {},
        {"triggers": ["genetic"], "outcome": "full"},
        {"about": "request-1"},
        {"about": "request-2"},
    ],
    "dpia": [{}, {}, {"residual": "high"}],
    "dispute": [{}, {"about": "request-1"}],
    "holding": [
        {},
        {},
        {"what": "aggregate"},
        {"what": "individual-level"},
        {"place": "secure network"},
        {"found_in": ["inbox"]},
    ],
    "incident": [
        {},
        {"risk": "high"},
        {"risk": "unlikely"},
        {"regime": "part-3"},
        {"regime": "not-personal"},
    ],
    "rights": [
        {},
        {"kind": "foi", "own_information": False, "shared": True},
        {"kind": "foi"},
        {"linked": True},
        {"kind": "portability"},
    ],
    "transfer": [{}, {"route": "other"}],
}


NEXT = {
    NEW: "draft",
    "draft": "submit",
    "returned": "submit",
    "submitted": "receive",
    "under-review": "approve",
    "approved": "release",
    "covered": "release",
    "released": "release",
}
KEPT = ("third_parties", "datasets", "personal", "ad_hoc", "purpose")


class History(RuleBasedStateMachine):
    """Acts at random on the cases of some processes: mostly acts that the state allows, by people who may or may not."""

    processes: tuple[str, ...] = ()
    subjects = ("1", "2", "3")

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.turns = 0

    def chance(self, seed: int) -> Random:
        """Return chance for one turn; the seeds that are drawn are often small and alike, so turn and time go in too."""
        self.turns += 1
        return Random(f"{seed} {self.turns} {self.play.now}")

    @initialize()
    def begin(self) -> None:
        for organisation in ORGANISATIONS:
            for office in ("iao", "dpo", "siro"):
                self.play.appoint(organisation, office)
        self.play.appoint("Ministry of Justice", "researcher", "ann.analyst")
        self.play.act("asset", "register", "cases", "iao")
        self.play.act("asset", "register", "hearings", "iao", owner="HMCTS")

    @rule(seed=st.integers(0, 2**32))
    def act(self, seed: int) -> None:
        """Do some acts: mostly ones that the state allows, by who may; now and then not."""
        chance = self.chance(seed)
        for _ in range(6):
            self.act_once(chance)

    def act_once(self, chance: Random) -> None:
        name = chance.choice(self.processes)
        process = PROCESSES[name]
        subject = self.subject(name, chance.choice(self.subjects))
        case = self.play.registry.find(name, subject)
        allowed = list(process.table[case.state if case else NEW])
        act = chance.choice(allowed if allowed and chance.random() < 0.9 else process.acts)
        role = chance.choice(sorted(process.may[act]) if chance.random() < 0.95 else ["lead", "requester"])
        by = f"{role}.person" if chance.random() < 0.9 else chance.choice(PEOPLE)
        if name == "request" and role == "requester":
            by = "ann.analyst"
        organisation = chance.choices(ORGANISATIONS, (8, 2))[0]
        twist = chance.choice(TWISTS.get(name, [{}])) if chance.random() < 0.5 else {}
        self.attempt(name, act, subject, role, by, organisation=organisation, **twist)

    def subject(self, name: str, number: str) -> str:
        return "share" if name == "agreement" and number == "1" else f"{name}-{number}"

    @rule(days=st.sampled_from([1, 7, 20, 90]))
    def wait(self, days: int) -> None:
        self.play.now += timedelta(days=days)

    def attempt(self, *arguments: Any, **changes: Any) -> None:
        known = len(self.play.events)
        try:
            self.play.act(*arguments, **changes)
        except (Refused, BadInput):
            assert len(self.play.events) == known, "a refused act left events"
            return
        for event in self.play.events[known:]:
            self.judge(event, self.play.events[: self.play.events.index(event)])

    def judge(self, event: Event, before: list[Event]) -> None:
        """Assert what must hold of an event, given those before it."""

    @invariant()
    def states_are_of_the_table(self) -> None:
        for name, cases in self.play.registry.cases.items():
            assert all(case.state in PROCESSES[name].states for case in cases.values())

    def teardown(self) -> None:
        registry = EMPTY
        for event in self.play.events:
            registry = evolve(registry, Event.model_validate_json(event.model_dump_json()))
        assert registry.cases == self.play.registry.cases, "events read back give another state"
        assert fold(self.play.events).cases == registry.cases


def of(events: list[Event], process: str, subject: str = "") -> list[Event]:
    return [event for event in events if event.process == process and subject in ("", event.subject)]


def latest(events: list[Event], key: str) -> Any:
    return next(
        (event.answers[key] for event in reversed(events) if event.answers.get(key) is not None), None
    )


class Releases(History):
    """Requests, agreements, papers, offices and disputes: no path reaches a release without what it needs."""

    processes = (
        "request",
        "request",
        "request",
        "agreement",
        "agreement",
        "screening",
        "dpia",
        "eia",
        "notice",
        "dispute",
    )

    @initialize(seed=st.integers(0, 2**32))
    def put_in_order(self, seed: int) -> None:
        """Make the agreement and its papers, as an honest person would, but for what is left out."""
        chance = self.chance(seed)
        for process, act, role in (
            ("agreement", "record", "iao"),
            ("agreement", "sign", "iao"),
            ("screening", "open", "dpo"),
            ("screening", "decide", "dpo"),
            ("eia", "open", "iao"),
            ("eia", "complete", "iao"),
            ("notice", "open", "dpo"),
            ("notice", "publish", "dpo"),
        ):
            if chance.random() < 0.95:
                twist = chance.choice(TWISTS.get(process, [{}])) if chance.random() < 0.1 else {}
                self.attempt(process, act, self.subject(process, "1"), role, **twist)
        for number in self.subjects:
            self.attempt("screening", "open", f"screening-r{number}", "dpo")
            self.attempt("screening", "decide", f"screening-r{number}", "dpo", about=f"request-{number}")

    @rule(seed=st.integers(0, 2**32))
    def go_on(self, seed: int) -> None:
        """Do what requests wait for, some steps on, as an honest person would, or nearly."""
        chance = self.chance(seed)
        for number in (*self.subjects, f"new-{self.turns}"):
            self.go_on_with(f"request-{number}", chance)

    def go_on_with(self, subject: str, chance: Random) -> None:
        """Do what one request waits for."""
        for _ in range(5):
            case = self.play.registry.find("request", subject)
            step = NEXT.get(case.state if case else NEW)
            if step is None:
                return
            role = {"receive": "data-access-team", "approve": "iao", "release": "data-access-team"}.get(
                step, "requester"
            )
            by = "ann.analyst" if role == "requester" else f"{role}.person"
            keep = {key: case.get(key) for key in KEPT} if case and step == "submit" else {}
            twist = {key: value for key, value in keep.items() if value is not None}
            if step == "draft" and chance.random() < 0.5:
                twist = {"third_parties": ["board"]}
            elif step != "submit" and chance.random() < 0.3:
                twist = chance.choice(TWISTS["request"])
            if chance.random() < 0.1:
                by = chance.choice(PEOPLE)
            self.attempt("request", step, subject, role, by, **twist)

    def judge(self, event: Event, before: list[Event]) -> None:
        if (event.process, event.act) != ("request", "release"):
            return
        mine = of(before, "request", event.subject)
        asked = {key: latest(mine, key) for key in ("datasets", "fields", "recipients", "third_parties", "personal", "ad_hoc",
                                                    "purpose")}  # fmt: skip
        personal = asked["personal"] in ("yes", "pseudonymised")
        assert set(event.answers["to"]) <= {*asked["recipients"], *(asked["third_parties"] or ())}
        assert event.answers["released_for"] == asked["purpose"]
        self.judge_approval(event, mine, before, asked)
        agreement = event.answers.get("agreement") or latest(mine, "agreement")
        if not asked["ad_hoc"] and (personal or agreement):
            self.judge_agreement(str(agreement), asked, event.at.date(), before, personal)
        names = {event.subject, agreement}
        if personal:
            screenings = [
                e
                for e in of(before, "screening")
                if latest(of(before, "screening", e.subject), "about") in names
            ]
            decided = {e.subject: e.state for e in screenings}
            assert decided
            assert "open" not in decided.values()
            if "full-needed" in decided.values():
                assert any(
                    latest(of(before, "dpia", e.subject), "about") in names
                    and of(before, "dpia", e.subject)[-1].state == "approved"
                    for e in of(before, "dpia")
                )
            assert any(e.state == "published" for e in of(before, "notice"))
            assert asked["ad_hoc"] or any(e.state == "complete" for e in of(before, "eia"))
        for dispute in {e.subject for e in of(before, "dispute")}:
            if latest(of(before, "dispute", dispute), "about") in names:
                assert of(before, "dispute", dispute)[-1].state in ("resolved-with-conditions", "closed")

    def judge_approval(
        self, event: Event, mine: list[Event], before: list[Event], asked: dict[str, Any]
    ) -> None:
        submits = [index for index, e in enumerate(mine) if e.act == "submit"]
        since = mine[submits[-1] :]
        if since[0].state == "covered":
            return
        drafters = {e.by for e in mine if e.act in ("draft", "answer", "submit")}
        approvals = [e for e in since if e.act == "approve"]
        owners = {"cases": "Ministry of Justice", "hearings": "HMCTS"}
        if asked["purpose"] != "research":
            assert {e.organisation for e in approvals} >= {owners[name] for name in asked["datasets"]}
        for approval in approvals:
            assert approval.by not in drafters
            held = [e for e in before if e.process == "office" and e.answers.get("person") == approval.by]
            assert any(
                e.answers.get("office") == approval.role and e.answers.get("body") == approval.organisation
                for e in held
            )

    def judge_agreement(
        self, agreement: str, asked: dict[str, Any], on: date, before: list[Event], personal: bool
    ) -> None:
        life = of(before, "agreement", agreement)
        assert life[-1].state in ("in-force", "being-amended")
        terms: dict[str, Any] = {}
        draft: dict[str, Any] = {}
        for event in life:
            draft.update({key.removeprefix("next_"): value for key, value in event.answers.items()})
            if event.act == "sign" and event.state == "in-force":
                assert event.answers["signed_hash"] == draft["document_hash"]
                assert draft["is_complete"] is True
                terms = dict(draft)
        assert terms, "nobody signed it"
        assert terms["purpose"] == asked["purpose"]
        assert terms["starts"] <= on.isoformat() <= terms["ends"]
        assert set(asked["datasets"]) <= set(terms["datasets"])
        if personal:
            assert set(asked["fields"]) <= set(terms["fields"])

    @invariant()
    def every_release_has_a_line_in_the_schedule(self) -> None:
        releases = [e for e in self.play.events if (e.process, e.act) == ("request", "release")]
        held = [e for e in self.play.events if (e.process, e.act) == ("holding", "hold")]
        assert len(held) == len(releases)
        assert all(e.answers["until"] and e.answers["locations"] for e in held)


class Holdings(History):
    """Copies of data: nothing counts as disposed before each place is, with evidence; nothing is kept on by silence."""

    processes = ("holding",)

    def judge(self, event: Event, before: list[Event]) -> None:
        if event.process != "holding":
            assert event.process == "incident"
            return
        mine = [*of(before, "holding", event.subject), event]
        places = set(latest(mine, "locations"))
        cleared = {e.answers["place"] for e in mine if e.act == "dispose"}
        assert (event.state == "disposed") == (places <= cleared)
        assert all(e.answers["evidence"] for e in mine if e.act == "dispose")
        if event.act == "agree" and event.state == "held":
            asked = max(index for index, e in enumerate(mine) if e.act == "ask-extension")
            agreed = {e.organisation for e in mine[asked:] if e.act == "agree"}
            assert agreed >= set(latest(mine, "parties"))

    @invariant()
    def what_an_audit_finds_after_deletion_is_an_incident(self) -> None:
        for index, event in enumerate(self.play.events):
            if (event.process, event.act) == ("holding", "audit") and event.answers.get("found_in"):
                gone = {
                    e.answers["place"]
                    for e in of(self.play.events[:index], "holding", event.subject)
                    if e.act == "dispose"
                }
                if gone & set(event.answers["found_in"]):
                    assert self.play.events[index + 1].answers["kind"] == "kept-after-deletion"


class Duties(History):
    """Incidents, rights, complaints, transfers: none ends with somebody untold."""

    processes = ("incident", "rights", "complaint", "transfer")

    def judge(self, event: Event, before: list[Event]) -> None:
        mine = [*of(before, event.process, event.subject), event]
        acts = {e.act for e in mine}
        if event.process == "incident" and event.state == "closed":
            assert {"inform", "assess"} <= acts
            if latest(mine, "regime") != "not-personal":
                assert latest(mine, "risk") == "unlikely" or "notify-regulator" in acts
                assert latest(mine, "risk") != "high" or "tell-people" in acts
        if (event.process, event.act) == ("rights", "answer"):
            typed_again = any(e.state == "retyped" for e in mine)
            kind = mine[0].answers["kind"]
            assert kind != "portability"
            assert not (latest(mine, "linked") and (kind != "foi" or typed_again))
            if kind == "foi" and not typed_again and latest(mine, "shared"):
                assert "notify-party" in acts
        if event.process == "transfer":
            if mine[0].answers["route"] == "other":
                assert event.state == "purged"
                assert mine[0].answers["sender_told"] is True
            if event.state == "secured":
                assert latest(mine, "original_deleted") is True
                assert latest(mine, "receipt_confirmed") is True


TestReleases = Releases.TestCase
TestReleases.settings = SETTINGS
TestHoldings = Holdings.TestCase
TestHoldings.settings = SETTINGS
TestDuties = Duties.TestCase
TestDuties.settings = SETTINGS
