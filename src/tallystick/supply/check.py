"""A reading held against its contract: every finding at once, then refused, or the rows at fault set aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from tallystick.errors import BadInput, Finding
from tallystick.supply.breach import SHOWN, Breach, Place, places
from tallystick.supply.contract import Column, Contract
from tallystick.supply.header import check_header
from tallystick.supply.reading import Reading
from tallystick.supply.values import Fault, repeated, type_column


@dataclass(frozen=True)
class Checked:
    """The rows that keep the contract.

    ``table`` has the contract's columns in their types and the record ids as text. ``set_aside`` says what was left out and
    why (a row can break several rules); ``formats`` the date format of each date column.
    """

    table: pa.Table
    set_aside: tuple[Breach, ...] = ()
    rows_set_aside: int = 0
    formats: tuple[tuple[str, str], ...] = ()


def check(reading: Reading, contract: Contract, on: date) -> Checked:
    """The rows of ``reading`` that keep ``contract``, typed, with what was set aside.

    Raises BadInput with all findings when the header or a whole column is wrong, when no row is left, or when the rows at fault
    are a greater share than the contract sets aside. ``on`` is the day of the supply: nobody is born after it.
    """
    _refuse(reading, check_header(reading.header, contract))
    if not reading.count:
        raise BadInput(f"{reading.file} has a header and no rows. Supply at least one record.")
    found: list[Breach] = []
    breaches = _ragged(reading)
    typed: dict[str, Any] = {}
    formats = []
    bad = np.zeros(len(reading.table), dtype=bool)
    for column in _columns(contract):
        raw = reading.table.column(f"c{reading.header.index(column.name)}")
        result = type_column(raw, column, on)
        faults = result.faults
        if column.name == contract.id_column:
            faults = (*faults, *_record_ids(raw))
        typed[column.name] = result.values
        found += result.refusals
        formats += [(column.name, result.format)] if result.format else []
        for fault in faults:
            bad |= fault.mask
            breaches.append(_breach(fault, column.name, reading, raw))
    _refuse(reading, found + (breaches if found else []))
    rows_bad = int(bad.sum()) + len(reading.ragged)
    if rows_bad > contract.set_aside * reading.count or rows_bad == reading.count:
        _refuse(reading, breaches, rows_bad, contract.set_aside)
    table = pa.table(typed)
    if rows_bad:
        table = table.filter(pa.array(~bad))
    return Checked(table, tuple(breaches), rows_bad, tuple(formats))


def _columns(contract: Contract) -> list[Column]:
    """The contract's columns with the record id among them, which is always required text."""
    listed = {column.name: column for column in contract.columns}
    record_id = listed.get(contract.id_column, Column(contract.id_column, kind="case-id"))
    listed[contract.id_column] = replace(record_id, type="string", required=True, unique=False)
    return [listed[name] for name in contract.expected]


def _record_ids(raw: Any) -> list[Fault]:
    fault = repeated(
        raw,
        "supply.record-id-twice",
        "The record id stands in more than one row.",
        "Give each record an id of its own.",
    )
    return [fault] if fault.mask.any() else []


def _ragged(reading: Reading) -> list[Breach]:
    if not reading.ragged:
        return []
    width = len(reading.header)
    shown = tuple(
        Place(row.row, f"{row.cells:,} cell{'' if row.cells == 1 else 's'}") for row in reading.ragged[:SHOWN]
    )
    return [
        Breach(
            "supply.row-width",
            f"The row has not the header's {width:,} cells.",
            "Put quotation marks around a cell that holds a separator, and give every row each cell.",
            count=len(reading.ragged),
            places=shown,
        )
    ]


def _breach(fault: Fault, column: str, reading: Reading, raw: Any) -> Breach:
    return Breach(
        fault.rule,
        fault.message,
        fault.remedy,
        column=column,
        count=int(fault.mask.sum()),
        places=places(fault.mask, reading.rows, raw),
    )


def _refuse(reading: Reading, breaches: list[Breach], rows: int = 0, share: float = 0.0) -> None:
    """Raise BadInput with every breach as a finding, if there is one."""
    if not breaches:
        return
    findings: list[Finding] = [breach.finding(reading.file) for breach in breaches]
    if rows:
        limit = f"at most {share:.2%} may be set aside" if share else "none may be set aside"
        message = (
            f"{reading.file}: {rows:,} of {reading.count:,} rows break the agreement's contract ({rows / reading.count:.2%}; "
            f"{limit}). Nothing was taken."
        )
    else:
        message = f"{reading.file} does not keep the agreement's contract. Nothing was taken."
    raise BadInput(message, findings)
