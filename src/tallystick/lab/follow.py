"""The police data with what became of each index event: when its clock starts, and what happened within the follow-up.

One row of the police data is one index event (a sentence or a caution). Its outcome is made from a table of dated offences by the
official definition (`tallystick.lab.outcome`), or from a table of any other dated events, such as starts of employment.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import duckdb
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.lab.outcome import FollowUp, events_within, index_dates, reoffending
from tallystick.lab.request import Request

__all__ = ["MADE", "followed", "offences_of", "with_index"]

MADE: Final = ("observed", "events_count", "days_to_first", "first_group", "first_severity", "first_custody")
"""What `followed` puts beside the outcome and its date."""

PROVEN: Final = ("proven_date", "conviction_date", "caution_date")


def with_index(pool: pa.Table) -> pa.Table:
    """Return the police data with ``index_date``: as given, else by the kind of disposal, else the conviction date.

    A sentence of custody without a release has none: its clock never started.
    """
    if "index_date" in pool.column_names:
        return pool
    if "disposal" in pool.column_names and "release_date" in pool.column_names:
        return index_dates(pool)
    return pool.append_column("index_date", pool["conviction_date"])


def followed(pool: pa.Table, events: pa.Table, request: Request, *, key: str, covers_to: date) -> pa.Table:
    """Return the police data, sorted by supply_key, with the request's outcome, its date, and the columns `MADE`.

    ``pool`` has supply_key, index_date and ``key``, the person's number in both tables; ``events`` are offences or dated events, as
    the request says. The outcome is null where the follow-up is not whole. Raises `BadInput` where a column is missing.
    """
    if key not in pool.column_names or key not in events.column_names:
        raise BadInput(
            f"The police data and the events have no column {key} in common, by which a person is known."
        )
    is_offences = request.events_are == "offences"
    own = offences_of(events, key) if is_offences else dated(events, key, request.event_date)
    follow_up = FollowUp(covers_to, request.follow_up_months, request.waiting_months)
    with duckdb.connect() as connection:
        connection.register("pool", pool)
        connection.register("own", own)
        mine = connection.sql(
            f'select p.supply_key as person_id, o.* from own o join pool p on p."{key}" = o.key',  # noqa: S608 - a name that both tables have
        ).to_arrow_table()
        people = connection.sql(
            "select supply_key as person_id, index_date::date as index_date from pool"
        ).to_arrow_table()
    found = (reoffending if is_offences else events_within)(people, mine, follow_up)
    plain = pool.drop_columns(
        [name for name in (request.outcome, request.outcome_date, *MADE) if name in pool.column_names]
    )
    with duckdb.connect() as connection:
        connection.register("pool", plain)
        connection.register("found", found)
        return connection.sql(
            f"""
            select
                p.*,
                f.event as "{request.outcome}",
                (p.index_date::date + f.days_to_first::integer) as "{request.outcome_date}",
                f.observed, f.events as events_count, f.days_to_first, f.first_group, f.first_severity, f.first_custody
            from pool p
            join found f on f.person_id = p.supply_key
            order by p.supply_key
            """,  # noqa: S608 - names from a checked request
        ).to_arrow_table()


def offences_of(table: pa.Table, key: str) -> pa.Table:
    """Return offences under the names that `reoffending` reads, and ``key``, the number of whoever committed them.

    Read: offence_date; proven_date, else conviction_date or caution_date (the earlier); proof, else which of these there is;
    is_breach (or breach); and where there are any group (or offence_group), severity, is_custody (or disposal).
    """
    names = set(table.column_names)
    proofs = [name for name in PROVEN if name in names]
    breach = next((name for name in ("is_breach", "breach") if name in names), None)
    absent = [
        name
        for name, there in (
            ("offence_date", "offence_date" in names),
            ("conviction_date", proofs),
            ("is_breach", breach),
        )
        if not there
    ]
    if absent:
        raise BadInput(
            f"The offences have no column {', '.join(absent)}, without which proven reoffending is not defined."
        )
    proof = (
        "proof" if "proof" in names
        else "case when conviction_date is not null then 'conviction' when caution_date is not null then 'caution' end"
        if {"conviction_date", "caution_date"} <= names
        else f"case when {proofs[0]} is not null then '{'caution' if proofs[0] == 'caution_date' else 'conviction'}' end"
    )  # fmt: skip
    group = next((name for name in ("group", "offence_group") if name in names), "null")
    custody = (
        "is_custody" if "is_custody" in names else "disposal = 'custody'" if "disposal" in names else "null"
    )
    day = "proven_date" if "proven_date" in names else f"least({', '.join(proofs)})"
    with duckdb.connect() as connection:
        connection.register("offences", table)
        return connection.sql(
            f"""
            select
                "{key}" as key,
                offence_date::date as offence_date,
                ({day})::date as proven_date,
                lower(({proof})::varchar) as proof,
                {breach}::boolean as is_breach,
                {"null" if group == "null" else f'"{group}"'}::varchar as "group",
                {"severity" if "severity" in names else "null"}::integer as severity,
                ({custody})::boolean as is_custody
            from offences
            """,  # noqa: S608 - fixed names
        ).to_arrow_table()


def dated(table: pa.Table, key: str, column: str) -> pa.Table:
    """Return events as ``key`` and ``happened``; raises `BadInput` where the table has no such date."""
    if column not in table.column_names:
        raise BadInput(
            f"The events have no column {column}: name the date's column as `event_date` in the request."
        )
    return pa.table({"key": table[key], "happened": table[column].cast(pa.date32())})
