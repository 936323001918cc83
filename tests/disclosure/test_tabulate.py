"""From records to a table: the same counts as counting by hand, whatever the hierarchy."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.disclosure.tabulate import tabulate
from tallystick.errors import BadInput

records = st.lists(
    st.tuples(st.sampled_from(["Leeds", "York", "Bath", None]), st.sampled_from(["m", "f"])), min_size=1
)


@given(records)
def test_tabulate_counts_as_by_hand(rows: list[tuple[str | None, str]]) -> None:
    table = pa.table({"place": [r[0] for r in rows], "sex": [r[1] for r in rows]})
    grid = tabulate(table, ["place", "sex"], {"place": {"Leeds": "North", "York": "North"}})
    places, sexes = (list(d.codes) for d in grid.dimensions)
    by_hand = Counter((r[0] or "missing", r[1]) for r in rows)
    for (place, sex), count in by_hand.items():
        assert grid.values[places.index(place), sexes.index(sex)] == count
    assert grid.values[-1, -1] == len(rows)
    assert np.abs(grid.sums() @ grid.values.reshape(-1)).max() == 0
    if "North" in places:
        north = sum(n for (place, _), n in by_hand.items() if place in ("Leeds", "York"))
        assert grid.values[places.index("North"), -1] == north


def test_tabulate_names_what_is_missing_and_what_is_too_large() -> None:
    table = pa.table({"a": [str(i) for i in range(6000)], "b": [str(i) for i in range(6000)]})
    with pytest.raises(BadInput, match="no column c"):
        tabulate(table, ["c"])
    with pytest.raises(BadInput, match="36,000,000 cells"):
        tabulate(table, ["a", "b"])
