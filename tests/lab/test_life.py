"""The life of an analysis as a state machine, against what must never happen; and on a share with its certificates."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tallystick.cli.main import run
from tallystick.errors import Refused
from tallystick.lab.life import (
    AFTER,
    EVENTS,
    Event,
    Life,
    apply,
    destruction_due,
    month_after,
    publication_day,
)


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.life = Life(review_weeks=3)
        self.day = date(2024, 1, 1)

    @rule(event=st.sampled_from(EVENTS), days=st.integers(0, 120))
    def happens(self, event: Event, days: int) -> None:
        self.day += timedelta(days=days)
        before = self.life
        try:
            self.life = apply(before, event, self.day)
        except Refused:
            too_soon = (event == "publish" and before.state == "in review") or (
                event == "destroy" and before.state == "published"
            )
            assert before.state not in AFTER[event] or too_soon
        else:
            assert before.state in AFTER[event]
            assert self.life.history[-1] == (event, self.day)

    @rule(event=st.sampled_from(EVENTS))
    def never_backwards(self, event: Event) -> None:
        if self.life.history:
            with pytest.raises(Refused):
                apply(self.life, event, self.life.history[-1][1] - timedelta(days=1))

    @invariant()
    def holds(self) -> None:
        done = [event for event, _ in self.life.history]
        days = dict(self.life.history)
        if "publish" in done:
            sent = max(
                on
                for at, (event, on) in enumerate(self.life.history)
                if event == "send" and at < done.index("publish")
            )
            assert days["publish"] >= sent + timedelta(weeks=3)
            assert "withdraw" not in done
        if "destroy" in done:
            assert done.count("destroy") == 1
            assert ("publish" in done) != ("withdraw" in done)
            if "publish" in done:
                assert days["destroy"] >= month_after(days["publish"])
        assert self.life.keeps_pseudonymised == ("opt-out" not in done)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_publication_is_on_the_next_quarterly_thursday(day: date) -> None:
    found = publication_day(day)
    slow = day + timedelta(days=1)
    while not (slow.month in (1, 4, 7, 10) and slow.weekday() == 3 and 8 <= slow.day <= 14):
        slow += timedelta(days=1)
    assert found == slow


def test_a_month_is_a_month() -> None:
    assert month_after(date(2024, 1, 31)) == date(2024, 2, 29)
    assert month_after(date(2023, 12, 15)) == date(2024, 1, 15)


def test_a_whole_life() -> None:
    life = Life()
    for event, on in (("receive", date(2024, 1, 2)), ("begin", date(2024, 1, 3)), ("send", date(2024, 3, 1))):
        life = apply(life, event, on)  # type: ignore[arg-type]
    assert life.publishes_on == date(2024, 4, 11)
    life = apply(life, "publish", date(2024, 4, 11))
    assert destruction_due(life) == date(2024, 5, 11)
    assert apply(life, "correct", date(2024, 4, 20)).version == 2


@pytest.mark.slow
def test_on_a_share(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "share"
    assert run(["synth", "justice-data-lab", str(folder), "--people", "4000", "--seed", "5"]) == 0
    request = folder / "request.toml"
    request.write_text(
        'id = "a"\ntitle = "t"\nprogramme = "p"\nassured_by = "A. Name"\nmethods = ["radius"]\nruns = ["national"]\n'
    )
    assert run(["lab", "evaluate", str(request)]) == 0

    def life(event: str, on: str, *more: str) -> int:
        capsys.readouterr()
        return run(["lab", "life", str(request), event, "--on", on, "--actor", "me", "--json", *more])

    assert life("begin", "2026-12-01") == 1
    for event, on in (
        ("receive", "2026-12-01"),
        ("begin", "2026-12-02"),
        ("send", "2026-12-03"),
        ("opt-out", "2026-12-04"),
    ):
        assert life(event, on) == 0
    # A report that was sent is made again only after a correction, which destroys it and is told in the next.
    assert run(["lab", "evaluate", str(request)]) == 1
    assert "was sent" in capsys.readouterr().err
    assert life("correct", "2026-12-05") == 2
    assert life("correct", "2026-12-05", "--reason", "two areas were swapped") == 0
    assert len(json.loads(capsys.readouterr().out)["certificates"]) == 7
    assert not (folder / "reports/lab/a/report.html").exists()
    assert run(["lab", "evaluate", str(request)]) == 0
    assert "two areas were swapped" in (folder / "reports/lab/a/report.html").read_text()
    assert json.loads((folder / "reports/lab/a/summary.json").read_text())["version"] == 2
    assert life("publish", "2026-12-20") == 1
    assert life("publish", "2027-01-14") == 0
    assert life("destroy", "2027-02-13") == 1
    assert life("destroy", "2027-02-14") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["state"] == "destroyed"
    assert {one["path"] for one in said["certificates"]} >= {
        "rooms/steward/attributes/cohort.parquet", "rooms/steward/persons.parquet", "rooms/supplier-cohort/keys.parquet",
    }  # fmt: skip
    assert not (folder / "rooms/steward/persons.parquet").exists()
    assert (folder / "reports/lab/a/report.html").exists()
    assert "rooms/steward/persons.parquet" in (folder / "reports/lab/a/certificate.html").read_text()
    assert run(["ledger", "audit", str(folder)]) == 0
    assert run(["ledger", "verify", str(folder)]) == 0
    assert run(["lab", "life", str(request), "--json"]) == 0
    assert run(["lab", "life", str(request), "dance"]) == 2


def test_a_withdrawn_cohort_goes_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "share"
    assert run(["synth", "justice-data-lab", str(folder), "--people", "2000", "--seed", "5"]) == 0
    request = folder / "request.toml"
    request.write_text('id = "a"\ntitle = "t"\nprogramme = "p"\n')
    assert run(["supply", str(folder)]) == 0
    assert run(["lab", "life", str(request), "receive"]) == 0
    assert run(["lab", "life", str(request), "withdraw"]) == 0
    assert run(["lab", "life", str(request), "destroy"]) == 0
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert not {
        path
        for path in left
        if "cohort" in path
        and not path.startswith("truth")
        and path.endswith((".csv", ".age", ".parquet", ".key"))
    }
    assert run(["lab", "evaluate", str(request), "--assured-by", "A. Name, data protection officer"]) == 1
    assert "is destroyed" in capsys.readouterr().err
