"""Match keys: what a key compares, and its columns in the records.

A key is a list of parts that must all agree exactly; a part that is missing agrees with nothing. A part is a column in standard form
(``surname``; also ``first_root``, ``first_sound``, ``surname_sound``, ``dob_year``, ``dob_day``, ``postcode_sector``,
``postcode_district``), the first letters of one (``surname:3``), ``names_any_order`` or ``dob_any_order`` (day and month in
each other's place). These are the parts of the published matching stages: ONS (2013), Beyond 2011: Matching Anonymous Data; Libuy et al.
(2021), Linking education and hospital data (ECHILD), International Journal of Population Data Science 6(1).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.linkage.columns import parts as roles
from tallystick.linkage.numbers import Numbers
from tallystick.linkage.person import rule_sql
from tallystick.linkage.spec import LinkageSpec, MatchKey

ANY_ORDER: Mapping[str, tuple[str, ...]] = {
    "names_any_order": ("first_name", "surname"),
    "dob_any_order": ("dob",),
}
PART = re.compile(r"([^:]+?)(?::([1-9]\d?))?")
Ints = npt.NDArray[np.int64]


def read(path: Path) -> tuple[MatchKey, ...]:
    """Return the keys of a TOML file, in its order: ``[[key]]`` with ``on`` (a list of parts) and, if wanted, ``name``.

    Raises ``BadInput`` where it is no such file, or as ``checked`` does.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(
            f"{path}: this is not a readable TOML file ({type(error).__name__}). Give one [[key]] for each match key."
        ) from None
    rows = said.get("key")
    if not isinstance(rows, list) or not rows or set(said) != {"key"}:
        raise BadInput(f"{path}: give one [[key]] for each match key, the strictest first, and nothing else.")
    made = []
    for number, row in enumerate(rows, 1):
        on = row.get("on") if isinstance(row, dict) else None
        if (
            not isinstance(on, list)
            or not all(isinstance(part, str) for part in on)
            or set(row) - {"on", "name"}
        ):
            raise BadInput(
                f'{path}, key {number}: a key has on = ["surname", "dob", …] and, if you like, name = "…", and nothing else.'
            )
        made.append(MatchKey(tuple(on), str(row.get("name", ""))))
    return checked(made)


def asked(given: Sequence[str], path: Path | None, stages: str) -> tuple[MatchKey, ...]:
    """Return the keys that a command was given, as texts (parts joined by ``+``) or as a file.

    Raises ``BadInput`` for both at once, for an order of stages that there is not, and for keys alone without keys.
    """
    if stages not in ("keys-then-model", "keys"):
        raise BadInput(f"There are no stages {stages!r}. Say keys-then-model or keys.")
    if given and path is not None:
        raise BadInput("The match keys were given both one by one and as a file. Give them one way.")
    if path is not None:
        return read(path)
    if not given and stages == "keys":
        raise BadInput("Linkage by keys alone needs match keys: give --key or --keys.")
    return checked([MatchKey(tuple(text.split("+"))) for text in given])


def said(counts: Mapping[str, Any]) -> list[str]:
    """Return a line for each key of a summary: what it joined and how often it errs."""
    return [
        f"{one['key']} ({' + '.join(one['on'])}), {one['layer']}: {one['pairs']:,} pairs"
        + (f", estimated false-link rate {one['false_link_rate']:.2%}" if one["pairs"] else "")
        + (f", {one['ambiguous']:,} ambiguous" if one["ambiguous"] else "")
        + ("" if one["is_used"] or not one["pairs"] else ", not used")
        + "."
        for one in counts.get("match_keys", ())
    ]


def checked(keys: Sequence[MatchKey]) -> tuple[MatchKey, ...]:
    """Return the keys, each with a name of its own ("key 1" and so on unless given).

    Raises ``BadInput`` for a key without parts, a part twice, a key or a name that repeats, or the name of another stage.
    """
    made: list[MatchKey] = []
    for number, key in enumerate(keys, 1):
        name = key.name.strip() or f"key {number}"
        on = tuple(part.strip() for part in key.on)
        if not on or not all(on):
            raise BadInput(f"Match key {number} has no parts. Name the columns that must agree.")
        if len(set(on)) < len(on):
            raise BadInput(f"Match key {number} names a part twice. Name each once.")
        if name in {"model", "decided"} or name in {one.name for one in made}:
            raise BadInput(f"Match key {number}: the name is taken by another stage. Give it one of its own.")
        if twin := [n for n, one in enumerate(made, 1) if set(one.on) == set(on)]:
            raise BadInput(f"Match key {number} is key {twin[0]} again. Leave one of them out.")
        made.append(MatchKey(on, name))
    return tuple(made)


def columns_read(keys: Sequence[MatchKey]) -> set[str]:
    """Return the columns that the keys' parts are made of."""
    return {column for key in keys for part in key.on for column in _columns(part)}


def with_parts(tables: Mapping[str, pa.Table], keys: Sequence[MatchKey]) -> dict[str, pa.Table]:
    """Return the sources with a column for each part of a key that is not a column yet.

    Raises ``BadInput`` where a part is of a column that not every source has.
    """
    shared = set.intersection(*(set(table.column_names) for table in tables.values()))
    for number, key in enumerate(keys, 1):
        if missing := sorted({c for part in key.on for c in _columns(part)} - shared):
            raise BadInput(
                f"Match key {number} ({key.name}) names what not every source has: {', '.join(missing)}. "
                f"Every source has: {', '.join(sorted(shared - {'source_dataset'})[:30])}."
            )
    wanted = {_column(part): part for key in keys for part in key.on}
    made = {}
    for source, table in tables.items():
        for column, part in wanted.items():
            if column not in table.column_names:
                table = table.append_column(column, _made(table, part))
        made[source] = table
    return made


def rules(keys: Sequence[MatchKey]) -> tuple[tuple[str, ...], ...]:
    """Return the columns of each key as a blocking rule over ``with_parts``."""
    return tuple(tuple(_column(part) for part in key.on) for key in keys)


def with_rules(model: Mapping[str, Any], spec: LinkageSpec) -> dict[str, Any]:
    """Return the model with the keys before its own blocking rules, or in their place where the keys stand alone."""
    own = () if spec.keys and spec.stages == "keys" else model["blocking_rules_to_generate_predictions"]
    made = [{"blocking_rule": rule_sql(rule)} for rule in rules(spec.keys)]
    return {**model, "blocking_rules_to_generate_predictions": [*made, *own]}


def require_sharp(tables: Mapping[str, pa.Table], spec: LinkageSpec) -> None:
    """Raise ``BadInput`` for a key so loose that it fits more pairs than a whole linkage may look at."""
    most = spec.pairs_per_record * sum(table.num_rows for table in tables.values())
    numbers = Numbers(tables, spec.id_column)
    for key, code in zip(spec.keys, codes(with_parts(tables, spec.keys), numbers, spec.keys), strict=True):
        each = np.bincount(code[code >= 0])
        pairs = int((each * (each - 1) // 2).sum())
        if pairs > most:
            raise BadInput(
                f"Match key {key.name!r} fits {pairs:,} pairs, more than {spec.pairs_per_record:,.0f} a record: "
                "it tells too few people apart. Add a part to it, or leave it out."
            )


def codes(tables: Mapping[str, pa.Table], numbers: Numbers, keys: Sequence[MatchKey]) -> list[Ints]:
    """Return for each key the value of each record, by number: equal numbers are equal values, -1 is missing.

    ``tables`` are those of ``with_parts``.
    """
    found = []
    in_order = [tables[source].sort_by(numbers.id_column) for source in numbers.order]
    for rule in rules(keys):
        columns = [
            pa.concat_arrays([pc.cast(t[c].combine_chunks(), pa.string()) for t in in_order]) for c in rule
        ]
        whole = pc.binary_join_element_wise(*columns, "\x1f")
        found.append(
            pc.fill_null(whole.dictionary_encode().indices, -1)
            .to_numpy(zero_copy_only=False)
            .astype(np.int64)
        )
    return found


def _columns(part: str) -> tuple[str, ...]:
    """Return the columns that a part is made of, under the model's words for them."""
    if part in ANY_ORDER:
        return ANY_ORDER[part]
    match = PART.fullmatch(part)
    if match is None:
        raise BadInput(
            "A match key has a part that is neither a column nor a column with its first letters, such as surname:3."
        )
    return (roles([match[1]]).get(match[1], match[1]),)


def _column(part: str) -> str:
    """Return the column that holds a part's values."""
    if part in ANY_ORDER:
        return part
    match = PART.fullmatch(part)
    assert match is not None
    (column,) = _columns(part)
    return column if match[2] is None else f"{column}_first_{match[2]}"


def _made(table: pa.Table, part: str) -> pa.Array:
    """Return a part's values; null where a column of it is."""
    columns = [pc.cast(table[c].combine_chunks(), pa.string()) for c in _columns(part)]
    if part == "names_any_order":
        low = pc.min_element_wise(*columns, skip_nulls=False)
        return pc.binary_join_element_wise(low, pc.max_element_wise(*columns, skip_nulls=False), " ")
    if part == "dob_any_order":
        digits = pc.replace_substring(columns[0], "-", "")
        year, month, day = (pc.utf8_slice_codeunits(digits, a, b) for a, b in ((0, 4), (4, 6), (6, 8)))
        return pc.binary_join_element_wise(
            year, pc.min_element_wise(month, day), pc.max_element_wise(month, day), ""
        )
    match = PART.fullmatch(part)
    assert match is not None
    assert match[2] is not None
    return pc.utf8_slice_codeunits(columns[0], 0, int(match[2]))
