"""Encoded files link as clear ones nearly do, say nothing in the clear, and are refused where they cannot be compared."""

from __future__ import annotations

import csv
import json
import stat
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import BadInput, Refused
from tallystick.linkage import LinkageSpec, files, link, pprl
from tallystick.linkage.pprl import bits, chains, key
from tallystick.linkage.pprl.encode import METADATA

KEY = bytes(range(7, 39))


def fixed(seed: int) -> Callable[[int], bytes]:
    return np.random.default_rng(seed).bytes


def people(records: int = 400, seed: int = 1) -> tuple[dict[str, pa.Table], dict[tuple[str, str], int]]:
    """Return two sources of the same people, a sixth of them with a slip of the pen or a move, and who is who."""
    draw = np.random.default_rng(seed)
    firsts = [
        a + b for a, b in product(("an", "bel", "cor", "dav", "el", "fre"), ("na", "rick", "thy", "gus"))
    ]
    lasts = [
        a + b
        for a, b in product(("ash", "brook", "cart", "dray", "east", "fox"), ("ton", "well", "by", "er"))
    ]
    tables, truth = {}, {}
    who = [
        (
            firsts[draw.integers(24)],
            lasts[draw.integers(24)],
            f"{draw.integers(1960, 2000)}-{draw.integers(1, 13):02d}-{draw.integers(1, 29):02d}",
            f"LS{draw.integers(1, 9)} {draw.integers(1, 9)}{'ABDEF'[draw.integers(5)]}{'GHJLN'[draw.integers(5)]}",
        )
        for _ in range(records)
    ]
    for source in ("left", "right"):
        rows = []
        for number, one in enumerate(who):
            first, last, dob, postcode = one
            slip = draw.integers(24) if source == "right" else 9
            first = first[:-1] + "x" if slip == 0 else first
            last = last[:-1] + "z" if slip == 1 else last
            dob = dob[:-1] + "9" if slip == 2 else dob
            postcode = "YO1 7HH" if slip == 3 else postcode
            truth[source, f"{source[0]}{number}"] = number
            rows.append(
                {
                    "record_id": f"{source[0]}{number}",
                    "first_name": first,
                    "surname": last,
                    "dob": dob,
                    "postcode": postcode,
                }
            )
        tables[source] = pa.Table.from_pylist(rows)
    return tables, truth


def test_encoded_files_link_as_clear_ones_do() -> None:
    tables, truth = people()
    encoded = {s: pprl.encode(t, KEY, fixed(n), source=s).table for n, (s, t) in enumerate(tables.items())}
    links = link(encoded, LinkageSpec()).links
    found = {
        (a, b)
        for a, b in zip(links["record_id_l"].to_pylist(), links["record_id_r"].to_pylist(), strict=True)
    }
    true = sum(truth["left", a] == truth["right", b] for a, b in found)
    assert true / len(found) > 0.98
    assert true / 400 > 0.95


def test_nothing_is_sent_in_the_clear(tmp_path: Path) -> None:
    tables, _ = people(60)
    out = tmp_path / "left.parquet"
    files.write(pprl.encode(tables["left"], KEY, fixed(1)).table, out)
    stored = pq.read_table(out)
    assert set(stored.column_names) >= {"record_id", "key_dob", "code_surname_by_dob"}
    text = out.read_bytes() + json.dumps(stored.to_pydict(), default=lambda b: b.hex()).encode()
    for row in tables["left"].to_pylist():
        for field in ("first_name", "surname", "dob", "postcode"):
            value = row[field].lower().replace("-", "").replace(" ", "")
            assert value.encode() not in text.lower()
    for form in (KEY, KEY.hex().encode()):
        assert form not in text


def test_order_of_records_says_nothing_and_ids_stay() -> None:
    tables, _ = people(60)
    one, other = (pprl.encode(tables["left"], KEY, fixed(seed)).table for seed in (1, 2))
    assert one["record_id"].to_pylist() != other["record_id"].to_pylist()
    assert one["record_id"].to_pylist() != tables["left"]["record_id"].to_pylist()
    assert one.sort_by("record_id").equals(other.sort_by("record_id"))


@settings(max_examples=50, deadline=None)
@given(value=st.text("abcdefgh", min_size=1, max_size=9), salt=st.text("0123456789", min_size=8, max_size=8))
def test_filters_are_alike_only_under_one_salt_and_one_key(value: str, salt: str) -> None:
    def unpacked(text: str, under: str, subkey: bytes) -> bits.Bytes:
        made = bits.filters([text], [under], bits.letters, subkey)
        return np.frombuffer(made[0].as_py(), np.uint8)[None, :]

    mine = unpacked(value, salt, KEY)
    assert bits.dice(mine, unpacked(value, salt, KEY))[0] == 1.0
    assert bits.dice(mine, unpacked(value, salt + "1", KEY))[0] < 0.4
    assert bits.dice(mine, unpacked(value, salt, KEY[::-1]))[0] < 0.4


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.none() | st.integers(0, 6)] * 3), min_size=1, max_size=30),
    most=st.integers(2, 8),
)
def test_no_chain_is_longer_than_the_bound(rows: list[tuple[int | None, ...]], most: int) -> None:
    names = ("key_name", "key_surname_sound_dob", "code_surname_by_dob")
    columns = {
        name: pa.array([str(r[n]) if r[n] is not None else None for r in rows], pa.string())
        for n, name in enumerate(names)
    }
    kept, left_out = chains.cut(columns, most)
    assert int(chains.chains(list(kept.values())).max()) <= most
    assert sum(left_out.values()) == sum(kept[n].null_count - columns[n].null_count for n in names)
    again, nothing = chains.cut(kept, most)
    assert not nothing
    assert all(again[n].equals(kept[n]) for n in names)


def test_chains_are_connected_parts_of_equal_values() -> None:
    a = pa.array(["x", "x", None, "y", None])
    b = pa.array([None, "p", "p", None, None])
    assert list(chains.chains([a, b])) == [3, 3, 3, 1, 1]


def test_a_postcode_of_many_names_is_not_sent() -> None:
    rows = [
        {"record_id": str(n), "first_name": f"f{'abcdefghij'[n % 10]}", "surname": f"s{'klmnopqrst'[n // 10]}", "dob": f"19{n:02d}-01-01",
         "postcode": "LS1 1AA" if n < 60 else f"LS2 {n // 10}AA"}
        for n in range(100)
    ]  # fmt: skip
    made = pprl.encode(pa.Table.from_pylist(rows), KEY, fixed(1), pprl.Parameters(most=50))
    table = made.table.sort_by("record_id").to_pylist()
    assert made.left_out["key_postcode"] == 60
    for row in table:
        assert (row["key_postcode"] is None) == (int(row["record_id"]) < 60)
        assert (row["code_surname_by_postcode"] is None) == (int(row["record_id"]) < 60)


def test_files_that_cannot_be_compared_are_refused() -> None:
    tables, _ = people(40)
    left = pprl.encode(tables["left"], KEY, fixed(1)).table
    with pytest.raises(BadInput, match="different keys"):
        link({"left": left, "right": pprl.encode(tables["right"], KEY[::-1], fixed(1)).table}, LinkageSpec())
    fewer = pprl.Parameters(("first_name", "surname", "dob"))
    with pytest.raises(BadInput, match=r"different settings \(fields\)"):
        link({"left": left, "right": pprl.encode(tables["right"], KEY, fixed(1), fewer).table}, LinkageSpec())
    with pytest.raises(BadInput, match="right: this file is not encoded"):
        link({"left": left, "right": tables["right"]}, LinkageSpec())
    with pytest.raises(BadInput, match="this file is not encoded"):
        link({"left": left, "right": left.replace_schema_metadata({METADATA: b"{"})}, LinkageSpec())
    with pytest.raises(BadInput, match="no column for nhs_number"):
        pprl.encode(tables["left"], KEY, fixed(1), pprl.Parameters((*pprl.Parameters().fields, "nhs_number")))
    with pytest.raises(BadInput, match="fields to encode"):
        pprl.Parameters(("first_name", "occupation"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hunter2\n", "words"),
        (b"correct horse battery staple correct horse battery staple", "words"),
        (b"correcthorsebatterystaplecorrecthorsebatteryst", "words"),
        (b"", "0 bytes"),
        (b"ab" * 16, "16 bytes"),
        (b"00" * 32, "not random"),
        (bytes(range(128, 159)), "31 bytes"),
    ],
)
def test_weak_keys_are_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    with pytest.raises(Refused, match=why) as refused:
        key.read_key(path)
    assert len(content) < 8 or content.decode("latin-1").strip() not in str(refused.value)


def test_key_is_made_once_for_its_owner_alone_and_read_in_every_form(tmp_path: Path) -> None:
    import base64

    path = tmp_path / "k"
    mark = key.make_key(path, lambda size: KEY[:size])
    assert key.read_key(path) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(mark) == 16
    assert mark not in KEY.hex()
    with pytest.raises(BadInput, match="never written over"):
        key.make_key(path, lambda size: KEY[:size])
    path.write_bytes(base64.b64encode(bytes(range(100, 140))))
    assert key.read_key(path) == bytes(range(100, 140))
    path.write_bytes(bytes(range(200, 240)))
    assert key.read_key(path) == bytes(range(200, 240))
    with pytest.raises(BadInput, match="no such key"):
        key.read_key(tmp_path / "none")


def test_commands_encode_and_link(tmp_path: Path, tally: Callable[..., Any]) -> None:
    tables, _ = people(120)
    for source, table in tables.items():
        with (tmp_path / f"{source}.csv").open("w", newline="") as file:
            rows = csv.DictWriter(file, table.column_names)
            rows.writeheader()
            rows.writerows(table.to_pylist())
    made = tally("link", "key", "-o", tmp_path / "k", "--json")
    assert made.code == 0, made.err
    secret = (tmp_path / "k").read_text().strip()
    printed = made.out + made.err
    for source in tables:
        out = tmp_path / f"{source}.parquet"
        ran = tally(
            "link", "encode", tmp_path / f"{source}.csv", "--key-file", tmp_path / "k", "-o", out, "--json"
        )
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["fingerprint"] == json.loads(made.out)["fingerprint"]
        printed += ran.out + ran.err
    assert secret not in printed
    out, model = tmp_path / "links.parquet", tmp_path / "m.json"
    pair = (tmp_path / "left.parquet", tmp_path / "right.parquet")
    ran = tally("link", "files", *pair, "-o", out, "--save-model", model, "--json")
    assert ran.code == 0, ran.err
    assert 100 < json.loads(ran.out)["links"] <= 125
    assert tally("link", "files", *pair, "-o", out, "--model", model).code == 0
    assert tally("link", "files", *pair, "-o", out, "--keep", tmp_path / "kept").code == 2
    assert tally("link", "files", *pair, "-o", out, "--engine", "spark").code == 2
    over = tally("link", "encode", tmp_path / "left.csv", "--key-file", tmp_path / "k", "-o", tmp_path / "k")
    assert over.code == 2
    assert (tmp_path / "k").read_text().strip() == secret
    (tmp_path / "k").chmod(0o644)
    ran = tally("link", "encode", tmp_path / "left.csv", "--key-file", tmp_path / "k", "-o", out)
    assert "Others on this machine" in ran.out
    (tmp_path / "k").write_text("password")
    ran = tally("link", "encode", tmp_path / "left.csv", "--key-file", tmp_path / "k", "-o", out)
    assert ran.code == 1
    assert "guessed" in ran.err
    assert "password" not in ran.err


@pytest.mark.slow
def test_historical_people_of_two_departments_link_without_names(shared_data: Path) -> None:
    folder = shared_data / "historical"
    truth = {
        (source, row["record_id"]): row["person"]
        for source in ("justice", "education")
        for row in csv.DictReader((folder / f"{source}_truth.csv").read_text(encoding="utf-8").splitlines())
    }
    encoded = {
        s: pprl.encode(files.read(folder / f"{s}.csv"), KEY, fixed(1), source=s).table
        for s in ("justice", "education")
    }
    persons = link(encoded, LinkageSpec()).persons
    person = {(r["source"], r["record_id"]): r["person_id"] for r in persons.to_pylist()}
    sides = [[key for key in truth if key[0] == source] for source in ("justice", "education")]

    def pairs(of: Callable[[tuple[str, str]], object]) -> int:
        left, right = (Counter(of(key) for key in side) for side in sides)
        return sum(count * right[one] for one, count in left.items())

    both = pairs(lambda one: (truth[one], person[one]))
    assert 2 * both / (pairs(truth.__getitem__) + pairs(person.__getitem__)) > 0.75
