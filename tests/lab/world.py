"""A synthetic lab share that has an offence-level table beside the police data, made so that the official definition gives its outcome."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from tallystick import synth
from tallystick.agreement import io
from tallystick.agreement.schema import Agreement, DataField
from tallystick.synth.papers import signed

NUMBER = DataField(
    name="offender_id",
    kind="case-id",
    type="string",
    justification="The person's number in the research copy.",
)


def with_offences(folder: Path, *, people: int, seed: int) -> Path:
    """Return a share whose yes-or-no column is replaced by offences: true reoffences, and others that do not count."""
    synth.write("justice-data-lab", folder, people=people, seed=seed)
    pool = csv.read_csv(folder / "supplies/pnc.csv")
    numbers = pa.array([f"N{i * 7919 % 1_000_003}" for i in range(pool.num_rows)])
    rows: list[dict[str, Any]] = []
    for number, start, when in zip(
        numbers.to_pylist(),
        pool["conviction_date"].to_pylist(),
        pool["reoffence_date"].to_pylist(),
        strict=True,
    ):
        rows.append(offence(number, start - timedelta(days=40), start))  # the index offence
        if when is not None:
            rows.append(offence(number, when, when + timedelta(days=30)))
        rows.append(offence(number, start + timedelta(days=20), start + timedelta(days=60), is_breach=True))
        rows.append(
            offence(number, start + timedelta(days=300), start + timedelta(days=900))
        )  # proven too late
    csv.write_csv(
        pool.drop_columns(["reoffended", "reoffence_date"]).append_column("offender_id", numbers),
        folder / "supplies/pnc.csv",
    )
    table = pa.Table.from_pylist([{"record_id": str(i), **row} for i, row in enumerate(rows)])
    csv.write_csv(table, folder / "supplies/offences.csv")
    held = io.load(folder / "agreement.toml")
    io.dump(signed(with_dataset(held, table)), folder / "agreement.toml")
    return folder


def offence(number: str, when: date, proven: date, **changes: Any) -> dict[str, Any]:
    """Return one offence as the research copy has it."""
    return {
        "offender_id": number, "offence_date": when, "conviction_date": proven, "is_breach": False,
        "offence_group": "theft", "severity": 3, "disposal": "custody" if proven.day % 3 == 0 else "fine",
    } | changes  # fmt: skip


def with_dataset(held: Agreement, table: pa.Table) -> Agreement:
    """Return the agreement, unsigned, with the offences as a dataset and the person's number in both."""
    pool = next(one for one in held.datasets if one.name == "pnc")
    fields = tuple(
        NUMBER if name == "offender_id" else DataField(
            name=name, kind="event-date" if name.endswith("date") else "attribute", justification="The outcome.", criminal_offence=True,
            type="boolean" if name == "is_breach" else "integer" if name == "severity" else "date" if name.endswith("date") else "string",
        )
        for name in table.column_names if name != "record_id"
    )  # fmt: skip
    own = tuple(field for field in pool.fields if field.name not in ("reoffended", "reoffence_date"))
    offences = pool.model_copy(
        update={
            "name": "offences",
            "title": "Offences",
            "path": "supplies/offences.csv",
            "fields": fields,
            "source": "pnc-offences",
        }
    )
    others = tuple(one for one in held.datasets if one.name != "pnc")
    return held.model_copy(
        update={
            "datasets": (*others, pool.model_copy(update={"fields": (*own, NUMBER)}), offences),
            "signatures": (),
        }
    )
