"""The split: identifiers plus attributes give back the supply, and nothing but the key joins them."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.supply import Column, Contract, split
from tallystick.supply.split import supply_keys

KINDS = st.sampled_from(["identifier", "attribute", "event-date", "case-id", "linkage-evidence"])
CELLS = st.one_of(st.none(), st.text(max_size=8))


def stream(seed: int) -> Callable[[int], bytes]:
    """Repeatable entropy for tests: SHA-256 of a counter."""
    count = iter(range(1 << 62))

    def take(size: int) -> bytes:
        out = b""
        while len(out) < size:
            out += hashlib.sha256(f"{seed}/{next(count)}".encode()).digest()
        return out[:size]

    return take


@st.composite
def supplies(draw: st.DrawFn) -> tuple[pa.Table, Contract]:
    kinds = draw(st.lists(KINDS, min_size=1, max_size=5))
    rows = draw(st.integers(0, 30))
    columns = {f"f{i}": draw(st.lists(CELLS, min_size=rows, max_size=rows)) for i in range(len(kinds))}
    table = pa.table(
        {
            "record_id": pa.array([f"r{i}" for i in range(rows)], pa.string()),
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
        }
    )
    return table, Contract("d", tuple(Column(f"f{i}", kind) for i, kind in enumerate(kinds)))


@given(supplies(), st.integers(0, 1 << 32))
@settings(deadline=None, max_examples=200)
def test_identifiers_plus_attributes_give_back_the_supply(
    supply: tuple[pa.Table, Contract], seed: int
) -> None:
    table, contract = supply
    halves = split(table, contract, stream(seed))
    identifiers, attributes = (
        {row["supply_key"]: row for row in half.to_pylist()}
        for half in (halves.identifiers, halves.attributes)
    )
    back = [
        {**identifiers[row["supply_key"]], **attributes[row["supply_key"]], **row}
        for row in halves.keys.to_pylist()
    ]
    assert [{k: v for k, v in row.items() if k != "supply_key"} for row in back] == table.to_pylist()
    assert len(identifiers) == len(attributes) == len(table)


@given(supplies(), st.integers(0, 1 << 32))
@settings(deadline=None, max_examples=50)
def test_each_field_goes_to_one_half_by_its_kind(supply: tuple[pa.Table, Contract], seed: int) -> None:
    table, contract = supply
    halves = split(table, contract, stream(seed))
    for column in contract.columns:
        to_linker = column.kind in ("identifier", "linkage-evidence")
        assert (column.name in halves.identifiers.column_names) == to_linker
        assert (column.name in halves.attributes.column_names) == (not to_linker)
    assert halves.keys.column_names == ["record_id", "supply_key"]
    assert "record_id" not in halves.identifiers.column_names + halves.attributes.column_names


def test_order_joins_neither_half_to_the_other_or_to_the_supply() -> None:
    count = 2_000
    table = pa.table({"record_id": [f"r{i}" for i in range(count)], "a": range(count), "b": range(count)})
    halves = split(table, Contract("d", (Column("a", "identifier"), Column("b"))), stream(7))
    a, b = halves.identifiers["a"].to_numpy(), halves.attributes["b"].to_numpy()
    # Of random orders, a correlation beyond 5 standard errors (1/√n) is a chance of one in a million.
    for one, other in ((a, b), (a, np.arange(count)), (b, np.arange(count))):
        assert abs(np.corrcoef(one, other)[0, 1]) < 5 / np.sqrt(count)
        assert (one == other).sum() < 10


def test_keys_are_128_random_bits_in_hexadecimal() -> None:
    keys = supply_keys(1_000, secrets.token_bytes).to_pylist()
    assert len(set(keys)) == 1_000
    assert all(re.fullmatch(r"[0-9a-f]{32}", key) for key in keys)


def test_two_splits_share_no_key() -> None:
    table = pa.table({"record_id": ["r1", "r2"], "a": ["x", "y"]})
    contract = Contract("d", (Column("a", "identifier"),))
    first, second = (
        split(table, contract, secrets.token_bytes).keys["supply_key"].to_pylist() for _ in range(2)
    )
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    "entropy", [lambda size: b"\x07" * size, lambda size: (b"0123456789abcdef" + bytes(range(16))) * size]
)
def test_a_key_clash_is_refused(entropy: Any) -> None:
    with pytest.raises(BadInput, match=r"clash|too few"):
        supply_keys(40, lambda size: entropy(size)[:size])


def test_too_little_entropy_is_refused() -> None:
    with pytest.raises(BadInput, match="too few bytes"):
        supply_keys(2, lambda size: b"x" * (size - 1))


def test_keys_that_differ_in_their_second_half_do_not_clash() -> None:
    keys = b"".join(b"sameones" + i.to_bytes(8, "big") for i in range(4))
    assert len(set(supply_keys(4, lambda size: keys[:size]).to_pylist())) == 4
