"""What the linker itself can see of records and people: how full each identifier is; linked against unlinked by sex, birth years, postcode
area, and how many identifiers are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from tallystick.linkage.compare import quoted
from tallystick.linkage.person import COMPARISONS

KEY_FIELDS = ("first_name", "surname", "dob", "gender", "postcode")


def completeness(records: Mapping[str, pa.Table]) -> list[dict[str, Any]]:
    """Return source, identifier, records and how many of them lack it (or hold what cannot be read, or fails its check digit).

    ``records`` are the sources in standard form (`Linked.records`). Counts are not hidden: they stay with the linker.
    """
    names = [one.name for one in COMPARISONS]
    return [
        {"source": source, "identifier": name, "records": table.num_rows, "missing": table[name].null_count}
        for source, table in records.items()
        for name in names
        if name in table.column_names
    ]


def by_identifiers(
    persons: pa.Table, records: Mapping[str, pa.Table], id_column: str
) -> list[dict[str, Any]]:
    """Return source, field, group, people and how many of them did not link, for each source. Counts are not hidden: they stay with the linker.

    People are distinct persons of the source; linked is who is in another source too (in one source: has another record).
    ``records`` are the sources in standard form (`Linked.records`); what they lack is left out.
    """
    found: list[dict[str, Any]] = []
    for source, table in records.items():
        fields = _fields(set(table.column_names))
        if not fields:
            continue
        groups = ", ".join(f"{sql} as {quoted(name)}" for name, sql in fields.items())
        names = ", ".join(quoted(name) for name in fields)
        own = quoted(id_column)
        with duckdb.connect() as con:
            con.register("persons", persons)
            con.register("records", table)
            found += [
                {"source": source, "field": field, "group": group, "people": people, "unlinked": unlinked}
                for field, group, people, unlinked in con.sql(
                    f"""
                    with whole as (
                        select person_id, count(distinct source) as sources, count(*) as records from persons group by person_id
                    ),
                    only_one as (select count(distinct source) = 1 as yes from persons),
                    described as (
                        select p.person_id, if(o.yes, w.records > 1, w.sources > 1) as is_linked, {groups}
                        from records r
                        join persons p on p.source = ? and p.{own} = r.{own}
                        join whole w on w.person_id = p.person_id
                        cross join only_one o
                    ),
                    long as (unpivot described on {names} into name field value grp)
                    select field, grp, count(distinct person_id), count(distinct person_id) filter (where not is_linked)
                    from long group by field, grp order by field, grp
                    """,  # noqa: S608 - the expressions are our own, names are quoted
                    params=[source],
                ).fetchall()
            ]
    return found


def _fields(columns: set[str]) -> dict[str, str]:
    """Return each description that the columns allow, as SQL over a record ``r``."""
    found = {}
    if "gender" in columns:
        found["sex"] = "coalesce(r.gender, 'not recorded')"
    if "dob" in columns:
        found["birth years"] = "coalesce(concat(r.dob[1:3], '0 to ', r.dob[1:3], '9'), 'not recorded')"
    if "postcode" in columns:
        found["postcode area"] = (
            "coalesce(nullif(regexp_extract(r.postcode, '^[A-Z]{1,2}'), ''), 'not recorded')"
        )
    there = [name for name in KEY_FIELDS if name in columns]
    if len(there) > 1:
        missing = " + ".join(f"cast(r.{quoted(name)} is null as integer)" for name in there)
        found["identifiers missing"] = (
            f"case {missing} when 0 then 'none' when 1 then 'one' else 'two or more' end"
        )
    return found
