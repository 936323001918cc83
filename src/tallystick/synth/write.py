"""Writing a synthetic share: everything is checked first, made aside, block by block, and moved in place when whole."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as pc
import pyarrow.parquet as pq

from tallystick.agreement import io
from tallystick.agreement.presets import measures_template
from tallystick.errors import BadInput
from tallystick.synth import errors, papers, series
from tallystick.synth.errors import ErrorModel
from tallystick.synth.lab import Intervention
from tallystick.synth.observe import NO_DAY, Observed, Records, listed, observe
from tallystick.synth.people import BLOCK, block
from tallystick.synth.presets import PRESETS, Asked, preset

Format = Literal["csv", "parquet"]
MOST = 100_000_000
FEWEST = 100
AHEAD = 50_000_000


@dataclass(frozen=True)
class Written:
    """What a share now holds: people who live in it, and records by source."""

    preset: str
    people: int
    seed: int
    records: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def write(
    name: str,
    directory: Path,
    *,
    people: int,
    seed: int,
    form: Format = "csv",
    model: ErrorModel | None = None,
    intervention: Intervention | None = None,
    on: date | None = None,
    last_month: str | None = None,
    free: Callable[[Path], int] | None = None,
    step: Callable[[float, str], None] = lambda done, text: None,
) -> Written:
    """Write a ready share of preset ``name`` into ``directory`` and return what it holds.

    The same seed gives the same tables on any machine. The papers are in force ``on`` that day (default: the templates' own first year),
    which changes nothing else. ``last_month`` is the last of a board's 36, as 2026-05.
    ``free`` returns the bytes that are free on the disk of a folder.
    Raises BadInput, before anything is written, for an unknown preset or source, an impossible number, a folder in use or a full disk.
    """
    chosen = preset(name)
    directory = directory.absolute()
    check(name, directory, people, seed, form, free)
    if model:
        check_sources(model)
    if intervention and name != "justice-data-lab":
        raise BadInput("Only justice-data-lab has an intervention: leave out its effect and its selection.")
    if last_month and chosen.sources:
        raise BadInput("Only local-performance has series that end with a month: leave it out.")
    asked = Asked(people, seed, intervention or Intervention(), on, checked_month(last_month or series.LAST))
    aside = directory.with_name(f".{directory.name}.synth")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        for folder in ("supplies", "truth/log", "projects"):
            (aside / folder).mkdir(parents=True)
        done = (
            _blocks(name, aside, asked, form, model or errors.shipped(), step)
            if chosen.sources
            else _series(name, aside, asked, form)
        )
        directory.parent.mkdir(parents=True, exist_ok=True)
        if directory.exists():
            directory.rmdir()
        aside.rename(directory)
    except OSError as error:
        raise BadInput(f"{directory} cannot be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return done


def check(
    name: str, directory: Path, people: int, seed: int, form: str, free: Callable[[Path], int] | None = None
) -> None:
    """Raise BadInput where a request cannot be fulfilled; nothing is written."""
    if not isinstance(people, int) or not FEWEST <= people <= MOST:
        raise BadInput(f"--people must be a whole number from {FEWEST:,} to {MOST:,}.")
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise BadInput("--seed must be a whole number from 0 to 2^63 - 1.")
    if form not in ("csv", "parquet"):
        raise BadInput("--format is csv or parquet.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BadInput(f"{directory} is not an empty folder; nothing was written. Name a new one.")
    there = next(p for p in (directory, *directory.parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise BadInput(f"{there} is not a folder that can be written to; nothing was written.")
    needed = preset(name).bytes_a_person * people + AHEAD
    left = free(there) if free else shutil.disk_usage(there).free
    if needed > left:
        raise BadInput(
            f"The disk has {left // 10**6:,} MB free, and this takes about {needed // 10**6:,} MB. Ask for fewer people."
        )


def checked_month(text: str) -> str:
    """Return a month as it was given; raise BadInput for what is none."""
    if not re.fullmatch(r"(19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])", text):
        raise BadInput("--last-month must be a month such as 2026-05.")
    return text


def check_sources(model: ErrorModel) -> None:
    """Raise BadInput where the error model has rates for a source that no preset has."""
    known = sorted({source for kind in PRESETS.values() for source in kind.sources})
    for source in model.rates:
        if source != "*" and source not in known:
            raise BadInput(
                f'The error model has rates for {source!r}. The sources are "*", {", ".join(known)}.'
            )


def _blocks(
    name: str, folder: Path, asked: Asked, form: Format, model: ErrorModel, step: Callable[[float, str], None]
) -> Written:
    chosen = preset(name)
    total = chosen.total(asked.people)
    count = dict.fromkeys((*chosen.sources, *chosen.tables), 0)
    columns: dict[str, dict[str, str]] = {}
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        for number in range((total + BLOCK - 1) // BLOCK):
            size = min(BLOCK, total - number * BLOCK)
            people = block(asked.seed, number, size, chosen.population)
            part = chosen.fill(people, number, asked, total)
            for source in chosen.sources:
                records = part.sources[source]
                prefix = f"{source[0].upper()}"
                seen = observe(people.streams.of(source), source, people, records, model, prefix)
                held = supply(seen)
                columns[source] = {f.name: _type(f.type) for f in held.schema if f.name != "record_id"}
                _append(stack, writers, folder / "supplies" / f"{source}.{form}", held)
                persons = person_ids(people.id[seen.records.rows])
                truth = pa.table({"record_id": pa.array(seen.record_id, pa.string()), "person": persons})
                _append(stack, writers, folder / "truth" / f"{source}.csv", truth)
                log = truth.append_column("seen_on", pa.array(seen.records.days.astype("datetime64[D]")))
                log = log.append_column("errors", pa.array(seen.errors(), pa.string()))
                _append(stack, writers, folder / "truth" / "log" / f"{source}.parquet", log)
                count[source] += len(seen.record_id)
            for source in chosen.tables:
                ids, records = listed(
                    people.streams.of(source), people, part.tables[source], source[0].upper()
                )
                held = attributes({"record_id": pa.array(ids, pa.string())}, records)
                columns[source] = {f.name: _type(f.type) for f in held.schema if f.name != "record_id"}
                _append(stack, writers, folder / "supplies" / f"{source}.{form}", held)
                truth = held.select(["record_id"]).append_column(
                    "person", person_ids(people.id[records.rows])
                )
                _append(stack, writers, folder / "truth" / f"{source}.csv", truth)
                count[source] += len(ids)
            for extra, values in part.truth.items():
                values = {**values, "person": person_ids(values["person"])}
                _append(
                    stack, writers, folder / "truth" / f"{extra}.csv", pa.table({k: pa.array(v) for k, v in values.items()})
                )  # fmt: skip
            step((number + 1) * BLOCK / total, f"{number * BLOCK + size:,} people")
    _papers(name, folder, columns, form, asked)
    return Written(name, total, asked.seed, count)


def person_ids(ids: Any) -> pa.Array:
    """Return people's numbers as the truth files have them, such as ``P42``."""
    return compute.binary_join_element_wise("P", pa.array(ids).cast(pa.string()), "")


def supply(seen: Observed) -> pa.Table:
    """Return the records as the supplier would hand them over."""
    dob = seen.identity["dob"]
    made: dict[str, pa.Array] = {"record_id": pa.array(seen.record_id, pa.string())}
    for name, values in seen.identity.items():
        if name == "dob":
            made[name] = pa.array(dob.astype("datetime64[D]"), pa.date32(), mask=dob == NO_DAY)
        else:
            made[name] = pa.array(values, pa.string())
    return attributes(made, seen.records)


def attributes(made: dict[str, pa.Array], records: Records) -> pa.Table:
    """Return these columns and what the source says beside them."""
    for name, values in records.attributes.items():
        kind = pa.string() if values.dtype == object else None
        made[name] = pa.array(values, kind, from_pandas=True)  # NaN and NaT are missing
    return pa.table(made)


def _type(found: pa.DataType) -> str:
    if pa.types.is_date(found):
        return "date"
    if pa.types.is_boolean(found):
        return "boolean"
    if pa.types.is_integer(found):
        return "integer"
    return "number" if pa.types.is_floating(found) else "string"


def _append(stack: ExitStack, writers: dict[str, Any], path: Path, table: pa.Table) -> None:
    """Add a table to a file, opened the first time that it is met."""
    key = str(path)
    if path.suffix == ".csv":
        if key not in writers:
            options = pc.WriteOptions(quoting_style="needed")
            writers[key] = stack.enter_context(pc.CSVWriter(path, table.schema, write_options=options))
        writers[key].write_table(table)
        return
    if key not in writers:
        writers[key] = stack.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
    writers[key].write_table(table)


def _series(name: str, folder: Path, asked: Asked, form: Format) -> Written:
    count, columns = {}, {}
    with ExitStack() as stack:
        for agency in series.MEASURES:
            table = pa.table(
                {
                    k: pa.array(v, from_pandas=True)
                    for k, v in series.table(asked.seed, agency, asked.people, asked.last_month).items()
                }
            )
            _append(stack, {}, folder / "supplies" / f"{agency}.{form}", table)
            columns[agency] = {f.name: _type(f.type) for f in table.schema if f.name != "record_id"}
            count[agency] = table.num_rows
    (folder / "truth" / "log").rmdir()
    (folder / "truth" / "changes.json").write_text(
        json.dumps(series.changes(asked.last_month), indent=2) + "\n", encoding="utf-8"
    )
    measures = measures_template(name)
    assert measures is not None
    (folder / "measures.toml").write_text(papers.measures(measures, asked.last_month), encoding="utf-8")
    _papers(name, folder, columns, form, asked)
    return Written(name, 0, asked.seed, count)


def _papers(name: str, folder: Path, columns: dict[str, dict[str, str]], form: Format, asked: Asked) -> None:
    io.dump(papers.agreement(name, columns, form, asked.on, asked.last_month), folder / "agreement.toml")
    for project in papers.projects(name, asked.on):
        io.dump(project, folder / "projects" / f"{project.id}.toml")
