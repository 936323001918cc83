"""Records in the standard form that the person model compares: cleaned, with the parts that blocking needs.

Every function works once on each distinct value. A value that cannot be read becomes null, never a guess; how many were lost
in each column is returned beside the table. Nothing here looks at more than one column of one row, so the order of rows and
the other sources change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage import identifiers, names, others
from tallystick.linkage.columns import parts
from tallystick.linkage.nicknames import root

ID_NUMBERS: Mapping[str, Callable[[str], str | None]] = {
    "pnc_id": identifiers.pnc_id,
    "cro_number": identifiers.cro_number,
    "prison_number": identifiers.prison_number,
    "probation_number": identifiers.probation_number,
    "upn": identifiers.upn,
    "uln": identifiers.uln,
    "nhs_number": identifiers.nhs_number,
    "national_id": identifiers.plain_number,
}
GENDERS = {
    "male": "male", "m": "male", "man": "male", "boy": "male", "1": "male",
    "female": "female", "f": "female", "woman": "female", "girl": "female", "2": "female",
    "x": "other", "other": "other", "nonbinary": "other", "indeterminate": "other", "i": "other",
}  # fmt: skip
NO_PLACE = frozenset({"zz", "none", "nfa", "nofixedabode", "unknown", "notknown", "na", "null", "nan"})


@dataclass(frozen=True)
class Cleaned:
    """A source in standard form, and what its cleaning passed over.

    ``unread`` counts, for each part, the values that were there and could not be read; ``ignored`` names the columns that have
    no part in the model.
    """

    table: pa.Table
    unread: Mapping[str, int]
    ignored: tuple[str, ...]


def date_digits(text: str) -> str | None:
    """Return a date as eight digits, year first; a slip that keeps the shape (month 13) stays, for it is one edit away.

    ISO 8601, eight digits and day-first with a four-digit year are read.

    >>> date_digits("1857-09-03"), date_digits("3/9/1857"), date_digits("1857")
    ('18570903', '18570903', '18570000')
    """
    value = text.strip()
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", value):
        year, month, day = match.groups()
    elif match := re.fullmatch(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", value):
        day, month, year = match.groups()
    elif match := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", value):
        year, month, day = match.groups()
    elif match := re.fullmatch(r"(\d{4})", value):
        year, month, day = match[1], "00", "00"
    else:
        return None
    digits = f"{year}{int(month):02d}{int(day):02d}"
    return None if digits[:4] in {"0000", "9999"} else digits


def postcode(text: str) -> str | None:
    """Return a postcode in capitals without spaces; letters typed for digits (and the reverse) set right where UK form tells.

    >>> postcode("sw1a iaa"), postcode("ZZ99 3VZ")
    ('SW1A1AA', None)
    """
    value = re.sub(r"[^A-Z0-9]", "", text.upper())
    if len(value) < 3 or value.startswith("ZZ99") or value.lower() in NO_PLACE:
        return None
    if 5 <= len(value) <= 7 and value[0].isalpha() and value[-1].isalpha() and value[-3] in "OIL":
        value = value[:-3] + {"O": "0", "I": "1", "L": "1"}[value[-3]] + value[-2:]
    return value


def gender(text: str) -> str | None:
    """Return ``male``, ``female`` or ``other``, from words, letters or ISO 5218 codes; null if not stated."""
    return GENDERS.get(re.sub(r"[^a-z0-9]", "", text.lower()))


def phrase(text: str) -> str | None:
    """Return a place, an address or an occupation in lower-case letters and digits with single spaces."""
    value = " ".join(re.findall(r"[^\W_]+", names.latin(text)))
    return None if not value or value.replace(" ", "") in names.ABSENT | NO_PLACE else value


def standard(table: pa.Table, id_column: str = "record_id", source: str = "") -> Cleaned:
    """Return ``table`` in the model's columns, all text, with ``id_column`` as text in front.

    Raises ``BadInput`` if the id column is missing, empty in a row, or repeats. ``source`` names the file in messages.
    """
    ids = record_ids(table, id_column, source)
    roles = {column: part for column, part in parts(table.column_names).items() if column != id_column}
    for column, part in roles.items():
        kind = table.schema.field(column).type
        may_be_list = part in others.GIVEN and (pa.types.is_list(kind) or pa.types.is_large_list(kind))
        if pa.types.is_nested(kind) and not may_be_list:
            raise BadInput(
                f"{source}: column {column!r} holds lists. The person model reads one value in each row; "
                "further ones stand in a column of their own (aliases, other_surnames, other_first_names, other_dobs, other_postcodes)."
            )
    raw = {part: _text(table.column(column)) for column, part in roles.items()}
    columns: dict[str, pa.Array] = {}
    _names(raw, columns)
    dates = dict.fromkeys(("dob", "custody_from", "custody_to", "died_on", "seen_on"), date_digits)
    for part, read in {**dates, "gender": gender, "postcode": postcode, **ID_NUMBERS}.items():
        if part in raw:
            columns[part] = each(raw[part], read)
    for part in (
        raw.keys() - columns.keys() - {*others.GIVEN, "first_name", "middle_name", "surname", "full_name"}
    ):
        columns[part] = each(raw[part], phrase)
    ignored = tuple(c for c in table.column_names if c not in roles and c != id_column)
    unread = {part: _lost(raw[part], columns[part]) for part in raw if part in columns}
    made = {**_parts_for_blocking(columns), **_with_others(raw, columns)}
    return Cleaned(pa.table({id_column: ids, **made}), unread, ignored)


def record_ids(table: pa.Table, id_column: str, source: str) -> pa.Array:
    """Return the ids as text, each there once. Raises ``BadInput`` otherwise."""
    where = f"{source}: " if source else ""
    if id_column not in table.column_names:
        raise BadInput(
            f"{where}there is no column {id_column!r}. Name the column that identifies a record with --id; "
            f"the file has {', '.join(table.column_names[:12]) or 'no columns'}."
        )
    if table.num_rows == 0:
        raise BadInput(f"{where}the file holds no records. Give it at least one row below the header.")
    ids = _text(table.column(id_column))
    if ids.null_count:
        row = pc.index(ids.is_null(), True).as_py() + 1
        raise BadInput(
            f"{where}row {row}, column {id_column!r}: the id is empty. Every record needs one of its own."
        )
    seen = ids.value_counts()
    repeated = int(pc.sum(pc.greater(seen.field("counts"), 1)).as_py() or 0)
    if repeated:
        raise BadInput(
            f"{where}column {id_column!r}: {repeated:,} ids stand in more than one row. Make each id unique."
        )
    return ids


def each(values: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """Return ``read`` of every value, called once for each distinct one; null stays null."""
    encoded = values.dictionary_encode()
    found = pa.array([read(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return found.take(encoded.indices)


def _text(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as text, empty and blank values null, dates as ISO 8601."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):  # a column of no chunks
        whole = pa.array([], whole.type)
    if pa.types.is_list(whole.type) or pa.types.is_large_list(whole.type):
        whole = pc.binary_join(pc.cast(whole, pa.list_(pa.string())), ";")
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    if pa.types.is_floating(whole.type):
        whole = (
            pc.cast(whole, pa.int64(), safe=False)
            if pc.all(pc.equal(whole, pc.floor(whole))).as_py()
            else whole
        )
    if pa.types.is_timestamp(whole.type):
        whole = pc.cast(whole, pa.date32(), safe=False)
    text = pc.utf8_trim_whitespace(pc.cast(whole, pa.string()))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _lost(raw: pa.Array, read: pa.Array) -> int:
    return int(read.null_count - raw.null_count)


def _names(raw: Mapping[str, pa.Array], columns: dict[str, pa.Array]) -> None:
    """Add first, middle and last name to ``columns``, from their own fields or from a full name."""
    if "full_name" in raw and not {"first_name", "surname"} & raw.keys():
        for position, part in enumerate(("first_name", "middle_name", "surname")):
            columns[part] = each(raw["full_name"], lambda text, at=position: names.split_full(text)[at])  # type: ignore[misc]
        return
    if "first_name" in raw:
        columns["first_name"] = each(raw["first_name"], lambda text: names.given(text)[0])
        further = each(raw["first_name"], lambda text: names.given(text)[1])
        own = (
            each(raw["middle_name"], lambda text: " ".join(names.words(text)) or None)
            if "middle_name" in raw
            else further
        )
        columns["middle_name"] = pc.coalesce(own, further)
    if "surname" in raw:
        columns["surname"] = each(raw["surname"], names.surname)


def _with_others(raw: Mapping[str, pa.Array], columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Return the lists of a record's own and further values, of the columns that have further ones."""
    reads = (lambda text: names.given(text)[0], names.surname, date_digits, postcode)
    of_name = {
        "first_name": lambda text: names.split_full(text)[0],
        "surname": lambda text: names.split_full(text)[2],
    }
    lists = {}
    for (part, (own, made)), read in zip(others.ALL.items(), reads, strict=True):
        given = [(raw[part], read)] if part in raw else []
        given += [(raw[others.NAMES], of_name[own])] if others.NAMES in raw and own in of_name else []
        if given and own in columns:
            lists[made] = others.together(columns[own], *given)
    if "all_first_names" in lists:
        lists["all_first_roots"] = others.each(lists["all_first_names"], root)
    return lists


def _parts_for_blocking(columns: dict[str, pa.Array]) -> dict[str, Any]:
    """Return the columns with the derived ones: name roots and sounds, parts of the date and of the postcode."""
    made = dict(columns)
    if "first_name" in columns:
        made["first_root"] = each(columns["first_name"], root)
        made["first_sound"] = each(columns["first_name"], names.soundex)
    if "surname" in columns:
        made["surname_sound"] = each(columns["surname"], names.soundex)
    if "dob" in columns:
        made["dob_year"] = pc.utf8_slice_codeunits(columns["dob"], 0, 4)
        made["dob_day"] = pc.utf8_slice_codeunits(columns["dob"], 4, 8)
    if "postcode" in columns:
        made["postcode_sector"] = pc.utf8_slice_codeunits(columns["postcode"], 0, -2)
        made["postcode_district"] = pc.utf8_slice_codeunits(columns["postcode"], 0, -3)
    return made
