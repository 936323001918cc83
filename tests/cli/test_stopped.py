"""A command that is stopped midway leaves no half-written file, and done again it ends as if it had never been stopped."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from worlds import write_share

DRIVER = Path(__file__).with_name("stopping.py")
CODES = {"kill": -9, "term": 130, "int": 130}
DRAWN = ("persons.parquet", "kept/")
"""Files that differ from run to run: ids of persons are drawn at random."""
TABLE = "region,M,F,Total\nN,40,3,43\nS,50,60,110\nE,70,80,150\nTotal,160,143,303\n"


def stopped(how: str, touch: int, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DRIVER), how, str(touch), *map(str, words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(
    how: str,
    touch: int,
    out: Path,
    whole: dict[str, bytes],
    *words: object,
    again: Callable[[], int] | None = None,
) -> None:
    """Stop a command, look at what it left, do it again, and compare with what it writes when it is not stopped."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    ended = stopped(how, touch, *words)
    assert ended.returncode == CODES[how], (touch, ended.stderr)
    left = files(out)
    if how != "kill":
        assert "Nothing half-written was left" in ended.stderr
        assert not [name for name in left if ".part" in name], (touch, list(left))
    same = {name for name in whole if not name.startswith(DRAWN)}
    for name in left.keys() & same:
        assert left[name] == whole[name], (touch, name)
    assert (again() if again else stopped("int", 0, *words).returncode) == 0
    done = files(out)
    assert done.keys() == whole.keys(), touch
    for name in same:
        assert done[name] == whole[name], (touch, name)


@pytest.mark.parametrize(
    ("how", "touch"),
    [
        ("term", 2),
        pytest.param("int", 6, marks=pytest.mark.slow),
        pytest.param("kill", 3, marks=pytest.mark.slow),
    ],
)
def test_protect(tmp_path: Path, how: str, touch: int, tally: Callable[..., Any]) -> None:
    for name in ("t.csv", "u.csv"):
        (tmp_path / name).write_text(TABLE)
    words = ("output", "protect", tmp_path / "t.csv", tmp_path / "u.csv", "-o", tmp_path / "out")
    assert tally(*words).code == 0
    check(how, touch, tmp_path / "out", files(tmp_path / "out"), *words, again=lambda: tally(*words).code)


@pytest.mark.slow
@pytest.mark.parametrize("how", CODES)
def test_link_files(tmp_path: Path, how: str) -> None:
    share, out = write_share(tmp_path / "share", people=60), tmp_path / "out"
    out.mkdir()
    places = {
        "-o": "links.parquet",
        "--persons": "persons.parquet",
        "--save-model": "model.json",
        "--keep": "kept",
    }
    words = (
        "link", "files", *sorted((share / "supplies").iterdir()), "--key", "first_name+surname+dob", "--stages", "keys",
        *(word for option, name in places.items() for word in (option, out / name)),
    )  # fmt: skip
    ended = stopped("int", 0, *words)
    assert ended.returncode == 0, ended.stderr
    whole = files(out)
    touches = int(ended.stderr.split()[-1])
    for touch in range(2, touches + 1, 8):
        check(how, touch, out, whole, *words)


@pytest.mark.slow
@pytest.mark.parametrize("how", CODES)
def test_synth(tmp_path: Path, how: str) -> None:
    words = ("synth", "moj-dfe", tmp_path / "out" / "share", "--people", "300")
    (tmp_path / "out").mkdir()
    ended = stopped("int", 0, *words)
    assert ended.returncode == 0, ended.stderr
    whole = files(tmp_path / "out")
    for touch in (1, int(ended.stderr.split()[-1]) // 2):
        check(how, touch, tmp_path / "out", whole, *words)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "part"), [("kill", 0.3), ("term", 0.95)])
def test_lab_run(tmp_path: Path, how: str, part: float) -> None:
    from lab.world import with_offences

    share = with_offences(tmp_path / "share", people=4000, seed=3)
    with (share / "supplies/cohort.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    (share / "supplies/cohort.csv").unlink()
    shutil.rmtree(share / "truth")
    with (tmp_path / "upload.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(
            row for row in rows
            if all(row[name] for name in ("first_name", "surname", "dob", "gender")) and row["intervention_start"] < "2026"
        )  # fmt: skip
    (share / "request.toml").write_text(
        'id = "a"\ntitle = "t"\nprogramme = "p"\nmethods = ["entropy"]\nruns = ["national"]\n'
    )
    handed = (
        "--assured-by",
        "A. Name",
        "--route",
        "cjsm",
        "--sender-registered",
        "--receipt-sent",
        "--original-deleted",
    )
    found: list[Any] = []
    touch = 0
    for name in ("whole", "stopped"):
        folder = shutil.copytree(share, tmp_path / name)
        words = ("lab", "run", tmp_path / "upload.csv", folder / "request.toml", *handed, "--json")
        if touch:
            assert stopped(how, touch, *words).returncode == CODES[how]
        ended = stopped("int", 0, *words)
        assert ended.returncode == 0, ended.stderr
        found.append(
            {
                key: value
                for key, value in json.loads(ended.stdout).items()
                if key not in ("report", "linkage")
            }
        )
        touch = int(part * int(ended.stderr.split()[-1]))
        assert not [
            path for path in folder.rglob("*") if path.name == ".staging" or path.name.endswith(".part")
        ]
    assert found[0] == found[1]
