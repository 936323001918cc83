"""Synthetic populations with known truth: people with lives, records with errors, shares ready to run.

`write` makes a whole share; `block` and `observe` make people and their records for code that needs no files.
"""

from tallystick.synth.errors import ErrorModel, load, shipped
from tallystick.synth.lab import Intervention
from tallystick.synth.observe import observe
from tallystick.synth.people import Population, block
from tallystick.synth.presets import PRESETS
from tallystick.synth.write import Written, write

__all__ = [
    "PRESETS",
    "ErrorModel",
    "Intervention",
    "Population",
    "Written",
    "block",
    "load",
    "observe",
    "shipped",
    "write",
]
