"""What pupils and learners reached, in tables without names: results by key stage, and the courses of further education.

Results as in the National Pupil Database (key stages 2, 4 and 5), courses as in the Individualised Learner Record. Present-day measures
stand for every year: scaled scores from 80 to 120 (100 expected), Attainment 8 from 0 to 90, GCSE grades 9 to 1, and points an
A level entry from 0 to 60 (Department for Education, "Key stage 2 scaled scores", "Secondary accountability measures", "16 to 18
accountability measures"). The means of key stage 2 are set so that scores, cut to their scale, have those of the nation in 2024. How results
fall upon people is our own, unverified; all rest on one trait, so that they go together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tallystick.synth import identifiers
from tallystick.synth.chosen import here
from tallystick.synth.observe import Records
from tallystick.synth.people import People, year_of
from tallystick.synth.streams import Floats, Ints

TO_JANUARY = 122  # days from the first of September to the first of January: a school year's births fall in one year then
# stage, age in the summer of the results, measure, mean, spread, least, most, decimals
MEASURES = (
    ("KS2", 11, "reading", 106.1, 8.0, 80.0, 120.0, 0), ("KS2", 11, "mathematics", 105.1, 7.5, 80.0, 120.0, 0),
    ("KS4", 16, "Attainment 8", 46.0, 18.0, 0.0, 90.0, 1), ("KS4", 16, "GCSE English Language", 5.2, 2.0, 1.0, 9.0, 0),
    ("KS4", 16, "GCSE Mathematics", 5.1, 2.1, 1.0, 9.0, 0), ("KS5", 18, "A level points an entry", 28.0, 9.0, 0.0, 60.0, 1),
)  # fmt: skip
STAGE, AGE, MEASURE, MEAN, SPREAD, LEAST, MOST, DECIMALS = (
    np.array(column, dtype=object if isinstance(column[0], str) else None)
    for column in zip(*MEASURES, strict=True)
)
AIMS = np.array(
    ["GCSE resits", "A levels", "BTEC Business", "T Level Digital", "Construction", "Health and Social Care", "Hairdressing",
     "Engineering apprenticeship", "ESOL"], dtype=object
)  # fmt: skip
LEVELS = np.array([2, 3, 3, 3, 2, 2, 2, 3, 1])
AIM_SHARES = (0.14, 0.3, 0.12, 0.04, 0.1, 0.11, 0.05, 0.1, 0.04)
OUTCOMES = np.array(["completed", "withdrawn", "transferred"], dtype=object)


def ability(people: People, rows: Ints) -> Floats:
    """Return the trait that results rest on: mean near 0, variance near 1, lower where the burden of risk is higher."""
    return 0.9 * people.streams.of("schooling").bell("ability", people.id[rows]) - 0.35 * people.risk[rows]


def results(people: People, rows: Ints, last_day: int) -> Records:
    """Return one record for each pupil and measure by the last day, keyed by ``upn``; only those who stay on have key stage 5."""
    streams = people.streams.of("schooling")
    each = np.repeat(rows, len(MEASURES))
    which = np.tile(np.arange(len(MEASURES)), len(rows))
    keys = people.id[each] * np.uint64(8) + which.astype(np.uint64)
    able = ability(people, each)
    years = year_of(people.birth[each] + TO_JANUARY) + AGE[which]
    days = _day(years, np.where(AGE[which] == 11, 7, 8), 20)
    raw = MEAN[which] + SPREAD[which] * (0.85 * able + 0.5 * streams.bell("result", keys))
    scale = 10.0 ** DECIMALS[which]
    score = np.floor(np.clip(raw, LEAST[which], MOST[which]) * scale) / scale
    stays = streams.chance("stays on", people.id[each], np.clip(0.45 + 0.25 * able, 0.02, 0.97))
    found = Records(
        each,
        days,
        {
            "upn": identifiers.upn(people, each),
            "key_stage": STAGE[which],
            "result_date": days.astype("datetime64[D]"),
            "measure": MEASURE[which],
            "score": score,
        },
    )
    kept = here(people, found, last_day)
    return found.taken(kept[(AGE[which] < 18)[kept] | stays[kept]])


def courses(people: People, rows: Ints, last_day: int) -> Records:
    """Return the courses of learners, up to four each, from the September after sixteen, keyed by ``uln``.

    A course that goes on beyond the last day has neither an end nor an outcome.
    """
    streams = people.streams.of("courses")
    count = streams.count("more", people.id[rows], 0.6, 4)
    each = np.repeat(rows, count)
    turn = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    keys = people.id[each] * np.uint64(8) + turn.astype(np.uint64)
    years = year_of(people.birth[each] + TO_JANUARY) + 16 + turn
    start = _day(years, np.full(len(each), 9), 1) + streams.below("late", keys, 20)
    aim = streams.pick("aim", keys, AIM_SHARES)
    planned = start + np.where(LEVELS[aim] == 3, 650, 290)
    outcome = streams.pick("outcome", keys, (0.8, 0.15, 0.05))
    early = np.floor(streams.uniform("early", keys) * (planned - start)).astype(np.int64)
    end = np.where(outcome == 0, planned, start + early)
    over = (end <= last_day) & (end < people.gone[each])
    said = OUTCOMES[outcome]
    said[~over] = None
    columns: dict[str, Any] = {
        "uln": identifiers.uln(people, each),
        "provider": 10_000_000 + streams.below("provider", people.id[each], 900),
        "aim": AIMS[aim],
        "level": LEVELS[aim],
        "start_date": start.astype("datetime64[D]"),
        "planned_end_date": planned.astype("datetime64[D]"),
        "actual_end_date": np.where(over, end.astype("datetime64[D]"), np.datetime64("NaT")),
        "outcome": said,
    }
    found = Records(each, start, columns)
    return found.taken(here(people, found, last_day))


def _day(years: Ints, month: Ints, day: int) -> Ints:
    months = ((years - 1970) * 12 + month - 1).astype("datetime64[M]")
    return np.asarray(months.astype("datetime64[D]").astype(np.int64) + day - 1, dtype=np.int64)
