"""The worked board: its pack finds what was planted and nothing else, joins nothing across a break, shows who is missing."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tallystick import synth
from tallystick.agreement import io
from tallystick.errors import BadInput, Refused
from tallystick.performance.lines import joined, lines, of_board
from tallystick.performance.pack import pack
from tallystick.performance.read import read
from tallystick.performance.series import as_known
from tallystick.performance.sheets import open_sheets
from tallystick.share.acts import Clock
from tallystick.share.pack import Built, build, look
from tallystick.share.returns import measures_of
from tallystick.share.rooms import open_share, read_parquet

ON = date(2026, 7, 1)
CLOCK = Clock("a clerk", datetime(2026, 7, 1, 9, tzinfo=UTC))
MEMBERS = "Local criminal justice board members"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Built]:
    folder = tmp_path_factory.mktemp("board") / "s"
    synth.write("local-performance", folder, people=600_000, seed=1)
    return folder, build(open_share(folder), clock=CLOCK, on=ON)


def test_pack_finds_the_three_changes_and_no_other(board: tuple[Path, Built]) -> None:
    folder, built = board
    truth = json.loads((folder / "truth" / "changes.json").read_text())
    found = {each["measure"]: each for each in built.summary()["changes"]}
    assert set(found) == {each["measure"] for each in truth}
    for each in truth:
        assert found[each["measure"]]["from"] == each["month"]
        assert found[each["measure"]]["after"] / found[each["measure"]]["before"] == pytest.approx(
            each["factor"], rel=0.08
        )


def test_board_may_end_with_another_month(tmp_path: Path) -> None:
    folder, on = tmp_path / "s", date(2026, 12, 1)
    synth.write("local-performance", folder, people=600_000, seed=1, on=on, last_month="2026-10")
    built = build(open_share(folder), clock=Clock("a clerk", datetime(2026, 12, 1, 9, tzinfo=UTC)), on=on)
    truth = {
        each["measure"]: each["month"] for each in json.loads((folder / "truth/changes.json").read_text())
    }
    assert {each["measure"]: each["from"] for each in built.summary()["changes"]} == truth
    assert truth["recalls"] == "2025-02"  # five months later than in the board of which nobody asked
    assert "2024-11-01" in (folder / "measures.toml").read_text()  # the break of definition too
    assert {one.covers_to for one in io.load(folder).datasets} == {date(2026, 10, 31)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 9))
def test_other_boards_show_their_three_changes_and_no_other(tmp_path: Path, seed: int) -> None:
    synth.write("local-performance", tmp_path / "s", people=600_000, seed=seed)
    said = measures_of(open_share(tmp_path / "s"))
    figures = pa.concat_tables(
        [read(path, said, published=ON).table for path in sorted((tmp_path / "s" / "supplies").iterdir())]
    )
    found = {
        (each.section.measure.id, each.section.line.periods[each.step.at].label)
        for each in pack(figures, said, ON).headlines
    }
    truth = json.loads((tmp_path / "s" / "truth" / "changes.json").read_text())
    assert found == {(each["measure"], each["month"]) for each in truth}


def test_pack_refuses_to_join_across_the_breaks(board: tuple[Path, Built]) -> None:
    folder, built = board
    share = open_share(folder)
    said = measures_of(share)
    found = lines(as_known(read_parquet(folder / "series" / "figures.parquet"), ON), said)
    for name, at in (("recorded-crimes", 12), ("disposals", 24)):
        line = of_board(found, said.measure(name), said)
        assert line is not None
        assert line.places == (at,)
        assert list(joined(line, at, at + 5)) == list(range(at, at + 6))
        with pytest.raises(Refused, match="not joined") as refused:
            joined(line, at - 3, at + 2)
        assert "definition changed" in refused.value.findings[0].message
    year = {each.measure.id: each for each in built.made.path}
    assert year["recorded-crimes"].before is None
    assert "definition changed" in year["recorded-crimes"].why_not
    assert year["disposals"].now is None


def test_compare_refuses_a_break_and_warns_of_other_units(
    board: tuple[Path, Built], tally: Callable[..., Any]
) -> None:
    folder = board[0]
    across = tally(
        "pack",
        "compare",
        folder,
        "recorded-crimes",
        "--from",
        "2024-01",
        "--to",
        "2025-01",
        "--on",
        "2026-07-01",
    )
    assert across.code == 1
    assert "definition changed in June 2024" in across.err
    beside = tally(
        "pack",
        "compare",
        folder,
        "receipts",
        "charged",
        "--from",
        "2025-03",
        "--to",
        "2026-02",
        "--on",
        "2026-07-01",
    )
    assert beside.code == 0
    assert "count different things" in beside.out
    assert tally("pack", "compare", folder, "receipts", "--from", "1999-01").code == 2
    assert tally("pack", "compare", folder, "nothing").code == 2


def test_pack_shows_who_owes_what(board: tuple[Path, Built]) -> None:
    owed = {(each["agency"], each["why"]) for each in board[1].summary()["missing"]}
    assert owed == {("Youth Justice Service", "nothing came"), ("Probation Service", "late")}
    page = (board[1].folder / "pack.html").read_text()
    assert page.index("What has changed") < page.index("What is missing, and who owes it</h2>")
    assert "Youth Justice Service" in page


def test_pack_is_a_page_and_a_workbook_with_the_same_figures(board: tuple[Path, Built]) -> None:
    sheets = {sheet.name: sheet for sheet in open_sheets(board[1].folder / "pack.ods")}
    assert list(sheets)[:4] == ["Cover", "Contents", "Changes", "Path"]
    page = (board[1].folder / "pack.html").read_text()
    for each in board[1].made.sections:
        name = next(name for name in sheets if name.endswith(each.measure.id.replace("-", "_")))
        rows = [[cell.value for cell in row] for row in sheets[name].rows]
        head = next(number for number, row in enumerate(rows) if row[0] == "Period")
        own = [row for row in rows[head + 1 :] if row[1] == "Northshire" and row[2] == "all"]
        assert len(own) == len(each.line.periods)
        assert own[-1][3] == pytest.approx(float(each.line.shown[-1]), abs=0.006)
        assert each.measure.definition in html.unescape(page)


def test_pack_and_looks_are_in_the_ledger_and_the_same_pack_is_made_once(board: tuple[Path, Built]) -> None:
    folder, built = board
    share = open_share(folder)
    again = build(share, clock=CLOCK, on=ON)
    assert built.is_new
    assert not again.is_new
    look(share, clock=CLOCK, reader="Northshire Police")
    acts = [(entry.act, entry.subject) for entry in share.ledger.entries()]
    assert acts == [("pack", "2026-07-01"), ("look", "2026-07-01")]
    with pytest.raises(Refused, match="1 rule"):
        look(share, clock=CLOCK, reader="Somebody Else")


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_before_its_embargo_and_early_sight_for_the_listed_alone(tmp_path: Path) -> None:
    from tallystick.agreement import io, signing

    folder = tmp_path / "s"
    synth.write("local-performance", folder, people=600_000, seed=2)
    change(folder, "measures.toml", 'id = "charged"', 'id = "charged"\nembargo_days = 60')
    share = open_share(folder)
    plain = build(share, clock=CLOCK, on=ON)
    assert plain.made.withheld == (("charged", date(2026, 7, 30)),)
    charged = next(each for each in plain.made.sections if each.measure.id == "charged")
    assert charged.line.periods[-1].label == "2026-04"
    with pytest.raises(Refused, match="1 rule"):
        build(share, clock=CLOCK, on=ON, early=MEMBERS)
    agreement = io.load(share.agreement)
    board = agreement.recipients[0].model_copy(update={"purposes": ("local picture", "early sight")})
    amended = agreement.model_copy(update={"recipients": (board,), "signatures": ()})
    for party in amended.parties:
        amended = signing.sign(amended, party.name, "iao", party.officers["iao"], CLOCK.now)
    io.dump(amended, share.agreement)
    early = build(share, clock=CLOCK, on=ON, early=MEMBERS)
    charged = next(each for each in early.made.sections if each.measure.id == "charged")
    assert charged.line.periods[-1].label == "2026-05"
    assert "Early sight for" in (early.folder / "pack.html").read_text()
    with pytest.raises(Refused, match="1 rule"):
        look(share, clock=CLOCK, reader="Northshire Police", name=early.folder.name)


def test_faults_in_returns_stop_the_pack_and_nothing_is_left(
    tmp_path: Path, tally: Callable[..., Any]
) -> None:
    folder = tmp_path / "s"
    synth.write("local-performance", folder, people=600_000, seed=3)
    supply = folder / "supplies" / "police.csv"
    lines_ = supply.read_text().splitlines()
    lines_[5] = lines_[5].replace('"all",', '"all",about ')
    supply.write_text("\n".join(lines_) + "\n")
    ran = tally("pack", "build", folder, "--on", "2026-07-01")
    assert ran.code == 2
    assert "police.csv, cell F6" in ran.err
    assert not (folder / "packs").exists()
    assert tally("pack", "check", folder).code == 2
    with pytest.raises(BadInput, match="1 fault"):
        build(open_share(folder), clock=CLOCK, on=ON)
