"""The worked board: three years of months, up to one that is asked for, from four agencies, about nobody, with what is in it known.

Three lasting changes, two breaks of definition, late returns, and a fifth agency that sends nothing. Counts follow Poisson's law around a
level with a season; late months come in over four publications. Names are invented; no figure is anybody's.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

MONTHS = 36
LAST = "2026-05"
"""The last month where nobody asks for another: a board is the same on whatever day it is made (decision 0260)."""
BOARD = "Northshire"
COUNTRY = "England and Wales"
DISTRICTS = {"Eastvale": 0.38, "Millford": 0.31, "Stonebridge": 0.21, "Westhaven": 0.10}
SIMILAR = ("Carrowmoor", "Dunmere", "Fenbridge", "Greyshire", "Hallowdale", "Ketterwick")
SUPPLIERS = {
    "police": "Northshire Police",
    "charging": "Crown Prosecution Service",
    "courts": "HM Courts and Tribunals Service",
    "probation": "Probation Service",
    "youth": "Youth Justice Service",
}
"""Dataset and who supplies it; the last sends nothing."""
SEX = {"sex: female": 0.17, "sex: male": 0.83}
ETHNICITY = {
    "ethnicity: asian": 0.11,
    "ethnicity: black": 0.09,
    "ethnicity: mixed": 0.05,
    "ethnicity: white": 0.75,
}
LATE = (0.82, 0.94, 0.985, 1.0)
"""What share of a late month has come in at its first, second, third and fourth publication."""


@dataclass(frozen=True)
class Made:
    """How one measure is drawn: its level (a month per 1,000 residents; a share; or days), and what happens to it.

    ``of`` is the count beneath a share or a time, a month per 1,000 residents. ``change`` and ``break_at`` are (month from 0,
    factor): the first a real change, the second one of definition.
    """

    level: float
    of: float = 0.0
    season: float = 0.0
    groups: tuple[tuple[str, float], ...] = ()
    change: tuple[int, float] | None = None
    break_at: tuple[int, float] | None = None
    is_late: bool = False
    is_time: bool = False
    is_compared: bool = False


MEASURES: dict[str, dict[str, Made]] = {
    "police": {
        "recorded-crimes": Made(6.9, season=0.07, break_at=(12, 1.22), is_late=True),
        "victims-withdrawn": Made(0.24, of=5.2, change=(20, 1.3)),
        "stop-searches": Made(0.72, season=0.05, groups=tuple(ETHNICITY.items())),
    },
    "charging": {
        "charged": Made(0.71, of=0.62, groups=tuple(SEX.items()), is_compared=True),
        "days-to-charge": Made(44.0, of=0.44, is_time=True),
        "guilty-pleas": Made(0.37, of=0.4),
    },
    "courts": {
        "receipts": Made(0.41, season=0.04, is_late=True),
        "disposals": Made(0.39, season=0.06, break_at=(24, 0.8), is_late=True),
        "days-to-completion": Made(168.0, of=0.35, change=(26, 1.22), is_time=True),
    },
    "probation": {
        "orders-started": Made(0.22),
        "orders-completed": Made(0.66, of=0.2),
        "recalls": Made(0.16, groups=tuple(SEX.items()), change=(15, 1.5)),
    },
}  # fmt: skip
BEHIND = {"probation": 1}
"""How many of the last months an agency has not sent."""


def months(last: str = LAST) -> Any:
    """Return the months, the last of them ``last``."""
    return np.datetime64(last, "M") + np.arange(1 - MONTHS, 1)


def later(last: str) -> int:
    """Return by how many months a board that ends with ``last`` is later than one of which nobody asked when it ends."""
    return int((np.datetime64(last, "M") - np.datetime64(LAST, "M")).astype(int))


def changes(last: str = LAST) -> list[dict[str, Any]]:
    """Return the truth: each lasting change with its measure, its first month and its factor."""
    return [
        {"measure": name, "month": str(months(last)[made.change[0]]), "factor": made.change[1]}
        for of in MEASURES.values()
        for name, made in of.items()
        if made.change
    ]


def table(seed: int, agency: str, people: int, last: str = LAST) -> dict[str, Any]:
    """Return one agency's series: every publication of each area, month, measure and group; no value where there is none."""
    rows: list[tuple[Any, ...]] = []
    for name, made in MEASURES.get(agency, {}).items():
        random = np.random.default_rng([seed, zlib.crc32(name.encode())])
        sent = MONTHS - BEHIND.get(agency, 0)
        rows += [row for row in drawn(random, name, made, people, later(last)) if row[1] < sent]
    columns = list(zip(*rows, strict=True))
    at, of = np.array(columns[1]), np.array(columns[5], dtype=float)
    value = np.array(columns[4], dtype=float)
    published = (months(last)[at] + 1 + np.array(columns[6])).astype("datetime64[D]") + 19
    return {
        "record_id": np.array([f"{agency}-{n:06d}" for n in range(len(rows))], dtype=object),
        "area": np.array(columns[2], dtype=object),
        "month": months(last)[at].astype("datetime64[D]"),
        "measure": np.array(columns[0], dtype=object),
        "group": np.array(columns[3], dtype=object),
        "value": value,
        "denominator": of,
        "published": published,
    }


def drawn(
    random: np.random.Generator, name: str, made: Made, people: int, moved_by: int = 0
) -> list[tuple[Any, ...]]:
    """Return rows of (measure, month, area, group, value, count beneath or NaN, months until it was published).

    ``moved_by`` is by how many months the board is moved: the season stays with the calendar.
    """
    at = np.arange(MONTHS)
    wave = 1 + made.season * np.sin(2 * np.pi * (at + moved_by + 2) / 12)
    level: Floats = made.level * wave
    for moved in (made.change, made.break_at):
        if moved:
            level = level * np.where(at >= moved[0], moved[1], 1.0)
    shares = np.array(list(DISTRICTS.values()))
    groups = dict(made.groups) or {"all": 1.0}
    weights = np.array(list(groups.values()))
    cells = people / 1000 * shares[:, None, None] * weights[None, :, None] * np.ones(MONTHS)
    if made.of:
        beneath = random.poisson(cells * made.of)
        chance = np.clip(0.5 if made.is_time else level, 0, 1)
        value: Floats = np.asarray(random.binomial(beneath, chance), dtype=float)
    else:
        value, beneath = np.asarray(random.poisson(cells * level), dtype=float), None
    rows: list[tuple[Any, ...]] = []
    for month in range(MONTHS):
        for age, part in enumerate(LATE if made.is_late else (1.0,)):
            if made.is_late and month + age >= MONTHS:
                continue
            rows += [
                (name, month, area, group, *figure, age)
                for area, group, figure in summed(random, made, level[month], value[:, :, month], beneath, month, part, tuple(groups))
            ]  # fmt: skip
        if made.is_compared:
            rows += compared(random, name, month, level[month])
    return rows


def summed(
    random: np.random.Generator, made: Made, level: float, value: Floats, beneath: Any, month: int, part: float, groups: tuple[str, ...]
) -> list[tuple[str, str, tuple[float, float]]]:  # fmt: skip
    """Return a month's figure of each area and group, with the sums over both."""
    here = np.round(value * part)
    under = beneath[:, :, month] if beneath is not None else np.full(here.shape, np.nan)
    lines = [(area, row) for row, area in enumerate(DISTRICTS)]
    columns = [(group, [column]) for column, group in enumerate(groups)]
    if groups != ("all",):
        columns.append(("all", list(range(len(groups)))))
    found = []
    for area, rows in [*((area, [row]) for area, row in lines), (BOARD, list(range(len(lines))))]:
        for group, inside in columns:
            count = float(under[np.ix_(rows, inside)].sum())
            total = float(here[np.ix_(rows, inside)].sum())
            if made.is_time:
                total = round(level * float(np.exp(random.normal(0, 0.6 / np.sqrt(max(count, 1))))), 1)
            found.append((area, group, (total, count)))
    return found


def compared(random: np.random.Generator, name: str, month: int, level: float) -> list[tuple[Any, ...]]:
    """Return the published figures of similar boards and of the country for a share."""
    beneath = random.poisson(np.linspace(250, 900, len(SIMILAR)))
    own = np.clip(level + 0.02 * np.linspace(-1, 1, len(SIMILAR)), 0, 1)
    value = random.binomial(beneath, own)
    whole = int(random.poisson(38_000))
    rows = [
        (name, month, area, "all", float(v), float(b), 0)
        for area, v, b in zip(SIMILAR, value, beneath, strict=True)
    ]
    return [*rows, (name, month, COUNTRY, "all", float(random.binomial(whole, level)), float(whole), 0)]
