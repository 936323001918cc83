"""The learner register: no number without its check digit, none twice, none under 14; opt-outs and recipients' fields hold."""

from __future__ import annotations

import csv
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tallystick.agreement import io
from tallystick.errors import BadInput, Refused
from tallystick.linkage import identifiers
from tallystick.linkage.register import persons
from tallystick.share import register
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share

CLOCK = Clock("analyst", datetime(2026, 11, 21, 9, tzinfo=UTC))
DFE, SCHOOL, AUTHORITY = "Department for Education", "The learner's school or college", "Local authorities"
NAMES = ("Zebedee", "Quillan", "Marguerite", "Thaddeus")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tallystick import synth

    folder = tmp_path_factory.mktemp("register") / "share"
    synth.write("learner-register", folder, people=100, seed=1)
    return folder


@pytest.fixture
def share(template: Path, tmp_path: Path) -> Share:
    (tmp_path / "s").mkdir()
    shutil.copy(template / "agreement.toml", tmp_path / "s")
    return Share(tmp_path / "s")


def people(
    *rows: tuple[str, str, str, str, str], key: str = "record_id", keys: list[str] | None = None
) -> pa.Table:
    names = ("first_name", "surname", "dob", "gender", "postcode")
    ids = keys or [str(n) for n in range(len(rows))]
    return pa.table({key: ids, **{name: [row[i] for row in rows] for i, name in enumerate(names)}})


def someone(n: int = 0, dob: str = "") -> tuple[str, str, str, str, str]:
    born = dob or f"2008-{(n + 2) % 12 + 1:02d}-{(n * 5 + 3) % 28 + 1:02d}"
    return (
        NAMES[n % 4],
        ("Oxterguard", "Pellwright", "Vandersloot")[n // 4 % 3],
        born,
        "F",
        f"LS{n % 9 + 1} 4AB",
    )


@dataclass
class Desk:
    """A register in use: every act takes the next event id."""

    share: Share
    clock: Clock = CLOCK
    made: int = 0
    agreement: Any = field(init=False)

    def __post_init__(self) -> None:
        self.agreement = io.load(self.share.root)

    def event(self) -> str:
        self.made += 1
        return f"act-{self.made}"

    def issue(self, table: pa.Table, **more: Any) -> list[register.Outcome]:
        more.setdefault("entropy", Random(self.made).randbytes)
        more.setdefault("organisation", DFE)
        return register.issue(
            self.share, self.agreement, table, clock=self.clock, event_id=self.event(), **more
        )

    def find(self, table: pa.Table, organisation: str = DFE) -> list[register.Outcome]:
        return register.find(
            self.share,
            self.agreement,
            table,
            organisation=organisation,
            clock=self.clock,
            event_id=self.event(),
        )

    def keep(self, name: str) -> Any:
        return register.steward(
            self.share, self.agreement, name, organisation=DFE, clock=self.clock, event_id=self.event()
        )

    def give(self, recipient: str, ulns: list[str]) -> tuple[dict[str, pa.Table], dict[str, int]]:
        asked = pa.table({"uln": pa.array(ulns, pa.string())})
        return register.give(
            self.share, self.agreement, recipient, asked, clock=self.clock, event_id=self.event()
        )

    def change(self, uln: str, row: tuple[str, str, str, str, str]) -> dict[str, tuple[str, ...]]:
        return register.change(
            self.share, self.agreement, people(row, key="uln", keys=[uln]), organisation=DFE, clock=self.clock,
            event_id=self.event(),
        )  # fmt: skip

    def one(self, row: tuple[str, str, str, str, str]) -> str:
        uln = self.issue(people(row), looked=True)[0].uln
        assert uln
        return uln

    def audit(self) -> tuple[Any, ...]:
        with register.register(self.share, self.agreement) as learners:
            return learners.audit()


@pytest.fixture
def desk(share: Share) -> Desk:
    return Desk(share)


def test_a_person_has_one_number_for_life(desk: Desk) -> None:
    first = desk.issue(people(someone()))[0]
    again = desk.issue(people(someone()))[0]
    assert (first.status, again.status) == ("issued", "exact")
    assert first.uln == again.uln
    assert identifiers.uln(first.uln or "") == first.uln


def test_two_rows_of_one_person_in_one_batch_get_one_number(desk: Desk) -> None:
    found = desk.issue(people(someone(), someone()))
    assert [one.status for one in found] == ["issued", "exact"]
    assert found[0].uln == found[1].uln


def test_who_may_have_a_number_gets_none_until_somebody_looked(desk: Desk) -> None:
    desk.one(someone())
    moved = (*someone()[:4], "CF10 3NB")
    [held] = desk.issue(people(moved))
    assert (held.status, held.uln) == ("possible", None)
    assert held.answer is not None
    assert held.answer.candidates[0].grades == ("same", "same", "same", "same", "different")
    assert desk.issue(people(moved), looked=True)[0].status == "issued"


GIVEN, SECOND = "9276308686", "6207612468"


@pytest.mark.parametrize(
    ("before", "own", "rows", "status"),
    [
        ((), {GIVEN}, [0], "kept"),  # their own number, new to the register
        (((0, GIVEN),), {GIVEN}, [0], "kept"),  # their own, known
        (((0, GIVEN),), {GIVEN}, [1], "number in doubt"),  # somebody else's
        (((0, SECOND),), {GIVEN}, [0], "number in doubt"),  # another stands here for the same five fields
        ((), {GIVEN, SECOND}, [0], "number in doubt"),  # the records of one person give two
        (((1, GIVEN), "deleted"), {GIVEN}, [0], "number in doubt"),  # a spent number
        (((1, GIVEN),), set(), [0], "issued"),
    ],
)
def test_a_number_that_a_supply_gives_is_kept_or_left_to_decide(
    desk: Desk, before: tuple[Any, ...], own: set[str], rows: list[int], status: str
) -> None:
    def described(n: int) -> Any:
        return dict(persons(people(someone(n)), "x"))["0"]

    desk.one(someone(3))  # begins the register
    with desk.keep("enrol") as (learners, doing):
        for done in before:
            if done == "deleted":
                learners.delete(GIVEN, doing)
            else:
                learners.keep(done[1], described(done[0]), doing)
        found = register._issued(
            learners, "r", [described(n) for n in rows], desk.clock, Random(1).randbytes, doing, own=own
        )
    assert found.status == status
    assert (found.uln == GIVEN) == (status == "kept")
    assert (found.uln is None) == (status == "number in doubt")


def test_nobody_under_14_has_a_number(desk: Desk) -> None:
    day_before = people(someone(dob="2012-11-22"), someone(1, dob="2012-11-21"))
    found = desk.issue(day_before)
    assert [one.status for one in found] == ["under 14", "issued"]
    with pytest.raises(Refused, match="Refused by 1 rule"):
        desk.change(found[1].uln or "", someone(1, dob="2013-01-01"))
    assert desk.find(day_before)[0].status == "none"


@pytest.mark.parametrize("organisation", ["", "A stranger", "department for education"])
def test_only_approved_organisations_use_the_register(desk: Desk, organisation: str) -> None:
    uln = desk.one(someone())
    with pytest.raises(Refused) as refused:
        desk.find(people(someone()), organisation)
    assert refused.value.findings[0].requirement == "213"
    with (
        pytest.raises(Refused),
        register.steward(
            desk.share,
            desk.agreement,
            "delete",
            organisation=organisation or SCHOOL,
            clock=CLOCK,
            event_id="x",
        ) as (learners, doing),
    ):
        learners.delete(uln, doing)
    assert desk.find(people(someone()))[0].uln == uln


def test_another_share_has_no_register(tmp_path: Path) -> None:
    from tallystick import synth

    synth.write("moj-dfe", tmp_path / "s", people=100, seed=1)
    with pytest.raises(Refused), register.register(Share(tmp_path / "s"), io.load(tmp_path / "s")):
        pass


@pytest.mark.parametrize("number", ["1234567890", "123", "", "0000000000", "9276308687"])
def test_a_number_without_its_check_digit_is_refused_everywhere(desk: Desk, number: str) -> None:
    desk.one(someone())
    for name in ("opt", "delete", "part"):
        with pytest.raises(BadInput, match="check digit"), desk.keep(name) as (learners, doing):
            learners.opt(number, doing, out=True) if name == "opt" else getattr(learners, name)(number, doing)
    with pytest.raises(BadInput, match="check digit") as raised:
        desk.give(SCHOOL, [number])
    assert number not in str(raised.value) or len(number) < 4


# Achievements and schools as the steward holds them.


def attributes(share: Share, ulns: dict[str, str]) -> None:
    """Two records a learner in each dataset, attached to the numbers."""
    folder = share.steward / "attributes"
    folder.mkdir(parents=True)
    keys = [f"{who}-{n}" for who in ulns for n in range(2)]
    whole = {
        "supply_key": keys,
        "upn": ["B801200005001"] * len(keys),
        "school": ["S1"] * len(keys),
        "special_needs": ["EHC plan"] * len(keys),
    }
    pq.write_table(pa.table(whole), folder / "schools.parquet")
    marks = {
        "supply_key": keys,
        "opted_out": [False] * len(keys),
        "qualification": [f"Q {key}" for key in keys],
        "grade": ["7"] * len(keys),
        "awarded_on": [date(2026, 1, 1)] * len(keys),
    }
    pq.write_table(pa.table(marks), folder / "achievements.parquet")
    desk = Desk(share)
    with register.steward(share, desk.agreement, "attach", organisation=DFE, clock=CLOCK, event_id="at") as (
        learners,
        _,
    ):
        for who, uln in ulns.items():
            for source in ("schools", "achievements"):
                for n in range(2):
                    learners.attach(source, f"{who}-{n}", uln)


@pytest.fixture
def given_to(desk: Desk) -> tuple[Desk, str, str]:
    first, second = desk.one(someone()), desk.one(someone(1))
    attributes(desk.share, {"first": first, "second": second})
    return desk, first, second


def test_each_recipient_gets_its_own_fields_on_its_own_learners(given_to: tuple[Desk, str, str]) -> None:
    desk, first, second = given_to
    tables, _ = desk.give(SCHOOL, [first])
    assert {name: table.column_names for name, table in tables.items()} == {
        "achievements": ["uln", "qualification", "grade", "awarded_on"]
    }
    assert tables["achievements"]["uln"].to_pylist() == [first] * 2
    tables, _ = desk.give(AUTHORITY, [first, second])
    assert {name: table.column_names for name, table in tables.items()} == {"schools": ["uln", "school"]}
    for recipient in ("Ofsted", "NHS England", "A stranger"):
        with pytest.raises(Refused):
            desk.give(recipient, [first])


def test_a_recipient_whose_fields_name_an_identifier_gets_nothing(given_to: tuple[Desk, str, str]) -> None:
    desk, first, _ = given_to
    for wanted in ("surname", "upn"):
        recipients = tuple(
            one.model_copy(update={"fields": ("school", wanted)}) if one.name == AUTHORITY else one
            for one in desk.agreement.recipients
        )
        greedy = desk.agreement.model_copy(update={"recipients": recipients})
        with pytest.raises(Refused):
            register.give(
                desk.share, greedy, AUTHORITY, pa.table({"uln": [first]}), clock=CLOCK, event_id=f"g-{wanted}"
            )


def test_achievements_of_who_opted_out_go_to_nobody(given_to: tuple[Desk, str, str]) -> None:
    desk, first, second = given_to
    with desk.keep("opt-out") as (learners, doing):
        learners.opt(first, doing, out=True)
    tables, counts = desk.give(SCHOOL, [first, second])
    assert set(tables["achievements"]["uln"].to_pylist()) == {second}
    assert counts["withheld"] == 2
    assert set(desk.give(AUTHORITY, [first])[0]["schools"]["uln"].to_pylist()) == {
        first
    }  # the census is the law's


def test_an_opt_out_that_a_supply_tells_of_one_record_holds_for_the_learner(
    given_to: tuple[Desk, str, str],
) -> None:
    desk, first, second = given_to
    path = desk.share.steward / "attributes" / "achievements.parquet"
    held = pq.read_table(path)
    at = held.column_names.index("opted_out")
    told = pa.array([key == "first-1" for key in held["supply_key"].to_pylist()])
    pq.write_table(held.set_column(at, "opted_out", told), path)
    tables, counts = desk.give(SCHOOL, [first, second])
    assert set(tables["achievements"]["uln"].to_pylist()) == {second}
    assert counts["withheld"] == 2
    assert desk.give(AUTHORITY, [first])[0]["schools"].num_rows == 2  # the census is not withheld


def test_an_opt_out_outlives_a_merge_either_way(given_to: tuple[Desk, str, str]) -> None:
    desk, first, second = given_to
    with desk.keep("opt-out") as (learners, doing):
        learners.opt(first, doing, out=True)
    with desk.keep("merge") as (learners, doing):
        learners.merge(second, first, doing)
    assert desk.give(SCHOOL, [first, second])[0]["achievements"].num_rows == 0
    with desk.keep("part") as (learners, doing):
        learners.part(first, doing)
    assert set(desk.give(SCHOOL, [first, second])[0]["achievements"]["uln"].to_pylist()) == {second}


def test_a_deleted_learner_is_nowhere_and_the_number_is_spent(given_to: tuple[Desk, str, str]) -> None:
    desk, first, second = given_to
    with desk.keep("delete") as (learners, doing):
        learners.delete(first, doing)
    assert desk.find(people(someone()))[0].status == "none"
    _, counts = desk.give(SCHOOL, [first, second])
    assert (counts["achievements"], counts["unknown"]) == (2, 1)
    held = register.place(desk.share).read_bytes().lower()
    assert someone()[0].lower().encode() not in held
    assert someone(1)[0].lower().encode() in held
    stuck = iter([first_draw(first)] * 3 + [b"\0" * 7 + bytes([n]) for n in range(50)])
    again = desk.issue(people(someone()), entropy=lambda size: next(stuck))[0]
    assert again.status == "issued"
    assert again.uln != first


def first_draw(uln: str) -> bytes:
    """Return the random bytes that would draw this number."""
    return (int(uln[:9]) - 10**8).to_bytes(8, "big")


def test_former_names_and_postcodes_are_found_and_wrong_birth_dates_are_not(desk: Desk) -> None:
    uln = desk.one(someone())
    assert desk.change(uln, ("Zebedee", "Newname", "2008-03-14", "F", "CF10 3NB"))[uln] == (
        "surname",
        "dob",
        "postcode",
    )
    [found] = desk.find(people((*someone()[:2], "2008-03-14", "F", "LS1 4AB")))
    assert found.status == "possible"
    assert desk.find(people(("Zebedee", "Newname", "2008-03-14", "F", "CF10 3NB")))[0].uln == uln
    with sqlite3.connect(register.place(desk.share)) as db:
        assert {row[0] for row in db.execute("select dob from details")} == {"20080314"}
    db.close()


def test_no_name_or_number_is_in_the_ledger(given_to: tuple[Desk, str, str]) -> None:
    desk, first, second = given_to
    desk.change(first, ("Zebedee", "Newname", "2008-03-14", "F", "CF10 3NB"))
    desk.give(SCHOOL, [first, second])
    desk.find(people(someone(2)))
    text = desk.share.ledger.path.read_text(encoding="utf-8").lower()
    for value in (
        first,
        second,
        *map(str.lower, NAMES),
        "oxterguard",
        "newname",
        "20080304",
        "2008-03-04",
        "ls1",
    ):
        assert value not in text
    assert desk.share.ledger.verify().is_sound
    assert re.search(r'"act":"register\.give"', text)


def test_history_lists_every_act_and_look(given_to: tuple[Desk, str, str]) -> None:
    desk, first, second = given_to
    desk.find(people(someone()))
    with desk.keep("merge") as (learners, doing):
        learners.merge(second, first, doing)
    with desk.keep("history") as (learners, _):
        acts = [row["act"] for row in learners.history(first)]
    assert acts == ["issue", "looked: exact", "merge"]


def test_verify_finds_what_was_changed_by_hand(desk: Desk) -> None:
    uln = desk.one(someone())
    desk.find(people(someone()))
    assert desk.audit() == ()
    for sql in (
        "update lines set uln = '1000000009' where rowid = 1",
        "delete from lines where name like 'looked%'",
        "update acts set organisation = 'Other' where act = 1",
        "delete from acts where act = 2",
    ):
        kept = register.place(desk.share).read_bytes()
        db = sqlite3.connect(register.place(desk.share))
        db.execute(sql)
        db.commit()
        db.close()
        assert desk.audit(), sql
        register.place(desk.share).write_bytes(kept)
    assert desk.audit() == ()
    assert uln


def test_the_register_is_for_its_owner_alone(desk: Desk) -> None:
    desk.one(someone())
    assert register.place(desk.share).stat().st_mode & 0o077 == 0


def test_a_broken_register_is_bad_input(desk: Desk) -> None:
    desk.one(someone())
    register.place(desk.share).write_bytes(b"no database" * 1000)
    with pytest.raises(BadInput, match="backup"):
        desk.find(people(someone()))


# Killed, and two at once.

KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from share.test_learners import Desk, people, someone
from tallystick.ledger import Ledger
from tallystick.share.rooms import Share
when = sys.argv[2]
append = Ledger.append
def dying(self, *arguments, **named):
    if when == "after": append(self, *arguments, **named)
    os._exit(9)
Ledger.append = dying
desk = Desk(Share(Path(sys.argv[1])), made=50)
desk.issue(people(someone(5)))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_between_the_register_and_the_ledger_both_agree_after_the_next_act(
    desk: Desk, when: str
) -> None:
    desk.one(someone())
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(desk.share.root), when, str(Path(__file__).parents[1])],
        check=False,
    )
    assert ran.returncode == 9
    assert desk.find(people(someone(5)))[0].status == "exact"  # it happened, and is not done again
    assert desk.audit() == ()
    assert desk.share.ledger.verify().is_sound


TOGETHER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from share.test_learners import Desk, people, someone
from tallystick.share.rooms import Share
desk = Desk(Share(Path(sys.argv[1])), made=int(sys.argv[3]))
for n in range(8):
    print(desk.issue(people(someone(n)))[0].uln)
"""


def test_two_that_ask_at_once_get_one_number_for_one_person(desk: Desk) -> None:
    desk.one(someone(0))
    both = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                TOGETHER,
                str(desk.share.root),
                str(Path(__file__).parents[1]),
                str(start),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for start in (100, 200)
    ]
    first, second = (one.communicate(timeout=120)[0].split() for one in both)
    assert len(first) == 8
    assert first == second
    assert len(set(first) - {"None"}) == 8
    assert desk.audit() == ()


# Any order of acts.


class Register(RuleBasedStateMachine):
    """Random acts beside a plain model: number to (person, master, opted out)."""

    root: Callable[[], Path]

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(Share(type(self).root()))
        self.numbers: dict[str, int] = {}  # live or merged number: whose it is
        self.leads: dict[str, str] = {}
        self.out: set[str] = set()
        self.spent: set[str] = set()

    @rule(who=st.integers(0, 11), looked=st.booleans())
    def issue(self, who: int, looked: bool) -> None:
        alone = {self.leads[uln] for uln, owner in self.numbers.items() if owner == who}
        [found] = self.desk.issue(
            people(someone(who)), looked=looked, entropy=Random(self.desk.made).randbytes
        )
        if found.status == "issued":
            assert found.uln
            assert found.uln not in self.spent | set(self.numbers)
            assert not alone
            self.numbers[found.uln], self.leads[found.uln] = who, found.uln
        elif found.uln:
            assert alone == {found.uln}
        else:
            assert len(alone) != 1

    @precondition(lambda self: len(self.numbers) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        keep, gone = (data.draw(st.sampled_from(sorted(self.numbers))) for _ in range(2))
        if self.leads[keep] == self.leads[gone]:
            with pytest.raises(BadInput), self.desk.keep("merge") as (learners, doing):
                learners.merge(keep, gone, doing)
            return
        with self.desk.keep("merge") as (learners, doing):
            learners.merge(keep, gone, doing)
        lead, old = self.leads[keep], self.leads[gone]
        self.leads = {uln: lead if one == old else one for uln, one in self.leads.items()}

    @precondition(lambda self: any(uln != lead for uln, lead in self.leads.items()))
    @rule(data=st.data())
    def part(self, data: st.DataObject) -> None:
        uln = data.draw(st.sampled_from(sorted(u for u, lead in self.leads.items() if u != lead)))
        with self.desk.keep("part") as (learners, doing):
            learners.part(uln, doing)
        self.leads[uln] = uln

    @precondition(lambda self: self.numbers)
    @rule(data=st.data(), out=st.booleans())
    def opt(self, data: st.DataObject, out: bool) -> None:
        uln = data.draw(st.sampled_from(sorted(self.numbers)))
        with self.desk.keep("opt") as (learners, doing):
            learners.opt(uln, doing, out=out)
        group = {u for u, lead in self.leads.items() if lead == self.leads[uln]}
        self.out = self.out | group if out else self.out - group

    @precondition(lambda self: self.numbers)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        uln = data.draw(st.sampled_from(sorted(self.numbers)))
        with self.desk.keep("delete") as (learners, doing):
            learners.delete(uln, doing)
        for gone in [u for u, lead in self.leads.items() if lead == self.leads[uln]]:
            if gone != uln:
                del self.numbers[gone], self.leads[gone]
                self.out.discard(gone)
                self.spent.add(gone)
        del self.numbers[uln], self.leads[uln]
        self.out.discard(uln)
        self.spent.add(uln)

    @invariant()
    def counts_are_the_models(self) -> None:
        if not register.place(self.desk.share).exists():
            return
        with register.register(self.desk.share, self.desk.agreement) as learners:
            counts = learners.counts()
            for uln, lead in self.leads.items():
                assert learners.master(uln) == lead
        merged = sum(uln != lead for uln, lead in self.leads.items())
        assert counts["live"] + counts["merged"] == len(self.numbers)
        assert (counts["merged"], counts["deleted"]) == (merged, len(self.spent))
        assert counts["opted_out"] == len({self.leads[uln] for uln in self.out})

    def teardown(self) -> None:
        if register.place(self.desk.share).exists():
            assert self.desk.audit() == ()


def test_any_order_of_acts_keeps_the_register_sound(template: Path, tmp_path: Path) -> None:
    turns = iter(range(10**6))

    def fresh() -> Path:
        folder = tmp_path / str(next(turns))
        folder.mkdir()
        shutil.copy(template / "agreement.toml", folder)
        return folder

    class Fresh(Register):
        root = staticmethod(fresh)

    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Fresh,
        settings=settings(
            max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


# Through the command line, from the supplies on.


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    from tallystick.cli.main import run

    folder = tmp_path_factory.mktemp("enrol") / "s"
    assert run(["synth", "learner-register", str(folder), "--people", "150", "--seed", "3"]) == 0
    assert run(["run", str(folder)]) == 0
    return folder


@pytest.mark.slow
def test_a_share_is_enrolled_looked_up_and_given(
    linked: Path, tally: Callable[..., Any], tmp_path: Path
) -> None:
    wrong = ("--organisation", DFE, "-o", tmp_path / "x.csv")
    assert tally("register", "learner", "find", linked / "agreement.toml", linked, *wrong).code == 2
    enrolled = tally("register", "learner", "enrol", linked)
    assert enrolled.code == 0, enrolled.err
    with register.register(Share(linked), io.load(linked)) as learners:
        numbers = {uln for _, _, uln, _ in learners.records()}
    supplied = [
        row["uln"]
        for row in csv.DictReader(
            (linked / "supplies" / "schools.csv").read_text(encoding="utf-8").splitlines()
        )
        if identifiers.uln(row["uln"] or "")
    ]
    assert len(supplied) > 50
    assert len(numbers & set(supplied)) >= 0.95 * len(set(supplied))  # the others are children, or in doubt
    again = tally("register", "learner", "enrol", linked)
    assert "issued" not in again.out
    with register.register(Share(linked), io.load(linked)) as learners:
        records = learners.records()
    persons = pq.read_table(linked / "rooms/linker/persons.parquet")
    by_person: dict[str, set[str]] = {}
    numbers = {(source, key): uln for source, key, uln, _ in records}
    for source, key, person in zip(
        *(persons[c].to_pylist() for c in ("source", "supply_key", "person_id")), strict=True
    ):
        if (source, key) in numbers:
            by_person.setdefault(person, set()).add(numbers[source, key])
    assert all(len(ulns) == 1 for ulns in by_person.values())
    some = sorted({uln for _, _, uln, _ in records})[:5]
    (tmp_path / "ours.csv").write_text("uln\n" + "\n".join(some) + "\n", encoding="utf-8")
    given = tally(
        "register",
        "learner",
        "give",
        SCHOOL,
        linked,
        "--learners",
        tmp_path / "ours.csv",
        "-o",
        tmp_path / "out",
    )
    assert given.code == 0, given.err
    header, *rows = (tmp_path / "out" / "achievements.csv").read_text(encoding="utf-8").splitlines()
    assert header == "uln,qualification,grade,awarded_on"
    assert {row[:10] for row in rows} <= set(some)
    assert tally("register", "learner", "verify", linked).code == 0
    assert tally("ledger", "audit", linked).code == 0
    assert tally("register", "learner", "delete", some[0], linked, "--organisation", DFE).code == 0
    assert tally("register", "learner", "opt-out", some[0], linked, "--organisation", DFE).code == 2
