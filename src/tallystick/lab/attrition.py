"""From everybody submitted to everybody analysed: who was lost at each stage, why, and whether they differ (requirement 200)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tallystick.errors import BadInput
from tallystick.lab.follow import with_index
from tallystick.lab.request import Request
from tallystick.lab.strength import NAME_ALONE, Strength, counted, named, strengths

__all__ = ["Assembled", "Stage", "Suspect", "assemble"]


@dataclass(frozen=True)
class Stage:
    """How many people were left after a stage, how many it lost, and in plain words why.

    ``means`` gives the mean of each measure among those left, ``means_lost`` among the lost (None where it is not known of them).
    """

    name: str
    left: int
    lost: int
    explanation: str
    means: dict[str, float | None]
    means_lost: dict[str, float | None]


@dataclass(frozen=True)
class Suspect:
    """A match that waits for a second person: the key in the cohort, what the match rests on, and its probability."""

    supply_key: str
    rests_on: str
    match_probability: float | None


@dataclass(frozen=True)
class Assembled:
    """The analysis table (``treated``, the outcome, the covariates), the stages, and the matches that wait for a second person.

    ``matches`` counts those matched by what the match rests on; ``link_probability`` in the table is that of the match, 1 where a second
    person confirmed it.
    """

    table: pa.Table
    stages: tuple[Stage, ...]
    suspect: tuple[Suspect, ...]
    match_rate: float
    matches: tuple[Strength, ...] = ()


EXPLAINED = (
    ("submitted", "Everybody in the upload."),
    ("one person once", "The same person stood in the upload more than once; each is counted once."),
    (
        "matched to police records",
        "No police record was found that is surely the same person: a name or a date may be wrong, or there is no record.",
    ),
    (
        "match confirmed",
        "The match is likely but not sure; it waits for a second person's review and is left out until then.",
    ),
    (
        "sentence found",
        "No sentence was found that leads to the work with the person: none before it within the longest gap.",
    ),
    ("outcome known", "It is not known what became of the person within the whole follow-up."),
)
START = "year_the_work_began"
MEASURES = ("age_at_index", "prior_offences", "prior_custody", "offending_rate")


def assemble(
    cohort: pa.Table,
    pool: pa.Table,
    persons: pa.Table,
    request: Request,
    *,
    confirmed: frozenset[str],
    rejected: frozenset[str],
    kinds: pa.Table | None = None,
) -> Assembled:
    """Return who can be analysed, treated and eligible comparison people, and who was lost where.

    ``cohort`` and ``pool`` have supply_key; ``persons`` source, supply_key, person_id, match_probability. ``confirmed`` and
    ``rejected`` are supply keys of the cohort whose match a second person decided. ``kinds`` says what each link rests on
    (left_key, number_agrees, name_agrees, dob_agrees, gender_agrees): a match on a name alone waits for a second person too
    (requirement 199). Raises `BadInput` where nobody is left.
    """
    _require(cohort, pool, request)
    pool = with_index(pool)
    placed = _placed(cohort, pool, persons, request)
    keys = placed["supply_key"].to_pylist()
    sure = np.array([(p or 0) >= request.certain for p in placed["match_probability"].to_pylist()])
    decided = np.array([key in confirmed for key in keys])
    refused = np.array([key in rejected for key in keys])
    first = np.array(placed["is_first"].to_pylist(), dtype=bool)
    linked = np.array(placed["is_linked"].to_pylist(), dtype=bool)
    levels = strengths(placed, kinds)
    sure &= levels != NAME_ALONE
    sentence = np.array([key is not None for key in placed["pool_key"].to_pylist()])
    known = np.array([value is not None for value in placed["outcome"].to_pylist()])
    masks = [np.ones(len(keys), bool)]
    for passed in (first, linked & ~refused, sure | decided, sentence, known):
        masks.append(masks[-1] & passed)
    measures = [name for name in MEASURES if name in pool.column_names]
    values = {
        name: np.array([np.nan if v is None else float(v) for v in placed[name].to_pylist()])
        for name in measures
    }
    if "intervention_start" in cohort.column_names:  # known of those too whom no record was found for
        values[START] = _years(cohort, keys)
        measures.append(START)
    stages = tuple(
        Stage(
            name, int(mask.sum()), int((before & ~mask).sum()), text,
            {m: _mean(values[m][mask]) for m in measures}, {m: _mean(values[m][before & ~mask]) for m in measures},
        )
        for (name, text), mask, before in zip(EXPLAINED, masks, [masks[0], *masks[:-1]], strict=True)
    )  # fmt: skip
    chances = placed["match_probability"].to_pylist()
    suspect = tuple(
        Suspect(key, named(int(level)), chance)
        for key, level, chance, waits in sorted(zip(keys, levels, chances, masks[2] & ~masks[3], strict=True), key=lambda row: row[0])
        if waits
    )  # fmt: skip
    if not masks[-1].any():
        worst = max(stages, key=lambda stage: stage.lost)
        raise BadInput(
            f"No estimate can be given: of {len(keys):,} people submitted nobody is left. Most ({worst.lost:,}) were lost at "
            f'"{worst.name}". {worst.explanation}{_late(cohort, pool, request.longest_gap_days)}'
        )
    placed = placed.append_column("link_probability", pa.array([1.0 if key in confirmed else p for key, p in zip(keys,
        placed["match_probability"].to_pylist(), strict=True)], pa.float64()))  # fmt: skip
    chosen = placed.filter(pa.array(masks[-1]))
    rate = float(masks[2].sum() / max(masks[1].sum(), 1))
    matched = placed["match_probability"].filter(pa.array(masks[2])).to_pylist()
    return Assembled(
        _analysed(chosen, pool, persons, request),
        stages,
        suspect,
        rate,
        counted(levels[masks[2]], matched) if kinds is not None else (),
    )


def _require(cohort: pa.Table, pool: pa.Table, request: Request) -> None:
    absent = [name for name in ("conviction_date", request.outcome) if name not in pool.column_names]
    if absent:
        raise BadInput(f"The police data has no column {', '.join(absent)}.")
    if not {"index_date", "conviction_date", "intervention_start"} & set(cohort.column_names):
        raise BadInput("The cohort has no index, conviction or intervention date to start from.")


def _placed(cohort: pa.Table, pool: pa.Table, persons: pa.Table, request: Request) -> pa.Table:
    """Return a row for each one submitted, with the sentence that leads to the work: the preferred dates first."""
    given = [
        name
        for name in ("index_date", "conviction_date", "intervention_start")
        if name in cohort.column_names
    ]
    dates = ", ".join(
        f"c.{n}::date as given_{n}" if n in given else f"null::date as given_{n}"
        for n in ("index_date", "conviction_date", "intervention_start")
    )
    measures = "".join(f', f."{name}"' for name in MEASURES if name in pool.column_names)
    with duckdb.connect() as connection:
        for name, table in (("cohort", cohort), ("pool", pool), ("persons", persons)):
            connection.register(name, table)
        return connection.sql(
            f"""
            with submitted as (
                select
                    c.supply_key, p.person_id, p.match_probability, {dates},
                    row_number() over (partition by coalesce(p.person_id, c.supply_key) order by c.supply_key) = 1 as is_first
                from cohort c
                left join persons p on p.source = $cohort and p.supply_key = c.supply_key
            ),
            found as (
                select
                    s.supply_key, i.supply_key as pool_key,
                    row_number() over (
                        partition by s.supply_key
                        order by
                            i.index_date = s.given_index_date desc nulls last,
                            i.conviction_date = s.given_conviction_date desc nulls last,
                            i.conviction_date desc, i.supply_key
                    ) as rank
                from submitted s
                join persons p on p.source = $pool and p.person_id = s.person_id
                join pool i on i.supply_key = p.supply_key
                where i.index_date = s.given_index_date
                    or i.conviction_date = s.given_conviction_date
                    or i.conviction_date between s.given_intervention_start - $gap::integer and s.given_intervention_start
            ),
            linked as (select distinct person_id from persons where source = $pool)
            select
                f.index_date = s.given_index_date or f.conviction_date = s.given_conviction_date as date_agrees,
                s.supply_key, s.person_id, s.is_first, l.person_id is not null as is_linked, s.match_probability,
                f.supply_key as pool_key, f."{request.outcome}" as outcome, coalesce(f.index_date, f.conviction_date)::date as index_day{measures}
            from submitted s
            left join linked l on l.person_id = s.person_id
            left join found on found.supply_key = s.supply_key and found.rank = 1
            left join pool f on f.supply_key = found.pool_key
            order by s.supply_key
            """,  # noqa: S608 - names from a checked request and table
            params={"cohort": request.cohort, "pool": request.pool, "gap": request.longest_gap_days},
        ).to_arrow_table()


def _analysed(chosen: pa.Table, pool: pa.Table, persons: pa.Table, request: Request) -> pa.Table:
    """Return the treated and the eligible pool: same index period and kinds of disposal, one sentence a person, outcome known."""
    same_disposal = (
        "and i.disposal in (select distinct disposal from pool join chosen on pool_key = pool.supply_key)"
        if "disposal" in pool.column_names
        else ""
    )
    with duckdb.connect() as connection:
        for name, table in (("chosen", chosen), ("pool", pool), ("persons", persons)):
            connection.register(name, table)
        return connection.sql(
            f"""
            with treated as (
                select true as treated, chosen.link_probability, i.* from pool i join chosen on chosen.pool_key = i.supply_key
            ),
            others as (
                select false as treated, null::double as link_probability, i.*
                from pool i
                join persons p on p.source = $pool and p.supply_key = i.supply_key
                where p.person_id not in (select person_id from persons where source = $cohort)
                    and i."{request.outcome}" is not null
                    and coalesce(i.index_date, i.conviction_date)::date
                        between (select min(index_day) from chosen) and (select max(index_day) from chosen)
                    {same_disposal}
                qualify row_number() over (partition by p.person_id order by i.conviction_date, i.supply_key) = 1
            )
            select * from treated union all select * from others order by treated desc, supply_key
            """,  # noqa: S608 - a name from a checked request
            params={"cohort": request.cohort, "pool": request.pool},
        ).to_arrow_table()


def _years(cohort: pa.Table, keys: list[str]) -> Any:
    """Return when the work began, in years, in the order of ``keys``; NaN where it is not known."""
    days = dict(
        zip(
            cohort["supply_key"].to_pylist(),
            cohort["intervention_start"].cast(pa.date32()).to_pylist(),
            strict=True,
        )
    )
    return np.array(
        [
            np.nan if (day := days[key]) is None else day.year + (day.timetuple().tm_yday - 1) / 365.25
            for key in keys
        ]
    )


def _late(cohort: pa.Table, pool: pa.Table, gap: int) -> str:
    """Return how many were given dates that no sentence can lead to, since the police data ends before; empty where nobody was."""
    last = pc.max(pool["conviction_date"].cast(pa.date32())).as_py()
    names = [n for n in ("index_date", "conviction_date", "intervention_start") if n in cohort.column_names]
    if last is None:
        return ""
    end = last + timedelta(days=gap)
    rows = zip(*(cohort[name].cast(pa.date32()).to_pylist() for name in names), strict=True)
    late = sum(any(day is not None and day > end for day in row) for row in rows)
    if not late:
        return ""
    return f" {late:,} have dates long after the police data's last sentence ({last}), perhaps in the future: are the years right?"


def _mean(values: Any) -> float | None:
    found = values[~np.isnan(values)]
    return float(found.mean()) if len(found) else None
