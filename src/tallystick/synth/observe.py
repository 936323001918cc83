"""Records as a source wrote them down: the truth on a day, with the errors of the model, and a log that replays them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tallystick.synth.edits import NICKNAMES, edited, transliterated
from tallystick.synth.errors import KINDS, ErrorModel
from tallystick.synth.geography import geography
from tallystick.synth.identifiers import NUMBERS
from tallystick.synth.names import Words, names
from tallystick.synth.people import ETHNICITY, People, year_of
from tallystick.synth.streams import Flags, Floats, Ids, Ints, Streams

NO_DAY = -(10**6)
FIELDS = ("first_name", "middle_name", "surname", "dob", "gender", "postcode")
ETHNIC_LABELS = np.array([label for label, _, _ in ETHNICITY], dtype=object)
SEXES = np.array(["F", "M"], dtype=object)
OLD_DAYS = 5 * 365


@dataclass(frozen=True)
class Records:
    """Who is in a source, on which day; and what the source says of each record beyond identity."""

    rows: Ints
    days: Ints
    attributes: dict[str, Any]

    def taken(self, which: Ints) -> Records:
        """Return the records at these places, in this order."""
        return Records(
            self.rows[which], self.days[which], {name: v[which] for name, v in self.attributes.items()}
        )


@dataclass(frozen=True)
class Observed:
    """What a source holds: the records, their ids, identity as written down (dob in days, `NO_DAY` if missing), the errors.

    The log has, for each field that can go wrong, each record's kind of error ("" for none) and its draw.
    """

    records: Records
    record_id: Words
    identity: dict[str, Any]
    log: dict[str, tuple[Words, Ids]]

    def errors(self) -> Words:
        """Return each record's errors as ``field/kind/draw``, parted by spaces."""
        text = np.full(len(self.record_id), "", dtype=object)
        for field, (kinds, draws) in self.log.items():
            for row in np.flatnonzero(kinds != ""):
                text[row] = f"{text[row]} {field}/{kinds[row]}/{draws[row]}".lstrip()
        return text


def identity(people: People, rows: Ints, days: Ints) -> dict[str, Any]:
    """Return who the people were on those days, without any error."""
    return {
        "first_name": people.first_names(rows),
        "middle_name": people.middle_names(rows),
        "surname": people.surnames(rows, days),
        "dob": people.birth[rows].copy(),
        "gender": SEXES[people.sex[rows]],
        "postcode": geography().postcodes(people.places(rows, days)),
    }


def observe(
    streams: Streams, source: str, people: People, records: Records, model: ErrorModel, prefix: str
) -> Observed:
    """Return the records as ``source`` holds them, some twice, in an order that tells nothing."""
    ordinal = _ordinals(people, records.rows)
    traits = _traits(people, records)
    again = streams.uniform("duplicate", ordinal) < model.rate(source, "record", "duplicate") * model.factors(
        "duplicate", traits, len(ordinal)
    )
    which = np.concatenate([np.arange(len(ordinal)), np.flatnonzero(again)])
    keys = np.concatenate([ordinal, ordinal[again] | np.uint64(1 << 31)])
    order = np.argsort(streams.bits("order", keys), kind="stable")
    which, keys = which[order], keys[order]
    records = records.taken(which)
    traits = {name: values[which] for name, values in traits.items()}
    was = identity(people, records.rows, records.days)
    now = {name: values.copy() for name, values in was.items()}
    log: dict[str, tuple[Words, Ids]] = {
        "record": (np.where(keys & np.uint64(1 << 31), "duplicate", "").astype(object), keys)
    }
    numbers = {
        name: records.attributes[name] for name in NUMBERS if name in KINDS and name in records.attributes
    }
    was |= numbers
    now |= {name: values.copy() for name, values in numbers.items()}
    for field in (*FIELDS, *numbers):
        log[field] = _befall(streams, source, field, people, records, was, now, keys, model, traits)
    records = replace(records, attributes=records.attributes | {name: now.pop(name) for name in numbers})
    kinds, draws = _which(streams, source, "record", keys, model, traits, ("merged", "swapped"))
    merged, swapped = np.flatnonzero(kinds == "merged"), np.flatnonzero(kinds == "swapped")
    apart = 1 + (draws[merged] % np.uint64(max(len(people) - 1, 1))).astype(np.int64)
    other = (records.rows[merged] + apart) % len(people)
    for field in ("dob", "postcode"):
        now[field][merged] = identity(people, other, records.days[merged])[field]
    now["first_name"][swapped], now["surname"][swapped] = (
        now["surname"][swapped],
        now["first_name"][swapped].copy(),
    )
    log["whole"] = (kinds, draws)
    return Observed(records, record_ids(streams, keys, prefix), now, log)


def listed(streams: Streams, people: People, records: Records, prefix: str) -> tuple[Words, Records]:
    """Return records that hold no identity, with an id each, in an order that tells nothing (rows must be grouped)."""
    keys = _ordinals(people, records.rows)
    order = np.argsort(streams.bits("order", keys), kind="stable")
    return record_ids(streams, keys[order], prefix), records.taken(order)


def record_ids(streams: Streams, keys: Ids, prefix: str) -> Words:
    """Return an id of its own for each record that says nothing of the person: 16 hexadecimal digits."""
    digits = streams.bits("record", keys).astype(">u8").tobytes().hex()
    return np.array([prefix + digits[at : at + 16] for at in range(0, len(digits), 16)], dtype=object)


def _ordinals(people: People, rows: Ints) -> Ids:
    """Return a number for each record: its person's, and which of that person's it is (rows must be grouped)."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1) != 0)
    turn = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    return (people.id[rows] << np.uint64(32)) + turn.astype(np.uint64)


def _traits(people: People, records: Records) -> dict[str, Any]:
    places = people.places(records.rows, records.days)
    return {
        "sex": SEXES[people.sex[records.rows]],
        "ethnicity": ETHNIC_LABELS[people.ethnic[records.rows]],
        "decile": geography().deciles(people.streams, places),
    }


def _which(
    streams: Streams,
    source: str,
    field: str,
    keys: Ids,
    model: ErrorModel,
    traits: dict[str, Any],
    kinds: tuple[str, ...],
) -> tuple[Words, Ids]:
    """Return the kind of error that befalls each record's field, "" for none, and the draw that it uses."""
    u = streams.uniform(f"{field} error", keys)
    found = np.full(len(keys), "", dtype=object)
    lower = np.zeros(len(keys))
    for kind in kinds:
        upper: Floats = lower + model.rate(source, field, kind) * model.factors(kind, traits, len(keys))
        found[(u >= lower) & (u < upper)] = kind
        lower = upper
    return found, streams.bits(f"{field} draw", keys)


def _befall(
    streams: Streams, source: str, field: str, people: People, records: Records, was: dict[str, Any], now: dict[str, Any],
    keys: Ids, model: ErrorModel, traits: dict[str, Any],
) -> tuple[Words, Ids]:  # fmt: skip
    """Put one field's errors into ``now``; return the kinds that took effect and their draws."""
    kinds, draws = _which(streams, source, field, keys, model, traits, KINDS[field])
    for kind in KINDS[field]:
        rows = np.flatnonzero(kinds == kind)
        if not len(rows):
            continue
        can = applies(field, kind, people, records.rows[rows], records.days[rows], was[field][rows])
        kinds[rows[~can]] = ""
        rows = rows[can]
        if kind == "alias":
            draws[rows] = _own_alias(people, field, records.rows[rows], draws[rows])
        before = was[field][rows]
        after = altered(field, kind, people, records.rows[rows], records.days[rows], before, draws[rows])
        now[field][rows] = after
        kinds[rows[after == before]] = ""
    return kinds, draws


def _own_alias(people: People, field: str, rows: Ints, draws: Ids) -> Ids:
    """Return the draws of one of each person's own aliases, at most three a field, so that they are given again and again."""
    turn = draws % np.uint64(5) // np.uint64(2)
    return people.streams.of("aliases").bits(field, people.id[rows] * np.uint64(4) + turn)


def applies(field: str, kind: str, people: People, rows: Ints, days: Ints, value: Any) -> Flags:
    """Return whether an error of ``kind`` can befall each value at all."""
    if field == "dob":
        if kind == "day-month":
            day, month = _day(value), _month(value)
            return np.asarray((day <= 12) & (day != month))
        if kind == "first-january":
            return np.asarray((_day(value) != 1) | (_month(value) != 1))
        return np.ones(len(value), dtype=bool)
    there = _each(value, lambda v: True)
    special: dict[str, Callable[[], Any]] = {
        "nickname": lambda: _each(value, lambda v: v in NICKNAMES),
        "middle": lambda: (people.middle[rows] >= 0) & (people.middle[rows] != people.first[rows]),
        "transliterated": lambda: (
            (people.community[rows] > 0) & _each(value, lambda v: transliterated(v, 0) is not None)
        ),
        "half": lambda: _each(value, lambda v: "-" in v),
        "former": lambda: value != people.surnames(rows, np.full(len(rows), NO_DAY)),
        "old": lambda: people.places(rows, days) != people.places(rows, days - OLD_DAYS),
    }
    return np.asarray(there & special[kind]() if kind in special else there, dtype=bool)


def _each(value: Any, test: Callable[[str], bool]) -> Flags:
    """Return whether each value is there and passes."""
    return np.array([v is not None and test(v) for v in value], dtype=bool)


def altered(field: str, kind: str, people: People, rows: Ints, days: Ints, value: Any, draws: Ids) -> Any:
    """Return the values with an error of ``kind`` in each."""
    if field == "dob":
        return _altered_day(kind, value, draws)
    words = names()
    if kind == "missing":
        return np.full(len(value), None, dtype=object)
    if kind == "miscoded":
        return np.where(value == "F", "M", "F").astype(object)
    if kind == "middle":
        return people.middle_names(rows)
    if kind == "former":
        return people.surnames(rows, np.full(len(rows), NO_DAY))
    if kind == "old":
        return geography().postcodes(people.places(rows, days - OLD_DAYS))
    if kind == "alias":
        u = (draws >> np.uint64(11)).astype(np.float64) * 2.0**-53
        if field == "surname":
            return words.words[words.last[0].pick(u)]
        found = np.empty(len(value), dtype=object)
        for sex in (0, 1):
            own = people.sex[rows] == sex
            years = year_of(people.birth[rows[own]])
            found[own] = words.words[words.first_names(0, sex, years, u[own])]
        return found
    return np.array(
        [edited(kind, v, d) for v, d in zip(value.tolist(), draws.tolist(), strict=True)], dtype=object
    )


def _altered_day(kind: str, value: Ints, draws: Ids) -> Ints:
    """Return birth dates with an error in each."""
    if kind == "missing":
        return np.full(len(value), NO_DAY, dtype=np.int64)
    year, month, day = year_of(value), _month(value), _day(value)
    if kind == "first-january":
        return _date(year, np.ones_like(month), np.ones_like(day))
    if kind == "day-month":
        return _date(year, day, month)
    if kind == "alias":  # up to four years older or younger
        apart = 1 + (draws >> np.uint64(1)) % np.uint64(1500)
        return np.asarray(
            value + np.where(draws % np.uint64(2), 1, -1) * apart.astype(np.int64), dtype=np.int64
        )
    turn = (draws % np.uint64(4)).astype(np.int64)
    if kind == "year":
        return _date(year + np.array((-1, 1, -10, 10))[turn], month, np.minimum(day, 28))
    return _date(year, month, (day - 1 + np.array((1, 9, 10, 18))[turn]) % 28 + 1)


def _month(days: Ints) -> Ints:
    return np.asarray(days, dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def _day(days: Ints) -> Ints:
    start = np.asarray(days, dtype="datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
    return days - start.astype(np.int64) + 1


def _date(year: Ints, month: Ints, day: Ints) -> Ints:
    start = ((year - 1970) * 12 + month - 1).astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(start.astype(np.int64) + day - 1, dtype=np.int64)
