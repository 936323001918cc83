"""Records of everybody: each January's school census, police contacts with aliases, spells on benefits and in work.

Together with the courts, prisons, probation and assessments of `justice`, and the achievements of `education`, these are the
sources of the preset `national`. Free meals, needs and absence of the census come near the figures of the Department for Education for
2023/24 ("Special educational needs in England", "Schools, pupils and their characteristics", "Pupil attendance in schools"); how they hang
together with risk, and shares and lengths of spells and pay, are our own, unverified.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tallystick.synth import education, identifiers, justice
from tallystick.synth.chosen import here
from tallystick.synth.geography import geography
from tallystick.synth.observe import ETHNIC_LABELS, Records
from tallystick.synth.people import YEAR, People, year_of
from tallystick.synth.streams import Ids, Ints, Streams

FIRST_CENSUS = 2002
SPELLS = (("benefits", 0.18), ("employment", 0.55))
STAGES = np.array(["KS1", "KS2", "KS3", "KS4"], dtype=object)
BENEFITS = np.array(["Universal Credit", "Jobseeker's Allowance", "Housing Benefit", "PIP"], dtype=object)


def sources(people: People, pupils: Ints, accused: Ints, last_day: int) -> dict[str, Records]:
    """Return every source's records of these people."""
    found = {"police": police(people, accused, last_day), "census": census(people, pupils, last_day)}
    learners = pupils[people.birth[pupils] < last_day - 17 * YEAR]
    found["learners"] = education.achievements(people, learners, last_day)
    found.update(justice.data_first(people, accused, last_day))
    for source, share in SPELLS:
        found[source] = spells(people, source, share, last_day)
    return found


def census(people: People, rows: Ints, last_day: int) -> Records:
    """Return one record for each pupil and January of school, from five to sixteen years old, with that year's school life and home."""
    streams = people.streams.of("census")
    start = np.maximum(year_of(people.birth[rows] + int(5 * YEAR)) + 1, FIRST_CENSUS)
    stop = np.minimum(year_of(people.birth[rows] + int(16 * YEAR)), year_of(np.array([last_day]))[0])
    each, turn = repeated(rows, np.maximum(stop - start + 1, 0))
    years = np.repeat(start, np.maximum(stop - start + 1, 0)) + turn
    days = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + 18
    keys = people.id[each] * np.uint64(64) + (years - 2000).astype(np.uint64)
    risk, ids = people.risk[each], people.id[each]
    places = people.places(each, days)
    home = geography().homes(people.streams, places)
    age = np.floor((days - people.birth[each]) / YEAR).astype(np.int64)
    needs = streams.uniform("needs", ids)
    some = needs < np.clip(0.16 + 0.07 * risk, 0.02, 0.6)
    held = some.astype(np.int64) + (some & (needs < 0.043 + 0.022 * np.clip(risk, -1, 5)))
    meals = streams.uniform("meals", ids) < np.clip(
        0.495 - 0.045 * home["deprivation_decile"] + 0.05 * risk, 0.01, 0.95
    )
    absence = np.clip(
        0.03
        + 0.02 * risk
        + 0.045 * meals
        + 0.035 * (held > 0)
        + 0.015 * (held > 1)
        + 0.02 * np.abs(streams.bell("absence", keys)),
        0,
        0.9,
    )
    school = geography().small_area(places) // 12
    found = Records(
        each,
        days,
        {
            "upn": identifiers.upn(people, each),
            "census_date": days.astype("datetime64[D]"),
            "school": school * 10 + (age >= 11),
            "key_stage": STAGES[np.clip(np.searchsorted((7, 11, 14), age, side="left"), 0, 3)],
            "special_needs": education.NEEDS[held],
            "free_school_meals": meals,
            "absence_rate": np.floor(absence * 1000 + 0.5) / 1000,
            "exclusions": streams.count("excluded", keys, np.clip(0.01 + 0.02 * risk, 0.001, 0.4), 6),
            "ethnicity": ETHNIC_LABELS[people.ethnic[each]],
            **home,
        },
    )
    return found.taken(here(people, found, last_day))


def police(people: People, rows: Ints, last_day: int) -> Records:
    """Return a record for each arrest that led to a conviction or a caution: offence, conviction and disposal."""
    streams = people.streams.of("police")
    every, keys = justice.cases(people, rows, last_day)
    offence = every.days - 20 - streams.below("before", keys, 200)
    return Records(
        every.rows,
        every.days,
        {
            "pnc_id": every.attributes["pnc_id"],
            "case_number": every.attributes["case_number"],
            "offence_date": offence.astype("datetime64[D]"),
            "conviction_date": every.attributes["receipt_date"],
            "offence_group": every.attributes["offence_group"],
            "disposal": every.attributes["disposal"],
            "ethnicity": every.attributes["ethnicity"],
        },
    )


def spells(people: People, source: str, share: float, last_day: int) -> Records:
    """Return spells on benefits or in work, one to four for each person who has any, in order of time."""
    streams = people.streams.of(source)
    grown = people.birth < last_day - 18 * YEAR
    of_age = grown & (people.birth > last_day - 75 * YEAR)
    rows = np.flatnonzero(of_age & streams.chance("has", people.id, share))
    count = 1 + streams.count("more", people.id[rows], 0.35, 3)
    each, turn = repeated(rows, count)
    keys = people.id[each] * np.uint64(8) + turn.astype(np.uint64)
    total = np.repeat(count, count)
    span = 3650 // total
    start = last_day - 3650 + turn * span + streams.below("start", keys, span // 2)
    end = np.minimum(
        start + 30 + streams.below("length", keys, span // 2), np.minimum(people.gone[each], last_day)
    )
    columns: dict[str, Any] = {
        "spell_start": start.astype("datetime64[D]"),
        "spell_end": end.astype("datetime64[D]"),
    }
    if source == "benefits":
        columns["benefit"] = BENEFITS[streams.pick("benefit", keys, (0.55, 0.15, 0.18, 0.12))]
    else:
        columns["weekly_pay"] = (180 + 900 * band(streams, keys)).astype(np.int64)
    found = Records(each, start, columns)
    return found.taken(here(people, found, last_day))


def band(streams: Streams, keys: Ids) -> Any:
    """Return a number from 0 to 1 that is more often low than high."""
    u = streams.uniform("pay", keys)
    return u * u


def repeated(rows: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Return each row as often as its count, and which of its repetitions each is."""
    each = np.repeat(rows, count)
    return each, np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
