"""What may leave: stages merged, curves thinned, partitions protected, and the last check of what was written."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.agreement.schema import Disclosure
from tallystick.errors import Refused
from tallystick.lab import formats
from tallystick.lab.attrition import Stage
from tallystick.lab.evaluate import Point
from tallystick.lab.leaving import Partition, merged, thinned
from tallystick.lab.view import Statistic, Table, View
from tallystick.share.lab_leaving import checked, hidden

SMALLEST = 10


@given(st.lists(st.integers(0, 40), min_size=1, max_size=7))
def test_no_stage_loses_few(lost: list[int]) -> None:
    left, stages = 300, [Stage("submitted", 300, 0, "all", {}, {})]
    for number, gone in enumerate(lost):
        left -= gone
        stages.append(Stage(f"stage {number}", left, gone, "why", {}, {}))
    found = merged(stages, SMALLEST)
    assert found[-1].left == left
    assert sum(stage.lost for stage in found) == sum(lost)
    if sum(lost) == 0 or sum(lost) >= SMALLEST:
        assert all(stage.lost == 0 or stage.lost >= SMALLEST for stage in found)
    for before, after in itertools.pairwise(found):
        assert before.left - after.left == after.lost


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=12))
def test_no_step_of_a_curve_is_of_few(steps: list[tuple[int, int]]) -> None:
    points, own, other = [Point(0, 0, 0, 0, 0)], 0, 0
    for day, (a, b) in enumerate(steps, 1):
        own, other = own + a, other + b
        points.append(Point(day, own / 300, other / 300, own, other))
    found = thinned(points, SMALLEST)
    assert found[-1] is points[-1]
    for before, after in itertools.pairwise(found):
        few = min(after.people - before.people, after.other_people - before.other_people) < SMALLEST
        assert not few or len(found) == 2 or before is found[0]


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=6))
def test_no_hidden_figure_follows_from_the_total(people: list[int]) -> None:
    codes = tuple(str(number) for number in range(len(people)))
    stays = {int(code) for _, code in hidden([Partition("x", codes, tuple(people))], SMALLEST)}
    small = {number for number, count in enumerate(people) if 0 < count < SMALLEST}
    assert small <= stays
    if small and sum(people) >= SMALLEST:
        # what the hidden ones add up to is known: alone, or with noughts, a small one would be told by it
        assert sum(people[number] for number in stays) >= SMALLEST or len(stays) == len(people)
        assert (
            len([n for n in stays if people[n] > 0]) > 1
            or sum(people) < SMALLEST
            or len(stays) == len(people)
        )


def shown(count: str) -> View:
    table = Table(
        "Lost", ("stage", "lost"), (("a", "200"), ("b", count)), Statistic("histogram", ("lost",), ("stage",))
    )
    return View("t", "p", "2026-01-01", "h", ("s",), "c", "n", (), (table,), (), ())


def test_what_was_written_is_checked(tmp_path: Path) -> None:
    from tallystick.agreement.schema import Agreement

    agreement = Agreement.model_construct(disclosure=Disclosure(minimum_cell_count=SMALLEST, rounding=5))
    for count, leaves in (("fewer than 10", True), ("[c]", True), ("15", True), ("4", False)):
        view = shown(count)
        (tmp_path / "annex.xlsx").write_bytes(formats.workbook(view))
        (tmp_path / "annex.ods").write_bytes(formats.ods(view))
        (tmp_path / "report.html").write_text(formats.html(view))
        if leaves:
            checked(tmp_path, view, agreement, 5)
        else:
            with pytest.raises(Refused) as refusal:
                checked(tmp_path, view, agreement, 5)
            assert {one.where.split(",")[0] for one in refusal.value.findings} == {
                "annex.xlsx", "annex.ods", "report.html",
            }  # fmt: skip
            assert {one.rule for one in refusal.value.findings} == {"histogram.small"}


def test_figures_are_numbers_in_a_spreadsheet() -> None:
    assert formats.number_of("11,630") == (11630.0, "")
    assert formats.number_of("15%") == (0.15, "%")
    assert formats.number_of("2026-01-01") == (None, "")
    assert date(2026, 1, 1).isoformat() == shown("15").made
