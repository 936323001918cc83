"""Each kernel gives what DuckDB gives, on any Unicode."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.linkage.score import strings

KERNELS = {
    "jaro_similarity": strings.jaro,
    "jaro_winkler_similarity": strings.jaro_winkler,
    "levenshtein": strings.levenshtein,
    "damerau_levenshtein": strings.damerau_levenshtein,
    "jaccard": strings.jaccard,
}
NAMES = st.text(st.sampled_from("abcde'- é日ö"), max_size=12)
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=90)


@pytest.mark.parametrize("name", KERNELS)
@settings(max_examples=150, deadline=None)
@given(pair=st.one_of(st.tuples(NAMES, NAMES), st.tuples(ANY, ANY)))
def test_kernel_agrees_with_duckdb(name: str, pair: tuple[str, str]) -> None:
    if name == "jaccard" and not all(pair):
        return  # DuckDB raises there
    encoded = [text.encode() for text in pair]
    data = np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8)
    starts = np.cumsum([0, *[len(text) for text in encoded]])
    kernel: Callable[..., float] = KERNELS[name]
    row = CONNECTION.execute(f"select {name}(?, ?)", list(pair)).fetchone()
    assert row is not None
    scratch = np.full(strings.scratch_for(max(map(len, encoded))), 7, dtype=np.int64)
    if "levenshtein" not in name:
        assert kernel(data, starts, 0, 1, scratch) == row[0]
        return
    assert kernel(data, starts, 0, 1, scratch, 1_000) == row[0]
    for most in range(4):
        assert kernel(data, starts, 0, 1, scratch, most) == min(row[0], most + 1)


CONNECTION = duckdb.connect()
