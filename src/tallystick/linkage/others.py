"""What a record holds beside its own name, birth date and postcode: aliases, former surnames, other birth dates, earlier addresses.

A supplier gives them in one column each, as a list (Parquet) or as text parted by ``;`` or ``|``. Together with the record's own value they
become a list that the model compares by what two records share, and by which it finds the pairs to compare (Splink's
``arrays_to_explode``). Only where a file has such a column is there a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

import pyarrow as pa

ALL: Mapping[str, tuple[str, str]] = {
    "other_first_names": ("first_name", "all_first_names"),
    "other_surnames": ("surname", "all_surnames"),
    "other_dobs": ("dob", "all_dobs"),
    "other_postcodes": ("postcode", "all_postcodes"),
}
"""The column with the further values, that with the record's own one, and the list of both."""
NAMES = "aliases"
"""The column with further whole names: a first name and a surname each."""
GIVEN = (*ALL, NAMES)
OWN = {**{made: own for own, made in ALL.values()}, "all_first_roots": "first_root"}
"""The lists, and the column of the record's own value; ``all_first_roots`` are the names that a record's first names are familiar forms of."""
LIST_OF = {own: made for made, own in OWN.items()}


def together(own: pa.Array, *further: tuple[pa.Array, Callable[[str], str | None]]) -> pa.Array:
    """Return for each record its own value and the ``further`` ones that can be read, each once, in order; null where there is none.

    ``further``: columns of text, each with what reads one value of it.
    """
    held = [{value} for value in own.to_pylist()]
    for column, read in further:
        for values, text in zip(held, column.to_pylist(), strict=True):
            values |= {read(part) for part in re.split(r"[;|]", text or "") if part.strip()}
    return _lists(held)


def each(lists: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """Return the lists of ``read`` of every entry, as ``together`` gives them."""
    return _lists([set(map(read, held or ())) for held in lists.to_pylist()])


def _lists(held: Iterable[set[str | None]]) -> pa.Array:
    found = ([value for value in values if value is not None] for values in held)
    return pa.array([sorted(values) or None for values in found], pa.list_(pa.string()))


def completed(tables: Mapping[str, pa.Table], wanted: Collection[str] = ()) -> dict[str, pa.Table]:
    """Return the tables, each with the lists that any of them has or that are ``wanted``: of its own value alone where it has no further ones."""
    lists = [made for made in OWN if made in wanted or any(made in t.column_names for t in tables.values())]
    done = {}
    for source, table in tables.items():
        for made in lists:
            if made not in table.column_names and OWN[made] in table.column_names:
                own = table[OWN[made]].combine_chunks()
                table = table.append_column(made, together(own))
        done[source] = table
    return done
