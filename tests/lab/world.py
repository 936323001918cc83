"""A synthetic lab share whose police data has no outcome: the official definition must make it from the offences."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pyarrow import csv

from tallystick import synth
from tallystick.agreement import io
from tallystick.synth.papers import signed

OUTCOME = ("reoffended", "reoffence_date")


def with_offences(folder: Path, *, people: int, seed: int) -> Path:
    """Return a share without the yes-or-no column and its date, in the data and in the agreement."""
    synth.write("justice-data-lab", folder, people=people, seed=seed, on=datetime.now(UTC).date())
    pool = csv.read_csv(folder / "supplies/pnc.csv")
    csv.write_csv(pool.drop_columns(list(OUTCOME)), folder / "supplies/pnc.csv")
    held = io.load(folder / "agreement.toml")
    datasets = tuple(
        one.model_copy(update={"fields": tuple(field for field in one.fields if field.name not in OUTCOME)})
        for one in held.datasets
    )
    io.dump(
        signed(held.model_copy(update={"datasets": datasets, "signatures": ()})), folder / "agreement.toml"
    )
    return folder
