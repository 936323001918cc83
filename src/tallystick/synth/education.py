"""Records of education: pupils as the National Pupil Database has them, and learners' achievements."""

from __future__ import annotations

from typing import Any

import numpy as np

from tallystick.synth.geography import geography
from tallystick.synth.observe import ETHNIC_LABELS, Records
from tallystick.synth.people import YEAR, People
from tallystick.synth.streams import Ints, Streams

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
NEEDS = np.array(["none", "SEN support", "EHC plan"], dtype=object)
SUBJECTS = np.array(
    ["GCSE English Language", "GCSE Mathematics", "A level Biology", "BTEC Business", "Functional Skills English"],
    dtype=object,
)  # fmt: skip


def pupils(people: People, rows: Ints, last_day: int) -> Records:
    """Return one record for each pupil: the last year of school by ``last_day``, with what the years amounted to."""
    streams = people.streams.of("education")
    leaves = people.birth[rows] + ((15.5 + streams.uniform("seen", people.id[rows])) * YEAR).astype(np.int64)
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
    school = geography().small_area(places) // 12
    return Records(
        rows,
        days,
        {
            "upn": upns(streams, ids),
            "free_school_meals": meals,
            "special_needs": NEEDS[needs],
            "absence_rate": np.floor(absence * 1000 + 0.5) / 1000,
            "exclusions": excluded,
            "attainment": np.floor(np.clip(attainment, 0, 90) * 10 + 0.5) / 10,
            "school": _text(school, "S", 6),
            "ethnicity": ETHNIC_LABELS[people.ethnic[rows]],
        },
    )


def schools(people: People, rows: Ints, last_day: int) -> Records:
    """Return the pupils with the fields that a learner register takes from schools."""
    whole = pupils(people, rows, last_day)
    kept = ("upn", "school", "special_needs")
    return Records(whole.rows, whole.days, {name: whole.attributes[name] for name in kept})


def achievements(people: People, rows: Ints, last_day: int) -> Records:
    """Return one to four achievements for each learner; a few have opted out of sharing, for all of theirs."""
    streams = people.streams.of("achievements")
    count = 1 + streams.count("more", people.id[rows], 0.5, 3)
    each = np.repeat(rows, count)
    turn = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    keys = people.id[each] * np.uint64(8) + turn.astype(np.uint64)
    days = people.birth[each] + ((16 + turn + streams.uniform("when", keys)) * YEAR).astype(np.int64)
    days = np.minimum(days, last_day)
    marks = np.clip(5 + 1.8 * streams.bell("grade", keys) - 0.6 * people.risk[each], 1, 9)
    return Records(
        each,
        days,
        {
            "opted_out": streams.chance("opted out", people.id[each], 0.01),
            "qualification": SUBJECTS[streams.below("subject", keys, len(SUBJECTS))],
            "grade": _text(marks.astype(np.int64), "", 1),
            "awarded_on": days.astype("datetime64[D]"),
        },
    )


def upns(streams: Streams, ids: Any) -> Any:
    """Return a unique pupil number for each id: a check letter and twelve digits, weighed 2 to 13, modulo 23."""
    numbers = (streams.bits("upn", ids) % np.uint64(10**12)).astype(np.int64)
    total = sum(numbers // 10 ** (11 - place) % 10 * (place + 2) for place in range(12))
    letters = np.array(list(CHECK_LETTERS), dtype=object)[np.asarray(total) % 23]
    return np.asarray(letters + _text(numbers, "", 12), dtype=object)


def _text(numbers: Ints, prefix: str, digits: int) -> Any:
    return np.array([f"{prefix}{n:0{digits}d}" for n in numbers.tolist()], dtype=object)
