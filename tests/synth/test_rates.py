"""The shipped error model: in every source of every preset, each kind of error falls on each group as often as it says.

A count must lie within Bernstein's bound of the sum of its records' own probabilities, which chance passes once in 10^8: about six
standard errors. Seeds are fixed, so that no run fails by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from tallystick.synth.errors import GROUPS, KINDS, ErrorModel, parse, shipped
from tallystick.synth.geography import geography
from tallystick.synth.identifiers import NUMBERS
from tallystick.synth.observe import ETHNIC_LABELS, FIELDS, SEXES, Observed, applies, identity, observe
from tallystick.synth.people import People, block
from tallystick.synth.presets import PRESETS, Asked
from tallystick.synth.streams import Flags, Floats

SIZE = 10_000
LOG_ODDS = 19.1  # log(2 * 10^8)
PERSONAL = [
    pytest.param(name, marks=pytest.mark.slow) if name == "national" else name
    for name, preset in PRESETS.items()
    if preset.sources
]


def sources(preset: str, model: ErrorModel, seed: int = 21) -> Iterator[tuple[str, People, Observed]]:
    kind = PRESETS[preset]
    people = block(seed, 0, SIZE, kind.population)
    part = kind.fill(people, 0, Asked(int(SIZE * kind.share), seed), SIZE)
    for source in kind.sources:
        yield (
            source,
            people,
            observe(people.streams.of(source), source, people, part.sources[source], model, "R"),
        )


def traits(people: People, found: Observed) -> dict[str, np.ndarray]:
    rows, days = found.records.rows, found.records.days
    decile = geography().deciles(people.streams, people.places(rows, days))
    return {
        "sex": SEXES[people.sex[rows]],
        "ethnicity": ETHNIC_LABELS[people.ethnic[rows]],
        "decile": decile.astype(str),
    }


def asked(model: ErrorModel, source: str, field: str, kind: str, of: dict[str, np.ndarray]) -> Floats:
    """Return each record's own probability of an error, from the model as it is written."""
    rate = model.rates.get(source, {}).get(field, {}).get(kind)
    if rate is None:
        rate = model.rates.get("*", {}).get(field, {}).get(kind, 0.0)
    whose = list(zip(*(of[name].tolist() for name in GROUPS), strict=True))
    rates = {}
    for values in set(whose):
        rates[values] = rate
        for group in model.groups:
            if (not group.kinds or kind in group.kinds) and values[
                list(GROUPS).index(group.field)
            ] == group.value:
                rates[values] *= group.factor
    return np.array([rates[values] for values in whose])


def as_asked(hits: Flags, rates: Floats) -> bool:
    spread = 2 * LOG_ODDS * float((rates * (1 - rates)).sum())
    return bool(abs(int(hits.sum()) - float(rates.sum())) <= spread**0.5 + LOG_ODDS / 3)


def groups(of: dict[str, np.ndarray]) -> Iterator[tuple[str, Flags]]:
    yield "all", np.ones(len(of["sex"]), dtype=bool)
    for name, values in of.items():
        for value in sorted(set(values.tolist())):
            yield f"{name} {value}", values == value


@pytest.mark.parametrize("preset", PERSONAL)
def test_each_kind_falls_on_each_group_of_each_source_as_asked(preset: str) -> None:
    model = shipped()
    checked = 0
    for source, people, found in sources(preset, model):
        rows, days = found.records.rows, found.records.days
        whose = traits(people, found)
        true = identity(people, rows, days) | {name: of(people, rows) for name, of in NUMBERS.items()}
        for field in (*FIELDS, *(name for name in NUMBERS if name in found.log)):
            for kind in KINDS[field]:
                rates = asked(model, source, field, kind, whose)
                hits = found.log[field][0] == kind
                can = applies(field, kind, people, rows, days, true[field])
                assert not (hits & ~can).any(), (source, field, kind)
                for group, inside in groups(whose):
                    inside = inside & can
                    assert as_asked(hits[inside], rates[inside]), (source, field, kind, group)
                    checked += bool(rates[inside].any())
        for kind, log in (("merged", "whole"), ("swapped", "whole")):
            rates = asked(model, source, "record", kind, whose)
            for group, inside in groups(whose):
                assert as_asked((found.log[log][0] == kind)[inside], rates[inside]), (source, kind, group)
        first = found.log["record"][0] != "duplicate"
        own = {name: values[first] for name, values in whose.items()}
        rates = asked(model, source, "record", "duplicate", own)
        assert as_asked(np.arange(len(rates)) < int((~first).sum()), rates), (source, "duplicate")
    assert checked > 200


BIASED = {
    "rates": {
        "*": {
            "dob": {"day-month": 0.08, "missing": 0.03}, "gender": {"miscoded": 0.04},
            "record": {"duplicate": 0.1, "merged": 0.05, "swapped": 0.06},
        },
        "education": {"dob": {"day-month": 0.02}, "record": {"duplicate": 0.01}},
    },
    "group": [
        {"field": "ethnicity", "value": "Asian: Pakistani", "factor": 4.0, "kinds": ["day-month", "duplicate", "merged"]},
        {"field": "sex", "value": "F", "factor": 2.0, "kinds": ["swapped", "miscoded"]},
        {"field": "decile", "value": "1", "factor": 2.5, "kinds": ["missing"]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("source", ["justice", "education"])
def test_the_files_themselves_show_the_rates_asked(source: str) -> None:
    """Seen in the values, not in the log: days and months swapped, duplicates, two people in one record, by group."""
    model = parse(BIASED, "model")
    people, found = next((p, f) for s, p, f in sources("moj-dfe", model) if s == source)
    rows, days = found.records.rows, found.records.days
    of, now, true = traits(people, found), found.identity, identity(people, rows, days)
    other = people.birth[rows] != now["dob"]
    turned = now["dob"] == day_month_swapped(true["dob"])
    gone = now["dob"] == now["dob"].min()
    can = applies("dob", "day-month", people, rows, days, true["dob"])
    merged = other & ~(turned & can) & ~gone
    swapped = (now["first_name"] == true["surname"]) & (true["first_name"] != true["surname"])
    alone = np.ones(len(rows), dtype=bool)
    some = asked(model, source, "record", "merged", of)
    seen = {
        "day-month": (turned & can & ~merged, can, asked(model, source, "dob", "day-month", of) * (1 - some)),
        "missing": (gone, alone, asked(model, source, "dob", "missing", of) * (1 - some)),
        "merged": (merged, alone, some),
        "swapped": (swapped, alone, asked(model, source, "record", "swapped", of)),
        "miscoded": (now["gender"] != true["gender"], alone, asked(model, source, "gender", "miscoded", of)),
    }
    for kind, (hits, among, rates) in seen.items():
        for group, inside in groups(of):
            inside = inside & among
            assert as_asked(hits[inside], rates[inside]), (kind, group)
    held = Counter(rows.tolist())
    each, first = np.unique(rows, return_index=True)
    twice = np.array([held[row] > 1 for row in each.tolist()])
    rates = asked(model, source, "record", "duplicate", {name: values[first] for name, values in of.items()})
    for group, inside in groups({name: values[first] for name, values in of.items()}):
        assert as_asked(twice[inside], rates[inside]), ("duplicate", group)
    assert max(held.values()) == 2


def day_month_swapped(days: np.ndarray) -> np.ndarray:
    """Return the dates with day and month exchanged, themselves where there is no such date."""
    turned = []
    for text in days.astype("datetime64[D]").astype(str).tolist():
        year, month, day = text.split("-")
        turned.append(f"{year}-{day}-{month}" if int(day) <= 12 else text)
    return np.array(turned, dtype="datetime64[D]").astype(np.int64)
