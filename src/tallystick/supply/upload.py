"""A filled-in Data Upload Template, checked: every fault by row with its remedy, never a value (requirements 75, 195 to 197, 237)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput, Finding, Refused
from tallystick.supply.breach import Breach, places
from tallystick.supply.contract import Column
from tallystick.supply.read import read
from tallystick.supply.reading import Reading
from tallystick.supply.template import COLUMNS, DATES, TemplateColumn, column_of
from tallystick.supply.values import Fault, mask_of, repeated, type_column

__all__ = ["MINIMUM", "RowFault", "Upload", "check_upload"]

MINIMUM: Final = 60
RESPONSIBILITY: Final = 10  # years: nobody younger can be convicted in England and Wales
GENDERS: Final = (
    "f",
    "female",
    "m",
    "male",
    "x",
    "other",
    "non-binary",
    "not known",
    "unknown",
    "not stated",
)
PNC: Final = r"(?i)^\d{2}(\d{2})?/\d{1,7}[A-Z]?$"
PRISON: Final = r"(?i)^([A-Z]\d{4}[A-Z]{2}|[A-Z]{2}\d{4,6})$"


@dataclass(frozen=True)
class RowFault:
    """One fault of one row of the file (the header is row 1)."""

    row: int
    column: str
    rule: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Upload:
    """What a checked file holds: ``table`` typed, under the template's names; ``faults`` forbid it, ``doubts`` do not."""

    file: str
    table: pa.Table
    rows: int
    faults: tuple[RowFault, ...]
    findings: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    filled: dict[str, int]

    def accept(self, *, assured_by: str, minimum: int = MINIMUM) -> None:
        """Return nothing where the file may go on.

        Raises `Refused` for fewer than ``minimum`` people or without an assurance of lawful sharing, `BadInput` for faults.
        """
        refusals = []
        if self.rows < minimum:
            refusals.append(
                Finding(
                    "lab.cohort", f"The file holds {self.rows:,} people; an analysis needs at least {minimum}.",
                    "Wait until more have taken part. `tally lab power` says how many an effect needs.", self.file, "195",
                )
            )  # fmt: skip
        if refusals:
            raise Refused([*refusals, *self.findings])
        if self.findings:
            bad = len({fault.row for fault in self.faults})
            raise BadInput(
                f"{self.file}: {bad:,} of {self.rows:,} rows have a fault. Nothing was taken.", self.findings
            )
        if not assured_by.strip():
            raise Refused(
                [
                    Finding(
                        "lab.assurance", "Nobody assures that this file is shared lawfully; that is asked for each time.",
                        "Give the name and role of who assures it (--assured-by).", self.file, "75, 92",
                    )
                ]
            )  # fmt: skip


def check_upload(path: Path, *, on: date) -> Upload:
    """Return the file with its faults; raises `BadInput` where it cannot be read or lacks a mandatory column."""
    reading = read(path, [column.name for column in COLUMNS])
    heads = _headings(reading)
    typed: dict[str, Any] = {}
    faults: list[tuple[str, Fault, Any]] = []
    refused: list[Breach] = []
    for name, (position, column) in heads.items():
        raw = reading.table.column(f"c{position}")
        spec = Column(
            name, "event-date" if column.is_date else "identifier", "date" if column.is_date else "string",
            required=column.need == "mandatory", matches="dob" if name == "dob" else "",
        )  # fmt: skip
        found = type_column(raw, spec, on)
        typed[name] = found.values
        refused += found.refusals
        faults += [(name, fault, raw) for fault in found.faults]
    if refused:
        raise BadInput(
            f"{path.name}: a whole column cannot be read.", [breach.finding(path.name) for breach in refused]
        )
    table = pa.table(typed)
    faults += [(name, fault, None) for name, fault in _rules(table, on) if fault.mask.any()]
    doubts = [(name, fault) for name, fault in _doubts(table) if fault.mask.any()]
    return Upload(
        path.name,
        table,
        reading.count,
        tuple(_by_row(faults, reading)),
        tuple(_findings(faults, reading)),
        tuple(_breach(name, fault, reading, None).finding(path.name) for name, fault in doubts),
        {name: table.num_rows - table[name].null_count for name in table.column_names},
    )


def _headings(reading: Reading) -> dict[str, tuple[int, TemplateColumn]]:
    """Return each known column's place, or raise with everything wrong with the header."""
    found: dict[str, tuple[int, TemplateColumn]] = {}
    wrong: list[Finding] = []

    def say(rule: str, message: str, remedy: str, number: str) -> None:
        wrong.append(Finding(f"lab.{rule}", message, remedy, f"{reading.file}, row 1", number))

    for position, heading in enumerate(reading.header):
        column = column_of(heading)
        if column is None:
            remedy = "Take it out, or name it as the template does: `tally lab template` makes one. The lab takes no more than it needs."
            say("column", f"Column {position + 1} is not in the template.", remedy, "202, 237")
        elif column.name in found:
            say(
                "column-twice",
                f"Column {position + 1} gives {column.name} a second time.",
                "Keep one.",
                "237",
            )
        else:
            found[column.name] = (position, column)
    for column in COLUMNS:
        if column.need == "mandatory" and column.name not in found:
            say("mandatory", f"The column {column.name} is missing.", f"Add it. {column.explanation}", "196")
    if not set(DATES) & set(found):
        say(
            "dates",
            "No column has a date that the follow-up could start from.",
            f"Add one of {', '.join(DATES)}.",
            "196, 205",
        )
    if wrong:
        raise BadInput(f"{reading.file} is not the template. Nothing was taken.", wrong)
    return found


def _rules(table: pa.Table, on: date) -> Iterator[tuple[str, Fault]]:
    """Yield what forbids rows, beyond each column's own type."""
    names = set(table.column_names)
    dates = [name for name in DATES if name in names]
    none = np.logical_and.reduce([mask_of(pc.is_null(table[name])) for name in dates])
    yield (
        dates[0],
        Fault("lab.no-date", "The row has no date to start from.", f"Give one of {', '.join(dates)}.", none),
    )
    for name in ("first_name", "surname"):
        # Arrow's own engine knows Unicode's classes; a name needs a letter, and holds no digit.
        odd = pc.or_(
            pc.match_substring_regex(table[name], r"\p{Nd}"),
            pc.invert(pc.match_substring_regex(table[name], r"\p{L}")),
        )
        yield name, Fault("lab.name", "This is not a name.", "Write the name in letters.", mask_of(odd))
    known = pc.is_in(pc.utf8_lower(table["gender"]), value_set=pa.array(GENDERS))
    wrong = pc.and_(pc.is_valid(table["gender"]), pc.invert(known))
    yield (
        "gender",
        Fault("lab.gender", "This is no gender of the template.", "Write F, M or X.", mask_of(wrong)),
    )
    for name in [*dates, *({"intervention_end"} & names)]:
        late = pc.greater(table[name], pa.scalar(on)) if name != "intervention_end" else None
        if late is not None:
            yield (
                name,
                Fault(
                    "lab.future",
                    "The date lies in the future.",
                    "Correct it, or send the row later.",
                    mask_of(late),
                ),
            )
        age = pc.years_between(table["dob"], table[name])
        yield name, Fault(
            "lab.too-young", f"The person was not yet {RESPONSIBILITY} then.", "Check it and the date of birth.",
            mask_of(pc.less(age, RESPONSIBILITY)),
        )  # fmt: skip
    if {"intervention_start", "intervention_end"} <= names:
        back = pc.less(table["intervention_end"], table["intervention_start"])
        yield (
            "intervention_end",
            Fault("lab.order", "The end lies before the start.", "Correct one of them.", mask_of(back)),
        )
    if "record_id" in names:
        yield (
            "record_id",
            repeated(
                table["record_id"],
                "lab.id-twice",
                "Another row has the same number.",
                "Number each row once.",
            ),
        )


def _doubts(table: pa.Table) -> Iterator[tuple[str, Fault]]:
    """Yield what a second look should settle, and does not forbid the row."""
    names = set(table.column_names)
    short = pc.less(pc.utf8_length(table["first_name"]), 2)
    yield (
        "first_name",
        Fault(
            "lab.initial", "This is an initial.", "Give the name in full: it may not match.", mask_of(short)
        ),
    )
    for name, pattern in (("pnc_id", PNC), ("prison_number", PRISON)):
        if name in names:
            odd = pc.invert(pc.match_substring_regex(table[name], pattern))
            yield name, Fault("lab.number", "The number has not the usual form.", "Check it.", mask_of(odd))
            again = repeated(
                table[name],
                "lab.number-twice",
                "Another row has the same number.",
                "Keep one row for each person.",
            )
            yield name, again
    person = pc.binary_join_element_wise(
        pc.utf8_lower(table["first_name"]),
        pc.utf8_lower(table["surname"]),
        table["dob"].cast(pa.string()),
        "\x1f",
    )
    yield (
        "surname",
        repeated(
            person,
            "lab.person-twice",
            "Another row has the same names and date of birth.",
            "Keep one row for each person.",
        ),
    )


def _by_row(faults: list[tuple[str, Fault, Any]], reading: Reading) -> Iterator[RowFault]:
    rows = [
        RowFault(int(reading.rows[i]), name, fault.rule, fault.message, fault.remedy)
        for name, fault, _ in faults
        for i in np.flatnonzero(fault.mask)
    ]
    rows += [
        RowFault(
            ragged.row,
            "",
            "supply.row-width",
            "The row has not the header's number of cells.",
            "Give every row each cell.",
        )
        for ragged in reading.ragged
    ]
    yield from sorted(rows, key=lambda fault: (fault.row, fault.column, fault.rule))


def _findings(faults: list[tuple[str, Fault, Any]], reading: Reading) -> Iterator[Finding]:
    for name, fault, raw in faults:
        yield _breach(name, fault, reading, raw).finding(reading.file)
    if reading.ragged:
        where = ", ".join(f"row {ragged.row:,}" for ragged in reading.ragged[:10])
        yield Finding(
            "supply.row-width", f"{len(reading.ragged):,} rows have not the header's number of cells.",
            "Give every row each cell; put quotation marks around one with a comma.", f"{reading.file}, {where}",
        )  # fmt: skip


def _breach(name: str, fault: Fault, reading: Reading, raw: Any) -> Breach:
    shown = places(fault.mask, reading.rows, raw)
    return Breach(fault.rule, fault.message, fault.remedy, name, int(fault.mask.sum()), shown)
