"""Killed at any touch of the disk, the next run finishes, loses nothing, does nothing twice, and the ledger verifies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tallystick.share.audit import audit
from tallystick.share.rooms import Share, open_share
from tallystick.share.run import run
from worlds import CLOCK, write_share

DRIVER = Path(__file__).with_name("killing.py")


def drive(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DRIVER), str(folder), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Return a share that was not run, and how many touches its run has."""
    folder = tmp_path_factory.mktemp("killed")
    write_share(folder / "share", people=120)
    shutil.copytree(folder / "share", folder / "whole")
    whole = drive(folder / "whole")
    assert whole.returncode == 0, whole.stderr
    return folder / "share", int(whole.stdout.split()[-1])


def check_after_death(world: Path, folder: Path, touch: int) -> None:
    shutil.copytree(world, folder)
    killed = drive(folder, str(touch))
    assert killed.returncode == 9, (touch, killed.stderr)
    share = open_share(folder)
    assert share.ledger.verify().is_sound, touch
    run(share, clock=CLOCK)
    assert_whole(share, touch)


def assert_whole(share: Share, touch: int) -> None:
    verdict = share.ledger.verify()
    assert verdict.is_sound, touch
    assert not verdict.interrupted
    acts = Counter((entry.act, entry.subject) for entry in share.ledger.entries())
    assert all(count == 1 for (act, _), count in acts.items() if act != "report"), (touch, acts)
    assert not share.staging.exists()
    assert not list((share.root / "supplies").iterdir())
    assert not list(share.root.rglob("*.age"))
    assert not list((share.root / "keys" / "linker").iterdir())
    assert not list(share.root.rglob("*.part"))
    persons = pq.read_table(share.linker / "persons.parquet")
    assert persons.num_rows == 240
    for project in ("occupations", "trades"):
        assert pq.read_table(share.project(project) / "extract" / "education.parquet").num_rows == 60
    assert share.report.exists()
    assert audit(share).findings == (), touch


@pytest.mark.slow
@pytest.mark.parametrize("part", range(12))
@pytest.mark.timeout(900)
def test_run_after_death_at_each_touch(world: tuple[Path, int], tmp_path: Path, part: int) -> None:
    folder, touches = world
    for touch in range(1 + part, touches + 1, 12):
        check_after_death(folder, tmp_path / str(touch), touch)
        shutil.rmtree(tmp_path / str(touch))


@pytest.mark.parametrize("share_of_way", [0.1, 0.45, 0.65, 0.9])
def test_run_after_death_on_the_way(world: tuple[Path, int], tmp_path: Path, share_of_way: float) -> None:
    folder, touches = world
    check_after_death(folder, tmp_path / "share", max(1, int(touches * share_of_way)))
