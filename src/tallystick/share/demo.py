"""The demonstration: a synthetic share, made and run whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tallystick.synth as synth
from tallystick.errors import BadInput
from tallystick.share.acts import Clock
from tallystick.share.rooms import open_share
from tallystick.share.run import Outcome, run


def demo(
    folder: Path,
    *,
    people: int,
    seed: int,
    clock: Clock,
    step: Callable[[float, str], None] = lambda done, text: None,
) -> Outcome:
    """Make the share of two departments in ``folder`` and run it; one that is there already is run on.

    Raises BadInput where the folder holds something else.
    """
    if not (folder / "agreement.toml").exists():
        if folder.exists() and any(folder.iterdir()):
            raise BadInput(f"{folder} holds something else. Name an empty folder, or remove it.")
        step(0.0, "making two departments' records")
        synth.write("moj-dfe", folder, people=people, seed=seed, on=clock.now.date())
    return run(open_share(folder), clock=clock, seed=seed, step=step)
