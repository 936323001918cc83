"""The Justice Data Lab's world: offenders with covariates, an intervention with a true effect, and who took it.

A taker's two fates are both decided: reoffending within a year without the intervention and with it, from one draw, so that the
true effect on the takers is known. The effect is spread in proportion to p (1 - p), so that no probability leaves 0 to 1 and
the takers' mean change is the one asked. Takers differ from the rest by age, sex, and previous offences; where asked also by
a trait that no column holds.

The chances of reoffending are set so that all, those with no previous offence and those with eleven or more come near the rates published
(Ministry of Justice, "Proven reoffending statistics quarterly, July 2011 to June 2012"); their other slopes are our own, unverified.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tallystick.errors import BadInput
from tallystick.synth import histories, identifiers
from tallystick.synth.chosen import heaviest
from tallystick.synth.geography import geography
from tallystick.synth.histories import Index
from tallystick.synth.justice import DISPOSAL_SHARES, DISPOSALS, OFFENCES, SHARES, onset
from tallystick.synth.observe import ETHNIC_LABELS, SEXES, Records
from tallystick.synth.people import YEAR, People
from tallystick.synth.streams import Floats, Ints, Streams

LARGEST_EFFECT = 0.15


@dataclass(frozen=True)
class Intervention:
    """What the intervention does (a change in the probability of reoffending), and whom it attracts.

    ``selection`` multiplies how far takers differ on what is observed (0: not at all); ``unobserved`` on what is not.
    """

    effect: float = -0.06
    selection: float = 1.0
    unobserved: float = 0.0

    def __post_init__(self) -> None:
        if not abs(self.effect) <= LARGEST_EFFECT:
            raise BadInput(f"The effect must lie from -{LARGEST_EFFECT} to {LARGEST_EFFECT}.")
        if not (0 <= self.selection <= 5 and 0 <= self.unobserved <= 5):
            raise BadInput("Selection, observed and unobserved, must lie from 0 to 5.")


@dataclass(frozen=True)
class World:
    """What the lab's sources hold: the PNC extract and the provider's cohort, the tables keyed by the extract, the truth."""

    pnc: Records
    cohort: Records
    tables: dict[str, Records]
    truth: dict[str, Any]


def offenders(people: People, rows: Ints, last_day: int, cohort: int, spec: Intervention) -> World:
    """Return the offenders, ``cohort`` of them takers, as the sources have them, and the truth of both fates.

    The extract has one row for each offender: the index disposal, what was known of the person on the index date, and the
    outcome as officially defined. `histories` gives each offence, spell and assessment that these columns sum up.
    """
    streams = people.streams.of("lab")
    index = _index(streams, people, rows, last_day)
    start, ids, prior = index.started, index.ids, index.prior
    age = (start - people.birth[rows]) / YEAR
    employed = streams.uniform("work", ids) < np.clip(0.35 - 0.06 * people.risk[rows], 0.05, 0.8)
    years = np.maximum((start - index.first) / YEAR, 1.0)
    rate = (prior + 1) / (years + 5.0)
    without = np.clip(
        0.1 - 0.03 * (prior == 0) + 0.013 * np.minimum(prior, 30) + 0.12 * np.minimum(rate, 2.0) + 0.03 * people.risk[rows]
        - 0.005 * np.clip(age - 18, 0, 40) - 0.06 * employed + 0.03 * spec.unobserved * people.hidden[rows] + 0.1, 0.02, 0.95,
    )  # fmt: skip
    weights = np.full(len(people), 1.0)
    weights[rows] = taking(people, rows, age, prior, employed, spec)
    among = np.zeros(len(people), dtype=bool)
    among[rows] = True
    takers = np.isin(rows, heaviest(streams, "takes", people, weights, cohort, among), assume_unique=True)
    spread = without * (1 - without)
    mean = np.cumsum(spread[takers])[-1] / max(int(takers.sum()), 1) if takers.any() else 1.0
    with_it = np.clip(without + spec.effect * spread / mean, 0, 1)
    u = streams.uniform("reoffends", ids)
    index = replace(index, reoffends=np.where(takers, u < with_it, u < without))
    on_benefits = ~employed & streams.chance("benefits", ids, 0.7)
    offences = histories.offences(streams.of("offences"), index, last_day)
    tables = {
        "offences": offences,
        "employment": histories.spells(streams, "employment", index, employed, last_day),
        "benefits": histories.spells(streams, "benefits", index, on_benefits, last_day),
    }
    columns = _extract(streams, people, index, age, rate)
    columns["prior_court_appearances"] = histories.appearances(offences, index)
    columns.update(employed=employed, on_benefits=on_benefits)
    columns.update(histories.assessment(streams.of("assessment"), index, people.risk[rows]))
    reoffence = np.where(index.reoffends, index.reoffended_on.astype("datetime64[D]"), np.datetime64("NaT"))
    columns.update(reoffended=index.reoffends, reoffence_date=reoffence)
    began = start[takers] + 7 + streams.below("begins", ids[takers], 60)
    cohort_columns = {
        "pnc_id": columns["pnc_id"][takers],
        "intervention_start": began.astype("datetime64[D]"),
        "intervention_end": (began + 90).astype("datetime64[D]"),
    }
    truth = {
        "person": people.id[rows],
        "taker": takers,
        "reoffends_without": u < without,
        "reoffends_with": u < with_it,
        "probability_without": without,
        "probability_with": with_it,
        "unobserved": people.hidden[rows],
    }
    return World(Records(rows, start, columns), Records(rows[takers], began, cohort_columns), tables, truth)


def _index(streams: Streams, people: People, rows: Ints, last_day: int) -> Index:
    """Return each offender's index disposal in 2023: whoever would first offend later does so then, with nothing before it."""
    ids = people.id[rows]
    start = last_day - 730 - streams.below("index", ids, 365)
    disposal = streams.pick("disposal", ids, DISPOSAL_SHARES)
    u = streams.uniform("served", ids)
    served = np.where(disposal == histories.CUSTODY, 14 + (277 * u * u).astype(np.int64), 0)
    convicted = start - served
    offended = convicted - 20 - streams.below("before", ids, 200)
    first = onset(people, rows)
    late = first >= offended
    prior = streams.count("prior", ids, np.clip(0.88 + 0.05 * people.risk[rows], 0.1, 0.97), 60)
    prior = np.where(late, 0, prior)
    ref = np.array([f"R{bits:016x}" for bits in streams.bits("ref", ids).tolist()], dtype=object)
    return Index(
        rows=rows, ids=ids, ref=ref, first=np.where(prior == 0, offended, first), offended=offended, convicted=convicted,
        started=start, kind=streams.pick("offence", ids, SHARES), disposal=disposal, prior=prior,
        prior_custody=np.minimum(streams.count("custody", ids, 0.3, 10), prior),
        reoffends=np.zeros(len(ids), dtype=bool), reoffended_on=start + 1 + streams.below("reoffence", ids, 364),
    )  # fmt: skip


def _extract(streams: Streams, people: People, index: Index, age: Floats, rate: Floats) -> dict[str, Any]:
    """Return the extract's columns that need no history: who, what, when and where."""
    rows, ids = index.rows, index.ids
    places = people.places(rows, index.started)
    custody = index.disposal == histories.CUSTODY
    return {
        "pnc_id": identifiers.pnc_id(people, rows),
        "offender_ref": index.ref,
        "conviction_date": index.convicted.astype("datetime64[D]"),
        "release_date": np.where(custody, index.started.astype("datetime64[D]"), np.datetime64("NaT")),
        "index_date": index.started.astype("datetime64[D]"),
        "offence_group": OFFENCES[index.kind],
        "ethnicity": ETHNIC_LABELS[people.ethnic[rows]],
        "sex": SEXES[people.sex[rows]],
        "nationality": np.where(streams.chance("foreign", ids, 0.08), "foreign", "UK").astype(object),
        "area": geography().region[geography().areas(places)],
        "deprivation": geography().deciles(people.streams, places),
        "disposal": DISPOSALS[index.disposal],
        "age_at_index": np.floor(age).astype(np.int64),
        "age_at_first_offence": np.floor((index.first - people.birth[rows]) / YEAR).astype(np.int64),
        "prior_offences": index.prior,
        "prior_custody": index.prior_custody,
        "offending_rate": np.floor(rate * 1000 + 0.5) / 1000,
    }


def taking(people: People, rows: Ints, age: Floats, prior: Ints, employed: Any, spec: Intervention) -> Floats:
    """Return how likely each offender is to take the intervention: the older, the women, those in work, the less often caught."""
    observed = (
        0.02 * (age - 30) - 0.03 * np.minimum(prior, 20) + 0.5 * employed + 0.3 * (people.sex[rows] == 0)
    )
    score = spec.selection * observed - 0.4 * spec.unobserved * people.hidden[rows]
    return np.asarray(np.clip(1 + score, 0.05, None), dtype=np.float64)
