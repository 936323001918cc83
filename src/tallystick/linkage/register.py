"""Who in a learner register a person may be, by the five published fields, and new Unique Learner Numbers.

The fields are those of the Learning Records Service (user guide for learning providers, May 2024): given name, family name, date
of birth, gender, postcode; its answers are "exact match", "linked learner", "possible match", "too many matches" and "no match".
The service does not publish how it compares; the rule here is :func:`verdict`. What it leaves out is a probability: a number is
issued or found for one person at a time, and where it is not certain a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import clean

Grade = Literal["same", "near", "different", "unknown"]
Kind = Literal["exact", "linked", "possible", "too many", "none"]

FIELDS = ("first_name", "surname", "dob", "gender", "postcode")
AGE = 14
"""The age from which a learner has a number (requirement 213)."""
MOST = 10
"""More learners than this that may be the one are not named: the question was too broad, and an answer would be a list of people."""


@dataclass(frozen=True)
class Person:
    """The five fields in standard form (None: not known) and ``first_root``, the name of which the first name is a familiar form."""

    first_name: str
    first_root: str
    surname: str
    dob: str
    gender: str | None
    postcode: str | None


@dataclass(frozen=True)
class Held:
    """What the register holds of a learner: ``uln`` leads to ``master`` (itself, unless merged); former details are not current."""

    uln: str
    master: str
    person: Person
    is_current: bool = True


@dataclass(frozen=True)
class Candidate:
    """A learner who may be the one: the number to use, and how each of the five fields compares; no value of theirs."""

    uln: str
    grades: tuple[Grade, ...]


@dataclass(frozen=True)
class Answer:
    """What the register answers. ``candidates`` is empty for "none" and "too many", one for "exact" and "linked"."""

    kind: Kind
    candidates: tuple[Candidate, ...] = ()

    @property
    def uln(self) -> str | None:
        """The one number, where the answer is certain."""
        return self.candidates[0].uln if self.kind in ("exact", "linked") else None


def persons(table: pa.Table, source: str, id_column: str = "record_id") -> Iterator[tuple[str, Person | str]]:
    """Yield for each row its id and the person, or the name of the first field that is missing or cannot be read.

    Names and a full date of birth have to be there; a gender or postcode that is not known does no more than rule out "exact".
    Raises ``BadInput`` where a column is missing or the ids are not unique.
    """
    cleaned = clean.standard(table, id_column, source).table
    missing = [name for name in FIELDS if name not in cleaned.column_names]
    if missing:
        raise BadInput(
            f"{source}: no column for {', '.join(missing)}. A learner is looked up by {', '.join(FIELDS)}."
        )
    names = (id_column, "first_name", "first_root", "surname", "dob", "gender", "postcode")
    for key, first, root, last, dob, gender, postcode in zip(
        *(cleaned[name].to_pylist() for name in names), strict=True
    ):
        if not first:
            yield key, "first_name"
        elif not last:
            yield key, "surname"
        elif birthday(dob) is None:
            yield key, "dob"
        else:
            yield key, Person(first, root or first, last, dob, gender, postcode)


def numbers(table: pa.Table, source: str, id_column: str = "record_id") -> dict[str, str]:
    """Return the Unique Learner Number that a row gives, by its id, where it gives one whose check digit fits."""
    cleaned = clean.standard(table, id_column, source).table
    if "uln" not in cleaned.column_names:
        return {}
    pairs = zip(cleaned[id_column].to_pylist(), cleaned["uln"].to_pylist(), strict=True)
    return {key: uln for key, uln in pairs if uln}


def birthday(dob: str | None) -> date | None:
    """Return a standard date of birth (eight digits) as a date; None where there is no such day."""
    try:
        return None if dob is None else date(int(dob[:4]), int(dob[4:6]), int(dob[6:]))
    except ValueError:
        return None


def age(dob: str, on: date) -> int:
    """Return the age in whole years on a day; someone born on 29 February has their birthday on 1 March of a common year.

    >>> age("20120229", date(2026, 2, 28)), age("20120229", date(2026, 3, 1))
    (13, 14)
    """
    return on.year - int(dob[:4]) - ((on.month, on.day) < (int(dob[4:6]), int(dob[6:])))


def compared(asked: Person, held: Person) -> tuple[Grade, ...]:
    """Return how each of the five fields compares, in the order of ``FIELDS``."""
    if (asked.first_name, asked.surname) == (held.surname, held.first_name):
        names: tuple[Grade, Grade] = ("near", "near")
    else:
        names = (_first(asked, held), _near(asked.surname, held.surname))
    day_first = asked.dob[:4] + asked.dob[6:] + asked.dob[4:6]
    dob: Grade = "near" if day_first == held.dob != asked.dob else _near(asked.dob, held.dob)
    return (*names, dob, _gender(asked.gender, held.gender), _postcode(asked.postcode, held.postcode))


def _near(a: str, b: str) -> Grade:
    return "same" if a == b else "near" if within_one_edit(a, b) else "different"


def _first(asked: Person, held: Person) -> Grade:
    if asked.first_name == held.first_name:
        return "same"
    a, b = asked.first_name, held.first_name
    initial = a[0] == b[0] and 1 in (len(a), len(b))
    return "near" if asked.first_root == held.first_root or initial else _near(a, b)


def _gender(a: str | None, b: str | None) -> Grade:
    return "unknown" if a is None or b is None else "same" if a == b else "different"


def _postcode(a: str | None, b: str | None) -> Grade:
    if a is None or b is None:
        return "unknown"
    return "near" if a != b and a[:-3] == b[:-3] else _near(a, b)


def within_one_edit(a: str, b: str) -> bool:
    """Return whether one letter put in, left out, changed, or two neighbours swapped make ``a`` of ``b``.

    >>> within_one_edit("smith", "smtih"), within_one_edit("smith", "smyth"), within_one_edit("ann", "anna")
    (True, True, True)
    """
    if abs(len(a) - len(b)) > 1:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    x, y = a[at:], b[at:]
    return x[1:] == y[1:] or x[1:] == y or x == y[1:] or (x[:2] == y[1::-1] and x[2:] == y[2:])


def verdict(grades: Sequence[Grade], *, is_current: bool) -> Literal["exact", "possible", "none"]:
    """Return whether someone is, may be or is not the learner.

    Exact: all five fields the same as the learner's present ones. None: another first name (a twin, brother or sister), or fewer
    than three of name, surname, birth date and postcode the same or near, or fewer than two the same; or another birth date, unless
    both names and the postcode are the same. All else is possible.
    """
    if is_current and all(grade == "same" for grade in grades):
        return "exact"
    first, last, dob, _, postcode = grades
    strong = (first, last, dob, postcode)
    if first == "different" or (dob == "different" and not first == last == postcode == "same"):
        return "none"
    swapped = first == last == "near" and dob == "same"
    enough = sum(g in ("same", "near") for g in strong) >= 3
    return "possible" if enough and (swapped or sum(g == "same" for g in strong) >= 2) else "none"


def answer(asked: Person, held: Iterable[Held]) -> Answer:
    """Return what the register answers about ``asked``, of the learners that a search brought up.

    A certain answer needs one learner alone with all five fields: two of one description are both possible. An exact match on a
    number that was merged is answered with the number that it was merged into ("linked").
    """
    exact: dict[str, Candidate] = {}
    possible: dict[str, Candidate] = {}
    linked = True
    for one in held:
        grades = compared(asked, one.person)
        found = verdict(grades, is_current=one.is_current)
        if found == "exact":
            exact[one.master] = Candidate(one.master, grades)
            linked = linked and one.uln != one.master
        elif found == "possible" and one.master not in possible:
            possible[one.master] = Candidate(one.master, grades)
    if len(exact) == 1:
        return Answer("linked" if linked else "exact", tuple(exact.values()))
    if len(possible | exact) > MOST:
        return Answer("too many")
    both = possible | exact
    return Answer("possible", tuple(both[uln] for uln in sorted(both))) if both else Answer("none")


def new_number(is_taken: Callable[[str], bool], entropy: Callable[[int], bytes]) -> str:
    """Return a Unique Learner Number with its check digit, drawn at random, for which ``is_taken`` says no.

    Random, not counted up: a number tells neither when nor beside whom it was issued. A draw whose check digit would be 10 is
    not used (HESA coding manual, ULN). ``entropy(n)`` gives n random bytes.
    """
    while True:
        drawn = int.from_bytes(entropy(8), "big") % (9 * 10**8) + 10**8
        stem = str(drawn)
        check = (10 - sum(int(d) * w for d, w in zip(stem, range(10, 1, -1), strict=True))) % 11
        if check < 10 and not is_taken(stem + str(check)):
            return stem + str(check)
