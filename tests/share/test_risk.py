"""The steward's report on an extract: its figures are those of the extract, and it holds nobody's values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.agreement import io
from tallystick.agreement.project import AcceptedRisk
from tallystick.deidentify import group_findings
from worlds import signed, write_share


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tallystick.cli.main import run

    folder = write_share(tmp_path_factory.mktemp("risk") / "share", people=120)
    assert run(["run", str(folder)]) == 0
    return folder


def test_it_counts_the_people_who_stand_alone(share: Path, tally: Callable[..., Any]) -> None:
    done = tally("risk", share, "--json")
    assert not done.err
    rows = json.loads(done.out)
    assert done.code == (1 if any(row["findings"] for row in rows) else 0)
    assert [row["project"] for row in rows] == sorted(p.stem for p in (share / "projects").glob("*.toml"))
    for row in rows:
        paths = sorted((share / "rooms" / "projects" / row["project"] / "extract").glob("*.parquet"))
        of_person: dict[str, list[str]] = {}
        for path in paths:
            for record in pq.read_table(path).to_pylist():
                person = record.pop("person_id")
                record.pop("link_quality", None)
                of_person.setdefault(person, []).append(f"{path.stem} {sorted(record.items(), key=str)}")
        alike = Counter("|".join(sorted(records)) for records in of_person.values())
        assert row["k"] >= min(
            alike.values()
        )  # what an intruder may know is a part of the record: groups only grow
        assert row["sample_unique"] <= sum(count == 1 for count in alike.values())
        page = (share / "rooms" / "steward" / "risk" / f"{row['project']}.html").read_text(encoding="utf-8")
        assert "Attacks that were run" in page
        assert not any(person in page for person in of_person)


def test_without_data_it_says_what_to_do(tmp_path: Path, tally: Callable[..., Any]) -> None:
    folder = write_share(tmp_path / "share")
    told = tally("risk", folder)
    assert told.code == 2
    assert "tally deidentify" in told.err
    assert tally("risk", folder, "--project", "nobody's").code == 2


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    }


def test_an_extract_of_smaller_groups_than_agreed_is_refused_at_its_door(
    tmp_path: Path, tally: Callable[..., Any]
) -> None:
    folder = write_share(tmp_path / "share", people=120)
    assert tally("run", folder, "--until", "deidentify").code == 0
    agreement = io.load(folder)
    strict = agreement.model_copy(
        update={"disclosure": agreement.disclosure.model_copy(update={"smallest_group": 50})}
    )
    io.dump(signed(strict), folder / "agreement.toml")
    before = files(folder)
    refused = tally("extract", folder)
    assert refused.code == 1
    for words in ("in groups of fewer than 50", "extract.smallest-group", "requirement 170", "tally risk"):
        assert words in refused.err
    assert files(folder) == before  # no key, no room, no entry
    told = json.loads(tally("risk", folder, "--json").out)  # it judges the extract that was refused
    assert 0 < told[0]["k"] < 50
    assert not (folder / "rooms" / "projects").exists()

    accepted = {
        "by": "Nobody of the agreement",
        "accepted_on": date(2026, 6, 1),
        "reason": "A small, closed setting",
    }
    for path in sorted((folder / "projects").glob("*.toml")):
        project = io.load_project(path)
        io.dump(project.model_copy(update={"accepted_risk": AcceptedRisk.model_validate(accepted)}), path)
    refused = tally("extract", folder)
    assert refused.code == 1
    assert "project.accepted-risk" in refused.err
    siro = next(party.officers["siro"] for party in strict.parties if "siro" in party.officers)
    for path in sorted((folder / "projects").glob("*.toml")):
        project = io.load_project(path)
        risk = project.accepted_risk.model_copy(update={"by": siro})
        io.dump(project.model_copy(update={"accepted_risk": risk}), path)
    assert tally("extract", folder).code == 0
    entries = (folder / "ledger.jsonl").read_text().splitlines()
    noticed = [entry for entry in map(json.loads, entries) if entry["act"] == "extract"][-1]["details"][
        "noticed"
    ]
    assert any("in groups of fewer than 50" in line for line in noticed)


@pytest.mark.parametrize(("fewest", "is_refused"), [(2, False), (3, True)])
def test_groups_are_of_people_alike_in_all_that_an_intruder_may_know(fewest: int, is_refused: bool) -> None:
    table = pa.table(
        {
            "person_id": ["a", "b", "c", "d", "e"],
            "sex": ["F", "F", "M", "M", "M"],
            "illness": ["x", "y", "z", "x", "y"],
            "case": ["1", "2", "3", "4", "5"],
        }
    )
    found = group_findings({"t": table}, fewest, sensitive=["t.illness"], leave_out=["t.case"])
    assert bool(found) == is_refused
    assert not is_refused or "2 of 5 people" in found[0].message
