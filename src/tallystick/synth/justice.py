"""Records of justice: careers of offences, and what police, courts, prisons, probation and others hold of them.

The ages of onset follow the shape of the age–crime curve, a peak in the late teens (D. P. Farrington, "Age and crime", Crime and Justice 7,
1986); their shares, those of offences (`SHARES`) and of disposals, the lengths of sentences and the scores are our own, unverified.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tallystick.synth import identifiers
from tallystick.synth.chosen import here
from tallystick.synth.observe import ETHNIC_LABELS, Records
from tallystick.synth.people import YEAR, People
from tallystick.synth.streams import Flags, Ints, Streams

OFFENCES = np.array(
    ["theft", "violence against the person", "drug offences", "public order", "criminal damage and arson", "robbery",
     "sexual offences", "possession of weapons", "fraud", "miscellaneous crimes", "summary motoring"], dtype=object
)  # fmt: skip
SHARES = (0.22, 0.2, 0.15, 0.09, 0.06, 0.03, 0.04, 0.05, 0.03, 0.05, 0.08)
DISPOSALS = np.array(
    ["fine", "community order", "suspended sentence", "custody", "discharge", "caution"], dtype=object
)
DISPOSAL_SHARES = (0.38, 0.16, 0.1, 0.14, 0.08, 0.14)
ONSET_YEARS = ((10, 13), (13, 16), (16, 19), (19, 24), (24, 34), (34, 60))
ONSET_SHARES = (0.1, 0.22, 0.24, 0.22, 0.15, 0.07)


def onset(people: People, rows: Ints) -> Ints:
    """Return the day of each offender's first offence: most between 13 and 24."""
    streams = people.streams.of("justice")
    ids = people.id[rows]
    bands = np.array(ONSET_YEARS, dtype=np.float64)[streams.pick("onset band", ids, ONSET_SHARES)]
    ages = bands[:, 0] + streams.uniform("onset", ids) * (bands[:, 1] - bands[:, 0])
    return np.asarray(people.birth[rows] + (ages * YEAR).astype(np.int64), dtype=np.int64)


def begun(people: People, rows: Ints, last_day: int) -> Ints:
    """Return the day of each one's first offence here by the last day: the onset, drawn again where that is out of reach."""
    first = onset(people, rows)
    earliest = np.maximum(people.birth[rows] + int(10 * YEAR), people.arrived[rows])
    reach = np.maximum(np.minimum(people.gone[rows] - 1, last_day) - earliest, 1)
    again = earliest + people.streams.of("justice").below("begins again", people.id[rows], reach)
    return np.where((first < earliest) | (first >= earliest + reach), again, first)


def offenders(people: People, rows: Ints, last_day: int) -> Records:
    """Return one record for each offender, as the extract of a share has it: the latest contact and the career in sum."""
    streams = people.streams.of("justice")
    ids, first = people.id[rows], begun(people, rows, last_day)
    going_on = np.clip(0.45 + 0.12 * people.risk[rows], 0.1, 0.9)
    prior = streams.count("prior", ids, going_on, 40)
    days = first + (streams.uniform("span", ids) * prior * 0.9 * YEAR).astype(np.int64)
    days = np.minimum(days, np.minimum(people.gone[rows] - 1, last_day))
    return Records(
        rows,
        days,
        {
            "pnc_id": identifiers.pnc_id(people, rows),
            "case_id": _case(streams, ids),
            "first_offence": first.astype("datetime64[D]"),
            "offence_group": OFFENCES[streams.pick("offence", ids, SHARES)],
            "ethnicity": ETHNIC_LABELS[people.ethnic[rows]],
            "offences": prior + 1,
            "disposal": DISPOSALS[streams.pick("disposal", ids, DISPOSAL_SHARES)],
        },
    )


def cases(people: People, rows: Ints, last_day: int) -> tuple[Records, Any]:
    """Return one record for each case of each offender by the last day, before any court, and each case's key."""
    streams = people.streams.of("cases")
    first = begun(people, rows, last_day)
    more = streams.count("more", people.id[rows], np.clip(0.5 + 0.1 * people.risk[rows], 0.1, 0.85), 20)
    each = np.repeat(rows, more + 1)
    turn = np.arange(len(each)) - np.repeat(np.cumsum(more + 1) - more - 1, more + 1)
    keys = people.id[each] * np.uint64(32) + turn.astype(np.uint64)
    gap = (turn * (0.4 + streams.uniform("gap", keys)) * YEAR).astype(np.int64)
    days = np.repeat(first, more + 1) + gap
    kind = streams.pick("offence", keys, SHARES)
    found = Records(
        each,
        days,
        {
            "pnc_id": identifiers.pnc_id(people, each),
            "case_number": _case(streams, keys),
            "receipt_date": days.astype("datetime64[D]"),
            "offence_group": OFFENCES[kind],
            "disposal": DISPOSALS[streams.pick("disposal", keys, DISPOSAL_SHARES)],
            "ethnicity": ETHNIC_LABELS[people.ethnic[each]],
        },
    )
    kept = here(people, found, last_day)
    return found.taken(kept), keys[kept]


def data_first(people: People, rows: Ints, last_day: int) -> dict[str, Records]:
    """Return the seven sources of Data First: each case in the magistrates' court, some beyond it, and other parties."""
    streams = people.streams.of("data first")
    every, keys = cases(people, rows, last_day)
    up = np.flatnonzero(streams.chance("crown", keys, 0.16))
    custody = np.flatnonzero(every.attributes["disposal"] == "custody")
    order = np.flatnonzero(
        np.isin(every.attributes["disposal"], ["community order", "suspended sentence", "custody"])
    )
    found = {
        "magistrates": _only(every, ("pnc_id", "case_number", "receipt_date", "offence_group")),
        "crown-court": _only(
            every.taken(up), ("case_number", "receipt_date", "offence_group", "disposal", "ethnicity")
        ),
        "prison": _spells(streams, "prison", people, every.taken(custody), keys[custody], last_day),
        "probation": _spells(streams, "probation", people, every.taken(order), keys[order], last_day),
    }
    assessed = streams.chance("assessed", keys[order], 0.6)
    found["assessments"] = _assessments(streams, people, every.taken(order[assessed]), keys[order[assessed]])
    adults = (people.birth < last_day - 20 * YEAR) & (people.died > last_day)
    for source, rate in (("family-court", 0.04), ("civil-court", 0.06)):
        found[source] = _parties(
            streams, source, people, adults & streams.chance(source, people.id, rate), last_day
        )
    return {source: records.taken(here(people, records, last_day)) for source, records in found.items()}


def _only(records: Records, names: tuple[str, ...]) -> Records:
    return Records(records.rows, records.days, {name: records.attributes[name] for name in names})


def _spells(
    streams: Streams, source: str, people: People, cases: Records, keys: Any, last_day: int
) -> Records:
    """Return a spell in prison or on probation for each case: its start, the sentence, and its end (missing where it goes on).

    Half of a sentence is served in prison (Criminal Justice Act 2003, section 244), the whole of an order on probation.
    """
    days = cases.days + streams.below(f"{source} wait", keys, 180)
    u = streams.uniform(f"{source} length", keys)
    length = (14 + 2000 * u * u * u).astype(np.int64)
    is_prison = source == "prison"
    number, own, start, end = (
        ("prison_number", identifiers.prison_number, "reception_date", "release_date")
        if is_prison
        else ("crn", identifiers.crn, "order_date", "order_end_date")
    )
    ends = np.minimum(days + (length // 2 if is_prison else length), people.gone[cases.rows])
    return Records(
        cases.rows,
        days,
        {
            "pnc_id": cases.attributes["pnc_id"],
            number: own(people, cases.rows),
            start: days.astype("datetime64[D]"),
            end: np.where(ends > last_day, np.datetime64("NaT"), ends.astype("datetime64[D]")),
            "sentence_length_days": length,
        },
    )


def _assessments(streams: Streams, people: People, cases: Records, keys: Any) -> Records:
    score = np.clip(50 + 12 * people.risk[cases.rows] + 12 * streams.bell("score", keys), 0, 100)
    days = cases.days + 30
    return Records(
        cases.rows,
        days,
        {
            "pnc_id": cases.attributes["pnc_id"],
            "assessment_date": days.astype("datetime64[D]"),
            "reoffending_score": score.astype(np.int64),
            "accommodation_need": streams.chance("accommodation", keys, 0.35),
            "employment_need": streams.chance("employment", keys, 0.5),
        },
    )


def _parties(streams: Streams, source: str, people: People, who: Flags, last_day: int) -> Records:
    rows = np.flatnonzero(who)
    days = last_day - streams.below(f"{source} when", people.id[rows], 3650)
    kinds = {
        "family-court": ["private law", "public law", "divorce"],
        "civil-court": ["money claim", "possession", "injury"],
    }
    named = np.array(kinds[source], dtype=object)
    return Records(
        rows,
        days,
        {
            "case_number": _case(streams.of(source), people.id[rows]),
            "receipt_date": days.astype("datetime64[D]"),
            "case_type": named[streams.below(f"{source} kind", people.id[rows], len(named))],
        },
    )


def _case(streams: Streams, keys: Any) -> Any:
    return np.array(
        [f"C{n:012d}" for n in (streams.bits("case", keys) % np.uint64(10**12)).tolist()], dtype=object
    )
