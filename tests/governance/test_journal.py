"""Events in a file: one writer, each act whole or not at all, each with its entry in the ledger."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tallystick.agreement.io import parse_file
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Refused
from tallystick.governance.cases import Command
from tallystick.governance.declared import from_ledger
from tallystick.governance.journal import Journal
from tallystick.governance.specimens import START, Play


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


def report(number: int) -> Command:
    return (
        Play()
        .command("incident", "report", f"i{number}", "iao")
        .model_copy(update={"event_id": f"report-{number}"})
    )


def released(journal: Journal) -> Play:
    """Write a whole history, a release with its holding at the end, act by act."""
    play = Play().set_up()
    play.request()
    play.act("screening", "reopen", "screening-1", "dpo")
    for command in play.commands:
        journal.act(command)
    return play


def test_history_read_back_is_the_same(journal: Journal) -> None:
    play = released(journal)
    assert journal.registry().cases.keys() == play.registry.cases.keys()
    assert [event.event_id for event in journal.events()] == [event.event_id for event in play.events]
    assert journal.registry().cases["request"]["request-1"].state == "released"


def test_every_event_has_its_entry_in_a_whole_ledger(journal: Journal) -> None:
    released(journal)
    entered = {entry.event_id for entry in journal.ledger.entries()}
    assert entered == {f"governance/{event.event_id}" for event in journal.events()}
    assert journal.ledger.verify().is_sound


def test_ledger_holds_no_answer(journal: Journal) -> None:
    released(journal)
    assert b"Specimen" in journal.path.read_bytes()
    assert b"Specimen" not in journal.ledger.path.read_bytes()


def test_same_act_twice_is_done_once(journal: Journal) -> None:
    journal.act(report(1))
    events, registry = journal.act(report(1))
    assert events == ()
    assert registry.cases["incident"]["i1"].state == "reported"
    assert len(journal.events()) == 1


def test_event_id_of_another_act_is_bad_input(journal: Journal) -> None:
    journal.act(report(1))
    with pytest.raises(BadInput, match="another act"):
        journal.act(report(2).model_copy(update={"event_id": "report-1"}))


def test_refusal_writes_nothing(journal: Journal) -> None:
    journal.act(report(1))
    before = journal.path.read_bytes()
    with pytest.raises(Refused):
        journal.act(report(1).model_copy(update={"event_id": "e9"}))
    assert journal.path.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 40, 2000])
def test_act_cut_off_never_happened_and_the_next_goes_on(journal: Journal, cut: int) -> None:
    released(journal)
    whole = journal.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    release = next(index for index, line in enumerate(lines) if b'"act":"release"' in line)
    torn = b"".join(lines[: release + 1]) + lines[release + 1][:-cut]
    journal.path.write_bytes(torn)
    assert [event.act for event in journal.events()][-1] != "release", "half an act counts as none"
    journal.act(report(1))
    assert journal.registry().cases["incident"]["i1"].state == "reported"
    assert journal.path.read_bytes().startswith(b"".join(lines[:release]))


def test_act_killed_before_its_ledger_entry_is_entered_by_the_next(journal: Journal) -> None:
    journal.act(report(1))
    line = Play().act("incident", "report", "i2", "iao")
    event = line.history[0].model_copy(update={"event_id": "killed"})
    with journal.path.open("ab") as file:
        file.write(event.model_dump_json().encode() + b"\n")
    journal.act(report(3))
    assert journal.ledger.find("governance/killed") is not None


def test_ledger_that_somebody_cut_takes_no_act(journal: Journal) -> None:
    journal.act(report(1))
    journal.act(report(2))
    entries = journal.ledger.path.read_bytes().splitlines(keepends=True)
    journal.ledger.path.write_bytes(entries[0])
    journal.path.write_bytes(journal.path.read_bytes().splitlines(keepends=True)[0])
    before = journal.path.read_bytes()
    with pytest.raises(BadInput, match="disagree"):
        journal.act(report(3))
    assert journal.path.read_bytes() == before


def test_audit_finds_what_was_changed_dropped_or_added_by_hand(journal: Journal) -> None:
    for number in (1, 2):
        journal.act(report(number))
    assert journal.audit() == ()
    one, two = journal.path.read_bytes().splitlines(keepends=True)
    for text, what in (
        (one + two.replace(b"Specimen: what", b"Nothing happened"), "changed"),
        (one, "gone"),
        (one + two + two.replace(b"report-2", b"report-3"), "no entry"),
    ):
        journal.path.write_bytes(text)
        assert [what in finding.message for finding in journal.audit()] == [True]


def test_broken_line_is_named(journal: Journal) -> None:
    journal.act(report(1))
    with journal.path.open("ab") as file:
        file.write(b'{"who": "Marmaduke"}\n')
    with pytest.raises(BadInput, match="line 2") as bad:
        journal.events()
    assert "Marmaduke" not in str(bad.value)


WRITER = """
import sys
from pathlib import Path
from tallystick.governance.journal import Journal
from tallystick.governance.specimens import Play
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 10):
    command = Play().command("incident", "report", f"i{number}", "iao")
    Journal(Path(sys.argv[1])).act(command.model_copy(update={"event_id": f"e{number}"}))
"""


def test_two_writers_take_turns(journal: Journal) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, journal.root, start]) for start in ("0", "100")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(journal.events()) == 20
    assert journal.ledger.verify().is_sound


def test_declared_case_goes_on_by_events(journal: Journal, tmp_path: Path) -> None:
    play = Play().set_up()
    declared = tuple(case for rows in play.registry.cases.values() for case in rows.values())
    suspend = play.command("agreement", "suspend", "share", "iao")
    _, registry = journal.act(suspend, lambda: declared)
    assert registry.cases["agreement"]["share"].state == "suspended"
    again = journal.registry(declared).cases["agreement"]["share"]
    assert again.state == "suspended"
    assert again.get("purpose") == "performance"
    assert suspend.at > START


def test_share_declares_its_files_from_its_ledger(journal: Journal) -> None:
    template = Path(__file__).parents[2] / "src/tallystick/agreement/templates/moj-dfe.toml"
    agreement = parse_file(template, Agreement)
    project = Project(id="study", keep_extract_until=date(2027, 1, 1))
    names = (
        "supplies/justice.csv",
        "rooms/linker/persons.parquet",
        "rooms/projects/study/extract/a.parquet",
        "reports/x.html",
    )
    written = [{"path": name, "sha256": "", "bytes": 1} for name in names]
    journal.ledger.append(
        "supply", "justice", {"files": written}, actor="Ann Other", at=START, event_id="supply:1/x"
    )
    order = {"certificates": [{"path": names[0], "key": ""}]}
    journal.ledger.append("destroy", "justice", order, actor="Ann Other", at=START, event_id="destroy:1/x")
    found = {
        case.get("locations")[0]: case
        for case in from_ledger(journal.entries_of_files(), agreement, [project])
    }
    assert set(found) == set(names[:3])
    assert {name: case.state for name, case in found.items()} == {
        names[0]: "disposed",
        names[1]: "held",
        names[2]: "held",
    }
    assert found[names[0]].get("until") == "2026-03-02"
    assert found[names[1]].get("until") == "2029-03-02"
    assert found[names[2]].get("until") == "2027-01-01"
