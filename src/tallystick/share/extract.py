"""The door `extract`: one project's approved fields and rows, under ids that mean nothing anywhere else."""

from __future__ import annotations

import csv
import secrets

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tallystick import deidentify as engine
from tallystick.agreement import gates
from tallystick.agreement.io import document_hash
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.ledger import write_secret
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, read_parquet


def event(project: Project) -> str:
    """Return the id of the act in the ledger: of the project as it was approved, so that a new approval is a new act."""
    return f"extract/{project.id}/{document_hash(project)[7:23]}"


def extract(share: Share, agreement: Agreement, project: Project, *, clock: Clock) -> None:
    """Make the project's extract from its approval and from nothing else; the same approval is served once.

    Raises Refused where a rule guards the door, BadInput where the steward holds no data yet.
    """
    if acts.is_done(share, event(project)):
        return
    gates.ask(agreement, "extract", clock.now.date(), project=project)
    names = [dataset.name for dataset in project.datasets]
    for name in names:
        if not (share.steward / "attributes" / f"{name}.parquet").exists():
            raise BadInput(f"The steward holds no {name} yet: run `tally deidentify` first.")
    attributes = {name: read_parquet(share.steward / "attributes" / f"{name}.parquet") for name in names}
    made = engine.extract(
        attributes,
        read_parquet(share.steward / "persons.parquet"),
        project,
        agreement,
        project_key(share, project),
        ladder=_places(share, project),
        weights=_weights(share, names) if project.linkage_weights else None,
    )
    details: dict[str, object] = {
        "project": project.id,
        "rows": {name: table.num_rows for name, table in made.tables.items()},
        "fields": {name: table.column_names for name, table in made.tables.items()},
        "rows_left_out": dict(made.rows_left_out),
        "noticed": [finding.message for finding in made.findings],
        "until": project.ends,
    }
    with acts.act(
        share, event(project), name="extract", subject=project.id, clock=clock, details=details
    ) as folder:
        room = folder / "rooms" / "projects" / project.id
        (room / "extract").mkdir(parents=True)
        for name, table in made.tables.items():
            pq.write_table(table, room / "extract" / f"{name}.parquet", compression="zstd")
        (room / "dictionary.csv").write_text(engine.dictionary_csv(made.dictionary), encoding="utf-8")
        (room / "conditions.html").write_text(made.conditions.html, encoding="utf-8")


def _weights(share: Share, names: list[str]) -> dict[str, pa.Table]:
    """Return the linkage weights of those of the datasets that have them."""
    files = {name: share.steward / "weights" / f"{name}.parquet" for name in names}
    return {name: read_parquet(path) for name, path in files.items() if path.exists()}


def _places(share: Share, project: Project) -> pa.Table | None:
    """Return the share's lookup of places, finest column first, where a field of the project needs one; None where none does.

    Raises BadInput where it is missing, cannot be read, or has fewer than two columns.
    """
    fields = [field for dataset in project.datasets for field in dataset.fields]
    if not any(field.detail == "geography" for field in fields):
        return None
    path = share.root / "places.csv"
    if not path.is_file():
        raise BadInput(
            f"Project {project.id} asks for places in less detail, and the share has no {path.name}. Put the lookup there: a column "
            "for each rung, the finest first, such as postcode,lsoa,la,region."
        )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        table = pacsv.read_csv(
            path, convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
        )
    except (pa.ArrowException, UnicodeDecodeError, csv.Error):
        raise BadInput(
            f"{path.name} is not a readable CSV file of UTF-8 text, each row as long as the header."
        ) from None
    if len(header) < 2 or table.column_names != header or len(set(header)) < len(header):
        raise BadInput(
            f"{path.name} needs two columns at least, each with a name of its own, the finest first."
        )
    return table


def project_key(share: Share, project: Project) -> bytes:
    """Return a random key of 32 bytes, mode 0600 in the steward's keys: the project's own, or a new one for each extract.

    With ``keys = "per-extract"`` the key before is overwritten: nobody can tell any more who was who in the extract before.
    """
    path = share.key("steward", f"project-{project.id}")
    if project.keys == "per-extract" or not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()
