"""The whole way of one supply: read, check, keep who is eligible, split."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.agreement.dataset import Dataset
from tallystick.errors import BadInput
from tallystick.supply import eligible
from tallystick.supply.breach import Breach
from tallystick.supply.check import check
from tallystick.supply.contract import Contract
from tallystick.supply.profile import Profile, profile
from tallystick.supply.read import read
from tallystick.supply.split import Entropy, Split, split


@dataclass(frozen=True)
class Report:
    """What happened to a supply, in counts and formats; it holds no value of any cell, so it may leave the room."""

    dataset: str
    file: str
    format: str
    encoding: str
    separator: str
    date_formats: tuple[tuple[str, str], ...]
    rows: int
    blank: int
    set_aside: int
    ineligible: int
    kept: int
    breaches: tuple[Breach, ...] = ()
    reasons: tuple[eligible.Reason, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {**asdict(self), "date_formats": dict(self.date_formats)}


@dataclass(frozen=True)
class Taken:
    """A supply that was taken: its halves, the report of how, and its profile (whose values stay with the supplier)."""

    split: Split
    report: Report
    profile: Profile


def take(
    path: Path, dataset: Dataset | Contract, *, on: date, entropy: Entropy, known: pa.Table | None = None
) -> Taken:
    """The split, the report and the profile of the file at ``path``, held against ``dataset``.

    ``known`` are the keys of an earlier supply, which its records keep.

    ``on`` is the day of the supply, ``entropy`` gives random bytes (`secrets.token_bytes`). Identifiers come as text (dates as
    ISO 8601), evidence and attributes in their types. Raises BadInput, with every finding, where the file cannot be read
    or does not keep the contract, and where no record is eligible.
    """
    contract = dataset if isinstance(dataset, Contract) else Contract.from_dataset(dataset)
    eligible.conjuncts(contract.eligible, contract.expected)
    reading = read(path, contract.expected)
    checked = check(reading, contract, on)
    met = eligible.apply(contract.eligible, checked.table)
    table = checked.table if met.mask.all() else checked.table.filter(pa.array(met.mask))
    if not len(table):
        raise BadInput(
            f"{reading.file}: none of {len(met.mask):,} records is eligible. Compare the file with the agreement's condition: "
            f"{contract.eligible}"
        )
    report = Report(
        dataset=contract.dataset,
        file=reading.file,
        format=reading.format,
        encoding=reading.encoding,
        separator=reading.separator,
        date_formats=checked.formats,
        rows=reading.count,
        blank=reading.blank,
        set_aside=checked.rows_set_aside,
        ineligible=len(met.mask) - len(table),
        kept=len(table),
        breaches=checked.set_aside,
        reasons=met.reasons,
        notes=reading.notes,
    )
    halves = split(_with_text_identifiers(table, contract), contract, entropy, known)
    return Taken(halves, report, profile(table, contract, on))


def _with_text_identifiers(table: pa.Table, contract: Contract) -> pa.Table:
    """``table`` with its identifiers as text: a date as YYYY-MM-DD, whatever the file wrote."""
    for column in contract.columns:
        if column.kind == "identifier" and column.type != "string":
            values = table.column(column.name)
            text = pc.strftime(values, "%Y-%m-%d") if column.type == "date" else values.cast(pa.string())
            table = table.set_column(table.schema.get_field_index(column.name), column.name, text)
    return table
