"""The presets: which people there are, and which sources hold which of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from tallystick.errors import BadInput
from tallystick.synth import education, justice, lab, national, schooling, series
from tallystick.synth.chosen import heaviest, offending_weight, present, quota
from tallystick.synth.lab import Intervention
from tallystick.synth.observe import Records
from tallystick.synth.people import People, Population
from tallystick.synth.streams import Floats


def day(text: str) -> int:
    """Return a date in days since 1970."""
    return int(np.datetime64(text, "D").astype(np.int64))


@dataclass(frozen=True)
class Asked:
    """What the caller asked: how many people, the seed, the intervention for a lab, the day on which the papers are in force.

    ``last_month`` is the last of a board's series, as 2026-05.
    """

    people: int
    seed: int
    intervention: Intervention = field(default_factory=Intervention)
    on: date | None = None
    last_month: str = series.LAST


@dataclass(frozen=True)
class Part:
    """What one block yields: each source's records, tables without identity (keyed by a source), further tables of truth."""

    sources: dict[str, Records]
    tables: dict[str, Records] = field(default_factory=dict)
    truth: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Preset:
    """A kind of share: how many people live for each one asked, its sources and tables, and how a block fills them.

    ``bytes_a_person`` is about what one person asked takes on the disk as CSV with the truth beside it;
    ``template`` is the agreement that it builds on; ``people`` how many are made where nobody says.
    """

    population: Population
    share: float
    sources: tuple[str, ...]
    fill: Callable[[People, int, Asked, int], Part]
    bytes_a_person: int
    template: str
    tables: tuple[str, ...] = ()
    people: int = 100_000

    def total(self, asked: int) -> int:
        """Return how many people there are, so that ``asked`` of them are those whom the preset counts."""
        return int(np.ceil(asked / self.share))


def _moj_dfe(people: People, number: int, asked: Asked, total: int) -> Part:
    streams = people.streams.of("moj-dfe")
    here = quota(asked.people, total, number, len(people))
    offences, schools = day("2025-05-31"), day("2025-07-31")
    school = heaviest(streams, "pupil", people, _native(people), here, education.schooled(people, schools))
    count = quota(asked.people // 5, total, number, len(people))
    able = present(people, offences, 10)
    accused = heaviest(streams, "offender", people, offending_weight(people), count, able)
    return Part(
        {
            "justice": justice.offenders(people, accused, offences),
            "education": education.pupils(people, school, schools),
        }
    )


def _native(people: People) -> Floats:
    """Return how likely each is to have been at a state school, relative to others: newcomers less."""
    return np.where(people.arrived > people.birth + 4000, 0.3, 1.0)


def _learners(people: People, number: int, asked: Asked, total: int) -> Part:
    streams = people.streams.of("learner-register")
    here = quota(asked.people, total, number, len(people))
    last = day("2026-05-31")
    school = heaviest(streams, "pupil", people, _native(people), here, education.schooled(people, last))
    taken = school[streams.chance("awarded", people.id[school], 0.8)]
    elsewhere = np.setdiff1d(np.arange(len(people)), school)
    rows = np.union1d(taken, elsewhere)
    return Part(
        {
            "schools": education.schools(people, school, last),
            "achievements": education.achievements(people, rows, last),
        }
    )


def _data_first(people: People, number: int, asked: Asked, total: int) -> Part:
    streams = people.streams.of("data-first")
    last = day("2025-12-31")
    grown = (people.birth < last - int(18 * 365.25)) & present(people, last, 10)
    count = quota(asked.people * 3 // 20, total, number, len(people))
    accused = heaviest(streams, "offender", people, offending_weight(people), count, grown)
    return Part(justice.data_first(people, accused, last))


def _national(people: People, number: int, asked: Asked, total: int) -> Part:
    streams = people.streams.of("national")
    last = day("2025-12-31")
    born = np.flatnonzero((people.birth > day("1986-08-31")) & (people.birth < last - int(5 * 365.25)))
    school = born[streams.chance("state school", people.id[born], 0.93 * _native(people)[born])]
    grown = (people.birth < last - int(18 * 365.25)) & present(people, last, 10)
    count = quota(asked.people * 3 // 20, total, number, len(people))
    accused = heaviest(streams, "offender", people, offending_weight(people), count, grown)
    learners = school[people.birth[school] < last - int(17 * 365.25)]
    tables = {
        "attainment": schooling.results(people, school, last),
        "courses": schooling.courses(people, learners, last),
    }
    return Part(national.sources(people, school, accused, last), tables)


def _lab(people: People, number: int, asked: Asked, total: int) -> Part:
    last = day("2025-12-31")
    living = (people.gone > last) & (people.arrived < last - 5 * 365)
    here = quota(asked.people, total, number, len(people))
    rows = heaviest(people.streams.of("lab"), "offender", people, np.ones(len(people)), here, living)
    cohort = quota(max(asked.people // 50, 1), total, number, len(people))
    found = lab.offenders(people, rows, last, cohort, asked.intervention)
    return Part({"cohort": found.cohort, "pnc": found.pnc}, found.tables, {"fates": found.truth})


def _nobody(people: People, number: int, asked: Asked, total: int) -> Part:
    return Part({})


DATA_FIRST = ("crown-court", "magistrates", "prison", "probation", "family-court", "civil-court", "assessments")  # fmt: skip
NATIONAL = ("police", "census", "learners", *DATA_FIRST, "benefits", "employment")
YOUNG = Population(1984, 2010, parents=False)
PRESETS: dict[str, Preset] = {
    "moj-dfe": Preset(YOUNG, 0.92, ("justice", "education"), _moj_dfe, 400, "moj-dfe"),
    "data-first": Preset(Population(), 1.0, DATA_FIRST, _data_first, 250, "data-first"),
    "learner-register": Preset(
        Population(1996, 2011, parents=False),
        0.93,
        ("schools", "achievements"),
        _learners,
        600,
        "learner-register",
    ),
    "justice-data-lab": Preset(
        Population(1960, 2003, parents=False),
        0.8,
        ("cohort", "pnc"),
        _lab,
        2500,
        "justice-data-lab",
        ("offences", "employment", "benefits"),
    ),
    "national": Preset(Population(), 1.0, NATIONAL, _national, 1300, "data-first", ("attainment", "courses")),
    "local-performance": Preset(
        Population(), 1.0, (), _nobody, 0, "local-performance", people=600_000
    ),  # the residents of a small police force's area: in a town's figures most changes drown
}


def preset(name: str) -> Preset:
    """Return the preset of that name; raise BadInput naming those there are."""
    if name not in PRESETS:
        raise BadInput(f"There is no preset {name!r}. The presets are: {', '.join(PRESETS)}.")
    return PRESETS[name]
