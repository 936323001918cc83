"""Plain files in, plain files out: CSV or Parquet to Arrow, links and persons to Parquet."""

from __future__ import annotations

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


def read_sources(paths: Sequence[Path]) -> dict[str, pa.Table]:
    """Return each file as a table under its stem. Raises ``BadInput`` for a file that is missing, unreadable or named as another."""
    tables: dict[str, pa.Table] = {}
    for path in paths:
        if path.stem in tables:
            raise BadInput(
                f"Two files are called {path.stem!r}; the name is the source in the links. Rename one of them."
            )
        tables[path.stem] = read(path)
    return tables


def read(path: Path) -> pa.Table:
    """Return a CSV file (every column as text) or a Parquet file as a table."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".parquet", ".pq"}:
        raise BadInput(f"{path}: only CSV and Parquet can be linked. Save it as one of them.")
    try:
        if suffix != ".csv":
            return pq.read_table(path)
        con = duckdb.connect()
        # RFC 4180: a comma, double quotes; every value as text so that no id loses its leading noughts.
        return con.sql(
            "select * from read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true)",
            params=[str(path)],
        ).to_arrow_table()
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise BadInput(
            f"{path}: this is not a readable {'CSV' if suffix == '.csv' else 'Parquet'} file. {_where(error)}"
        ) from None


def _where(error: Exception) -> str:
    """Return the line that a reader's message names, and nothing else of it: it quotes values."""
    import re

    match = re.search(r"[Ll]ine:? (\d+)", str(error))
    at = f" at line {match[1]}" if match else ""
    return f"It could not be parsed{at}: check the header, the quotes, the number of columns in each row, and that it is UTF-8."


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
