"""Errors fall as asked: by source, by kind and by group, within sampling error; a wrong model is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import BadInput
from tallystick.synth.edits import edited
from tallystick.synth.education import pupils
from tallystick.synth.errors import KINDS, load, parse, shipped
from tallystick.synth.observe import ETHNIC_LABELS, FIELDS, Observed, applies, identity, observe
from tallystick.synth.people import People, Population, block

SIZE = 20_000
MODEL = {
    "rates": {
        "*": {"first_name": {"keyboard": 0.05, "nickname": 0.2}, "dob": {"day-month": 0.1, "missing": 0.02}},
        "here": {
            "first_name": {"keyboard": 0.1},
            "postcode": {"old": 0.3, "missing": 0.05},
            "surname": {"phonetic": 0.06, "half": 0.4},
            "record": {"duplicate": 0.08, "swapped": 0.03, "merged": 0.02},
        },
    },
    "group": [
        {"field": "sex", "value": "F", "factor": 2.0, "kinds": ["phonetic"]},
        {"field": "ethnicity", "value": "Asian: Pakistani", "factor": 3.0, "kinds": ["day-month", "swapped"]},
        {"field": "decile", "value": "1", "factor": 1.5, "kinds": ["missing"]},
    ],
}


def seen(source: str) -> tuple[People, Observed]:
    people = block(3, 0, SIZE, Population(1985, 2005, parents=False))
    records = pupils(people, np.arange(SIZE), 20_000)
    return people, observe(people.streams.of(source), source, people, records, parse(MODEL, "model"), "R")


def within(observed: int, expected: float, count: int) -> bool:
    """Whether a count lies within four standard errors of a binomial's mean."""
    return bool(abs(observed - expected * count) <= 4 * (count * expected * (1 - expected)) ** 0.5)


@pytest.mark.parametrize("source", ["here", "elsewhere"])
def test_observed_rates_are_those_asked(source: str) -> None:
    people, found = seen(source)
    model = parse(MODEL, "model")
    rows, days = found.records.rows, found.records.days
    true = identity(people, rows, days)
    checked = 0
    for field in FIELDS:
        for kind in KINDS[field]:
            can = applies(field, kind, people, rows, days, true[field])
            for sex in (0, 1):
                for pakistani in (False, True):
                    ethnic = ETHNIC_LABELS[people.ethnic[rows]] == "Asian: Pakistani"
                    group = can & (people.sex[rows] == sex) & (ethnic == pakistani)
                    rate = model.rate(source, field, kind)
                    rate *= 2.0 if kind == "phonetic" and sex == 0 else 1.0
                    rate *= 3.0 if kind == "day-month" and pakistani else 1.0
                    if kind == "missing" or not group.any():
                        continue
                    hits = int((found.log[field][0][group] == kind).sum())
                    assert within(hits, rate, int(group.sum())), (field, kind)
                    checked += rate > 0
    assert checked >= 8


def test_missing_falls_more_on_the_most_deprived() -> None:
    people, found = seen("here")
    from tallystick.synth.geography import geography

    places = people.places(found.records.rows, found.records.days)
    poorest = geography().deciles(people.streams, places) == 1
    for group, rate in ((poorest, 0.075), (~poorest, 0.05)):
        assert within(int((found.log["postcode"][0][group] == "missing").sum()), rate, int(group.sum()))


def test_duplicates_and_mixtures_fall_as_asked() -> None:
    _, found = seen("here")
    assert within(len(found.record_id) - SIZE, 0.08, SIZE)
    assert within(int((found.log["whole"][0] == "merged").sum()), 0.02, len(found.record_id))


def test_no_error_is_made_where_none_is_asked() -> None:
    people = block(3, 0, 2000, Population(1985, 2005, parents=False))
    records = pupils(people, np.arange(2000), 20_000)
    found = observe(people.streams, "any", people, records, parse({}, "model"), "R")
    true = identity(people, found.records.rows, found.records.days)
    assert all((found.identity[field] == true[field]).all() for field in FIELDS)
    assert set(found.errors()) == {""}


@given(st.text("abcdefXYZ -'", min_size=1, max_size=12), st.integers(0, 2**64 - 1))
def test_an_edit_is_a_function_of_its_draw(text: str, draw: int) -> None:
    for kind in ("keyboard", "transposed", "dropped", "doubled", "ocr", "phonetic", "initial"):
        assert edited(kind, text, draw) == edited(kind, text, draw)


@pytest.mark.parametrize(
    "tree",
    [
        {"rates": {"*": {"dob": {"year": -0.1}}}},
        {"rates": {"*": {"dob": {"year": 1.5}}}},
        {"rates": {"*": {"dob": {"year": float("nan")}}}},
        {"rates": {"*": {"dob": {"year": True}}}},
        {"rates": {"*": {"dob": {"year": 0.7, "day": 0.7}}}},
        {"rates": {"*": {"dob": {"year": 0.7}}, "here": {"dob": {"day": 0.7}}}},
        {"rates": {"*": {"dob": {"year": 0.4}}}, "group": [{"field": "sex", "value": "F", "factor": 3}]},
        {
            "rates": {"*": {"dob": {"year": 0.4}}},
            "group": [
                {"field": "sex", "value": "F", "factor": 2},
                {"field": "decile", "value": 1, "factor": 2},
            ],
        },
        {"group": [{"field": "sex", "value": "X", "factor": 2}]},
        {"group": [{"field": "decile", "value": "11", "factor": 2}]},
        {"group": [{"field": "ethnicity", "value": "Pakistani", "factor": 2}]},
        {"group": [{"field": "sex", "value": "F", "factor": 2, "kinds": 3}]},
        {"group": [{"field": "sex", "value": "F", "factor": 2, "kinds": [["year"]]}]},
        {"group": [{"field": "sex", "value": "F", "factor": float("nan")}]},
        {"rates": {"*": {"dob": {"yeer": 0.1}}}},
        {"rates": {"*": {"shoe": {"year": 0.1}}}},
        {"rates": {"*": 3}},
        {"rates": 3},
        {"rate": {}},
        {"group": [{"field": "age", "value": "1", "factor": 2}]},
        {"group": [{"field": "sex", "value": "F", "factor": -2}]},
        {"group": [{"field": "sex", "value": "F"}]},
        {"group": [{"field": "sex", "value": "F", "factor": 2, "kinds": ["none"]}]},
        {"group": 3},
    ],
)
def test_a_wrong_model_is_refused(tree: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse(tree, "model.toml")


def test_a_model_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[rates."*".dob]\nyear = 0.25\n')
    assert load(tmp_path / "m.toml").rate("any", "dob", "year") == 0.25
    (tmp_path / "bad.toml").write_text("[[[")
    for name in ("bad.toml", "none.toml"):
        with pytest.raises(BadInput, match=name):
            load(tmp_path / name)
    assert shipped().rate("justice", "record", "duplicate") == 0.12
