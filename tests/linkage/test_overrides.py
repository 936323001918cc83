"""What people decided stands over the model, also through third records; contradictions are refused by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, link, overrides
from worlds import write_share

HEAD = "source_l,id_l,source_r,id_r,decision\n"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    from tallystick import synth

    folder = tmp_path_factory.mktemp("s") / "share"
    synth.write("moj-dfe", folder, people=1500, seed=9, form="parquet")
    return {s: pq.read_table(folder / "supplies" / f"{s}.parquet") for s in ("justice", "education")}


def person_of(linked: Any) -> dict[tuple[str, str], str]:
    rows = linked.persons.to_pylist()
    return {(row["source"], row["record_id"]): row["person_id"] for row in rows}


def test_always_joins_and_never_parts_even_through_third_records(sources: dict[str, pa.Table]) -> None:
    before = person_of(link(sources, LinkageSpec()))
    members: dict[str, list[tuple[str, str]]] = {}
    for record, person in before.items():
        members.setdefault(person, []).append(record)
    three = next(found for found in members.values() if len(found) >= 3)
    alone = [found[0] for found in members.values() if len(found) == 1][:2]
    linked = link(
        sources,
        LinkageSpec(always=((alone[0], alone[1]),), never=((three[0], three[1]),)),
    )
    after = person_of(linked)
    assert after[alone[0]] == after[alone[1]]
    assert after[three[0]] != after[three[1]]
    said = {
        frozenset(((r["source_l"], r["record_id_l"]), (r["source_r"], r["record_id_r"]))): r
        for r in linked.links.to_pylist()
    }
    assert said[frozenset(alone)]["match_probability"] == 1.0
    assert frozenset(three[:2]) not in said
    assert linked.links.schema.equals(link(sources, LinkageSpec()).links.schema)
    touched = {before[r] for r in (*alone, *three)}
    others = [found for person, found in members.items() if person not in touched]
    assert all(len({after[record] for record in found}) == 1 for found in others)


def test_a_decision_on_a_record_that_is_not_there_is_refused(sources: dict[str, pa.Table]) -> None:
    some = ("justice", sources["justice"]["record_id"][0].as_py())
    with pytest.raises(BadInput, match="Decision 1 of those that say never"):
        link(sources, LinkageSpec(never=((some, ("education", "nobody")),)))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,1,b,2,always\nb,2,c,3,always\na,1,c,3,never\n", "row 4: never, but other rows"),
        ("a,1,b,2,always\nb,2,a,1,never\n", "row 3: this pair is decided in row 2 too"),
        ("a,1,b,2,perhaps\n", "row 2: the decision is neither"),
        ("a,1,a,1,never\n", "row 2: both sides are the same record"),
        ("a,1,,2,never\n", "row 2: source_r is missing"),
        ("a,1\n", "row 2: source_r, id_r, decision is missing"),
    ],
)
def test_decisions_that_cannot_be_followed_are_refused_by_row(
    tmp_path: Path, rows: str, message: str
) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises(BadInput, match=message):
        overrides.read(path)


def test_on_the_command_line(tmp_path: Path, tally: Callable[..., Any]) -> None:
    share = write_share(tmp_path / "share")
    files = sorted((share / "supplies").glob("*.csv"))
    first = [path.read_text(encoding="utf-8").splitlines()[1].split(",")[0].strip('"') for path in files[:2]]
    decisions = tmp_path / "decisions.csv"
    decisions.write_text(
        HEAD + f"{files[0].stem},{first[0]},{files[1].stem},{first[1]},always\n", encoding="utf-8"
    )
    out = tmp_path / "links.parquet"
    done = tally("link", "files", *files[:2], "-o", out, "--overrides", decisions)
    assert done.code == 0, done.err
    sure = [row for row in pq.read_table(out).to_pylist() if row["match_weight"] == 1e6]
    assert [{row["record_id_l"], row["record_id_r"]} for row in sure] == [set(first)]
    decisions.write_text(HEAD + "x,1,y,2,always\n", encoding="utf-8")
    out.unlink()
    refused = tally("link", "files", *files[:2], "-o", out, "--overrides", decisions)
    assert refused.code == 2
    assert "Traceback" not in refused.err
    assert not out.exists()
