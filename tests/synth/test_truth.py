"""The truth is exact: each record is its person and its logged errors, rebuilt here one by one by slow obvious code."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tallystick import synth
from tallystick.synth.edits import edited
from tallystick.synth.identifiers import NUMBERS
from tallystick.synth.names import names
from tallystick.synth.observe import FIELDS, OLD_DAYS, identity
from tallystick.synth.people import People, block
from tallystick.synth.presets import PRESETS

PEOPLE = 600
EPOCH = date(1970, 1, 1)


def person_on(people: People, person: int, day: int) -> dict[str, str | None]:
    """Return what is true of one person on one day, as text."""
    row = np.array([person])
    found = identity(people, row, np.array([day])) | {name: of(people, row) for name, of in NUMBERS.items()}
    return {
        field: (EPOCH + timedelta(days=int(values[0]))).isoformat() if field == "dob" else values[0]
        for field, values in found.items()
    }


def wrong_day(kind: str, text: str, draw: int) -> str | None:
    """Return a birth date with one error in it."""
    year, month, day = (int(part) for part in text.split("-"))
    if kind == "missing":
        return None
    if kind == "alias":
        apart = 1 + (draw // 2) % 1500
        return (date.fromisoformat(text) + timedelta(days=apart if draw % 2 else -apart)).isoformat()
    if kind == "first-january":
        month = day = 1
    elif kind == "day-month":
        month, day = day, month
    elif kind == "year":
        year, day = year + (-1, 1, -10, 10)[draw % 4], min(day, 28)
    else:
        day = (day - 1 + (1, 9, 10, 18)[draw % 4]) % 28 + 1
    return f"{year:04d}-{month:02d}-{day:02d}"


def alias(people: People, person: int, field: str, draw: int) -> str:
    """Return the name that a draw gives: one of the most widespread community, of the person's sex and decade."""
    u = np.array([(draw >> 11) * 2.0**-53])
    pools = names()
    if field == "surname":
        return str(pools.words[pools.last[0].pick(u)][0])
    year = 1970 + int(people.birth[person].astype("datetime64[D]").astype("datetime64[Y]").astype(int))
    return str(pools.words[pools.first_names(0, int(people.sex[person]), np.array([year]), u)][0])


def rebuilt(people: People, person: int, day: int, errors: str) -> dict[str, str | None]:
    """Return the record that the log says was written."""
    truth = person_on(people, person, day)
    record = dict(truth)
    entries = [(field, kind, int(draw)) for field, kind, draw in (e.split("/") for e in errors.split())]
    for field, kind, draw in entries:
        if field in ("record", "whole"):
            continue
        value = truth[field]
        if field == "dob":
            record[field] = wrong_day(kind, str(value), draw)
        elif kind == "missing":
            record[field] = None
        elif kind == "miscoded":
            record[field] = "M" if value == "F" else "F"
        elif kind == "middle":
            record[field] = truth["middle_name"]
        elif kind == "former":
            record[field] = person_on(people, person, -(10**6))["surname"]
        elif kind == "old":
            record[field] = person_on(people, person, day - OLD_DAYS)["postcode"]
        elif kind == "alias":
            record[field] = alias(people, person, field, draw)
        else:
            record[field] = edited(kind, str(value), draw)
    for field, kind, draw in entries:
        if (field, kind) == ("whole", "merged"):
            other = person_on(people, (person + 1 + draw % (len(people) - 1)) % len(people), day)
            record["dob"], record["postcode"] = other["dob"], other["postcode"]
        if (field, kind) == ("whole", "swapped"):
            record["first_name"], record["surname"] = record["surname"], record["first_name"]
    return record


@pytest.mark.parametrize(
    "preset", ["moj-dfe", "data-first", "learner-register", "justice-data-lab", "national"]
)
def test_each_record_is_its_person_and_its_logged_errors(preset: str, tmp_path: Path) -> None:
    synth.write(preset, tmp_path / "share", people=PEOPLE, seed=5, form="parquet")
    kind = PRESETS[preset]
    people = block(5, 0, kind.total(PEOPLE), kind.population)
    for source in kind.sources:
        supply = pq.read_table(tmp_path / "share" / "supplies" / f"{source}.parquet").to_pylist()
        log = pq.read_table(tmp_path / "share" / "truth" / "log" / f"{source}.parquet").to_pylist()
        for record, entry in zip(supply, log, strict=True):
            assert record["record_id"] == entry["record_id"]
            day = (entry["seen_on"] - EPOCH).days
            made = rebuilt(people, int(entry["person"][1:]), day, entry["errors"])
            fields = [name for name in (*FIELDS, *NUMBERS) if name in record]
            held = {f: None if record[f] is None else str(record[f]) for f in fields}
            for field in fields:
                assert made[field] == held[field], (source, field, entry["errors"])


def test_truth_lies_beside_the_supplies_and_never_in_them(tmp_path: Path) -> None:
    synth.write("moj-dfe", tmp_path / "share", people=PEOPLE, seed=5)
    for source in ("justice", "education"):
        with (tmp_path / "share" / "supplies" / f"{source}.csv").open() as file:
            supply = list(csv.DictReader(file))
        with (tmp_path / "share" / "truth" / f"{source}.csv").open() as file:
            truth = list(csv.DictReader(file))
        assert list(truth[0]) == ["record_id", "person"]
        assert [row["record_id"] for row in supply] == [row["record_id"] for row in truth]
        assert len({row["record_id"] for row in supply}) == len(supply)
        persons = {row["person"] for row in truth}
        assert not any(value in persons for row in supply for value in row.values())


def test_counts_are_exactly_those_asked(tmp_path: Path) -> None:
    synth.write("moj-dfe", tmp_path / "share", people=1000, seed=5)
    for source, expected in (("justice", 200), ("education", 1000)):
        with (tmp_path / "share" / "truth" / f"{source}.csv").open() as file:
            assert len({row["person"] for row in csv.DictReader(file)}) == expected
