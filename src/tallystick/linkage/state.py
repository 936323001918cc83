"""What a linkage leaves behind, so that the next supply need not start again.

It holds the identifiers of every record in standard form: guard the folder as the files themselves, and destroy it with them.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tallystick.errors import BadInput
from tallystick.linkage.columns import parts
from tallystick.linkage.compare import quoted
from tallystick.linkage.lineage import Earlier
from tallystick.linkage.spec import LinkageSpec, Linked, MatchKey, Offsets

DIGEST = "row_digest"
TABLES = ("records", "pairs", "persons", "lineage")
VERSION = 2


@dataclass(frozen=True)
class State:
    """A linkage as a refresh takes it up. ``records``: the sources as the model reads them, and ``row_digest`` of what it read of the row.

    ``spec.model`` is the model as it was trained and calibrated; ``pairs`` are all that it scored.
    """

    spec: LinkageSpec
    records: Mapping[str, pa.Table]
    pairs: pa.Table
    persons: pa.Table
    lineage: pa.Table
    offsets: Offsets | None
    is_standard: bool
    refreshes: int

    @property
    def reads(self) -> Collection[str] | None:
        """The columns of a supply that the linkage reads; None: those with a part in the person model."""
        return _read_by(self.records, is_standard=self.is_standard)

    @property
    def earlier(self) -> Earlier:
        """The ids that a refresh keeps."""
        return Earlier(self.persons, self.lineage, self.refreshes)


def after(
    linked: Linked, tables: Mapping[str, pa.Table], spec: LinkageSpec, before: State | None = None
) -> State:
    """Return the state after ``linked``, a linkage of ``tables`` under ``spec`` (a refresh of ``before``, where there is one)."""
    found = linked.digests or _digests_of(linked, tables, spec.id_column)
    records = {source: table.append_column(DIGEST, found[source]) for source, table in linked.records.items()}
    return State(
        replace(spec, model=linked.model),
        records,
        linked.pairs,
        linked.persons,
        linked.lineage,
        linked.offsets,
        linked.is_standard,
        0 if before is None else before.refreshes + 1,
    )


def digests(tables: Mapping[str, pa.Table], read: Collection[str] | None) -> dict[str, pa.ChunkedArray]:
    """Return the digest of what each row of each source, as supplied, holds in the columns ``read``: equal just where that is.

    ``None``: those with a part in the person model, whatever the supplier calls them.
    """
    found = {}
    with duckdb.connect() as con:
        for source, table in tables.items():
            names = table.column_names
            part = parts(names) if read is None else {name: name for name in names if name in read}
            values = [
                f"coalesce(chr(31) || cast({quoted(name)} as varchar), chr(30))"
                for name in sorted(part, key=part.__getitem__)
            ]
            con.register("rows", table)
            made = con.sql(f"select md5(concat({', '.join(values) or 'null'})) as digest from rows")  # noqa: S608
            found[source] = made.to_arrow_table()["digest"]
    return found


def _digests_of(linked: Linked, tables: Mapping[str, pa.Table], id_column: str) -> dict[str, pa.ChunkedArray]:
    """Return the digests of the rows that ``linked.records`` were made of, in their order."""
    read = _read_by(linked.records, is_standard=linked.is_standard)
    found = digests({source: tables[source] for source in linked.records}, read)
    return {
        source: found[source].take(pc.index_in(table[id_column], value_set=_ids(tables[source], id_column)))
        for source, table in linked.records.items()
    }


def _read_by(records: Mapping[str, pa.Table], *, is_standard: bool) -> Collection[str] | None:
    return None if is_standard else next(iter(records.values())).column_names


def _ids(table: pa.Table, id_column: str) -> pa.Array:
    from tallystick.linkage.clean import record_ids

    return record_ids(table, id_column, "")


def as_tables(state: State) -> dict[str, pa.Table]:
    """Return the four tables of a state, the records of all sources in one."""
    marked = [
        table.append_column("source", pa.array([source] * table.num_rows, pa.string()))
        for source, table in state.records.items()
    ]
    whole = pa.concat_tables(marked, promote_options="default")
    return dict(zip(TABLES, (whole, state.pairs, state.persons, state.lineage), strict=True))


def as_json(state: State) -> dict[str, Any]:
    """Return what of a state is no table: the model, the specification, the offsets."""
    return {
        "version": VERSION,
        "spec": asdict(replace(state.spec, model="")) | {"model": dict(state.spec.model)},  # type: ignore[arg-type]
        "offsets": None if state.offsets is None else [[*kind, bits] for kind, bits in state.offsets.items()],
        "sources": sorted(state.records),
        "is_standard": state.is_standard,
        "refreshes": state.refreshes,
    }


def restored(tables: Mapping[str, pa.Table], said: Mapping[str, Any]) -> State:
    """Return the state that ``as_tables`` and ``as_json`` came from."""
    whole = tables["records"]
    records = {
        source: whole.filter(pc.equal(whole["source"], source)).drop_columns(["source"])
        for source in said["sources"]
    }
    spec = dict(said["spec"])
    for decided in ("always", "never"):
        spec[decided] = tuple((tuple(left), tuple(right)) for left, right in spec[decided])
    spec["at"] = tuple(spec.get("at", ()))
    spec["keys"] = tuple(MatchKey(tuple(key["on"]), key["name"]) for key in spec.get("keys", ()))
    offsets = None if said["offsets"] is None else {(low, high): bits for low, high, bits in said["offsets"]}
    return State(
        LinkageSpec(**spec),
        records,
        tables["pairs"],
        tables["persons"],
        tables["lineage"],
        offsets,
        bool(said["is_standard"]),
        int(said["refreshes"]),
    )


def packed(state: State) -> bytes:
    """Return a state as the bytes of one file, for sealing; ``unpacked`` gives it back."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        for name, table in as_tables(state).items():
            part = io.BytesIO()
            _write(table, part)
            file.writestr(f"{name}.parquet", part.getvalue())
        file.writestr("state.json", json.dumps(as_json(state)))
    return sink.getvalue()


def unpacked(data: bytes) -> State:
    """Return the state in ``packed`` bytes. Raises ``BadInput`` where another version wrote them."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        said = json.loads(file.read("state.json"))
        if said["version"] != VERSION:
            raise BadInput("The linkage was kept by another version of Tallystick and cannot be refreshed.")
        tables = {name: pq.read_table(pa.BufferReader(file.read(f"{name}.parquet"))) for name in TABLES}
    return restored(tables, said)


def write(state: State, folder: Path) -> None:
    """Write a state as a folder, aside and then in place; what stood there goes. Raises ``BadInput`` where it cannot."""
    aside, old = (folder.with_name(f".{folder.name}.{name}") for name in ("part", "old"))
    try:
        for left in (aside, old):
            shutil.rmtree(left, ignore_errors=True)
        aside.mkdir(mode=0o700)
        for name, table in as_tables(state).items():
            _write(table, aside / f"{name}.parquet")
        (aside / "state.json").write_text(json.dumps(as_json(state)), encoding="utf-8")
        if folder.exists():
            folder.replace(old)
        aside.replace(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise BadInput(
            f"{folder} could not be written: {error.strerror or type(error).__name__}. Name another place."
        ) from None


def _write(table: pa.Table, where: Path | io.BytesIO) -> None:
    """Write a table as Parquet; a dictionary of values that hardly repeat would be made in vain."""
    unlike = ("_id", "_id_l", "_id_r", DIGEST)
    repeated = [
        field.name
        for field in table.schema
        if pa.types.is_string(field.type) and not field.name.endswith(unlike)
    ]
    pq.write_table(table, where, compression="zstd", use_dictionary=repeated, write_statistics=False)


def require_place(folder: Path) -> None:
    """Raise ``BadInput`` where a state cannot be written: asked before long work. Only a state's folder is ever replaced."""
    if not folder.parent.is_dir():
        raise BadInput(f"{folder}: the folder it lies in is not there. Make it first.")
    if folder.exists() and not (folder / "state.json").is_file():
        raise BadInput(f"{folder} exists and holds no linkage. Name a folder that is not there yet.")


def read(folder: Path) -> State:
    """Return the state in a folder. Raises ``BadInput`` where there is none that this version can read."""
    try:
        said = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        if said["version"] != VERSION:
            raise BadInput(f"{folder} was kept by another version of Tallystick. Link again from the start.")
        return restored({name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}, said)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise BadInput(
            f"{folder} holds no linkage to go on from ({type(error).__name__}). "
            "Give a folder that `tally link files … --keep FOLDER` wrote."
        ) from None
