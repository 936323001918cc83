"""The steward's report on an extract: its figures are those of the extract, and it holds nobody's values."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from worlds import write_share


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


def test_without_an_extract_it_says_what_to_do(tmp_path: Path, tally: Callable[..., Any]) -> None:
    folder = write_share(tmp_path / "share")
    told = tally("risk", folder)
    assert told.code == 2
    assert "tally extract" in told.err
    assert tally("risk", folder, "--project", "nobody's").code == 2
