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


def test_a_value_that_holds_a_tenth_of_the_records_is_told_without_the_value() -> None:
    codes = np.concatenate([np.zeros(15_000), np.arange(1, 85_001)]).astype(np.int32)[:, None]
    found = blocks.blocks(codes, RULE, (100_000,), blocks.LATER_RECORD)
    assert "15,000 of 100,000 records" in str(blocks.skewed(found, RULE, 100_000))
    few = blocks.blocks(codes[9_000:], RULE, (91_000,), blocks.LATER_RECORD)
    assert blocks.skewed(few, RULE, 91_000) is None
