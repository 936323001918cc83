"""The Justice Data Lab's world: offenders with covariates, an intervention with a true effect, and who took it.

A taker's two fates are both decided: reoffending within a year without the intervention and with it, from one draw, so that the
true effect on the takers is known. The effect is spread in proportion to p (1 - p), so that no probability leaves 0 to 1 and
the takers' mean change is the one asked. Takers differ from the rest by age, sex, and previous offences; where asked also by
a trait that no column holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tallystick.errors import BadInput
from tallystick.synth.chosen import heaviest
from tallystick.synth.geography import geography
from tallystick.synth.justice import DISPOSAL_SHARES, DISPOSALS, OFFENCES, SHARES, onset
from tallystick.synth.observe import ETHNIC_LABELS, SEXES, Records
from tallystick.synth.people import YEAR, People
from tallystick.synth.streams import Floats, Ints

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


def offenders(
    people: People, rows: Ints, last_day: int, cohort: int, spec: Intervention
) -> tuple[Records, Records, dict[str, Any]]:
    """Return the offenders as the PNC extract has them, the provider's cohort, and the truth of both fates."""
    streams = people.streams.of("lab")
    ids = people.id[rows]
    first = onset(people, rows)
    start = last_day - 730 - streams.below("index", ids, 365)
    start = np.maximum(start, first + 30)
    prior = streams.count("prior", ids, np.clip(0.82 + 0.06 * people.risk[rows], 0.1, 0.97), 60)
    age = (start - people.birth[rows]) / YEAR
    employed = streams.uniform("work", ids) < np.clip(0.35 - 0.06 * people.risk[rows], 0.05, 0.8)
    years = np.maximum((start - first) / YEAR, 1.0)
    rate = (prior + 1) / (years + 5.0)
    without = np.clip(
        0.12 + 0.012 * np.minimum(prior, 30) + 0.12 * np.minimum(rate, 2.0) + 0.03 * people.risk[rows]
        - 0.005 * np.clip(age - 18, 0, 40) - 0.06 * employed + 0.03 * spec.unobserved * people.hidden[rows] + 0.1, 0.02, 0.95,
    )  # fmt: skip
    weights = np.full(len(people), 1.0)
    weights[rows] = taking(people, rows, age, prior, employed, spec)
    among = np.zeros(len(people), dtype=bool)
    among[rows] = True
    takers = np.isin(rows, heaviest(streams, "takes", people, weights, cohort, among), assume_unique=True)
    spread = without * (1 - without)
    mean = np.cumsum(spread[takers])[-1] / max(int(takers.sum()), 1) if takers.any() else 1.0
    change = spec.effect * spread / mean
    u = streams.uniform("reoffends", ids)
    with_it = np.clip(without + change, 0, 1)
    reoffends = np.where(takers, u < with_it, u < without)
    offence = start + 1 + streams.below("reoffence", ids, 364)
    reoffence = np.where(reoffends, offence.astype("datetime64[D]"), np.datetime64("NaT"))
    code = (streams.bits("pnc", ids) % np.uint64(10**9)).astype(np.int64)
    year = (code // 10_000_000) % 25
    pnc = np.array(
        [f"{y:02d}/{n % 10_000_000:07d}" for y, n in zip(year.tolist(), code.tolist(), strict=True)],
        dtype=object,
    )
    places = people.places(rows, start)
    columns = {
        "pnc_id": pnc,
        "conviction_date": start.astype("datetime64[D]"),
        "offence_group": OFFENCES[streams.pick("offence", ids, SHARES)],
        "ethnicity": ETHNIC_LABELS[people.ethnic[rows]],
        "sex": SEXES[people.sex[rows]],
        "nationality": np.where(streams.chance("foreign", ids, 0.08), "foreign", "UK").astype(object),
        "area": geography().region[geography().areas(places)],
        "disposal": DISPOSALS[streams.pick("disposal", ids, DISPOSAL_SHARES)],
        "age_at_index": np.floor(age).astype(np.int64),
        "age_at_first_offence": np.floor((first - people.birth[rows]) / YEAR).astype(np.int64),
        "prior_offences": prior,
        "prior_custody": np.minimum(streams.count("custody", ids, 0.3, 10), prior),
        "offending_rate": np.floor(rate * 1000 + 0.5) / 1000,
        "employed": employed,
        "on_benefits": ~employed & streams.chance("benefits", ids, 0.7),
        "reoffended": reoffends,
        "reoffence_date": reoffence,
    }
    began = start[takers] + 7 + streams.below("begins", ids[takers], 60)
    known = pnc[takers]
    known[~streams.chance("known", ids[takers], 0.6)] = None
    cohort_columns = {
        "pnc_id": known,
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
    return Records(rows, start, columns), Records(rows[takers], began, cohort_columns), truth


def taking(people: People, rows: Ints, age: Floats, prior: Ints, employed: Any, spec: Intervention) -> Floats:
    """Return how likely each offender is to take the intervention: the older, the women, those in work, the less often caught."""
    observed = (
        0.02 * (age - 30) - 0.03 * np.minimum(prior, 20) + 0.5 * employed + 0.3 * (people.sex[rows] == 0)
    )
    score = spec.selection * observed - 0.4 * spec.unobserved * people.hidden[rows]
    return np.asarray(np.clip(1 + score, 0.05, None), dtype=np.float64)
