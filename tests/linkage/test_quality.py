"""What the linker says of a linkage: stages, thresholds, implausible links, linked against unlinked; each against an obvious count."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tallystick import linkage
from tallystick.linkage import LinkageSpec, clean, implausible, thresholds
from tallystick.linkage.by_identifiers import by_identifiers, completeness
from tallystick.linkage.outcome import resolved_again
from tallystick.linkage.stage_counts import by_stage

SPEC = LinkageSpec(threshold=0.9, seed=2)


def sources(seed: int = 5, people: int = 250) -> dict[str, pa.Table]:
    """Two sources of which half the people are common, with slips; some people stand twice in the first."""
    rng = np.random.default_rng(seed)
    names = ["anna", "bert", "carl", "dora", "emil", "frida", "gustav", "hanna", "ivar", "johan"]
    last = [
        f"{a}{b}son"
        for a in ("ander", "berg", "carl", "dal", "eriks", "frank")
        for b in ("", "a", "e", "o", "ul", "im")
    ]
    who = []
    for _ in range(people * 3 // 2):
        dob = f"19{int(rng.integers(10, 60))}-0{int(rng.integers(1, 9))}-1{int(rng.integers(9))}"
        surname, postcode = last[int(rng.integers(36))], f"AB{int(rng.integers(1, 60))} 1CD"
        who.append((names[int(rng.integers(10))], surname, dob, postcode))
    made = {}
    for source, members in (
        ("a", list(range(people)) + list(range(0, people, 10))),
        ("b", list(range(people // 2, people * 3 // 2))),
    ):
        rows = []
        for n, person in enumerate(members):
            first, surname, dob, postcode = who[person]
            if rng.random() < 0.2:
                surname = surname[:-1]
            if rng.random() < 0.1:
                dob = f"{int(dob[:4]) + 1}{dob[4:]}"
            rows.append(
                {
                    "record_id": f"{source}{n}",
                    "first_name": first,
                    "surname": surname,
                    "dob": dob,
                    "gender": "f" if person % 2 else "m",
                    "postcode": postcode if rng.random() > 0.1 else None,
                }
            )
        made[source] = pa.Table.from_pylist(rows)
    return made  # fmt: skip


@pytest.fixture(scope="module")
def linked() -> linkage.Linked:
    return linkage.link(sources(), SPEC)


def people(persons: list[dict[str, Any]], key: str) -> dict[str, tuple[int, int]]:
    """Return for each source its persons and those of them in another source too."""
    found, where = defaultdict(set), defaultdict(set)
    for row in persons:
        found[row["source"]].add(row[key])
        where[row[key]].add(row["source"])
    return {s: (len(ids), sum(len(where[i]) > 1 for i in ids)) for s, ids in found.items()}


def test_thresholds_are_the_linkages_that_they_would_give(linked: linkage.Linked) -> None:
    table = thresholds.persons_at(linked.scored, linked.persons, SPEC)
    assert thresholds.at(table) == list(thresholds.GRID)
    said_at = thresholds.sensitivity(linked.scored, table, "record_id", SPEC.threshold)
    rows = {one["threshold"]: one for one in said_at}
    for threshold in (0.5, 0.9, 0.99):
        again = linkage.link(sources(), LinkageSpec(threshold=threshold, seed=2))
        said = rows[threshold]
        judge = people(again.persons.to_pylist(), "person_id")
        assert {one["source"]: (one["people"], one["linked"]) for one in said["sources"]} == judge
        across = [r for r in again.links.to_pylist() if r["source_l"] != r["source_r"]]
        assert said["links"] == len(across)
        links_say = np.mean([r["match_probability"] for r in across])
        assert said["expected_precision"] == pytest.approx(links_say, abs=1e-9 if threshold <= 0.95 else 1e-3)
    recall = [rows[threshold]["expected_recall"] for threshold in thresholds.GRID]
    assert recall == sorted(recall, reverse=True)
    assert people(table.to_pylist(), "0.9") == people(linked.persons.to_pylist(), "person_id")


def test_decisions_hold_at_every_threshold(linked: linkage.Linked) -> None:
    pair = linked.links.filter(
        pa.compute.not_equal(linked.links["source_l"], linked.links["source_r"])
    ).to_pylist()[0]
    ends = ((pair["source_l"], pair["record_id_l"]), (pair["source_r"], pair["record_id_r"]))
    spec = LinkageSpec(threshold=0.9, never=(ends,))
    table = thresholds.persons_at(linked.scored, linked.persons, spec).to_pylist()
    for threshold in thresholds.GRID:
        person = {(row["source"], row["record_id"]): row[f"{threshold:g}"] for row in table}
        assert person[ends[0]] != person[ends[1]]


def test_stages_add_up_to_the_pairs_of_persons(linked: linkage.Linked) -> None:
    stages = {one["stage"]: one for one in by_stage(linked.links, linked.persons, "record_id")}
    size: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in linked.persons.to_pylist():
        size[row["person_id"]][row["source"]] += 1
    assert sum(one["links"] for one in stages.values()) == sum(n["a"] * n["b"] for n in size.values())
    across = sum(r["source_l"] != r["source_r"] for r in linked.links.to_pylist())
    assert stages["model"]["links"] == across
    named = linked.links.append_column("stage", pa.array(["key 1"] * linked.links.num_rows))
    assert {one["stage"] for one in by_stage(named, linked.persons, "record_id")} <= {
        "key 1",
        "through third records",
    }


def test_a_decided_pair_is_a_stage_of_its_own(linked: linkage.Linked) -> None:
    ends = (("a", "a0"), ("b", "b200"))
    links, persons = resolved_again(linked.scored, linked.persons, LinkageSpec(threshold=0.9, always=(ends,)))
    assert {one["stage"]: one["links"] for one in by_stage(links, persons, "record_id")}["decided"] == 1


def test_implausible_links_are_counted_by_what_speaks_against_them() -> None:
    records = {
        "a": pa.table({"record_id": ["1", "2", "3"], "dob": ["19500101", "19500101", None], "gender": ["male", "male", "female"],
                       "first_name": ["anna", "bert", "carl"], "uln": ["1", None, "3"]}),
        "b": pa.table({"record_id": ["1", "2", "3"], "dob": ["19520202", "19990101", "19500101"], "gender": ["female", "male", None],
                       "first_name": ["zoe", "bertil", "carl"], "uln": ["2", "5", "3"]}),
    }  # fmt: skip
    links = pa.table(
        {
            "source_l": ["a"] * 3,
            "record_id_l": ["1", "2", "3"],
            "source_r": ["b"] * 3,
            "record_id_r": ["1", "2", "3"],
        }
    )
    found = {
        one["rule"]: (one["judged"], one["links"])
        for one in implausible.implausible(links, records, "record_id")
    }
    assert found == {
        "birth dates 2 years or more apart, on another day": (2, 1),
        "birth dates 15 years or more apart": (2, 1),
        "recorded as of different sexes": (2, 1),
        "first names with nothing in common": (3, 1),
        "two different values of uln": (2, 1),
    }
    assert implausible.implausible(links, {"a": pa.table({"record_id": ["1"]})}, "record_id") == []


def test_linked_against_unlinked_counts_people(linked: linkage.Linked) -> None:
    rows = by_identifiers(linked.persons, linked.records, "record_id")
    judge = people(linked.persons.to_pylist(), "person_id")
    for source, (there, both) in judge.items():
        missing = [one for one in rows if one["source"] == source and one["field"] == "sex"]
        assert {one["group"] for one in missing} == {"male", "female"}
        # A person whose records differ in sex counts twice: a false link does that.
        assert there <= sum(one["people"] for one in missing) <= there * 1.02
        assert sum(one["unlinked"] for one in missing) >= there - both
    assert {one["field"] for one in rows} == {"sex", "birth years", "postcode area", "identifiers missing"}


def test_completeness_counts_what_is_missing_or_cannot_be_read() -> None:
    table = pa.table(
        {"record_id": ["1", "2", "3"], "surname": ["a", None, "b"], "uln": ["9276308686", "9276308687", None]}
    )
    rows = completeness({"s": clean.standard(table).table})
    assert [(one["identifier"], one["records"], one["missing"]) for one in rows] == [
        ("surname", 3, 1),
        ("uln", 3, 2),
    ]
