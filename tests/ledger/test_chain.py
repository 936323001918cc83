"""The ledger finds every kind of tampering, and takes an interruption for what it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tallystick.errors import BadInput
from tallystick.ledger import Ledger
from tallystick.ledger.chain import GENESIS

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def ledger_in(folder: Path) -> Ledger:
    return Ledger(folder / "ledger.jsonl", folder / "ledger.head")


def write(ledger: Ledger, count: int) -> None:
    for i in range(count):
        ledger.append("supply", f"dataset {i}", {"rows": i}, actor="linker", at=NOON, event_id=f"e{i}")


def test_append_chains_each_entry_to_the_one_before(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, 3)
    entries = list(ledger.entries())
    assert [e.seq for e in entries] == [1, 2, 3]
    assert [e.previous for e in entries] == [GENESIS, entries[0].hash, entries[1].hash]
    verdict = ledger.verify()
    assert verdict.is_sound
    assert (verdict.entries, verdict.head) == (3, entries[-1].hash)
    assert (tmp_path / "ledger.head").stat().st_mode & 0o777 == 0o600


def test_append_same_event_twice_writes_it_once(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    first = ledger.append("link", "a", {"links": 2}, actor="linker", at=NOON, event_id="x")
    again = ledger.append("link", "a", {"links": 3}, actor="linker", at=NOON, event_id="x")
    assert again == first
    assert ledger.verify().entries == 1


def test_append_needs_a_time_zone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        ledger_in(tmp_path).append("a", "b", {}, actor="c", at=datetime(2026, 1, 1), event_id="x")  # noqa: DTZ001


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_verify_finds_any_changed_dropped_moved_or_cut_entry(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    ledger = ledger_in(tmp_path_factory.mktemp("ledger"))
    write(ledger, 6)
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    attack = data.draw(st.sampled_from(["change", "drop", "swap", "cut", "insert", "rewrite"]))
    at = data.draw(st.integers(0, 5))
    if attack == "change":
        position = data.draw(st.integers(0, len(lines[at]) - 2))
        old = lines[at][position]
        new = data.draw(st.integers(32, 126).filter(lambda c: c != old))
        lines[at] = lines[at][:position] + bytes([new]) + lines[at][position + 1 :]
    elif attack == "drop":
        del lines[at]
    elif attack == "swap":
        other = data.draw(st.integers(0, 5).filter(lambda i: i != at))
        lines[at], lines[other] = lines[other], lines[at]
    elif attack == "cut":
        lines = lines[:at]
    elif attack == "insert":
        lines.insert(at, lines[data.draw(st.integers(0, 5))])
    else:  # a whole new chain, consistent in itself, under the old head
        folder = ledger.path.parent / "forged"
        folder.mkdir()
        forged = ledger_in(folder)
        write(forged, at + 1)
        forged.append("publish", "x", {}, actor="nobody", at=NOON, event_id="forged")
        lines = forged.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(lines))
    assert not ledger.verify().is_sound


def test_verify_with_a_noted_head_finds_a_chain_rewritten_with_its_head(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, 4)
    noted = ledger.verify().head
    assert ledger.verify(noted).is_sound
    ledger.path.unlink()
    ledger.head_path.unlink()
    write(ledger, 3)
    assert ledger.verify().is_sound
    assert not ledger.verify(noted).is_sound


@pytest.mark.parametrize("moment", ["head said it is coming", "half a line", "line but not the head"])
def test_append_after_an_interruption_goes_on(tmp_path: Path, moment: str) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, 2)
    head_before = json.loads(ledger.head_path.read_text())
    ledger.append("link", "c", {}, actor="linker", at=NOON, event_id="interrupted")
    coming = {**head_before, "coming": json.loads(ledger.head_path.read_text())["hash"]}
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.head_path.write_text(json.dumps(coming))
    if moment == "head said it is coming":
        ledger.path.write_bytes(b"".join(lines[:2]))
    elif moment == "half a line":
        ledger.path.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    verdict = ledger.verify()
    assert verdict.is_sound
    assert verdict.interrupted
    ledger.append("link", "c", {}, actor="linker", at=NOON, event_id="interrupted")
    write(ledger, 3)
    assert ledger.verify().is_sound
    assert [e.event_id for e in ledger.entries()] == ["e0", "e1", "interrupted", "e2"]


def test_append_to_a_cut_chain_is_refused(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    write(ledger, 3)
    lines = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(lines[:2]))
    with pytest.raises(BadInput, match="disagree"):
        ledger.append("x", "y", {}, actor="z", at=NOON, event_id="new")


class ManyWriters(RuleBasedStateMachine):
    """Whatever the order of appends and re-openings, the chain holds what was appended, once each."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.ledger = ledger_in(Path(self.folder.name))
        self.expected: list[str] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(event=st.integers(0, 30), text=st.text(max_size=20))
    def append(self, event: int, text: str) -> None:
        event_id = f"e{event}"
        self.ledger.append("act", text, {"text": text}, actor=text, at=NOON, event_id=event_id)
        if event_id not in self.expected:
            self.expected.append(event_id)

    @rule()
    def reopen(self) -> None:
        self.ledger = ledger_in(Path(self.folder.name))

    @invariant()
    def sound(self) -> None:
        assert [e.event_id for e in self.ledger.entries()] == self.expected
        assert self.ledger.verify().is_sound


ManyWriters.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestManyWriters = ManyWriters.TestCase
