"""What a project chooses of its extract is done in a share: places in less detail, and ids that change with each extract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tallystick.cli.main import run
from worlds import write_share

GEOGRAPHY = 'name = "occupation"\ndetail = "geography"\nlevel = "sector"'
PLACES = "trade,shop,sector\nclerk,office,services\nnurse,ward,services\nsmith,forge,crafts\nsailor,ship,transport\n"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return write_share(tmp_path / "share", people=120)


def change(share: Path, old: str, new: str) -> None:
    path = share / "projects" / "occupations.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def extracted(share: Path) -> list[dict[str, Any]]:
    folder = share / "rooms" / "projects" / "occupations" / "extract"
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_places_leave_on_the_rung_that_was_asked_for(share: Path, tally: Callable[..., Any]) -> None:
    change(share, 'name = "occupation"', GEOGRAPHY)
    without = tally("run", share)
    assert without.code == 2
    assert "places.csv" in without.err
    assert not (share / "rooms" / "projects" / "occupations" / "extract").exists()
    (share / "places.csv").write_text(PLACES, encoding="utf-8")
    assert tally("run", share).code == 0
    assert {row["occupation"] for row in extracted(share)} == {"services", "crafts", "transport"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trade\nclerk\n", "two columns"),
        ("trade,sector\nclerk,services,more\n", "not a readable CSV"),
        ("trade,place\nclerk,here\nnurse,here\n", "no rung 'sector'"),
        ("trade,sector\nwelder,crafts\n", "most of its places are on no rung"),
    ],
)
def test_a_bad_lookup_is_told_without_a_value(
    share: Path, text: str, says: str, tally: Callable[..., Any]
) -> None:
    change(share, 'name = "occupation"', GEOGRAPHY)
    (share / "places.csv").write_text(text, encoding="utf-8")
    told = tally("run", share)
    assert told.code == 2
    assert says in told.err
    assert "clerk" not in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(("policy", "is_kept"), [("per-project", True), ("per-extract", False)])
def test_ids_stay_or_change_with_a_new_approval(share: Path, policy: str, is_kept: bool) -> None:
    change(share, 'id = "occupations"', f'id = "occupations"\nkeys = "{policy}"')
    assert run(["run", str(share)]) == 0
    before = {row["person_id"] for row in extracted(share)}
    change(share, "Counts by occupation", "Counts by occupation and year")
    assert run(["extract", str(share)]) == 0
    after = {row["person_id"] for row in extracted(share)}
    assert len(before) == len(after) > 20
    assert (before == after) is is_kept
    assert is_kept or not before & after
