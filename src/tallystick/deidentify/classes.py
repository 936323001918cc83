"""People who look alike: the whole combination of columns as one class a person.

A person may have many rows in many tables; what an intruder sees of them is all of it together. ``profiles`` puts it on
one row a person, ``codes`` turns columns into small whole numbers, ``classes`` numbers the distinct combinations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Ints = np.ndarray[Any, np.dtype[np.int64]]
MADE = ("person_id", "link_quality")


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def profiles(tables: Mapping[str, pa.Table], leave_out: Sequence[str] = ()) -> pa.Table:
    """Return one row a person: ``person_id`` and, for each table's column, all of the person's values in order, as text.

    Columns are named ``table.column``. How many rows a person has in a table shows in the length of the list, as it
    does in the extract. ``leave_out`` names ``table.column`` that tell an intruder nothing (keyed ids).
    """
    with duckdb.connect() as database:
        joined: pa.Table | None = None
        for name, table in tables.items():
            columns = [c for c in table.column_names if c not in MADE and f"{name}.{c}" not in leave_out]
            selected = "".join(
                f", cast(list_sort(list({quoted(c)})) as varchar) as {quoted(f'{name}.{c}')}" for c in columns
            )
            database.register("rows", table)
            grouped: pa.Table = database.sql(
                f"select person_id{selected} from rows group by person_id order by person_id"  # noqa: S608
            ).to_arrow_table()
            database.unregister("rows")
            joined = grouped if joined is None else joined.join(grouped, "person_id", join_type="full outer")
        assert joined is not None, "an extract has at least one table"
        return joined.sort_by("person_id")


def codes(table: pa.Table, columns: Sequence[str]) -> Ints:
    """Return an array of shape (rows, columns) in which equal values have equal whole numbers; null is a value too."""
    made = np.empty((table.num_rows, len(columns)), dtype=np.int64)
    for place, name in enumerate(columns):
        encoded = pc.dictionary_encode(table[name].combine_chunks(), null_encoding="encode")
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        made[:, place] = np.asarray(encoded.indices)
    return made


def classes(coded: Ints) -> Ints:
    """Return for each row the number of its class: rows with the same codes have the same number, from 0 up."""
    number = np.zeros(len(coded), dtype=np.int64)
    for place in range(coded.shape[1]):
        column = coded[:, place]
        combined = number * (int(column.max(initial=0)) + 1) + column
        number = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return number


def sizes(number: Ints) -> Ints:
    """Return for each row how many rows share its class."""
    return np.bincount(number)[number].astype(np.int64) if len(number) else number
