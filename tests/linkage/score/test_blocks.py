"""Blocks are shared out whole, each pair once, and a value that holds too much of a file is named by its rule."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.linkage.score import blocks
from tallystick.linkage.score.program import Rule

RULE = Rule(((0, 0),), 0, 0, 'l."a" = r."a"')


@given(
    st.lists(st.integers(-1, 4), min_size=1, max_size=60),
    st.lists(st.integers(-1, 4), min_size=1, max_size=60),
    st.integers(1, 50),
)
def test_tasks_hold_every_pair_of_equal_codes_once(left: list[int], right: list[int], size: int) -> None:
    codes = np.array([left + right], dtype=np.int32).T
    found = blocks.blocks(codes, RULE, (len(left), len(right)), blocks.TWO_LISTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "PAIRS_A_TASK", size)
        units = [row for rows, _ in blocks.tasks(found) for row in rows]
    seen = Counter(
        (int(found.order_l[i]), int(found.order_r[j]))
        for a, b, c, d in units
        for i in range(a, b)
        for j in range(c, d)
    )
    wanted = {
        (i, len(left) + j) for i, x in enumerate(left) for j, y in enumerate(right) if x == y and x >= 0
    }
    assert seen == Counter(wanted)
    assert all((b - a) * (d - c) <= max(size, 1) * 2 for a, b, c, d in units if (b - a) * (d - c) > size)


@pytest.mark.parametrize("few", [(40, 4_000), (4_000, 40), (0, 50), (50, 0)])
def test_of_the_longer_side_only_records_that_may_pair_up_are_sorted(few: tuple[int, int]) -> None:
    draw = np.random.default_rng(3)
    codes = draw.integers(-1, 30, (sum(few), 3)).astype(np.int32)
    rule = Rule(((0, 0), (1, 2)), 0, 0, "")
    found = blocks.blocks(codes, rule, few, blocks.TWO_LISTS)
    seen = Counter(
        pair
        for a, b, c, d in found.ranges
        for i in found.order_l[a:b].tolist()
        for pair in [(i, j) for j in found.order_r[c:d].tolist()]
    )
    left, right = codes[: few[0], [0, 1]], codes[few[0] :, [0, 2]]
    i, j = np.nonzero((left[:, None] == right[None]).all(axis=2) & (left >= 0).all(axis=1)[:, None])
    assert seen == Counter(zip(i.tolist(), (j + few[0]).tolist(), strict=True))
    assert found.total == len(i)


def test_a_value_that_holds_a_tenth_of_the_records_is_told_without_the_value() -> None:
    codes = np.concatenate([np.zeros(15_000), np.arange(1, 85_001)]).astype(np.int32)[:, None]
    found = blocks.blocks(codes, RULE, (100_000,), blocks.LATER_RECORD)
    assert "15,000 of 100,000 records" in str(blocks.skewed(found, RULE, 100_000))
    few = blocks.blocks(codes[9_000:], RULE, (91_000,), blocks.LATER_RECORD)
    assert blocks.skewed(few, RULE, 91_000) is None
