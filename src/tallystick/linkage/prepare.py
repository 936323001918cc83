"""The sources as a model reads them: cleaned for the person model, as they are for a model of one's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import clean, engines, events, identifiers, others, person


def for_the_person_model(
    cleaned: Mapping[str, clean.Cleaned], id_column: str
) -> tuple[dict[str, pa.Table], tuple[str, ...]]:
    """Return the tables with the columns that all sources have and that hold something, and notes on the rest.

    A number that only some sources have is compared within those, so that two pupils of one school register with a number each
    are not taken for one; in the others it is null.
    """
    whole = others.completed({source: one.table for source, one in cleaned.items()})
    cleaned = {source: replace(one, table=whole[source]) for source, one in cleaned.items()}
    filled = {
        source: [
            c
            for c in one.table.column_names
            if c == id_column or one.table[c].null_count < one.table.num_rows
        ]
        for source, one in cleaned.items()
    }
    first = next(iter(filled.values()))
    shared = [c for c in first if all(c in names for names in filled.values())]
    if len(person.comparisons(shared)) < 2:
        raise BadInput(
            "The files have fewer than two columns in common that the person model compares. "
            "Name the columns first_name, surname, dob, gender, postcode (see `docs/linkage.md` for the others)."
        )
    some = [
        c for c in identifiers.STRENGTH if c not in shared and any(c in names for names in filled.values())
    ]
    notes = []
    for source, one in cleaned.items():
        if one.ignored:
            notes.append(f"{source}: not used in the linkage: {', '.join(one.ignored)}.")
        parts = [c for c in filled[source] if c not in shared and c in {x.name for x in person.COMPARISONS}]
        if own := [c for c in some if c in parts]:
            notes.append(
                f"{source}: compared with those that have it too, for not every file does: {', '.join(own)}."
            )
        parts = [c for c in parts if c not in some]
        if parts:
            notes.append(
                f"{source}: not compared, for another file lacks it or leaves it empty: {', '.join(parts)}."
            )
        notes.extend(
            f"{source}: {count:,} values of {part} could not be read and count as missing."
            for part, count in one.unread.items()
            if count
        )
    missing = [c for c in ("first_name", "surname", "dob", "gender", "postcode") if c not in shared]
    if missing:
        notes.append(
            f"The comparisons of {', '.join(missing)} were dropped: not every file has the column, with values in it."
        )
    read = {source: with_numbers(one.table, some).select([*shared, *some]) for source, one in cleaned.items()}
    return with_events(read, {source: one.table for source, one in cleaned.items()}), tuple(notes)


def with_numbers(table: pa.Table, wanted: Collection[str]) -> pa.Table:
    """Return the table with those ``wanted`` justice and learner numbers that it lacks: null in every record."""
    for name in identifiers.STRENGTH:
        if name in wanted and name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
    return table


def with_events(read: Mapping[str, pa.Table], cleaned: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with what any of the cleaned ones holds of events, in every one of them: null where it has none."""
    told = [name for name in events.COLUMNS if any(name in table.column_names for table in cleaned.values())]
    made = dict(read)
    for source, table in cleaned.items():
        for name in told:
            if name not in made[source].column_names:
                there = name in table.column_names
                values = table[name] if there else pa.nulls(table.num_rows, pa.string())
                made[source] = made[source].append_column(name, values)
    return made


def as_the_model_reads(
    tables: Mapping[str, pa.Table], model: Mapping[str, Any], id_column: str, also: Collection[str] = ()
) -> tuple[dict[str, pa.Table], tuple[str, ...], bool]:
    """Return the tables as a given Splink model reads them (with the columns ``also``), notes, and whether they were cleaned.

    They are cleaned where the model reads columns of the person model that the tables do not have as they are. A number that
    only some of them have is then null in the others, and named. Raises ``BadInput`` for any other column that is not there.
    """
    wanted = engines.columns_read(model) | set(also)
    raw = dict(tables)
    if all(wanted <= set(table.column_names) for table in raw.values()):
        keep = [id_column, *sorted(wanted - {id_column})]
        return (
            {
                s: t.select(keep).set_column(0, id_column, clean.record_ids(t, id_column, s))
                for s, t in raw.items()
            },
            (),
            False,
        )
    cleaned = others.completed(
        {source: clean.standard(table, id_column, source).table for source, table in tables.items()}, wanted
    )
    held = {name for table in cleaned.values() for name in table.column_names} & wanted
    notes = tuple(
        f"{source}: counts as missing, for only other files have it: {', '.join(lacking)}."
        for source, table in cleaned.items()
        if (lacking := [name for name in identifiers.STRENGTH if name in held - set(table.column_names)])
    )
    cleaned = {source: with_numbers(table, held) for source, table in cleaned.items()}
    for source, table in cleaned.items():
        missing = sorted(wanted - set(table.column_names))
        if missing:
            raise BadInput(
                f"{source}: the model reads columns that are not there: {', '.join(missing)}. Add them, or use another model."
            )
    read = {
        source: table.select([id_column, *sorted(wanted - {id_column})]) for source, table in cleaned.items()
    }
    return with_events(read, cleaned), notes, True
