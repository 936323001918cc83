"""What all tests share: the folder of outside data, a fixed clock, and the command line run in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """In CI a skipped test is a failure: there everything is installed."""
    outcome = yield
    report = outcome.get_result()
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and in CI nothing may be: {report.longrepr[-1]}"


@dataclass(frozen=True)
class Run:
    """What one call of `tally` did."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of data that we did not make; without it the test is skipped, in CI it fails."""
    folder = Path(os.environ.get("TALLYSTICK_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the folder of outside data is missing")
        pytest.skip("needs the folder of outside data (TALLYSTICK_SHARED_DATA)")
    return folder


@pytest.fixture
def tally(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return a function that runs `tally` in this process and gives its exit code and what it printed."""
    from tallystick.cli.main import run

    def call(*arguments: str | Path) -> Run:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Run(code, printed.out, printed.err)

    return call
