"""Lives and numbers: no record outside a life, numbers that hold their checks, aliases given again, results that belong to pupils."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from tallystick.linkage import identifiers as standard
from tallystick.synth import identifiers, schooling
from tallystick.synth.edits import SPELLED, edited, transliterated
from tallystick.synth.errors import parse, shipped
from tallystick.synth.observe import Observed, observe
from tallystick.synth.people import YEAR, People, block
from tallystick.synth.presets import PRESETS, Asked, Part, day

SIZE = 12_000
CHECKS = {
    "upn": standard.upn, "uln": standard.uln, "pnc_id": standard.pnc_id, "prison_number": standard.prison_number,
    "crn": standard.probation_number,
}  # fmt: skip
PERSONAL = [name for name, preset in PRESETS.items() if preset.sources]


def made(preset: str, size: int = SIZE) -> tuple[People, Part]:
    kind = PRESETS[preset]
    people = block(11, 0, size, kind.population)
    return people, kind.fill(people, 0, Asked(int(size * kind.share), 11), size)


def police(size: int = SIZE) -> tuple[People, Observed]:
    people, part = made("national", size)
    return people, observe(
        people.streams.of("police"), "police", people, part.sources["police"], shipped(), "P"
    )


@pytest.mark.parametrize("preset", PERSONAL)
def test_no_record_is_dated_outside_a_life(preset: str) -> None:
    people, part = made(preset)
    for source, records in (part.sources | part.tables).items():
        rows = records.rows
        assert len(rows), source
        assert (records.days < people.gone[rows]).all(), source
        assert (records.days > people.birth[rows]).all(), source
        if source in part.sources:
            assert (records.days >= people.arrived[rows]).all(), source
        assert (records.days <= day("2026-05-31")).all(), source
        if (
            len(rows) > 1000 and source != "census"
        ):  # nothing piles up on the last day; a census is of one day
            assert Counter(records.days.tolist()).most_common(1)[0][1] < 0.2 * len(rows), source


def test_the_dead_and_the_departed_left_records_of_before() -> None:
    people, part = made("national")
    before = people.gone[part.sources["police"].rows] < day("2025-12-31")
    assert 0.02 < before.mean() < 0.6


def test_no_spell_outlives_a_person() -> None:
    people, part = made("national")
    for source in ("benefits", "employment"):
        records = part.sources[source]
        ends = records.attributes["spell_end"].astype(np.int64)
        assert (ends <= people.gone[records.rows]).all()
        assert (ends > records.days).all()
    for source, start, end in (
        ("prison", "reception_date", "release_date"),
        ("probation", "order_date", "order_end_date"),
    ):
        records = part.sources[source]
        ends = records.attributes[end]
        over = ~np.isnat(ends)
        assert 0.5 < over.mean() < 1
        assert (ends[over].astype(np.int64) <= people.gone[records.rows[over]]).all()
        days = (ends - records.attributes[start]).astype(np.int64)[over]
        assert (days >= 0).all()
        assert (days <= records.attributes["sentence_length_days"][over]).all()
    ends = part.tables["courses"].attributes["actual_end_date"]
    over = ~np.isnat(ends)
    assert (ends[over].astype(np.int64) < people.gone[part.tables["courses"].rows[over]]).all()


def test_a_home_is_in_one_small_area_authority_region_and_decile() -> None:
    _, part = made("national")
    said = part.sources["census"].attributes
    within: defaultdict[str, set[tuple[str, str, int]]] = defaultdict(set)
    regions: defaultdict[str, set[str]] = defaultdict(set)
    names = ("lsoa", "local_authority", "region", "deprivation_decile")
    for lsoa, authority, region, decile in zip(*(said[name].tolist() for name in names), strict=True):
        within[lsoa].add((authority, region, decile))
        regions[authority].add(region)
        assert re.fullmatch("W01[0-9]{6}" if region == "Wales" else "E01[0-9]{6}", lsoa)
        assert 1 <= decile <= 10
    assert all(len(held) == 1 for held in within.values())
    assert len(within) > 1000
    assert len({region for held in regions.values() for region in held}) == 10


def test_numbers_hold_their_checks_and_are_each_persons_own() -> None:
    people = block(11, 3, SIZE)
    rows = np.arange(SIZE)
    for name, of in identifiers.NUMBERS.items():
        numbers = of(people, rows).tolist()
        assert [CHECKS[name](number) for number in numbers] == numbers, name
        assert len(set(numbers)) == SIZE, name
        assert of(people, rows[::-1]).tolist() == numbers[::-1], name


@pytest.mark.parametrize(
    ("preset", "source", "name"),
    [
        ("moj-dfe", "justice", "pnc_id"), ("moj-dfe", "education", "upn"), ("moj-dfe", "education", "uln"),
        ("learner-register", "schools", "uln"), ("learner-register", "achievements", "uln"), ("data-first", "prison", "pnc_id"),
        ("data-first", "prison", "prison_number"), ("data-first", "probation", "crn"), ("justice-data-lab", "cohort", "pnc_id"),
        ("national", "police", "pnc_id"), ("national", "census", "upn"), ("national", "learners", "uln"),
    ],
)  # fmt: skip
def test_each_source_holds_the_number_of_the_person(preset: str, source: str, name: str) -> None:
    people, part = made(preset, 2000)
    records = part.sources[source]
    assert (records.attributes[name] == identifiers.NUMBERS[name](people, records.rows)).all()


def test_aliases_are_given_again_and_some_have_several_birth_dates() -> None:
    people, found = police()
    given: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for field in ("first_name", "surname", "dob"):
        for at in np.flatnonzero(found.log[field][0] == "alias"):
            given[int(found.records.rows[at])].append((field, str(found.identity[field][at])))
    assert len(given) > 100
    again = Counter(count > 1 for aliases in given.values() for count in Counter(aliases).values())
    assert again[True] > 10
    assert max(len({v for f, v in aliases if f == "dob"}) for aliases in given.values()) <= 3
    births: defaultdict[int, set[int]] = defaultdict(set)
    for row, dob in zip(found.records.rows.tolist(), found.identity["dob"].tolist(), strict=True):
        births[row].add(dob)
    assert sum(len(dates) > 1 for dates in births.values()) > 100
    alias = found.log["dob"][0] == "alias"
    apart = np.abs(found.identity["dob"] - people.birth[found.records.rows])[
        alias & (found.log["whole"][0] != "merged")
    ]
    assert apart.min() > 0
    assert apart.max() <= 1500


def test_transliteration_befalls_names_of_other_alphabets_and_customs() -> None:
    model = parse({"rates": {"*": {"surname": {"transliterated": 1.0}}}}, "model")
    people, part = made("moj-dfe", 4000)
    found = observe(people.streams, "any", people, part.sources["education"], model, "R")
    hit = found.log["surname"][0] == "transliterated"
    own = people.surnames(found.records.rows, found.records.days)
    assert (people.community[found.records.rows[hit]] > 0).all()
    assert (found.identity["surname"][hit] != own[hit]).all()
    assert (found.identity["surname"][~hit] == own[~hit]).all()
    assert hit.mean() > 0.1
    for word, others in SPELLED.items():
        assert {edited("transliterated", word, draw) for draw in range(20)} == set(others)
        assert word not in others
    assert transliterated("Mr", 1) is None


def test_results_and_courses_belong_to_the_school_career() -> None:
    people, part = made("national")
    results = part.tables["attainment"]
    said = results.attributes
    ages = {"KS2": 11, "KS4": 16, "KS5": 18}
    for stage, age in ages.items():
        which = said["key_stage"] == stage
        on = results.days[which]
        years = (on - people.birth[results.rows[which]]) / YEAR
        assert (np.floor(years + 0.2) >= age - 0.2).all()
        assert (years < age + 1.01).all(), stage
    best = dict(zip(schooling.MEASURE, zip(schooling.LEAST, schooling.MOST, strict=True), strict=True))
    for measure, (least, most) in best.items():
        scores = said["score"][said["measure"] == measure]
        assert ((scores >= least) & (scores <= most)).all()
        assert np.std(scores.astype(float)) > 1
    courses = part.tables["courses"]
    begun = (courses.days - people.birth[courses.rows]) / YEAR
    assert (begun > 16).all()
    ended = courses.attributes["outcome"] != None  # noqa: E711
    assert (~np.isnat(courses.attributes["actual_end_date"]) == ended).all()
    assert (courses.attributes["uln"] == identifiers.uln(people, courses.rows)).all()
