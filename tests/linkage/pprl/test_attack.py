"""An attacker who knows how common every name is: breaks plain Bloom filters, and gets nothing from what `tally link encode` sends.

The attack is that of the literature, with all its wishes fulfilled: the attacker knows the exact frequency of every name in the very file,
groups the records that show one name (equal codes, in one column or chained through all of them), and gives the largest group the
commonest name, and so on (rank alignment: Niedermeyer et al. 2014; Vidanage et al. 2020; chaining is ours). Chance is what is right
without looking at the file at all: everybody has the commonest name.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tallystick.linkage import pprl
from tallystick.linkage.pprl import bits
from tallystick.linkage.pprl.chains import SHOWS

KEY = bytes(range(7, 39))
RECORDS = 6000
Names = list[str]


def word(number: int) -> str:
    """Return a made-up name, another for each number."""
    vowels, consonants = "aeiou", "bcdfghjklmnprstvwz"
    text = ""
    while number or len(text) < 4:
        number, digit = divmod(number, 90)
        text += consonants[digit % 18] + vowels[digit // 18]
    return text


def shares(names: int) -> np.ndarray:
    """Return how common each name is: the commonest has three to five in a hundred, as in England."""
    weight = 1 / (np.arange(names) + 4.0)
    return weight / weight.sum()


def population(seed: int) -> pa.Table:
    """Return people whose names are as unevenly common as real ones, in families of one surname and one home."""
    draw = np.random.default_rng(seed)
    first = draw.choice(400, RECORDS, p=shares(400))
    home = draw.integers(0, RECORDS // 2, RECORDS)
    surname = draw.choice(1200, RECORDS // 2, p=shares(1200))[home]
    days = np.datetime64("1960-01-01") + draw.integers(0, 9000, RECORDS)
    return pa.table(
        {
            "record_id": [str(n) for n in range(RECORDS)],
            "first_name": [word(500 + n) for n in first],
            "surname": [word(1000 + n) for n in surname],
            "dob": np.datetime_as_string(days.astype("datetime64[D]")),
            "postcode": [
                f"LS{h // 500 + 1} {h // 50 % 9 + 1}{'ABDEFGHJLN'[h // 5 % 10]}{'PQRST'[h % 5]}" for h in home
            ],
        }
    )


def groups(columns: list[pa.Array]) -> np.ndarray:
    """Return the group of each record: those that chain through equal values in any of the columns (a slow union-find)."""
    parent = list(range(len(columns[0])))

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    for column in columns:
        seen: dict[object, int] = {}
        for row, value in enumerate(column.to_pylist()):
            if value is not None:
                parent[root(row)] = root(seen.setdefault(value, row))
    return np.array([root(row) for row in range(len(parent))])


def guessed_right(group: np.ndarray, names: Names) -> float:
    """Return the share of records whose name the attacker guesses: the largest group has the commonest name, and so on."""
    guess = dict(zip(by_size(Counter(group.tolist())), by_size(Counter(names)), strict=False))
    right = [guess.get(g) == name for g, name in zip(group.tolist(), names, strict=True)]
    return float(np.mean(right))


def by_size(counted: Counter[Any]) -> list[Any]:
    """Return what was counted, the commonest first; nobody knows the order of ties."""
    return sorted(counted, key=lambda one: (-counted[one], hashlib.md5(str(one).encode()).digest()))


@pytest.mark.parametrize("field", ["first_name", "surname"])
def test_frequencies_break_plain_filters_and_not_what_is_sent(field: str) -> None:
    table = population(seed=5)
    names = table[field].to_pylist()
    chance = max(Counter(names).values()) / RECORDS
    plain = bits.filters(
        names, [""] * RECORDS, bits.letters, KEY
    )  # a key, and no salt: the usual field-level filter
    assert guessed_right(groups([plain]), names) > 4 * chance

    sent = pprl.encode(table, KEY, np.random.default_rng(1).bytes).table
    at = {i: n for n, i in enumerate(table["record_id"].to_pylist())}
    names = [names[at[i]] for i in sent["record_id"].to_pylist()]
    whole = groups([sent[name] for name in SHOWS[field] if name in sent.column_names])
    assert max(Counter(whole.tolist()).values()) <= 100
    assert guessed_right(whole, names) <= chance
    for column in sent.column_names:
        if column != "record_id":
            assert guessed_right(groups([sent[column]]), names) <= chance


def test_chains_break_what_is_sent_where_they_are_not_cut() -> None:
    table = population(seed=5)
    loose = pprl.encode(table, KEY, np.random.default_rng(1).bytes, pprl.Parameters(most=RECORDS)).table
    at = dict(zip(table["record_id"].to_pylist(), table["surname"].to_pylist(), strict=True))
    names = [at[i] for i in loose["record_id"].to_pylist()]
    whole = groups([loose[name] for name in SHOWS["surname"]])
    assert guessed_right(whole, names) > 1.5 * max(Counter(names).values()) / RECORDS


def test_single_bits_are_as_common_as_chance_makes_them() -> None:
    table = population(seed=4)
    sent = pprl.encode(table, KEY, np.random.default_rng(1).bytes).table
    spread = {}
    for name in ("plain", "code_surname_by_dob"):
        rows = (
            bits.filters(table["surname"].to_pylist(), [""] * RECORDS, bits.letters, KEY)
            if name == "plain"
            else sent[name]
        )
        packed = np.frombuffer(b"".join(r for r in rows.to_pylist() if r is not None), np.uint8).reshape(
            -1, bits.LENGTH // 8
        )
        share = np.unpackbits(packed, axis=1).mean(axis=0)
        spread[name] = share.std() / np.sqrt(share.mean() * (1 - share.mean()) / len(packed))
    assert spread["plain"] > 10  # in standard errors of a fair bit: a pattern to mine
    assert spread["code_surname_by_dob"] < 2
