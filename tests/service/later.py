"""`tally` with a clock that a file moves on: for journeys that last months. ``TALLYSTICK_LATER`` names the file, which holds the days."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tallystick.cli.main import main
from tallystick.service import environment

AS_IT_IS = environment.read


def clock() -> datetime:
    """Return the time, so many days on."""
    return datetime.now(UTC) + timedelta(days=int(Path(os.environ["TALLYSTICK_LATER"]).read_text()))


def read(environ: Mapping[str, str]) -> environment.Environment:
    """Return the settings with that clock."""
    return replace(AS_IT_IS(environ), clock=clock)


if __name__ == "__main__":
    environment.read = read
    main()
