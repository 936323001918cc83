"""Keyed ids: the same within a project, nothing shared between projects or kinds of thing."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.deidentify.keys import KEY_BYTES, keyed_id, keyed_ids, new_key
from tallystick.errors import BadInput

keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
values = st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=60)


@given(values, keys)
def test_keyed_ids_are_one_to_one_and_keep_nulls(originals: list[str | None], key: bytes) -> None:
    ids = keyed_ids(pa.array(originals, pa.string()), key, "person").to_pylist()
    assert [i is None for i in ids] == [o is None for o in originals]
    pairs = {(o, i) for o, i in zip(originals, ids, strict=True) if o is not None}
    assert len(pairs) == len({o for o, _ in pairs}) == len({i for _, i in pairs})


@given(st.lists(st.text(max_size=20), min_size=1, max_size=40), keys, keys)
def test_keyed_ids_of_two_projects_share_nothing(originals: list[str], one: bytes, other: bytes) -> None:
    if one == other:
        return
    here = set(keyed_ids(pa.array(originals), one, "person").to_pylist())
    there = set(keyed_ids(pa.array(originals), other, "person").to_pylist())
    assert not here & there


@given(st.text(max_size=10), st.text(max_size=10), st.text(max_size=10), st.text(max_size=10), keys)
def test_keyed_id_kind_and_value_never_run_together(a: str, b: str, c: str, d: str, key: bytes) -> None:
    if (a, b) != (c, d):
        assert keyed_id(b, key, a) != keyed_id(d, key, c)


def test_keyed_ids_have_no_prefix_and_one_form() -> None:
    ids = keyed_ids(pa.array([str(i) for i in range(5000)]), bytes(32), "person").to_pylist()
    assert all(len(i) == 32 and set(i) <= set("0123456789abcdef") for i in ids)
    first = {i[0] for i in ids}
    assert len(first) == 16
    assert ids != sorted(ids)


def test_keyed_ids_take_numbers_chunks_and_dictionaries() -> None:
    plain = keyed_ids(pa.array(["7", "8", None]), bytes(32), "case_id")
    chunked = keyed_ids(pa.chunked_array([[7], [8, None]]), bytes(32), "case_id")
    coded = keyed_ids(pa.array(["7", "8", None]).dictionary_encode(), bytes(32), "case_id")
    assert plain.equals(chunked)
    assert plain.equals(coded)


def test_keyed_ids_refuse_a_short_key() -> None:
    with pytest.raises(BadInput, match="32 random bytes"):
        keyed_ids(pa.array(["a"]), b"short", "person")


def test_new_key_takes_its_randomness_as_an_argument() -> None:
    assert new_key(lambda n: b"\x01" * n) == b"\x01" * 32
    assert new_key() != new_key()
