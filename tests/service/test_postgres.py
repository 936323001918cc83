"""The tests of the service once more, on a real PostgreSQL (a wheel brings it)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_the_same_tests_pass_on_postgresql() -> None:
    here = Path(__file__).parent
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TALLYSTICK_", "DJANGO_", "DATABASE_"))
    }
    environ["TALLYSTICK_TEST_DATABASE"] = "postgres"
    files = [
        str(here / f"test_{name}.py")
        for name in (
            "requests",
            "accountability",
            "shares",
            "api",
            "backup",
            "public",
            "outputs",
            "projects",
            "review",
            "notices",
            "security",
        )
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files]
    done = subprocess.run(
        command, cwd=here.parents[1], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]
