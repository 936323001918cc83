"""What became of each person within a follow-up: proven reoffending as officially defined, or any other dated event.

Proven reoffending (Ministry of Justice, Proven Reoffending Statistics): an offence within one year of the index date, proven by
court conviction or caution within that year or a further six months; breach offences are left out. The follow-up is the days
after the index date up to and with its anniversary (29 February: 28 February), so that an index caution's own offence does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import duckdb
import pyarrow as pa

from tallystick.errors import BadInput

__all__ = ["FollowUp", "Rates", "events_within", "index_dates", "rates", "reoffending"]

# When the clock starts: at release from custody, else on the day of the sentence or of the caution.
COURT: Final = ("fine", "community order", "suspended sentence", "discharge", "other court order")
OUT_OF_COURT: Final = ("caution",)
CUSTODY: Final = ("custody",)


@dataclass(frozen=True)
class FollowUp:
    """``months`` of follow-up and ``waiting`` more in which an offence may be proven; the data reach to ``covers_to``."""

    covers_to: date
    months: int = 12
    waiting: int = 6

    def __post_init__(self) -> None:
        if self.months < 1 or self.waiting < 0:
            raise BadInput("The follow-up is of one month at least, and the wait of nought or more.")


@dataclass(frozen=True)
class Rates:
    """The outcome of a group: ``rate`` of people (0 to 1), ``frequency`` of events for each person, counts."""

    people: int
    with_event: int
    events: int
    rate: float | None
    frequency: float | None


def index_dates(sentences: pa.Table) -> pa.Table:
    """Return ``sentences`` with ``index_date``: the day the clock starts, null where the kind of disposal does not tell it.

    Columns read: disposal, conviction_date, and release_date (may be absent: then custody has no index date).
    """
    _require(sentences, ("disposal", "conviction_date"))
    released = "release_date" if "release_date" in sentences.column_names else "null::date"
    with duckdb.connect() as connection:
        connection.register("sentences", sentences)
        return connection.sql(
            f"""
            select
                *,
                case
                    when disposal in ? then {released}
                    when disposal in ? then conviction_date
                end::date as index_date
            from sentences
            """,  # noqa: S608 - two fixed texts
            params=[list(CUSTODY), [*COURT, *OUT_OF_COURT]],
        ).to_arrow_table()


def reoffending(people: pa.Table, offences: pa.Table, follow_up: FollowUp) -> pa.Table:
    """Return proven reoffending for each person, sorted by person_id; nulls where the follow-up is not whole.

    ``people``: person_id, index_date. ``offences``: person_id, offence_date, proven_date, proof (conviction or caution), is_breach,
    group, severity (1 the gravest), is_custody. Result: person_id, observed, event, events, days_to_first, first_group,
    first_severity, first_custody. Where several offences are the first, the gravest speaks.
    """
    wanted = (
        "person_id",
        "offence_date",
        "proven_date",
        "proof",
        "is_breach",
        "group",
        "severity",
        "is_custody",
    )
    _require(offences, wanted)
    with duckdb.connect() as connection:
        connection.register("people", people)
        connection.register("offences", offences)
        proven = connection.sql(
            """
            select
                o.person_id, o.offence_date as happened, o."group", o.severity, o.is_custody
            from offences o
            join people p on p.person_id = o.person_id
            where o.proof in ('conviction', 'caution')
                and not coalesce(o.is_breach, false)
                and o.proven_date >= o.offence_date
                and o.proven_date <= (p.index_date + to_months(?))::date
            """,
            params=[follow_up.months + follow_up.waiting],
        ).to_arrow_table()
    return events_within(people, proven, follow_up)


def events_within(people: pa.Table, events: pa.Table, follow_up: FollowUp) -> pa.Table:
    """Return, for each person, whether, how often and after how many days an event happened within the follow-up.

    ``events``: person_id, happened, and optionally group, severity, is_custody of it. Employment, benefits or a health contact are
    such events, as reoffending is. Columns and nulls as `reoffending`. Raises `BadInput` where a person stands twice.
    """
    _require(people, ("person_id", "index_date"))
    _require(events, ("person_id", "happened"))
    if people["person_id"].null_count or len(people["person_id"].unique()) != people.num_rows:
        raise BadInput("Each person must stand once in the list of people, with an id.")
    extra = {
        name: name if name in events.column_names else f"null::{kind}"
        for name, kind in (("group", "varchar"), ("severity", "integer"), ("is_custody", "boolean"))
    }
    columns = ", ".join(
        f'{"e." + chr(34) + name + chr(34) if text == name else text} as "{name}"'
        for name, text in extra.items()
    )
    with duckdb.connect() as connection:
        connection.register("people", people)
        connection.register("events", events)
        return connection.sql(
            f"""
            with inside as (
                select p.person_id, e.happened - p.index_date as days, {columns}
                from people p
                join events e on e.person_id = p.person_id
                where e.happened > p.index_date
                    and e.happened <= (p.index_date + to_months($months))::date
            ),
            counted as (
                select person_id, count(*) as events, min(days) as days from inside group by person_id
            ),
            firsts as (
                select * from inside
                qualify row_number() over (
                    partition by person_id order by days, severity nulls last, "group", is_custody desc
                ) = 1
            ),
            followed as (
                select
                    person_id,
                    coalesce((index_date + to_months($months + $waiting))::date <= $covers_to, false) as observed
                from people
            )
            select
                f.person_id,
                f.observed,
                case when f.observed then c.events is not null end as event,
                case when f.observed then coalesce(c.events, 0) end as events,
                case when f.observed then c.days end as days_to_first,
                case when f.observed then i."group" end as first_group,
                case when f.observed then i.severity end as first_severity,
                case when f.observed then i.is_custody end as first_custody
            from followed f
            left join counted c on c.person_id = f.person_id
            left join firsts i on i.person_id = f.person_id
            order by f.person_id
            """,  # noqa: S608 - fixed texts
            params={
                "months": follow_up.months,
                "waiting": follow_up.waiting,
                "covers_to": follow_up.covers_to,
            },
        ).to_arrow_table()


def rates(outcomes: pa.Table) -> Rates:
    """Return the rate and the frequency of those whose follow-up is whole."""
    seen = [
        (e, n)
        for e, n in zip(outcomes["event"].to_pylist(), outcomes["events"].to_pylist(), strict=True)
        if e is not None
    ]
    people, hits, events = len(seen), sum(e for e, _ in seen), sum(n for _, n in seen)
    return Rates(people, hits, events, hits / people if people else None, events / people if people else None)


def _require(table: pa.Table, names: tuple[str, ...]) -> None:
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise BadInput(f"The table has no column {', '.join(absent)}, which the outcome is made from.")
