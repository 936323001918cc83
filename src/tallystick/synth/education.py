"""Records of education: pupils as the National Pupil Database has them, and learners' achievements.

Columns after the Department for Education's guides to the school census and the National Pupil Database. Shares (of free meals, needs,
absence, exclusions) and how they hang together with deprivation and risk are our own, unverified.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tallystick.synth import identifiers
from tallystick.synth.chosen import here
from tallystick.synth.geography import geography
from tallystick.synth.observe import ETHNIC_LABELS, Records
from tallystick.synth.people import YEAR, People
from tallystick.synth.streams import Flags, Ints

NEEDS = np.array(["none", "SEN support", "EHC plan"], dtype=object)
SUBJECTS = np.array(
    ["GCSE English Language", "GCSE Mathematics", "A level Biology", "BTEC Business", "Functional Skills English"],
    dtype=object,
)  # fmt: skip


LAST_SEEN = 16.5


def schooled(people: People, last_day: int) -> Flags:
    """Return who was at school here until the age of sixteen or the last day."""
    leaves = np.minimum(people.birth + int(LAST_SEEN * YEAR), last_day)
    return np.asarray((people.gone > leaves) & (people.arrived < people.birth + int(14 * YEAR)))


def pupils(people: People, rows: Ints, last_day: int) -> Records:
    """Return one record for each pupil: the last year of school by ``last_day``, with what the years amounted to.

    ``attainment`` is Attainment 8 at key stage 4; the scaled score of key stage 2 goes before it, the average points of key stage 5
    follow for those who stay on, where they are old enough.
    """
    streams = people.streams.of("education")
    leaves = people.birth[rows] + ((LAST_SEEN - 1 + streams.uniform("seen", people.id[rows])) * YEAR).astype(
        np.int64
    )
    days = np.minimum(leaves, last_day)
    ids, risk = people.id[rows], people.risk[rows]
    places = people.places(rows, days)
    decile = geography().deciles(people.streams, places)
    meals = streams.uniform("meals", ids) < np.clip(0.36 - 0.045 * decile + 0.05 * risk + 0.12, 0.01, 0.95)
    u = streams.uniform("needs", ids)
    plan = np.clip(0.03 + 0.02 * risk, 0.003, 0.3)
    support = np.clip(0.12 + 0.05 * risk, 0.02, 0.5)
    needs = np.where(u < plan, 2, np.where(u < plan + support, 1, 0))
    absence = np.clip(
        0.05 + 0.02 * risk + 0.02 * meals + 0.02 * np.abs(streams.bell("absence", ids)), 0.0, 0.8
    )
    excluded = streams.count(
        "exclusions", ids, np.clip(0.03 + 0.06 * risk + 0.03 * (needs > 0), 0.003, 0.7), 12
    )
    attainment = 45 - 5 * risk - 9 * (needs > 0) - 6 * meals + 14 * streams.bell("attainment", ids)
    before = np.clip(104 + 0.35 * (attainment - 45) + 5 * streams.bell("key stage 2", ids), 80, 120)
    stays = streams.chance("stays", ids, np.clip(0.01 * attainment, 0.02, 0.9)) & (days + 730 < last_day)
    after = np.clip(32 + 0.4 * (attainment - 50) + 8 * streams.bell("key stage 5", ids), 0, 60)
    school = geography().small_area(places) // 12
    return Records(
        rows,
        days,
        {
            "upn": identifiers.upn(people, rows),
            "uln": identifiers.uln(people, rows),
            "free_school_meals": meals,
            "special_needs": NEEDS[needs],
            "absence_rate": np.floor(absence * 1000 + 0.5) / 1000,
            "exclusions": excluded,
            "attainment": np.floor(np.clip(attainment, 0, 90) * 10 + 0.5) / 10,
            "ks2_scaled_score": np.floor(before),
            "ks5_average_points": np.where(stays, np.floor(after * 10 + 0.5) / 10, np.nan),
            "school": _text(school, "S", 6),
            "ethnicity": ETHNIC_LABELS[people.ethnic[rows]],
        },
    )


def schools(people: People, rows: Ints, last_day: int) -> Records:
    """Return the pupils with the fields that a learner register takes from schools."""
    whole = pupils(people, rows, last_day)
    kept = ("upn", "uln", "school", "special_needs")
    return Records(whole.rows, whole.days, {name: whole.attributes[name] for name in kept})


def achievements(people: People, rows: Ints, last_day: int) -> Records:
    """Return up to four achievements for each learner by ``last_day``; a few have opted out of sharing, for all of theirs."""
    streams = people.streams.of("achievements")
    count = 1 + streams.count("more", people.id[rows], 0.5, 3)
    each = np.repeat(rows, count)
    turn = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    keys = people.id[each] * np.uint64(8) + turn.astype(np.uint64)
    days = people.birth[each] + ((16 + turn + streams.uniform("when", keys)) * YEAR).astype(np.int64)
    marks = np.clip(5 + 1.8 * streams.bell("grade", keys) - 0.6 * people.risk[each], 1, 9)
    found = Records(
        each,
        days,
        {
            "uln": identifiers.uln(people, each),
            "opted_out": streams.chance("opted out", people.id[each], 0.01),
            "qualification": SUBJECTS[streams.below("subject", keys, len(SUBJECTS))],
            "grade": _text(marks.astype(np.int64), "", 1),
            "awarded_on": days.astype("datetime64[D]"),
        },
    )
    return found.taken(here(people, found, last_day))


def _text(numbers: Ints, prefix: str, digits: int) -> Any:
    return np.array([f"{prefix}{n:0{digits}d}" for n in numbers.tolist()], dtype=object)
