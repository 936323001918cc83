"""Every command has help and a place in the documentation, and every error an exit code and no traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tallystick.cli.manual import commands, manual

MANUAL = Path(__file__).parents[2] / "docs" / "commands.md"
WORDS = [words for words, _ in commands()]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_command_has_help(words: tuple[str, ...], tally: Callable[..., Any]) -> None:
    ran = tally(*words, "--help")
    assert ran.code == 0
    assert len(ran.out.splitlines()) > 5
    assert f"tally {' '.join(words)}" in MANUAL.read_text()


def test_the_manual_is_as_the_commands_say() -> None:
    assert MANUAL.read_text() == manual()


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("run", "--no-such-option"),
        ("run", "no-such-folder"),
        ("run", "--until", "lunch", "."),
        ("ledger",),
        ("ledger", "show", "no-such-folder"),
        ("link", "files"),
        ("link", "files", "no-such-file.csv", "-o", "x.parquet"),
        ("run", "--engine", "steam", "."),
    ],
    ids=" ".join,
)
def test_wrong_words_are_bad_input_without_a_traceback(
    words: tuple[str, ...], tally: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = tally(*words)
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert ran.err.strip() or ran.out.strip()
    assert list(tmp_path.iterdir()) == []


def test_help_imports_no_engine() -> None:
    code = (
        "import sys; from tallystick.cli.main import run; run(['--help']);"
        "heavy = {'duckdb', 'numba', 'splink', 'pyarrow', 'django', 'altair', 'scipy'} & set(sys.modules);"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_an_unforeseen_failure_shows_no_data(
    tally: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("Surname Markedperson")

    monkeypatch.setattr("tallystick.share.rooms.open_share", fail)
    ran = tally("ledger", "show")
    assert ran.code == 3
    assert "Markedperson" not in ran.out + ran.err
    assert "RuntimeError" in ran.err
