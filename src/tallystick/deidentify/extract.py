"""The extract of one project: built from its approval and from nothing else.

In come attributes keyed by supply key and the link (who is who); out come tables that hold the project's approved fields,
rows and detail under ids made for this project alone, in an order that means nothing. No name, no supply key and no share's
person id is among them. Requirements 184, 189 to 191, 194, 211 and 212.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.agreement.dataset import DataField, Dataset
from tallystick.agreement.project import Project, ProjectDataset, ProjectField
from tallystick.agreement.schema import Agreement
from tallystick.deidentify.detail import Reduced, flat, looks_like_free_text, reduced
from tallystick.deidentify.documents import Conditions, DictionaryRow, conditions, dictionary_row
from tallystick.deidentify.keys import keyed_ids
from tallystick.deidentify.rows import rows_where
from tallystick.errors import BadInput, Finding, Refused

LINK_QUALITY = (
    (0.999, "0.999 or more"),
    (0.99, "0.99 to under 0.999"),
    (0.95, "0.95 to under 0.99"),
    (0.0, "under 0.95"),
)
"""Bands of the match probability: the exact figure would itself join two extracts."""
WEIGHT = (
    "inverse-probability-of-linkage weight: how many records of the dataset, linked or not, the record stands for; one for each class "
    "of like probability, from the dataset's attributes; weigh means and models by it, and take robust standard errors"
)
RESERVED = ("person_id", "link_quality", "linkage_weight")


@dataclass(frozen=True)
class Extract:
    """What leaves for one project: a table a dataset, its dictionary, its conditions, and what was noticed on the way."""

    tables: Mapping[str, pa.Table]
    dictionary: tuple[DictionaryRow, ...]
    conditions: Conditions
    findings: tuple[Finding, ...] = ()
    rows_left_out: Mapping[str, int] = field(default_factory=dict)


def extract(
    attributes: Mapping[str, pa.Table],
    persons: pa.Table,
    project: Project,
    agreement: Agreement,
    key: bytes,
    *,
    ladder: pa.Table | None = None,
    weights: Mapping[str, pa.Table] | None = None,
) -> Extract:
    """Return the project's extract.

    ``attributes``: for each dataset a table with ``supply_key`` and its attributes; ``persons``: source, supply_key,
    person_id, match_probability; ``key``: 32 random bytes that are the project's own; ``ladder``: a lookup of places,
    finest column first; ``weights``: for each dataset supply_key and
    linkage_weight, where the project has them. Raises Refused for a field that may not leave, BadInput for a table or a condition that does
    not fit.
    """
    refusals = [finding for part in project.datasets for finding in field_findings(part, agreement)]
    if refusals:
        raise Refused(refusals)
    chosen = covered(persons, project)
    tables: dict[str, pa.Table] = {}
    rows: list[DictionaryRow] = []
    noticed: list[Finding] = []
    left_out: dict[str, int] = {}
    for part in project.datasets:
        if part.name not in attributes:
            raise BadInput(f"Project {project.id}: no attributes of dataset {part.name!r} were handed in.")
        dataset = next(d for d in agreement.datasets if d.name == part.name)
        linked = with_person(attributes[part.name], chosen, part, dataset)
        left_out[part.name] = attributes[part.name].num_rows - linked.num_rows
        if project.linkage_weights:
            linked = with_weight(linked, (weights or {}).get(part.name), part)
        made, described, warned = one_table(linked, part, dataset, attributes, chosen, key, ladder)
        tables[part.name] = made
        rows += described
        noticed += warned
    page = conditions(project, agreement, {name: table.num_rows for name, table in tables.items()})
    return Extract(tables, tuple(rows), page, tuple(noticed), left_out)


def field_findings(part: ProjectDataset, agreement: Agreement) -> list[Finding]:
    """Return a refusal for each asked field that the agreement does not share as an attribute."""
    dataset = next((d for d in agreement.datasets if d.name == part.name), None)
    where = f"project dataset {part.name}"
    if dataset is None:
        return [
            Finding(
                "extract.dataset",
                f"The agreement has no dataset {part.name!r}.",
                "Ask only for datasets of the agreement.",
                where,
                "211",
                "Data First user guide",
            )
        ]
    found: list[Finding] = []
    for asked in part.fields:
        held = dataset.field(asked.name)
        if held is None or held.kind in ("identifier", "linkage-evidence"):
            why = "is not in the agreement" if held is None else f"is {held.kind.replace('-', ' ')}"
            found.append(
                Finding(
                    "extract.field",
                    f"The field {asked.name!r} {why}; it never leaves in an extract.",
                    "Take it out of the project, or ask for an attribute instead.",
                    f"{where}, field {asked.name}",
                    "212" if held else "211",
                    "Data First user guide",
                )
            )
        elif asked.name in RESERVED:
            found.append(
                Finding(
                    "extract.reserved",
                    f"The field {asked.name!r} has the name of a column that each extract has.",
                    "Rename the field in the agreement.",
                    f"{where}, field {asked.name}",
                )
            )
    return found


def covered(persons: pa.Table, project: Project) -> pa.Table:
    """Return the persons whose rows leave: with coverage ``linked``, those found in two datasets of the project.

    A project with a single dataset (or a share with one) has everybody.
    """
    asked = [part.name for part in project.datasets]
    sources = set(persons["source"].unique().to_pylist()) & set(asked)
    fewest = 2 if project.coverage == "linked" and len(sources) > 1 else 1
    with duckdb.connect() as database:
        database.register("persons", persons)
        database.register("asked", pa.table({"source": pa.array(asked, pa.string())}))
        kept: pa.Table = database.sql(
            """
            with mine as (
                select persons.* from persons semi join asked using (source)
            ),
            wanted as (
                select person_id from mine group by person_id having count(distinct source) >= $fewest
            )
            select mine.* from mine semi join wanted using (person_id) order by source, supply_key
            """,
            params={"fewest": fewest},
        ).to_arrow_table()
        return kept


def attributes_of(dataset: Dataset) -> set[str]:
    """Return the fields of a dataset that the steward holds: what a condition on rows may use."""
    return {field.name for field in dataset.fields if field.kind not in ("identifier", "linkage-evidence")}


def with_person(table: pa.Table, persons: pa.Table, part: ProjectDataset, dataset: Dataset) -> pa.Table:
    """Return the approved rows with their ``person_id`` and ``match_probability``; rows of nobody covered stay behind."""
    if "supply_key" not in table.column_names:
        raise BadInput(f"Dataset {part.name}: the table of attributes has no column supply_key.")
    missing = sorted({f.name for f in part.fields} - set(table.column_names))
    if missing:
        raise BadInput(f"Dataset {part.name}: the supply lacks the approved column(s) {', '.join(missing)}.")
    usable = attributes_of(dataset) & set(table.column_names)
    approved = rows_where(table, part.rows, usable, f"Project dataset {part.name}, rows")
    with duckdb.connect() as database:
        keys = approved.select(["supply_key"])
        database.register("approved", keys.append_column("place", pa.array(range(keys.num_rows), pa.int64())))
        database.register("persons", persons.filter(pc.equal(persons["source"], part.name)))
        found: pa.Table = database.sql(
            """
            select approved.place, persons.person_id, persons.match_probability
            from approved
            join persons using (supply_key)
            order by approved.place
            """
        ).to_arrow_table()
    rows = approved.take(found["place"])
    for name in ("person_id", "match_probability"):
        if name in rows.column_names:
            rows = rows.drop_columns([name])
        rows = rows.append_column(name, found[name])
    return rows


def with_weight(linked: pa.Table, weights: pa.Table | None, part: ProjectDataset) -> pa.Table:
    """Return the rows with their ``linkage_weight``, null for a row that has none. Raises BadInput where the dataset has no weights."""
    if weights is None:
        raise BadInput(
            f"Dataset {part.name} has no linkage weights: they are made where at least ten of its records linked and ten did not. "
            "Set the project's linkage_weights to false."
        )
    place = pc.index_in(linked["supply_key"], value_set=weights["supply_key"].combine_chunks())
    if "linkage_weight" in linked.column_names:
        linked = linked.drop_columns(["linkage_weight"])
    return linked.append_column("linkage_weight", weights["linkage_weight"].take(place))


def one_table(
    linked: pa.Table,
    part: ProjectDataset,
    dataset: Dataset,
    attributes: Mapping[str, pa.Table],
    persons: pa.Table,
    key: bytes,
    ladder: pa.Table | None,
) -> tuple[pa.Table, list[DictionaryRow], list[Finding]]:
    """Return one dataset's table as it leaves, its dictionary rows, and what was withheld."""
    columns: dict[str, pa.Array] = {"person_id": keyed_ids(linked["person_id"], key, "person")}
    how = {"person_id": "a meaningless id made for this project alone"}
    noticed: list[Finding] = []
    for asked in part.fields:
        held = dataset.field(asked.name)
        assert held is not None
        where = f"Project dataset {part.name}, field {asked.name}"
        column = flat(linked[asked.name])
        if is_keyed(asked, held):
            made = Reduced(keyed_ids(column, key, held.matches or held.name), "a meaningless id")
        elif asked.detail == "full" and not held.allowed and looks_like_free_text(column):
            noticed.append(free_text(where))
            how[asked.name] = "withheld: free text"
            continue
        else:
            index = index_dates(linked, asked, attributes, persons) if asked.detail == "days-from" else None
            made = reduced(column, asked, where, index, ladder)
        columns[asked.name] = made.column
        how[asked.name] = made.how
    columns["link_quality"] = quality_band(linked["match_probability"])
    how["link_quality"] = "band of the match probability; false matches are expected"
    if "linkage_weight" in linked.column_names:
        columns["linkage_weight"] = flat(linked["linkage_weight"])
        how["linkage_weight"] = WEIGHT
    order = shuffled(linked, key)
    table = pa.table(columns).take(order)
    described = [dictionary_row(part.name, name, text, table, dataset, part) for name, text in how.items()]
    return table, described, noticed


def is_keyed(asked: ProjectField, held: DataField) -> bool:
    """Return whether the field leaves as a keyed id: every case id does, and whatever the project asks so."""
    return held.kind == "case-id" or asked.detail == "keyed"


def free_text(where: str) -> Finding:
    """Return the warning that a column of prose was withheld."""
    return Finding(
        "extract.free-text",
        "The column holds free text, in which names may stand; it was withheld.",
        "Give the field its allowed values in the agreement, or ask for it grouped.",
        where,
        "212",
        "Data First user guide",
        "warn",
    )


def quality_band(probability: pa.ChunkedArray) -> pa.Array:
    """Return the band of each match probability, null where there is none."""
    values = np.asarray(probability.to_numpy(zero_copy_only=False), dtype=float)
    place = np.full(len(values), len(LINK_QUALITY) - 1)
    for at in range(len(LINK_QUALITY) - 1, -1, -1):
        place[values >= LINK_QUALITY[at][0]] = at
    names = pa.array([name for _, name in LINK_QUALITY])
    return names.take(pa.array(place, mask=np.isnan(values)))


def shuffled(linked: pa.Table, key: bytes) -> pa.Array:
    """Return an order of the rows that only the key explains: by the keyed id of their supply keys."""
    ids = keyed_ids(linked["supply_key"], key, "row order")
    return pc.sort_indices(ids)


def index_dates(
    linked: pa.Table, asked: ProjectField, attributes: Mapping[str, pa.Table], persons: pa.Table
) -> pa.Array:
    """Return the date of the index event of each row: its own column, or the person's first in another dataset."""
    source, _, name = asked.index.rpartition(".")
    table = attributes.get(source) if source else linked
    if table is None or name not in table.column_names:
        raise BadInput(
            f"Field {asked.name}: the index event {asked.index!r} is not a column that was supplied."
        )
    if not source:
        return flat(linked[name])
    with duckdb.connect() as database:
        database.register("events", pa.table({"supply_key": table["supply_key"], "event": table[name]}))
        database.register("persons", persons.filter(pc.equal(persons["source"], source)))
        database.register(
            "wanted",
            pa.table({"person_id": linked["person_id"], "place": pa.array(range(linked.num_rows))}),
        )
        found: pa.Table = database.sql(
            """
            with first as (
                select persons.person_id, min(try_cast(events.event as date)) as event
                from events
                join persons using (supply_key)
                group by persons.person_id
            )
            select first.event from wanted left join first using (person_id) order by wanted.place
            """
        ).to_arrow_table()
    return flat(found["event"])
