"""Numbers that departments give a person for life, each person's own, with the check character of its kind.

Forms and checks as `tallystick.linkage.identifiers` reads them, whose sources hold here too. A number says nothing of the person but,
as in life, the year in a PNC id: here that of the tenth birthday, when criminal responsibility begins. Two people never have the
same number while there are fewer than 10 million PNC ids, 23 million CRNs, 108 million prison numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tallystick.synth.names import Words
from tallystick.synth.people import YEAR, People, year_of
from tallystick.synth.streams import Ints

CHECK_23 = "ZABCDEFGHJKLMNPQRTUVWXY"
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
STEP = np.uint64(
    2_654_435_761
)  # a prime that divides none of the counts below: steps of it meet every number once


def upn(people: People, rows: Ints) -> Words:
    """Return each person's unique pupil number: a check letter and twelve digits, weighed 2 to 13, modulo 23."""
    numbers = _scattered(people, rows, "upn", 10**12)
    total = sum(numbers // 10 ** (11 - place) % 10 * (place + 2) for place in range(12))
    letters = np.array(list(UPN_LETTERS), dtype=object)[np.asarray(total) % 23]
    return np.asarray(letters + _text(numbers, 12), dtype=object)


def uln(people: People, rows: Ints) -> Words:
    """Return each person's unique learner number: nine digits and a check digit; those whose check would be 10 are not used."""
    first, turn = np.divmod(_scattered(people, rows, "uln", 9 * 90_000_000), 9)
    first += 10_000_000
    total = sum(first // 10 ** (7 - place) % 10 * (10 - place) for place in range(8))
    unused = -np.asarray(total) * 6 % 11  # the ninth digit, of weight 2, with which nothing would be left
    ninth = turn + (turn >= unused)
    numbers = first * 10 + ninth
    return np.asarray(_text(numbers * 10 + 10 - (total + 2 * ninth) % 11, 10), dtype=object)


def pnc_id(people: People, rows: Ints) -> Words:
    """Return each person's Police National Computer id, such as ``2008/0056560Z``: the letter checks year and serial, modulo 23."""
    years = year_of(people.birth[rows] + int(10 * YEAR))
    serial = _scattered(people, rows, "pnc", 10**7)
    letters = np.array(list(CHECK_23), dtype=object)[(years % 100 * 10**7 + serial) % 23]
    return np.asarray(_text(years, 4) + "/" + _text(serial, 7) + letters, dtype=object)


def prison_number(people: People, rows: Ints) -> Words:
    """Return each person's prison number: a letter, four digits, two letters."""
    letters = np.array(list(UPN_LETTERS[:22]), dtype=object)
    rest, digits = np.divmod(_scattered(people, rows, "prison", 22**3 * 10_000), 10_000)
    first, last = np.divmod(rest, 22 * 22)
    return np.asarray(
        letters[first] + _text(digits, 4) + letters[last // 22] + letters[last % 22], dtype=object
    )


def crn(people: People, rows: Ints) -> Words:
    """Return each person's probation case reference number: a letter and six digits."""
    first, digits = np.divmod(_scattered(people, rows, "crn", 23 * 10**6), 10**6)
    return np.asarray(np.array(list(UPN_LETTERS), dtype=object)[first] + _text(digits, 6), dtype=object)


NUMBERS: dict[str, Callable[[People, Ints], Words]] = {
    "upn": upn, "uln": uln, "pnc_id": pnc_id, "prison_number": prison_number, "crn": crn,
}  # fmt: skip


def _scattered(people: People, rows: Ints, label: str, count: int) -> Ints:
    """Return a number below ``count`` for each person: another for each of as many people."""
    start = people.streams.of("identifiers").key(label) % np.uint64(count)
    return ((people.id[rows] * STEP + start) % np.uint64(count)).astype(np.int64)


def _text(numbers: Ints, digits: int) -> Words:
    return np.array([f"{n:0{digits}d}" for n in numbers.tolist()], dtype=object)
