"""Plain files in, plain files out: CSV or Parquet to Arrow, links and persons to Parquet."""

from __future__ import annotations

import codecs
import csv
import errno
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tallystick.errors import BadInput
from tallystick.linkage.columns import plain

ID_COLUMN = "record_id"


def id_columns(given: Sequence[str], paths: Sequence[Path]) -> tuple[str, dict[str, str]]:
    """Return the id column that all files share, and those of single files by their stem, from ``COLUMN`` and ``FILE=COLUMN``.

    Raises ``BadInput`` for a file that is not among the paths, or two words on the same.
    """
    common, own = "", dict[str, str]()
    for said in given:
        source, mark, column = (part.strip() for part in said.partition("="))
        taken = own.get(source) if mark else common
        if taken:
            raise BadInput(f"--id {said}: the id column of {source if mark else 'all files'} is given twice.")
        if not mark and source:
            common = source
        elif not column or source not in {path.stem for path in paths}:
            raise BadInput(
                f"--id {said}: write --id COLUMN for all files, or --id FILE=COLUMN with a file's name without its ending, such as "
                f"--id {paths[0].stem}={ID_COLUMN}."
            )
        else:
            own[source] = column
    return common or ID_COLUMN, own


def read_sources(
    paths: Sequence[Path], id_column: str | None = None, own_ids: Mapping[str, str] | None = None
) -> dict[str, pa.Table]:
    """Return each file as a table under its stem, its own id column of ``own_ids`` called ``id_column``.

    Raises ``BadInput`` for a file that is missing, unreadable or named as another, or that lacks its own id column.
    """
    tables: dict[str, pa.Table] = {}
    for path in paths:
        if path.stem in tables:
            raise BadInput(
                f"Two files are called {path.stem!r}; the name is the source in the links. Rename one of them."
            )
        own = (own_ids or {}).get(path.stem)
        table = read(path, None if own else id_column)
        if own and id_column:
            if plain(own) not in map(plain, table.column_names):
                raise BadInput(
                    f"{path}: there is no column {own!r}. Its columns are: {', '.join(table.column_names)}."
                )
            table = named(table, own, id_column)
        tables[path.stem] = table
    return tables


def read(path: Path, id_column: str | None = None) -> pa.Table:
    """Return a CSV file (UTF-8, every column as text) or a Parquet file as a table.

    A column that is ``id_column`` but for capitals and spaces bears that name in the table.
    """
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".parquet", ".pq"}:
        raise BadInput(f"{path}: only CSV and Parquet can be linked. Save it as one of them.")
    try:
        table = _csv(path) if suffix == ".csv" else pq.read_table(path)
    except (duckdb.Error, pa.ArrowException, OSError):
        why = (
            _unreadable(path)
            if suffix == ".csv"
            else "It may be cut off, or of another kind than its name says."
        )
        raise BadInput(
            f"{path}: this is not a readable {'CSV' if suffix == '.csv' else 'Parquet'} file. {why}"
        ) from None
    return table if id_column is None else named(table, id_column, id_column)


def named(table: pa.Table, column: str, name: str) -> pa.Table:
    """Return the table with ``column`` called ``name``, found whatever its capitals and spaces; unchanged where it is not there."""
    names = table.column_names
    found = [column] if column in names else [one for one in names if plain(one) == plain(column)]
    if len(found) != 1 or found == [name]:
        return table
    others = table.drop_columns([name]) if name in names else table
    return others.rename_columns([name if one == found[0] else one for one in others.column_names])


def _csv(path: Path) -> pa.Table:
    """Return a CSV file after RFC 4180 with every value as text, so that no id loses its leading noughts.

    Where the header holds no comma, its semicolons, tabs or bars part the columns.
    """
    with path.open("rb") as file:
        header = file.readline()
    if not header.strip():
        raise BadInput(f"{path}: the file is empty, or begins with an empty line. Give it a header and rows.")
    delimiter = next((mark for mark in ",;\t|" if mark.encode() in header), ",")
    return (
        duckdb.connect()
        .sql(
            "select * from read_csv(?, header = true, all_varchar = true, delim = ?, quote = '\"', escape = '\"', comment = '', "
            "skip = 0, strict_mode = true)",
            params=[str(path), delimiter],
        )
        .to_arrow_table()
    )


def _unreadable(path: Path) -> str:
    """Return what keeps a CSV file from being read, and where, without any of its values: a reader's own message quotes them."""
    start = path.read_bytes()[:4096]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in start:
        return "It is in UTF-16 or no text at all. Save it as CSV UTF-8."
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return f"Line {number:,} is not UTF-8. Save the file as CSV UTF-8."
    with path.open(encoding="utf-8-sig", newline="") as text:
        mark = next((m for m in ",;\t|" if m in text.readline()), ",")
        text.seek(0)
        rows = csv.reader(text, delimiter=mark, strict=True)
        try:
            width = len(next(rows))
            for row in rows:
                if row and len(row) != width:
                    return f"The row that ends at line {rows.line_num:,} has {len(row):,} values, and the header {width:,} columns."
        except csv.Error:
            return f"Check the double quotes at line {rows.line_num:,}."
    return "Check the header, the quotes, and the number of columns in each row."


def read_model(path: Path, *, is_trained: bool = True) -> dict[str, Any]:
    """Return a Splink settings file. Raises ``BadInput`` if it is none, or, where it must be trained, if it is not."""
    if not path.is_file():
        raise BadInput(
            f"{path}: there is no such model. Give 'person' or the path of a Splink settings file."
        )
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
        levels = [
            level
            for c in model["comparisons"]
            for level in c["comparison_levels"]
            if not level.get("is_null_level")
        ]
        rules = model["blocking_rules_to_generate_predictions"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path}: this is not a Splink settings file (JSON with comparisons and blocking rules): {type(error).__name__}."
        ) from None
    if not model["comparisons"]:
        raise BadInput(f"{path}: the model has no comparisons. Add at least one.")
    prior = model.get("probability_two_random_records_match", 0.5)
    odd = [
        p
        for p in (prior, *(level.get(f"{of}_probability") for level in levels for of in "mu"))
        if not _is_share(p)
    ]
    if odd or not prior or prior == 1:
        raise BadInput(
            f"{path}: m, u and probability_two_random_records_match must be numbers from 0 to 1, the last between them."
        )
    if not is_trained:
        return dict(model)
    untrained = [
        level.get("label_for_charts", "a level")
        for level in levels
        if not (level.get("m_probability") and level.get("u_probability"))
    ]
    if untrained:
        raise BadInput(
            f"{path}: the model is not trained: {len(untrained)} levels have no m or u. Train it with `tally link train`."
        )
    if not rules:
        raise BadInput(
            f"{path}: the model has no blocking rules, so every pair would be compared. Add at least one."
        )
    return dict(model)


def _is_share(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value <= 1)


def require_place(path: Path) -> None:
    """Raise ``BadInput`` where no file can come to stand at ``path``: asked before long work, not after it."""
    if not path.parent.is_dir():
        raise BadInput(f"{path}: the folder is not there. Make it first.")
    if path.is_dir():
        raise BadInput(f"{path} is a folder. Name a file in it.")


def write(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet (zstd), aside and then in place, so that no half file ever stands there.

    Raises ``BadInput`` where it cannot be written, a full disk among the reasons.
    """
    _written(path, lambda aside: pq.write_table(table, aside, compression="zstd"))


def write_model(settings: Mapping[str, Any], path: Path) -> None:
    """Write Splink settings as JSON, aside and then in place. Raises ``BadInput`` as ``write`` does."""
    _written(path, lambda aside: aside.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8"))


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8, aside and then in place. Raises ``BadInput`` as ``write`` does."""
    _written(path, lambda aside: aside.write_text(text, encoding="utf-8"))


def _written(path: Path, write_to: Callable[[Path], object]) -> None:
    require_place(path)
    aside = path.with_name(f".{path.name}.part")
    try:
        write_to(aside)
        aside.replace(path)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if is_full else (error.strerror or str(error).partition(". Detail")[0])
        remedy = "Free some room or name another place, and run it again" if is_full else "Name another place"
        raise BadInput(
            f"{path} could not be written: {why}. Nothing half-written was left. {remedy}."
        ) from None
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def summary(
    links: pa.Table, persons: pa.Table, quality: Mapping[str, Any], notes: Sequence[str]
) -> dict[str, Any]:
    """Return what a program would want to know of a linkage: counts, never values."""
    return {
        "records": dict(quality["records"]),
        "pairs_scored": quality["pairs_scored"],
        "links": links.num_rows,
        "persons": len(persons["person_id"].unique()),
        **({"match_keys": quality["match_keys"]} if "match_keys" in quality else {}),
        "notes": list(notes),
    }
