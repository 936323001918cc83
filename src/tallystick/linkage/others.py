"""What a record holds beside its own name, birth date and postcode: aliases, former surnames, other birth dates, earlier addresses.

A supplier gives them in one column each, as a list (Parquet) or as text parted by ``;`` or ``|``. Together with the record's own value they
become a list that the model compares by what two records share. Only where a file has such a column is there a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

import pyarrow as pa

ALL: Mapping[str, tuple[str, str]] = {
    "other_first_names": ("first_name", "all_first_names"),
    "other_surnames": ("surname", "all_surnames"),
    "other_dobs": ("dob", "all_dobs"),
    "other_postcodes": ("postcode", "all_postcodes"),
}
"""The column with the further values, that with the record's own one, and the list of both."""
OWN = {made: own for own, made in ALL.values()}


def together(own: pa.Array, further: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """Return for each record its own value and the further ones that can be read, each once, in order; null where there is none."""
    found = []
    for value, text in zip(own.to_pylist(), further.to_pylist(), strict=True):
        held = {value, *(read(part) for part in re.split(r"[;|]", text or "") if part.strip())} - {None}
        found.append(sorted(held) or None)
    return pa.array(found, pa.list_(pa.string()))


def completed(tables: Mapping[str, pa.Table], wanted: Collection[str] = ()) -> dict[str, pa.Table]:
    """Return the tables, each with the lists that any of them has or that are ``wanted``: of its own value alone where it has no further ones."""
    lists = [made for made in OWN if made in wanted or any(made in t.column_names for t in tables.values())]
    done = {}
    for source, table in tables.items():
        for made in lists:
            if made not in table.column_names and OWN[made] in table.column_names:
                own = table[OWN[made]].combine_chunks()
                alone = together(own, pa.nulls(len(own), pa.string()), lambda text: text)
                table = table.append_column(made, alone)
        done[source] = table
    return done
