"""Person ids stay while persons do, and no id changes without a row in the lineage."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tallystick.linkage import lineage
from tallystick.linkage.numbers import Numbers

Record = tuple[str, str]
Clusters = list[set[Record]]


def numbered(clusters: Clusters) -> tuple[Numbers, np.ndarray]:
    """Return the records of these clusters by number, and each one's cluster as its smallest record number."""
    records = sorted(record for cluster in clusters for record in cluster)
    sources: dict[str, list[str]] = {}
    for source, record_id in records:
        sources.setdefault(source, []).append(record_id)
    tables = {source: pa.table({"record_id": ids}) for source, ids in sources.items()}
    number = {record: n for n, record in enumerate(records)}
    label = np.zeros(len(records), dtype=np.int64)
    for cluster in clusters:
        for record in cluster:
            label[number[record]] = min(number[one] for one in cluster)
    return Numbers(tables, "record_id"), label


def persons(numbers: Numbers, ids: pa.Array) -> pa.Table:
    sources, record_ids = numbers.names()
    return pa.table({"source": sources, "record_id": record_ids, "person_id": ids})


def step(earlier: pa.Table, clusters: Clusters, used: list[str]) -> tuple[pa.Table, list[dict[str, object]]]:
    numbers, label = numbered(clusters)
    named = lineage.named(label, numbers, earlier, "person_id", pa.array(used, pa.string()))
    return persons(numbers, named.ids), named.lineage(1, 0.5).to_pylist()


def first(clusters: Clusters) -> pa.Table:
    numbers, label = numbered(clusters)
    return persons(numbers, lineage.first_ids(label, numbers))


def id_of(table: pa.Table) -> dict[Record, str]:
    return {(row["source"], row["record_id"]): row["person_id"] for row in table.to_pylist()}


def a(*ids: str) -> set[Record]:
    return {("a", one) for one in ids}


def test_ids_are_opaque_and_do_not_depend_on_the_order_of_anything() -> None:
    one = id_of(first([a("1", "2"), a("3")]))
    assert one == id_of(first([a("3"), a("2", "1")]))
    assert all(re.fullmatch(r"P[0-9A-F]{16}", found) for found in one.values())
    assert len(set(one.values())) == 2


def test_a_person_that_gains_a_record_keeps_its_id() -> None:
    before = first([a("1", "2"), a("5")])
    after, rows = step(before, [a("0", "1", "2"), a("5")], [])
    kept = id_of(before)[("a", "1")]
    assert set(id_of(after).values()) == set(id_of(before).values())
    assert [(r["old_id"], r["new_id"], r["kind"], r["records"]) for r in rows] == [(kept, kept, "kept", 2)]


def test_a_merge_takes_the_id_of_the_larger_and_says_so() -> None:
    before = first([a("1"), a("2", "3")])
    after, rows = step(before, [a("1", "2", "3")], [])
    small, large = id_of(before)[("a", "1")], id_of(before)[("a", "2")]
    assert set(id_of(after).values()) == {large}
    said = {(r["old_id"], r["new_id"], r["kind"], r["records"]) for r in rows}
    assert said == {(small, large, "merged", 1), (large, large, "kept", 2)}


def test_a_split_leaves_the_id_with_the_larger_part() -> None:
    before = first([a("1", "2", "3")])
    after, rows = step(before, [a("1"), a("2", "3")], [])
    old = id_of(before)[("a", "1")]
    assert id_of(after)[("a", "2")] == id_of(after)[("a", "3")] == old
    left = id_of(after)[("a", "1")]
    assert left != old
    assert {(r["new_id"], r["kind"], r["records"]) for r in rows} == {(left, "split", 1), (old, "kept", 2)}


def test_of_two_equal_halves_the_one_with_the_first_record_keeps_the_id() -> None:
    before = first([a("1", "2")])
    after, _ = step(before, [a("2"), a("1")], [])
    assert id_of(after)[("a", "1")] == id_of(before)[("a", "1")]


def test_a_person_without_records_is_retired_and_its_id_never_given_again() -> None:
    before = first([a("1"), a("2")])
    gone = id_of(before)[("a", "1")]
    after, rows = step(before, [a("2")], [])
    assert [(r["old_id"], r["new_id"], r["kind"]) for r in rows] == [(gone, None, "retired")]
    again, rows = step(after, [a("1"), a("2")], [gone])
    assert id_of(again)[("a", "1")] not in {gone, *id_of(after).values()}
    assert [r["kind"] for r in rows] == ["new"]


def test_what_did_not_change_is_not_listed() -> None:
    before = first([a("1", "2"), a("3")])
    after, rows = step(before, [a("1", "2"), a("3")], [])
    assert after.equals(before)
    assert rows == []


RECORDS = [(source, str(n)) for source in "ab" for n in range(6)]
partitions = st.lists(st.tuples(st.sampled_from(RECORDS), st.integers(0, 4)), min_size=1).map(
    lambda pairs: [{r for r, c in dict(pairs).items() if c == n} for n in range(5)]
)


def check(before: pa.Table, after: pa.Table, rows: list[dict[str, object]], used: set[str]) -> None:
    """Assert the contract between two steps."""
    old, new = id_of(before), id_of(after)
    said = {(r["old_id"], r["new_id"]): r for r in rows}
    for record in old.keys() & new.keys():
        if old[record] != new[record]:
            assert said[old[record], new[record]]["kind"] in {"merged", "split"}
    shared: dict[tuple[str, str], int] = {}
    for record in old.keys() & new.keys():
        pair = (old[record], new[record])
        shared[pair] = shared.get(pair, 0) + 1
    for (left, right), row in said.items():
        if left is not None and right is not None:
            assert shared[str(left), str(right)] == row["records"]
        assert (row["kind"] == "kept") == (left == right)
    for gone in set(old.values()) - set(new.values()):
        assert any(left == gone for left, _ in said)
    for born in set(new.values()) - set(old.values()):
        assert born not in used
        assert any(right == born for _, right in said)


@given(partitions, partitions)
@settings(deadline=None, max_examples=150)
def test_no_id_changes_without_an_entry(one: Clusters, other: Clusters) -> None:
    before = first([c for c in one if c])
    after, rows = step(before, [c for c in other if c], [])
    check(before, after, rows, set(id_of(before).values()))


def weighed_among_all(
    earlier: pa.Table, clusters: Clusters, used: list[str]
) -> tuple[list[str], list[tuple[str | None, str | None, str, int]]]:
    """Return the ids and the changes where no person is passed over for being as it was: each is weighed against all."""
    numbers, label = numbered(clusters)
    ids = earlier["person_id"].combine_chunks().dictionary_encode()
    names, code, had = lineage._in_order(ids.dictionary, ids.indices.to_numpy().astype(np.int64))
    at = numbers.of(earlier["source"], earlier["record_id"])
    held = np.full(numbers.count, -1, dtype=np.int64)
    held[at[at >= 0]] = code[at >= 0]
    smallest, cluster = np.unique(label, return_inverse=True)
    taken = pa.array([*used, *names.to_pylist()], pa.string())
    given, made, rows = lineage._weighed(held, cluster, smallest, had, numbers, taken, "P")
    text = [*names.to_pylist(), *made.to_pylist()]
    spelt = [None if n < 0 else text[n] for n in range(-1, len(text))]
    return [text[one] for one in given[cluster]], [
        (spelt[o + 1], spelt[n + 1], kind, c) for o, n, kind, c in rows
    ]


@given(partitions, partitions, st.integers(0, 5))
@settings(deadline=None, max_examples=150)
def test_persons_as_they_were_may_be_passed_over(one: Clusters, other: Clusters, stay: int) -> None:
    earlier = [c for c in one if c]
    same = earlier[:stay]
    later = [*same, *filter(None, (c.difference(*same) for c in other))]
    before = first(earlier)
    after, rows = step(before, later, ["P0000000000000000"])
    ids, said = weighed_among_all(before, later, ["P0000000000000000"])
    assert after["person_id"].to_pylist() == ids
    assert [(r["old_id"], r["new_id"], r["kind"], r["records"]) for r in rows] == said


class Refreshes(RuleBasedStateMachine):
    """Refresh after refresh, any records joining, leaving and moving: the contract holds at each step."""

    @initialize(clusters=partitions)
    def start(self, clusters: Clusters) -> None:
        self.persons = first([c for c in clusters if c])
        self.used = set(id_of(self.persons).values())

    @rule(clusters=partitions)
    def refresh(self, clusters: Clusters) -> None:
        after, rows = step(self.persons, [c for c in clusters if c], sorted(self.used))
        check(self.persons, after, rows, self.used)
        self.persons = after
        self.used |= set(id_of(after).values())

    @invariant()
    def every_person_has_one_id_and_every_id_one_form(self) -> None:
        if hasattr(self, "persons"):
            assert all(re.fullmatch(r"P[0-9A-F]{16}", one) for one in id_of(self.persons).values())


TestRefreshes = Refreshes.TestCase
TestRefreshes.settings = settings(deadline=None, max_examples=25, stateful_step_count=8)
