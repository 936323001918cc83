"""The door `extract`: one project's approved fields and rows, under ids that mean nothing anywhere else."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tallystick import deidentify as engine
from tallystick.agreement import gates
from tallystick.agreement.io import document_hash
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput, Finding, Refused
from tallystick.ledger import write_secret
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, read_parquet


def event(project: Project) -> str:
    """Return the id of the act in the ledger: of the project as it was approved, so that a new approval is a new act."""
    return f"extract/{project.id}/{document_hash(project)[7:23]}"


def extract(share: Share, agreement: Agreement, project: Project, *, clock: Clock) -> None:
    """Make the project's extract from its approval and from nothing else; the same approval is served once.

    Raises Refused where a rule guards the door or fewer people are alike than the agreement asks for, BadInput where the steward holds
    no data yet.
    """
    if acts.is_done(share, event(project)):
        return
    gates.ask(agreement, "extract", clock.now.date(), project=project)
    key = _key(share, project)
    made = draft(share, agreement, project, key)
    small = small_groups(agreement, made.tables)
    if small and not project.accepted_risk.by:
        raise Refused(small, f"The extract of {project.id} shows people too closely. Nothing was written.")
    write_secret(key_path(share, project), key)
    details: dict[str, object] = {
        "project": project.id,
        "rows": {name: table.num_rows for name, table in made.tables.items()},
        "fields": {name: table.column_names for name, table in made.tables.items()},
        "rows_left_out": dict(made.rows_left_out),
        "noticed": [finding.message for finding in (*made.findings, *small)],
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


def draft(share: Share, agreement: Agreement, project: Project, key: bytes) -> engine.Extract:
    """Return the project's extract under a key, nothing written; raise BadInput where the steward holds no data yet."""
    names = [dataset.name for dataset in project.datasets]
    for name in names:
        if not (share.steward / "attributes" / f"{name}.parquet").exists():
            raise BadInput(f"The steward holds no {name} yet: run `tally deidentify` first.")
    return engine.extract(
        {name: read_parquet(share.steward / "attributes" / f"{name}.parquet") for name in names},
        read_parquet(share.steward / "persons.parquet"),
        project,
        agreement,
        key,
        ladder=_places(share, project),
        weights=_weights(share, names) if project.linkage_weights else None,
    )


def small_groups(agreement: Agreement, tables: Mapping[str, pa.Table]) -> tuple[Finding, ...]:
    """Return a finding where the agreement asks for larger groups of people alike than these tables have; none where it asks for none."""
    fewest = agreement.disclosure.smallest_group
    sensitive, leave_out = columns(agreement, tables)
    return engine.group_findings(tables, fewest, sensitive=sensitive, leave_out=leave_out) if fewest else ()


def columns(agreement: Agreement, tables: Mapping[str, pa.Table]) -> tuple[list[str], list[str]]:
    """Return which columns of an extract, as ``table.column``, are sensitive, and which tell an intruder nothing (keyed ids)."""
    fields = [
        (f"{dataset.name}.{field.name}", field)
        for dataset in agreement.datasets
        for field in dataset.fields
        if dataset.name in tables and field.name in tables[dataset.name].column_names
    ]
    sensitive = [name for name, field in fields if field.is_sensitive]
    return sensitive, [name for name, field in fields if field.kind == "case-id"]


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


def key_path(share: Share, project: Project) -> Path:
    """Return where a project's key lies, mode 0600: with the steward."""
    return share.key("steward", f"project-{project.id}")


def _key(share: Share, project: Project) -> bytes:
    """Return a random key of 32 bytes: the project's own, or a new one for each extract.

    With ``keys = "per-extract"`` the key before is to be overwritten: nobody can tell any more who was who in the extract before.
    """
    path = key_path(share, project)
    return path.read_bytes() if project.keys != "per-extract" and path.exists() else secrets.token_bytes(32)
